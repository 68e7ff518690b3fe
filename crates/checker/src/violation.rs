use crate::{
    blue_green::BlueGreenViolation, capacity::CapacityViolation, judges::JudgeViolation,
    orders::OrderViolation, promotion::PromotionViolation, rings::RingViolation,
    routes::RouteViolation, split::SplitViolation, step_experiment::GuestViolation,
    steps::StepViolation,
};

/// A safety rule that a plan breaks, by the room whose rule it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub enum Violation {
    /// Of the split.
    Split(#[from] SplitViolation),
    /// Of the steps, and of what may go on.
    Step(#[from] StepViolation),
    /// Of routes past the split.
    Route(#[from] RouteViolation),
    /// Of rings of users.
    Ring(#[from] RingViolation),
    /// Of a step's experiment.
    Guest(#[from] GuestViolation),
    /// Of replica counts.
    Capacity(#[from] CapacityViolation),
    /// Of a blue-green rollout.
    BlueGreen(#[from] BlueGreenViolation),
    /// Of what is stable, and what was taken back.
    Promotion(#[from] PromotionViolation),
    /// Of the orders.
    Order(#[from] OrderViolation),
    /// Of the analyses that have to be there.
    Judge(#[from] JudgeViolation),
}

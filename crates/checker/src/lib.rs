//! Re-derives the safety rules of a rollout from its spec and a plan, apart from the planner.
//!
//! The planner decides what to do; this crate knows only what must never be done. It shares types
//! with the planner and no code, so that a mistake has to be made twice to do harm.
//!
//! Invariant: nothing here plans, waits, reads a clock or touches the world.

mod blue_green;
mod capacity;
mod case;
mod cut_over;
mod experiment;
mod exposure;
mod judges;
mod orders;
mod plugins;
mod promotion;
mod rings;
mod routes;
mod shadow;
mod split;
mod step_experiment;
mod steps;
mod violation;

use tidegate_rollout::{Observation, Plan, RolloutSpec, RolloutStatus};
use tidegate_units::Timestamp;

use crate::case::Case;
pub use crate::{
    blue_green::BlueGreenViolation,
    capacity::CapacityViolation,
    experiment::{ExperimentViolation, check_experiment},
    judges::JudgeViolation,
    orders::OrderViolation,
    promotion::PromotionViolation,
    rings::RingViolation,
    routes::RouteViolation,
    split::SplitViolation,
    step_experiment::GuestViolation,
    steps::StepViolation,
    violation::Violation,
};

/// Checks a plan against every safety rule. `before` is the status that it was made of, commands
/// included; `seen` and `now` are what the planner was given.
///
/// # Errors
/// All rules that the plan breaks, each once.
pub fn check(
    spec: &RolloutSpec,
    before: &RolloutStatus,
    seen: &Observation,
    plan: &Plan,
    now: Timestamp,
) -> Result<(), Vec<Violation>> {
    const RULES: [fn(&mut Case<'_>); 48] = [
        split::whole,
        split::scaled_are_known,
        split::somebody_answers,
        split::routed_to_some,
        split::within_gates,
        split::canary_carries,
        split::stable_carries,
        routes::set_by_steps,
        routes::somebody_answers,
        rings::nobody_falls_back,
        rings::come_first,
        rings::opened_onto_enough,
        rings::seen_to_be_open,
        exposure::within_budget,
        exposure::charged,
        step_experiment::made_in_turn,
        step_experiment::ended_in_turn,
        step_experiment::guests_within_gates,
        steps::in_turn,
        steps::not_while_stopped,
        steps::hold_is_kept,
        steps::failure_aborts,
        steps::replicas_within_gates,
        promotion::earned,
        promotion::first_is_kept,
        promotion::abort_is_kept,
        capacity::stable_can_take_all,
        capacity::none_cut_while_serving,
        capacity::aborted_ones_stay,
        capacity::enough_available,
        capacity::as_far_as_they_carry,
        capacity::within_surge,
        blue_green::undivided,
        blue_green::whole,
        blue_green::gates,
        blue_green::proven,
        blue_green::old_ones_stand_by,
        cut_over::one_by_one,
        plugins::called_in_turn,
        plugins::none_is_lost,
        plugins::undone_in_order,
        orders::fenced,
        orders::recorded,
        orders::forgotten_in_time,
        orders::compare_the_right_ones,
        orders::begin_anew,
        judges::stand_beside,
        judges::begin_with_the_steps,
    ];
    let mut case = Case::new(spec, before, seen, plan, now);
    for rule in RULES {
        rule(&mut case);
    }
    match case.into_violations() {
        violations if violations.is_empty() => Ok(()),
        violations => Err(violations),
    }
}

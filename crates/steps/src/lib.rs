//! The steps of a job on a machine: which is next, with which environment and inputs, and what the job
//! comes to.
//!
//! A [`Sequence`] is asked what is to be done now, and told what became of it. It knows conditions,
//! environments, contexts, composite actions, steps in the background and what runs after all others; whoever
//! carries its orders out knows processes and files, and chooses nothing.
//!
//! Invariant: nothing here runs a program, reads a file or a clock. What an order needs is in it.

mod act;
mod action;
mod background;
mod begin;
mod conclude;
mod conclusion;
mod context;
mod environment;
mod frame;
mod inputs;
mod post;
mod record;
mod sequence;
mod strand;
mod title;

pub use act::{
    Act, Ended, Find, FindId, Note, NoteLevel, Order, OrderId, Pair, Report, Stage, StepAt, Work,
};
pub use action::{Action, ActionInput, ActionOutput, NodeAction, Runs};
pub use conclusion::{Conclusion, Outcome};
pub use context::Machine;
pub use sequence::{Job, Over, Sequence};
pub use strand::MAX_BACKGROUND;

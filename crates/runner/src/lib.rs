//! The steps of a job as processes of this machine: shells, programs and JavaScript actions, each in a process
//! group of its own, in a workspace, a home and a temporary folder that are the job's alone.
//!
//! What is to run comes as plain data, decided elsewhere; what happens goes out as [`Event`]s through a bounded
//! channel, so that a reader who is slow slows the step and not the memory down. Invariant: a text that leaves this
//! crate as a line, an annotation or a summary has been masked.

mod cancel;
mod command_files;
mod environment;
mod event;
mod folders;
mod job;
mod lines;
mod listener;
mod machine;
mod process;
mod report;
mod running;
mod shell;
mod step;
mod tree;

pub use cancel::Cancel;
pub use event::{Event, LogLine, StepNumber};
pub use folders::{FolderError, Folders};
pub use job::{Job, JobSettings};
pub use lines::MOST_LINE_BYTES;
pub use listener::MOST_LOG_BYTES;
pub use machine::{Machine, MachineSettings};
pub use report::Report;
pub use shell::{Shell, ShellError};
pub use step::{Outcome, Patience, Step, StepEnd, Work};

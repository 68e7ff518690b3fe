//! What Tidegate asks of Git repositories, by the program `git`.
//!
//! Invariant: whatever a repository or a caller names is an argument and never an option: every such argument stands after
//! `--end-of-options` or `--`, and no shell is started.
//! Invariant: no configuration of the machine or of a person changes what is answered, hooks and file monitors never
//! run, and nothing asks a question on a terminal. Who a person is, and how they reach their own remote, is read
//! where [`Git::of_person`] is used, and nowhere else.
//! Invariant: what proves who somebody is comes in the environment of the one process that needs it. It is in no
//! command line, in no file and in no error.

mod checkout;
mod credentials;
mod error;
mod id;
mod identity;
mod interrupt;
mod kind;
mod log;
mod mirror;
mod process;
mod program;
mod read;
mod refs;
mod remote;
mod repository;
mod surroundings;
mod tags;
mod write;

pub use checkout::{CheckedOut, Checkout, History, Submodules, Wanted};
pub use credentials::Credentials;
pub use error::Error;
pub use id::{ObjectId, ParseIdError};
pub use identity::Identity;
pub use interrupt::Interrupt;
pub use kind::RefKind;
pub use log::{Commit, MOST_COMMITS, Range};
pub use mirror::Mirror;
pub use program::Git;
pub use read::{Entry, EntryKind};
pub use refs::{RefChange, Refs};
pub use repository::{Head, Repository};
pub use tags::Tag;
pub use write::{NewCommit, NewTag, Written};

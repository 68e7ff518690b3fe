//! Webhooks of GitHub, GitLab and Bitbucket: whether it was they who sent one, whether it came
//! before, and what it says of a repository.
//!
//! Invariant: nothing of a body is read before its signature holds, and every comparison with a
//! secret takes a time that does not tell where the two differ.

mod delivery;
mod event;
mod forge;
mod read;
mod secret;

pub use delivery::{Delivery, Fields, TIMESTAMP_TOLERANCE, WebhookError, check};
pub use event::{Change, Commit, Event, MOST_CHANGES, MOST_COMMITS, PullRequest};
pub use forge::{Forge, UnknownForge};
pub use secret::{MOST_SECRETS, SecretError, WebhookSecret};

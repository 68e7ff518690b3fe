use std::time::Duration;

use async_trait::async_trait;
use tidegate_notify::Letter;

/// What brings letters to whom they are for.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Brings one, within a time that it bounds itself. Once this returns well, the receiver has said that it took it.
    async fn bring(&self, letter: &Letter) -> Result<(), Undelivered>;
}

/// A letter that nobody took. It may have been taken all the same, where the answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Why; there may be secrets in it, which the receiver repeats.
    pub problem: String,
    /// The begin of what the receiver said, with the same caution.
    pub answer: Option<String>,
    /// Whether it makes sense to try again.
    pub again: Again,
}

/// Whether it makes sense to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It would be the same.
    Never,
    /// Later; not before this time, if the receiver said one.
    Later(Option<Duration>),
}

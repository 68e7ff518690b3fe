/// What became of a step by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was to do.
    Success,
    /// It did not.
    Failure,
    /// It was ended before it could.
    Cancelled,
    /// It did not run.
    Skipped,
}

/// What became of a step for its job, after `continue-on-error`, or of a job.
pub type Conclusion = Outcome;

impl Outcome {
    /// As contexts have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// The worse of both: a cancelled one is worse than a failed one, as the runner has it, and one that did not run
    /// is as good as one that did.
    pub fn and(self, other: Self) -> Self {
        if other.badness() > self.badness() { other } else { self }
    }

    const fn badness(self) -> u8 {
        match self {
            Self::Success | Self::Skipped => 0,
            Self::Failure => 1,
            Self::Cancelled => 2,
        }
    }
}

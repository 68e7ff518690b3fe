use tidegate_workflow::JobResult;

/// What became of a step by itself: the same words as of a job.
pub type Outcome = JobResult;

/// What became of a step for its job, after `continue-on-error`, or of a job.
pub type Conclusion = Outcome;

/// The worse of both: a cancelled one is worse than a failed one, as the runner has it, and one that did not run
/// is as good as one that did.
pub(crate) fn worse(one: Outcome, other: Outcome) -> Outcome {
    let badness = |outcome| match outcome {
        Outcome::Success | Outcome::Skipped => 0,
        Outcome::Failure => 1,
        Outcome::Cancelled => 2,
    };
    if badness(other) > badness(one) { other } else { one }
}

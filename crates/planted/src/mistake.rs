//! What can be planted.

/// A mistake in the control plane, in what plans for it, or behind one of its ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// The control plane tells the router and the runtime first, and writes down what it decided afterwards.
    ActsBeforeItWrites,
    /// A refused commit does not keep it from doing what it had planned.
    ActsThoughNothingWasWritten,
    /// After a start it tells the router a table before it knows what was decided.
    TellsBeforeItKnows,
    /// Told by a port that another one leads, it goes on.
    IgnoresTheFence,
    /// A command is taken in the tick of the apply before it, against the status of what was before.
    CommandsGoAheadOfPlans,
    /// Whoever asks is told that it is done before it is written down.
    AnswersBeforeItWrites,
    /// A router that did not answer is held to have taken the table.
    AnErrorIsAnAnswer,
    /// A retired replica is ended while the router still sends to it.
    ReleasesAtOnce,
    /// A retired replica is ended as soon as the new table was sent, whether it was taken or not.
    ReleasesUnconfirmed,
    /// An abort is not there any more after a restart.
    ForgetsAbortAtStart,
    /// A pause by a person is not there any more after a restart.
    ForgetsPauseAtStart,
    /// Generations of a rollout begin anew after a restart.
    CountsAnewAtStart,
    /// A rollout that is being deleted stays after a restart.
    ForgetsDeletionAtStart,
    /// Generations begin anew for a rollout that was deleted and is applied again.
    CountsAnewAfterDelete,
    /// The ledger does not say that a weight was set.
    LeavesOutWeights,
    /// The ledger does not say that a revision became stable.
    LeavesOutPromotions,
    /// The ledger does not say that replicas were added or taken.
    LeavesOutScaling,
    /// Time is read from the wall clock, which may be set back.
    TimeGoesBack,
    /// The router is given replicas that were never ready.
    ListsTheUnready,
    /// Of replicas that all fail their readiness probes none gets requests any more.
    BelievesAllProbes,
    /// A replica that fails its readiness probe gets requests while others are ready.
    ListsTheFailing,
    /// A replica whose process ended and waits to be started again gets requests.
    ListsTheEnded,
    /// Replicas on their way out count as ready ones.
    CountsTheDying,
    /// A weight is raised before the replicas that are to carry it are available.
    RaisesBeforeReady,
    /// The weight of the next step is given while this one is not done.
    OneStepAhead,
    /// The canary's share is not taken from the stable one's.
    SharesOverAll,
    /// A person's pause does not hold the steps.
    GoesOnWhilePaused,
    /// A pause that waits for a person is over at once.
    PassesOpenPauses,
    /// A step of analysis is done once its run is begun.
    PassesAnalyses,
    /// A pause ends after half of its time.
    PausesByHalf,
    /// A new revision goes on in the step that the one before it had reached.
    GoesOnInOldSteps,
    /// The revision that was on its way becomes stable when another is applied.
    KeepsTheSuperseded,
    /// A revision becomes stable without having all requests.
    PromotesTheUnproven,
    /// An abort is answered with success and ignored once somebody promoted in full.
    AbortAfterPromoteIsLost,
    /// An abort gives all requests to a stable revision that was scaled down.
    AbortOutrunsStable,
    /// A revision that was taken back is given its weight again when the stable one wavers.
    RisesAfterAbort,
    /// A retry keeps the failed run, and is taken back by it at once.
    RetryKeepsTheFailure,
    /// The progress deadline counts while a person has paused.
    DeadlineWhilePaused,
    /// Replicas go as soon as the plan asks less of them, though the router still sends.
    ShrinksWithThePlan,
    /// Replicas of a superseded revision are never ended.
    OldOnesStay,
    /// Replicas of a revision that was taken back are never ended.
    CanaryStaysAfterAbort,
    /// The only revision that serves loses its requests to one of which nothing runs.
    TakesWhatAloneServes,
    /// Blue-green switches to replicas that are not all ready.
    SwitchesUnready,
    /// Blue-green switches before its tests have passed.
    SwitchesUntested,
    /// Analysis runs of a revision that was taken back go on.
    RunsGoOn,
    /// The stable revision is judged in place of the canary.
    JudgesAgainstItself,
    /// A run that got nothing but errors is successful.
    ErrorsAreSuccess,
    /// An answer with nothing in it is a success.
    EmptyIsSuccess,
    /// An answer that is no number is a success.
    NanIsSuccess,
    /// A Secret is shown, and written in the ledger, with its values.
    ShowsSecrets,
    /// What a server of metrics says is kept with the credentials that it repeats.
    RepeatsSecrets,
    /// The epoch of a new leader is the time of its clock, though an earlier one was ahead.
    EpochOfTheClock,
    /// The store takes what an earlier leader writes.
    StoreWithoutFence,
    /// The runtime takes what an earlier leader orders.
    RuntimeWithoutFence,
    /// The router takes an older table after a newer.
    RouterGoesBack,
    /// A commit that fails leaves its documents behind without their entries.
    HalfACommit,
    /// The last commit before a restart is lost though it was acknowledged.
    LostCommit,
    /// What the disk lost is not noticed at a start: orders go on from below what the runtime has taken.
    GoesOnBelowTheRuntime,
    /// Documents are believed as they are read: their sums are not looked at.
    BelievesTheDisk,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Self; 59] = [
        Self::ActsBeforeItWrites,
        Self::ActsThoughNothingWasWritten,
        Self::TellsBeforeItKnows,
        Self::IgnoresTheFence,
        Self::CommandsGoAheadOfPlans,
        Self::AnswersBeforeItWrites,
        Self::AnErrorIsAnAnswer,
        Self::ReleasesAtOnce,
        Self::ReleasesUnconfirmed,
        Self::ForgetsAbortAtStart,
        Self::ForgetsPauseAtStart,
        Self::CountsAnewAtStart,
        Self::ForgetsDeletionAtStart,
        Self::CountsAnewAfterDelete,
        Self::LeavesOutWeights,
        Self::LeavesOutPromotions,
        Self::LeavesOutScaling,
        Self::TimeGoesBack,
        Self::ListsTheUnready,
        Self::BelievesAllProbes,
        Self::ListsTheFailing,
        Self::ListsTheEnded,
        Self::CountsTheDying,
        Self::RaisesBeforeReady,
        Self::OneStepAhead,
        Self::SharesOverAll,
        Self::GoesOnWhilePaused,
        Self::PassesOpenPauses,
        Self::PassesAnalyses,
        Self::PausesByHalf,
        Self::GoesOnInOldSteps,
        Self::KeepsTheSuperseded,
        Self::PromotesTheUnproven,
        Self::AbortAfterPromoteIsLost,
        Self::AbortOutrunsStable,
        Self::RisesAfterAbort,
        Self::RetryKeepsTheFailure,
        Self::DeadlineWhilePaused,
        Self::ShrinksWithThePlan,
        Self::OldOnesStay,
        Self::CanaryStaysAfterAbort,
        Self::TakesWhatAloneServes,
        Self::SwitchesUnready,
        Self::SwitchesUntested,
        Self::RunsGoOn,
        Self::JudgesAgainstItself,
        Self::ErrorsAreSuccess,
        Self::EmptyIsSuccess,
        Self::NanIsSuccess,
        Self::ShowsSecrets,
        Self::RepeatsSecrets,
        Self::EpochOfTheClock,
        Self::StoreWithoutFence,
        Self::RuntimeWithoutFence,
        Self::RouterGoesBack,
        Self::HalfACommit,
        Self::LostCommit,
        Self::GoesOnBelowTheRuntime,
        Self::BelievesTheDisk,
    ];

    /// What it is called on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActsBeforeItWrites => "acts-before-it-writes",
            Self::ActsThoughNothingWasWritten => "acts-though-nothing-was-written",
            Self::TellsBeforeItKnows => "tells-before-it-knows",
            Self::IgnoresTheFence => "ignores-the-fence",
            Self::CommandsGoAheadOfPlans => "commands-go-ahead-of-plans",
            Self::AnswersBeforeItWrites => "answers-before-it-writes",
            Self::AnErrorIsAnAnswer => "an-error-is-an-answer",
            Self::ReleasesAtOnce => "releases-at-once",
            Self::ReleasesUnconfirmed => "releases-unconfirmed",
            Self::ForgetsAbortAtStart => "forgets-abort-at-start",
            Self::ForgetsPauseAtStart => "forgets-pause-at-start",
            Self::CountsAnewAtStart => "counts-anew-at-start",
            Self::ForgetsDeletionAtStart => "forgets-deletion-at-start",
            Self::CountsAnewAfterDelete => "counts-anew-after-delete",
            Self::LeavesOutWeights => "leaves-out-weights",
            Self::LeavesOutPromotions => "leaves-out-promotions",
            Self::LeavesOutScaling => "leaves-out-scaling",
            Self::TimeGoesBack => "time-goes-back",
            Self::ListsTheUnready => "lists-the-unready",
            Self::BelievesAllProbes => "believes-all-probes",
            Self::ListsTheFailing => "lists-the-failing",
            Self::ListsTheEnded => "lists-the-ended",
            Self::CountsTheDying => "counts-the-dying",
            Self::RaisesBeforeReady => "raises-before-ready",
            Self::OneStepAhead => "one-step-ahead",
            Self::SharesOverAll => "shares-over-all",
            Self::GoesOnWhilePaused => "goes-on-while-paused",
            Self::PassesOpenPauses => "passes-open-pauses",
            Self::PassesAnalyses => "passes-analyses",
            Self::PausesByHalf => "pauses-by-half",
            Self::GoesOnInOldSteps => "goes-on-in-old-steps",
            Self::KeepsTheSuperseded => "keeps-the-superseded",
            Self::PromotesTheUnproven => "promotes-the-unproven",
            Self::AbortAfterPromoteIsLost => "abort-after-promote-is-lost",
            Self::AbortOutrunsStable => "abort-outruns-stable",
            Self::RisesAfterAbort => "rises-after-abort",
            Self::RetryKeepsTheFailure => "retry-keeps-the-failure",
            Self::DeadlineWhilePaused => "deadline-while-paused",
            Self::ShrinksWithThePlan => "shrinks-with-the-plan",
            Self::OldOnesStay => "old-ones-stay",
            Self::CanaryStaysAfterAbort => "canary-stays-after-abort",
            Self::TakesWhatAloneServes => "takes-what-alone-serves",
            Self::SwitchesUnready => "switches-unready",
            Self::SwitchesUntested => "switches-untested",
            Self::RunsGoOn => "runs-go-on",
            Self::JudgesAgainstItself => "judges-against-itself",
            Self::ErrorsAreSuccess => "errors-are-success",
            Self::EmptyIsSuccess => "empty-is-success",
            Self::NanIsSuccess => "nan-is-success",
            Self::ShowsSecrets => "shows-secrets",
            Self::RepeatsSecrets => "repeats-secrets",
            Self::EpochOfTheClock => "epoch-of-the-clock",
            Self::StoreWithoutFence => "store-without-fence",
            Self::RuntimeWithoutFence => "runtime-without-fence",
            Self::RouterGoesBack => "router-goes-back",
            Self::HalfACommit => "half-a-commit",
            Self::LostCommit => "lost-commit",
            Self::GoesOnBelowTheRuntime => "goes-on-below-the-runtime",
            Self::BelievesTheDisk => "believes-the-disk",
        }
    }
}

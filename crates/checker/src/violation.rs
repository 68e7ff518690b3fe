use tidegate_units::{Generation, RevisionHash, RunName, Weight};

/// A safety rule that a plan breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A split does not give away all requests, or more than all.
    #[error("the weights of the split add up to {off} more or less than everything")]
    WeightSum {
        /// What is missing, or too much.
        off: Weight,
    },
    /// A split names a revision twice.
    #[error("the split names revision {revision} more than once")]
    NamedTwice {
        /// Which.
        revision: RevisionHash,
    },
    /// An order is about a revision that the rollout does not have.
    #[error("revision {revision} is ordered about, but the rollout does not know it")]
    UnknownRevision {
        /// Which.
        revision: RevisionHash,
    },
    /// New users are sent to where nobody answers.
    #[error(
        "revision {revision} gets {weight} of the requests, but none of its replicas is available"
    )]
    NothingAvailable {
        /// Which.
        revision: RevisionHash,
        /// The share that it is raised to.
        weight: Weight,
    },
    /// A revision that is to have no replicas gets requests.
    #[error("revision {revision} gets {weight} of the requests, but is to have no replicas")]
    RoutedToNone {
        /// Which.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
    },
    /// The new revision gets more than the step that is reached allows.
    #[error("the new revision gets {weight} of the requests, but step {step} allows {allowed}")]
    AboveStep {
        /// The share that it gets.
        weight: Weight,
        /// The share that is allowed.
        allowed: Weight,
        /// The index of the step that is reached.
        step: usize,
    },
    /// Without a router: the new revision gets more replicas than its share allows.
    #[error("the new revision gets {replicas} replicas, but step {step} allows {allowed}")]
    ReplicasAboveStep {
        /// How many it gets.
        replicas: u32,
        /// How many are allowed.
        allowed: u32,
        /// The index of the step that is reached.
        step: usize,
    },
    /// Requests go past the split where they may not.
    #[error("requests go past the split by the route {route}, but {why}")]
    RouteRefused {
        /// The name of the route.
        route: String,
        /// What speaks against it.
        why: &'static str,
    },
    /// Requests go past the split to where nobody answers.
    #[error("the route {route} leads to a revision with no replica to answer")]
    RouteToNobody {
        /// The name of the route.
        route: String,
    },
    /// A step is passed before its route is seen at the router.
    #[error("step {step} is passed, but the router was not seen to follow the route {route}")]
    RouteNotSeen {
        /// The index of the step.
        step: usize,
        /// The name of the route.
        route: String,
    },
    /// Users of a ring are sent back while the new revision is on its way and answers.
    #[error("the users of ring {ring} are sent back, but the new revision was not taken back")]
    RingLeft {
        /// The name of the ring.
        ring: String,
    },
    /// A route is asked before a ring, and may keep its users from it.
    #[error("ring {ring} comes after a route, which may keep its users from it")]
    RingBehindRoute {
        /// The name of the ring.
        ring: String,
    },
    /// A ring opens before the replicas for it are available.
    #[error("ring {ring} opens with {available} available replicas, but needs {needed}")]
    RingTooThin {
        /// The name of the ring.
        ring: String,
        /// Available replicas of the new revision.
        available: u32,
        /// What its users need.
        needed: u32,
    },
    /// A ring counts as open that the router was not seen to know.
    #[error("ring {ring} counts as open, but the router was not seen to follow it")]
    RingNotSeen {
        /// The name of the ring.
        ring: String,
    },
    /// A ring is passed before its time, or without anybody promoting.
    #[error("ring {ring} of step {step} is passed, but it has not soaked and nobody promoted")]
    RingNotSoaked {
        /// The index of the step.
        step: usize,
        /// The name of the ring.
        ring: String,
    },
    /// A step that goes by evidence gives more than its budget allows.
    #[error("the new revision may get {weight} of the requests, but {why}")]
    OverBudget {
        /// The share that it may get.
        weight: Weight,
        /// What speaks against it.
        why: &'static str,
    },
    /// A step that goes by evidence is passed before all is shown.
    #[error("step {step} is passed, but harm was not excluded at the last share")]
    ExposureNotProven {
        /// The index of the step.
        step: usize,
    },
    /// A revision that is neither stable nor wanted gets requests.
    #[error("revision {revision} is neither stable nor wanted, and gets {weight} of the requests")]
    Stray {
        /// Which.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
    },
    /// More than one step is taken at once, and those after the first are not done.
    #[error("the steps from {from} to {to} are taken in one plan")]
    StepsSkipped {
        /// The step that was being taken.
        from: usize,
        /// The step that is being taken now.
        to: usize,
    },
    /// A step is passed before its weight is seen at the router.
    #[error("step {step} is passed, but the new revision was not seen to have {weight}")]
    WeightNotSeen {
        /// The index of the step.
        step: usize,
        /// The weight that it sets.
        weight: Weight,
    },
    /// A pause is passed before its time, or without anybody promoting.
    #[error("the pause of step {step} is passed, but it has not ended and nobody promoted")]
    PauseNotOver {
        /// The index of the step.
        step: usize,
    },
    /// An analysis is passed that has not succeeded.
    #[error("the analysis of step {step} is passed, but it was not seen to succeed")]
    AnalysisNotPassed {
        /// The index of the step.
        step: usize,
    },
    /// An experiment is passed that has not succeeded.
    #[error("the experiment of step {step} is passed, but it was not seen to succeed")]
    ExperimentNotPassed {
        /// The index of the step.
        step: usize,
    },
    /// Something is done with an experiment that may not be.
    #[error("the experiment {experiment} is wrong: {why}")]
    ExperimentRefused {
        /// Which.
        experiment: String,
        /// Why.
        why: &'static str,
    },
    /// A program that took a step is not called for as it should.
    #[error("the call {run} of a program is wrong: {why}")]
    PluginCallRefused {
        /// The run in which it is made, or that of its step.
        run: RunName,
        /// Why.
        why: &'static str,
    },
    /// A template of an experiment gets more requests than it may.
    #[error(
        "the template {revision} gets {weight} of the requests, which no step that is being taken gives it"
    )]
    GuestAboveStep {
        /// What it is measured under.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
    },
    /// A `setCanaryScale` is passed before its replicas are available.
    #[error("step {step} is passed, but the replicas that it asks for are not available")]
    ScaleNotSeen {
        /// The index of the step.
        step: usize,
    },
    /// Without a router: requests are taken from replicas that are needed.
    #[error(
        "{left} available replicas are left to revisions that get requests, but {needed} have to be"
    )]
    TooFewServe {
        /// How many are left.
        left: u32,
        /// How many must be.
        needed: u32,
    },
    /// Without a router: a revision gets more than its replicas are of those that must serve.
    #[error("revision {revision} gets {weight} of the requests, but its replicas carry {carries}")]
    Overloaded {
        /// Which.
        revision: RevisionHash,
        /// The share that it gets.
        weight: Weight,
        /// What its available replicas carry.
        carries: Weight,
    },
    /// A stable revision that shrank with its share gets more than its replicas carry.
    #[error("the stable revision gets {weight} of the requests, but its replicas carry {carries}")]
    StableOverloaded {
        /// The share that it gets.
        weight: Weight,
        /// What its available replicas carry.
        carries: Weight,
    },
    /// It moves on although it is held.
    #[error("the rollout moves on although it is held")]
    MovedWhileHeld,
    /// The new revision gets more although an analysis failed.
    #[error("the rollout moves on although the analysis run {run} failed")]
    MovedAfterFailure {
        /// Which.
        run: RunName,
    },
    /// An analysis failed, and nothing is taken back.
    #[error("the analysis run {run} failed, but the rollout is not aborted")]
    FailureIgnored {
        /// Which.
        run: RunName,
    },
    /// An aborted revision still gets requests.
    #[error("the rollout is aborted, but the new revision keeps {weight} of the requests")]
    AbortedButServing {
        /// The share that it keeps.
        weight: Weight,
    },
    /// An abort is forgotten although neither the revision nor its steps changed, and nobody asked
    /// to retry.
    #[error("the abort is forgotten, but nobody asked to retry and the revision is the same")]
    AbortForgotten,
    /// A revision becomes stable before its steps are done.
    #[error("revision {revision} becomes stable before its steps are done")]
    PromotedEarly {
        /// Which.
        revision: RevisionHash,
    },
    /// A revision becomes stable that is not the wanted one, is aborted, or has nothing to serve.
    #[error("revision {revision} becomes stable although it cannot be: {why}")]
    PromotedWrongly {
        /// Which.
        revision: RevisionHash,
        /// Why not.
        why: &'static str,
    },
    /// Users are taken from the first revision past the gates of the one that follows.
    #[error("revision {revision} has users, but is not stable to the one that follows it")]
    FirstNotKept {
        /// Which.
        revision: RevisionHash,
    },
    /// There is no stable revision any more.
    #[error("the stable revision {revision} is given up for none")]
    StableLost {
        /// Which.
        revision: RevisionHash,
    },
    /// The stable revision could not take all requests back.
    #[error(
        "the stable revision is left with {replicas} replicas, but needs {needed} to take all requests back"
    )]
    StableTooSmall {
        /// How many it is to have.
        replicas: u32,
        /// How many it needs.
        needed: u32,
    },
    /// A revision loses replicas that the router may still send requests to.
    #[error(
        "revision {revision} is cut to {replicas} replicas while requests for {needed} may come"
    )]
    CutWhileServing {
        /// Which.
        revision: RevisionHash,
        /// How many it is to have.
        replicas: u32,
        /// How many its requests need.
        needed: u32,
    },
    /// Without a router: too few replicas are left available.
    #[error("{left} replicas are left available, but {needed} are needed")]
    TooFewAvailable {
        /// How many are left.
        left: u32,
        /// How many are needed.
        needed: u32,
    },
    /// Without a router: more replicas are made than the surge allows.
    #[error("with those that are made there are {replicas} replicas, but {allowed} are allowed")]
    OverSurge {
        /// How many are wanted or still there.
        replicas: u32,
        /// How many are allowed.
        allowed: u32,
    },
    /// The generation runs backwards.
    #[error("the generation falls from {from} to {to}")]
    GenerationFell {
        /// Before.
        from: Generation,
        /// After.
        to: Generation,
    },
    /// Other orders under the generation of the old ones: an executor could not tell them apart.
    #[error("the orders change, but the generation stays {generation}")]
    GenerationStayed {
        /// Which.
        generation: Generation,
    },
    /// An order carries another generation than its plan.
    #[error("an order carries generation {found}, its plan {plan}")]
    WrongGeneration {
        /// The order's.
        found: Generation,
        /// The plan's.
        plan: Generation,
    },
    /// What is ordered is not what is stored: after a crash nobody would know.
    #[error("what is ordered of revision {revision} is not what the status says")]
    NotRecorded {
        /// Which.
        revision: RevisionHash,
    },
    /// A revision is forgotten that is still needed.
    #[error("revision {revision} is forgotten although it {why}")]
    ForgottenTooEarly {
        /// Which.
        revision: RevisionHash,
        /// What it still is, or has.
        why: &'static str,
    },
    /// Blue-green: the requests are divided between revisions, or given to none.
    #[error("all requests belong to one revision, but {revisions} get some")]
    Divided {
        /// How many get requests.
        revisions: usize,
    },
    /// Blue-green: a revision takes over before all of its replicas are available.
    #[error("a revision takes over with {available} available replicas, but needs {needed}")]
    TookOverInPart {
        /// How many are available.
        available: u32,
        /// How many are needed.
        needed: u32,
    },
    /// Blue-green: a revision takes over, or is let to, before it may.
    #[error("the new revision takes over too early: {why}")]
    TookOverEarly {
        /// Why it is too early.
        why: &'static str,
    },
    /// Blue-green: a revision becomes stable before the analysis that follows the switch.
    #[error("revision {revision} becomes stable before its analysis was seen to succeed")]
    NotProven {
        /// Which.
        revision: RevisionHash,
    },
    /// Blue-green: a revision that was stable is not kept for its time.
    #[error("revision {revision} is cut to {replicas} replicas while {needed} stand by")]
    StandbyCut {
        /// Which.
        revision: RevisionHash,
        /// How many it is to have.
        replicas: u32,
        /// How many stand by.
        needed: u32,
    },
    /// A run compares other revisions than the new one and the stable one.
    #[error("the analysis run {run} does not compare the new revision with the stable one")]
    WrongComparison {
        /// Which.
        run: RunName,
    },
    /// A run is begun under the name of one that is there, whose measurements would be its own.
    #[error("the analysis run {run} is begun under the name of another one")]
    NameUsedAgain {
        /// Which.
        run: RunName,
    },
    /// An update goes on without the analysis that is declared beside its steps.
    #[error("the update goes on, but no analysis stands beside it that can still judge it")]
    Unjudged,
    /// Steps that begin anew are judged by what was measured before.
    #[error("the steps begin anew, but the analysis run {run} goes on")]
    JudgedBefore {
        /// Which.
        run: RunName,
    },
    /// A pause by hand ends though nobody let it go.
    #[error("a person holds it, but it counts as held no more")]
    HoldForgotten,
    /// An aborted revision loses replicas before the stable one has been whole for the delay.
    #[error("revision {revision} was taken back and loses replicas before its time")]
    AbortedCut {
        /// Which.
        revision: RevisionHash,
    },
}

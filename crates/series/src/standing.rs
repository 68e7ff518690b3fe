use tidegate_units::ObjectKey;

/// Where a revision stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// What it is to its owner.
    pub part: Part,
    /// The Service where users come in.
    pub listener: Option<ObjectKey>,
    /// The Service that a router in a cluster would count it under, and its first port: the one
    /// that reaches this revision, else the one where users come in.
    pub service: Option<(ObjectKey, u16)>,
}

/// What a revision is to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What users get when all is well.
    Stable,
    /// On its way to be that.
    Canary,
    /// Neither: an older one, or a template of an experiment.
    Other,
}

use tidegate_traffic::RevisionTally;
use tidegate_units::Timestamp;

/// What the router counted, for one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunTraffic {
    /// When it was read.
    pub at: Timestamp,
    /// Made anew at each start of the router; with another one the counts began at zero.
    pub epoch: u64,
    /// Of the revision that is judged.
    pub canary: RevisionTally,
    /// Of what it is compared with.
    pub stable: RevisionTally,
    /// The share of the requests of both, 0 to 1, that the split gives the one that is judged; none
    /// where that is not known.
    pub share: Option<f64>,
    /// Whether chance alone decides which requests these are: no rule does, and no client keeps its
    /// revision.
    pub by_chance: bool,
}

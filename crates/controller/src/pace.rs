use std::time::Duration;

/// How often a control plane asks the router what it has counted, and writes down what that says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// While a revision is judged or drained.
    pub moving: Duration,
    /// When nothing moves, for the views alone.
    pub resting: Duration,
    /// Between two times that the evidence of a run is written down while it decides nothing.
    pub saving: Duration,
}

impl Default for Pace {
    /// Every 200 ms, so that with errors at 5 a second one look more or less is one error; every two
    /// seconds at rest. Evidence that only grew is written down each second; what a crash loses of it
    /// is gathered again.
    fn default() -> Self {
        Self {
            moving: Duration::from_millis(200),
            resting: Duration::from_secs(2),
            saving: Duration::from_secs(1),
        }
    }
}

/// How a recording is to be read, where its header does not tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadSettings {
    /// What a row is; by default its header tells.
    pub shape: Option<Shape>,
    /// The column with the time.
    pub time: Option<String>,
    /// The column that tells how a request ended.
    pub status: Option<String>,
    /// The column that tells how long a request took.
    pub latency: Option<String>,
    /// How many microseconds one of the latency's unit is.
    pub latency_micros: Option<f64>,
    /// Whether the recording holds both revisions, told apart by a column or label.
    pub arms: bool,
    /// The series that are asked for; all where it is empty.
    pub only: Vec<String>,
}

/// What one row of a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One request.
    Requests,
    /// What was measured in one interval.
    Intervals,
}

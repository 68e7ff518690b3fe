use serde::{Deserialize, Serialize};
use tidegate_analysis::JobEnd;

/// How a job ended, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// It did its work.
    Complete,
    /// It did not, and why.
    Failed(String),
    /// It never ran, as there is no image of it, and why.
    NoImage(String),
    /// It is not known whether it would have done its work.
    Unknown(String),
}

impl From<Ended> for Result<JobEnd, String> {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Complete => Ok(JobEnd::Complete),
            Ended::Failed(why) => Ok(JobEnd::Failed(why)),
            Ended::NoImage(why) => Ok(JobEnd::NoImage(why)),
            Ended::Unknown(why) => Err(why),
        }
    }
}

use serde::{Deserialize, Serialize};

use crate::path;

/// What is compared, and how closely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ComparisonSettings)]
pub struct Settings {
    /// Fields that are not compared, with all that is within them, by the names that a report gives
    /// them: `body.items[].seen`, `header.etag`, `latency`; `*` stands for one key or name.
    pub ignored: Vec<String>,
    /// Bodies with more bytes are not compared.
    pub most_body: u32,
    /// An answer is slow when it takes this many percent longer than both others, and 1 ms more.
    pub latency_margin: u32,
    /// How many examples of a difference are kept of each field; none shows no value to anybody.
    pub examples: u32,
}

impl Default for Settings {
    /// 256 kB of body, 20 %, three examples.
    fn default() -> Self {
        Self { ignored: Vec::new(), most_body: 256 * 1024, latency_margin: 20, examples: 3 }
    }
}

impl Settings {
    /// Whether a field is compared.
    pub(crate) fn looks_at(&self, field: &str) -> bool {
        !self.ignored.iter().any(|pattern| path::covers(pattern, field))
    }
}

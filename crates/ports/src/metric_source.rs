use async_trait::async_trait;
use tidegate_analysis::{Answer, Query};
use tidegate_workload::Secret;

/// Servers that are asked for the values of metrics.
///
/// An answer may take any time: whoever asks sets the time limit, and drops the future when nobody
/// wants the answer any more.
#[async_trait]
pub trait MetricSource: Send + Sync {
    /// Asks once, with the Secret that the query names if there is one; what a server answered, or
    /// in one sentence why there is no value.
    async fn measure(&self, query: &Query, secret: Option<&Secret>) -> Result<Answer, String>;

    /// In one sentence why a query can never be answered here, if that is known without asking.
    fn refuses(&self, _query: &Query) -> Option<String> {
        None
    }
}

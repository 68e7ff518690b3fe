//! Jobs: processes whose end is a measurement.

use tidegate_units::Timestamp;
use tidegate_workload::JobSpec;

use crate::{Metric, MetricView, Query, RunSpec, RunStatus};

/// Kubernetes' limit for the names of jobs, which are labels of their pods.
const LONGEST_NAME: usize = 63;

/// What has to be done for a measurement.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "each is handed over once")]
pub enum Errand {
    /// A server is asked.
    Ask(Query),
    /// A job is run, or, when one of this name has been started before, waited for.
    Run {
        /// Which measurement it is of. No two measurements of any runs have the same.
        name: String,
        /// What is run.
        job: Box<JobSpec>,
    },
}

impl Errand {
    /// The question, if it is one.
    pub fn query(&self) -> Option<&Query> {
        match self {
            Self::Ask(query) => Some(query),
            Self::Run { .. } => None,
        }
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// It did its work.
    Complete,
    /// It failed too often, or took too long; which, in a sentence.
    Failed(String),
    /// It was never started, for its image cannot be run; why, in a sentence.
    NoImage(String),
}

/// The names of the jobs whose ends a run may still ask for.
pub fn open_jobs<'a>(
    spec: &'a RunSpec,
    status: &'a RunStatus,
) -> impl Iterator<Item = String> + 'a {
    let open = spec.metrics.iter().filter(|metric| metric.is_job());
    open.filter_map(|metric| {
        let view = status.metrics.get(&metric.name)?;
        let done = status.phase.is_completed() || view.phase.is_completed();
        let started = status.started_at?;
        (!done).then(|| job_name(spec, started, metric, view))
    })
}

/// The job of the next measurement of a metric: as in Argo Rollouts, which run, which metric, and
/// the how manieth measurement. So whoever asks for it again, after a restart too, means the same.
pub(crate) fn job_name(
    spec: &RunSpec,
    started: Timestamp,
    metric: &Metric,
    view: &MetricView,
) -> String {
    let began = started.as_millis();
    let of = format!("{}/{}/{began}/{}", spec.owner, spec.name, metric.name);
    let number = u64::from(view.count) + u64::from(view.errors) + 1;
    let tail = format!(".{number}");
    let head = format!("{:016x}.", fingerprint(&of));
    let room = LONGEST_NAME - head.len() - tail.len();
    let plain = |letter: char| {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_alphanumeric() { letter } else { '-' }
    };
    let middle: String = metric.name.chars().map(plain).take(room).collect();
    let middle = middle.trim_matches('-');
    let middle = if middle.is_empty() { "job" } else { middle };
    format!("{head}{middle}{tail}")
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

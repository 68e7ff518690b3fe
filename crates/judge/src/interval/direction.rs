use serde::{Deserialize, Serialize};

/// Which change of a metric is harmful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A rise, as of latency.
    Increase,
    /// A fall, as of throughput.
    Decrease,
    /// Both.
    #[default]
    Either,
}

/// Words that decide before all others: what is measured is time, or a lack.
const RISE_FIRST: &[&str] = &[
    "latency",
    "latencies",
    "lat",
    "duration",
    "durations",
    "elapsed",
    "unavailable",
    "unavailability",
    "unhealthy",
    "unready",
    "unsuccessful",
    "error",
    "errors",
    "err",
    "errs",
    "fail",
    "fails",
    "failed",
    "failure",
    "failures",
    "miss",
    "misses",
    "missed",
];

/// Words of what one wants much of.
const FALL: &[&str] = &[
    "success",
    "successes",
    "successful",
    "succeeded",
    "ok",
    "2xx",
    "availability",
    "available",
    "avail",
    "uptime",
    "up",
    "hit",
    "hits",
    "hitratio",
    "hitrate",
    "conversion",
    "conversions",
    "converted",
    "revenue",
    "sales",
    "orders",
    "checkouts",
    "signups",
    "purchases",
    "apdex",
    "throughput",
    "rps",
    "qps",
    "tps",
    "ops",
    "workload",
    "goodput",
    "healthy",
    "ready",
    "free",
    "idle",
    "remaining",
    "satisfaction",
    "score",
    "completed",
    "completions",
    "delivered",
];

/// Words of what one wants little of.
const RISE: &[&str] = &[
    "4xx",
    "5xx",
    "500",
    "502",
    "503",
    "504",
    "exception",
    "exceptions",
    "panic",
    "panics",
    "crash",
    "crashes",
    "crashed",
    "fault",
    "faults",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "p999",
    "cpu",
    "mem",
    "memory",
    "heap",
    "rss",
    "swap",
    "restart",
    "restarts",
    "timeout",
    "timeouts",
    "retry",
    "retries",
    "queue",
    "queued",
    "backlog",
    "lag",
    "pending",
    "drop",
    "drops",
    "dropped",
    "reject",
    "rejected",
    "rejections",
    "throttle",
    "throttled",
    "throttling",
    "gc",
    "pause",
    "pauses",
    "evictions",
    "evicted",
    "oom",
    "oomkilled",
    "delay",
    "wait",
    "waiting",
    "iowait",
    "saturation",
    "util",
    "utilization",
    "utilisation",
    "usage",
    "used",
    "disk",
    "fds",
    "threads",
    "goroutines",
    "loss",
    "lost",
    "leak",
    "cost",
    "time",
    "seconds",
    "ms",
    "millis",
    "response",
    "bounce",
    "churn",
    "abandoned",
    "abandonment",
    "stale",
    "incidents",
    "alerts",
    "severity",
];

impl Direction {
    /// Guesses from a metric's name, such as `carts_lat_90`, `cpuUsage` or
    /// `http_requests_success_ratio`; [`Direction::Either`] for a name that tells nothing.
    pub fn of_metric(name: &str) -> Self {
        let words = words(name);
        let any = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        if any(RISE_FIRST) {
            Self::Increase
        } else if any(FALL) {
            Self::Decrease
        } else if any(RISE) {
            Self::Increase
        } else {
            Self::Either
        }
    }

    /// How far a change goes into the harmful direction.
    pub(crate) fn harm(self, change: f64) -> f64 {
        match self {
            Self::Increase => change,
            Self::Decrease => -change,
            Self::Either => change.abs(),
        }
    }
}

/// The words of a name in lower case, parted at signs and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for letter in name.chars() {
        if !letter.is_ascii_alphanumeric() || (letter.is_ascii_uppercase() && small_before) {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_lowercase());
        }
        small_before = letter.is_ascii_lowercase();
    }
    words
}

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

/// Words that decide before all others: what is left of something is good to have.
const LEFT: &str = "remaining headroom";

/// Words that decide next: what is measured is time, or a lack.
const RISE_FIRST: &str = "latency latencies lat duration durations elapsed unavailable unavailability \
    unhealthy unready notready unsuccessful error errors err errs fail fails failed failing failure \
    failures miss misses missed anomaly anomalies risk burn downtime outage outages";

/// Words of what one wants much of, whatever else is in the name.
const FALL: &str = "success successes successful succeeded ok good 2xx availability available avail \
    uptime hit hits hitratio hitrate apdex throughput rps qps tps ops workload goodput healthy ready \
    free freeable usable unused idle balance satisfaction accuracy compliance passed passing";

/// Words of what one wants much of that may be the name of a service as well: of these and of what one
/// wants little of, the last one tells what is measured. `orders` are wanted, `orders_cpu` is not.
const SOLD: &str = "up conversion conversions converted revenue sales orders checkouts signups \
    purchases bookings subscriptions registrations logins clicks score completed completions \
    delivered";

/// Words of what one wants little of.
const RISE: &str = "4xx 5xx 500 502 503 504 exception exceptions panic panics crash crashes crashed \
    crashloop crashloopbackoff backoff fault faults p50 p75 p90 p95 p99 p999 cpu mem memory heap rss \
    swap restart restarts timeout timeouts retry retries queue queued backlog lag pending drop drops \
    dropped reject rejected rejections rejects refused throttle throttles throttled throttling gc \
    pause pauses eviction evictions evicted oom oomkilled killed delay delayed wait waits waiting \
    iowait saturation pressure util utilization utilisation usage used disk fds threads goroutines \
    loss lost leak leaks leaked cost costs time seconds ms millis milliseconds response bounce \
    bounces churn abandoned abandonment stale incidents alerts severity age oldest rtt ttfb jitter \
    stalled stalls blocked deadlock deadlocks aborted aborts retransmits retransmissions discarded \
    discards unacked uncommitted degraded down overloaded overload shed spillover exhausted \
    violations breaches fatal critical warnings corrupted invalid";

/// What turns the word after it around.
const NOT: &str = "not non no un";

/// What is good to be free of.
const BANE: &str = "error errors crash crashes fault faults failure failures";

impl Direction {
    /// Guesses from a metric's name, such as `carts_lat_90`, `cpuUsage`, `CPUUtilization` or
    /// `http_requests_success_ratio`; [`Direction::Either`] for a name that tells nothing.
    pub fn of_metric(name: &str) -> Self {
        let words = words(name);
        let any = |list: &str| words.iter().any(|word| is_in(list, word));
        let pair = |one: &str, next: &str| {
            let next = |word: &String| is_in(next, word);
            words.windows(2).any(|pair| matches!(pair, [a, b] if is_in(one, a) && next(b)))
        };
        if any(LEFT) || pair(BANE, "free") {
            Self::Decrease
        } else if any(RISE_FIRST) || pair(NOT, FALL) || name.contains("5..") {
            Self::Increase
        } else if any(FALL) {
            Self::Decrease
        } else {
            words.iter().rev().find_map(|word| of_word(word)).unwrap_or_default()
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

fn of_word(word: &str) -> Option<Direction> {
    if is_in(SOLD, word) {
        Some(Direction::Decrease)
    } else {
        is_in(RISE, word).then_some(Direction::Increase)
    }
}

fn is_in(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|listed| listed == word)
}

/// The words of a name in lower case, parted at signs, where a capital follows a small letter, and
/// before the last of several capitals that a small letter follows: `CPUUsage` is `cpu` and `usage`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let small = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
    let capital = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1);
        let turns = capital(at)
            && before.is_some_and(|before| small(before) || capital(before) && small(at + 1));
        if !letter.is_ascii_alphanumeric() || turns {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

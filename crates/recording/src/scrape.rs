//! What can be compared, of what was scraped: rates of counters, quantiles and means of histograms,
//! shares of errors.

use std::{collections::BTreeMap, fmt};

use crate::{
    error::Problem,
    exposition::Scraped,
    request::Arm,
    series::{Point, Series, in_order, rates},
    settings::ReadSettings,
};

/// A series' name and labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Labels that tell who was scraped, not what: series that differ in these alone are one metric.
const WHO: [&str; 20] = [
    "instance",
    "pod",
    "pod_name",
    "kubernetes_pod_name",
    "node",
    "host",
    "hostname",
    "container",
    "container_id",
    "id",
    "uid",
    "replica",
    "replicaset",
    "pod_template_hash",
    "rollouts_pod_template_hash",
    "version",
    "revision",
    "task_id",
    "endpoint_ip",
    "ip",
];

/// Labels that tell which revision a series is of.
const ARMS: [&str; 8] =
    ["revision", "arm", "variant", "track", "role", "version", "deployment", "group"];

/// Labels with the status of answers.
const CODES: [&str; 6] =
    ["code", "status", "status_code", "http_status", "response_code", "http_response_status_code"];

/// The quantiles of a histogram that are compared.
const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        let labels = self.labels.iter().map(|(name, value)| format!("{name}=\"{value}\""));
        write!(f, "{{{}}}", labels.collect::<Vec<_>>().join(","))
    }
}

impl Key {
    fn without(&self, labels: &[&str]) -> Self {
        let mut key = self.clone();
        key.labels.retain(|name, _| !labels.contains(&name.as_str()));
        key
    }

    fn named(&self, name: String) -> Self {
        Self { name, labels: self.labels.clone() }
    }

    fn arm(&self) -> Option<Arm> {
        ARMS.iter().find_map(|label| Arm::of(self.labels.get(*label)?))
    }
}

/// What a series counts or measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gauge,
    Counter,
    Bucket,
    Sum,
    Count,
    /// The moment at which something began.
    Created,
}

/// Makes series that can be compared.
pub(crate) fn derive(
    scraped: Scraped,
    settings: &ReadSettings,
) -> Result<(Vec<Series>, Vec<String>), Problem> {
    let Scraped { types, samples } = scraped;
    let mut groups: BTreeMap<Option<Arm>, Groups> = BTreeMap::new();
    for (key, mut points) in samples {
        let arm = if settings.arms { Some(arm_of(&key)?) } else { None };
        let kind = kind_of(&key, &types);
        in_order(&mut points);
        if !matches!(kind, Kind::Gauge | Kind::Created) {
            points = rates(&points);
        }
        groups.entry(arm).or_default().add(&key, kind, points);
    }
    let mut series = Vec::new();
    for (arm, groups) in groups {
        groups.finish(arm, &mut series);
    }
    series.retain(|one| settings.only.is_empty() || settings.only.contains(&one.name));
    Ok((series, Vec::new()))
}

fn arm_of(key: &Key) -> Result<Arm, Problem> {
    key.arm().ok_or_else(|| {
        Problem::new(
            0,
            format!("{key}: no label tells which revision it is of"),
            "label each series with revision=\"canary\" or revision=\"stable\", or give two files",
        )
    })
}

fn kind_of(key: &Key, types: &BTreeMap<String, String>) -> Kind {
    let name = key.name.as_str();
    let family = |end: &str| name.strip_suffix(end).and_then(|family| types.get(family));
    let spread =
        |end: &str| family(end).is_some_and(|kind| kind == "histogram" || kind == "summary");
    if name.ends_with("_bucket") && key.labels.contains_key("le") {
        return Kind::Bucket;
    }
    if spread("_sum") || (types.is_empty() && name.ends_with("_sum")) {
        return Kind::Sum;
    }
    if spread("_count") || (types.is_empty() && name.ends_with("_count")) {
        return Kind::Count;
    }
    if name.ends_with("_created") {
        return Kind::Created;
    }
    let declared = types.get(name).or_else(|| family("_total"));
    match declared.map(String::as_str) {
        Some("counter") => Kind::Counter,
        Some("gauge") => Kind::Gauge,
        _ if name.ends_with("_total") => Kind::Counter,
        _ => Kind::Gauge,
    }
}

/// Series put together by what they measure: the members of each, and histograms by bound.
#[derive(Debug, Default)]
struct Groups {
    gauges: BTreeMap<Key, Vec<Vec<Point>>>,
    counters: BTreeMap<Key, Vec<Vec<Point>>>,
    /// Answers by whether they were errors of the server.
    answers: BTreeMap<Key, [Vec<Vec<Point>>; 2]>,
    buckets: BTreeMap<Key, Vec<(f64, Vec<Point>)>>,
    sums: BTreeMap<Key, Vec<Vec<Point>>>,
    counts: BTreeMap<Key, Vec<Vec<Point>>>,
}

impl Groups {
    fn add(&mut self, key: &Key, kind: Kind, points: Vec<Point>) {
        let mut key = key.without(&WHO).without(&ARMS);
        let family = |end: &str| key.name.strip_suffix(end).unwrap_or(&key.name).to_owned();
        match kind {
            Kind::Created => {}
            Kind::Gauge => self.gauges.entry(key).or_default().push(points),
            Kind::Sum => self.sums.entry(key.named(family("_sum"))).or_default().push(points),
            Kind::Count => self.counts.entry(key.named(family("_count"))).or_default().push(points),
            Kind::Bucket => {
                let bound = key.labels.remove("le").and_then(|le| le.parse::<f64>().ok());
                let key =
                    key.named(key.name.strip_suffix("_bucket").unwrap_or(&key.name).to_owned());
                if let Some(bound) = bound.filter(|bound| !bound.is_nan()) {
                    let key = key.without(&CODES);
                    self.buckets.entry(key).or_default().push((bound, points));
                }
            }
            Kind::Counter => match status(&key) {
                Some(error) => {
                    let [good, bad] = self.answers.entry(key.without(&CODES)).or_default();
                    if error { bad.push(points) } else { good.push(points) }
                }
                None => self.counters.entry(key).or_default().push(points),
            },
        }
    }

    fn finish(self, arm: Option<Arm>, series: &mut Vec<Series>) {
        let mut push = |name: String, points: Vec<Point>| {
            if !points.is_empty() {
                series.push(Series { name, arm, points });
            }
        };
        for (key, members) in self.gauges {
            push(key.to_string(), together(&members, true));
        }
        for (key, members) in self.counters {
            push(key.to_string(), together(&members, false));
        }
        for (key, [good, bad]) in self.answers {
            let every = [good, bad.clone()].concat();
            let step = step(&every);
            let all = on_grid(&every, step, false);
            let errors = share(&on_grid(&bad, step, false), &all);
            push(key.named(format!("{}_error_share", key.name)).to_string(), errors);
            push(key.to_string(), all);
        }
        for (key, sums) in self.sums {
            let Some(counts) = self.counts.get(&key) else { continue };
            let step = step(&sums).max(step(counts));
            let mean = ratio(&on_grid(&sums, step, false), &on_grid(counts, step, false));
            push(key.named(format!("{}_mean", key.name)).to_string(), mean);
        }
        for (key, members) in self.counts {
            push(key.named(format!("{}_count", key.name)).to_string(), together(&members, false));
        }
        for (key, buckets) in self.buckets {
            for (p, word) in QUANTILES {
                push(key.named(format!("{}_{word}", key.name)).to_string(), quantiles(&buckets, p));
            }
        }
    }
}

/// Whether the answers that a series counts are errors; none where it tells no status.
fn status(key: &Key) -> Option<bool> {
    let code = CODES.iter().find_map(|label| key.labels.get(*label))?;
    let error = code.starts_with('5') && (code.len() == 3 || code.eq_ignore_ascii_case("5xx"));
    Some(error || code.eq_ignore_ascii_case("error"))
}

/// The sum, or the mean, of several series at each moment of a grid: who is scraped is not scraped at
/// the same instant as the next.
fn together(members: &[Vec<Point>], mean: bool) -> Vec<Point> {
    if let [only] = members {
        return only.clone();
    }
    on_grid(members, step(members), mean)
}

/// The longest usual distance of two points of a member, in microseconds.
fn step(members: &[Vec<Point>]) -> i64 {
    members.iter().filter_map(|points| spacing(points)).max().unwrap_or(1)
}

fn on_grid(members: &[Vec<Point>], step: i64, mean: bool) -> Vec<Point> {
    let mut grid: BTreeMap<i64, BTreeMap<usize, f64>> = BTreeMap::new();
    for (member, points) in members.iter().enumerate() {
        for point in points {
            grid.entry(point.at_micros.div_euclid(step)).or_default().insert(member, point.value);
        }
    }
    let cells = grid.into_iter().map(|(cell, values)| {
        #[expect(clippy::cast_precision_loss, reason = "members are far fewer than 2^53")]
        let over = if mean { values.len() as f64 } else { 1.0 };
        Point { at_micros: cell.saturating_mul(step), value: values.values().sum::<f64>() / over }
    });
    cells.collect()
}

/// The usual distance of two points in microseconds.
fn spacing(points: &[Point]) -> Option<i64> {
    let pairs = points.iter().zip(points.iter().skip(1));
    let mut gaps: Vec<i64> = pairs.map(|(then, now)| now.at_micros - then.at_micros).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied().filter(|gap| *gap > 0)
}

/// `part / of` where both have a value and `of` is above zero.
fn ratio(part: &[Point], of: &[Point]) -> Vec<Point> {
    let parts: BTreeMap<i64, f64> =
        part.iter().map(|point| (point.at_micros, point.value)).collect();
    let quotient = |point: &Point| {
        let part = parts.get(&point.at_micros)?;
        (point.value > 0.0).then(|| Point { value: part / point.value, ..*point })
    };
    of.iter().filter_map(quotient).collect()
}

/// The same, where no value of `part` counts as zero.
fn share(part: &[Point], of: &[Point]) -> Vec<Point> {
    let parts: BTreeMap<i64, f64> =
        part.iter().map(|point| (point.at_micros, point.value)).collect();
    let quotient = |point: &Point| {
        let part = parts.get(&point.at_micros).copied().unwrap_or(0.0);
        (point.value > 0.0).then(|| Point { value: (part / point.value).min(1.0), ..*point })
    };
    of.iter().filter_map(quotient).collect()
}

/// The quantile `p` of a histogram at each moment, by linear interpolation within a bucket, as
/// Prometheus' `histogram_quantile` has it.
fn quantiles(buckets: &[(f64, Vec<Point>)], p: f64) -> Vec<Point> {
    let mut by_bound: Vec<(f64, Vec<Vec<Point>>)> = Vec::new();
    let mut sorted: Vec<_> = buckets.iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    for (bound, points) in sorted {
        match by_bound.last_mut() {
            Some((last, members)) if last.total_cmp(bound).is_eq() => members.push(points.clone()),
            _ => by_bound.push((*bound, vec![points.clone()])),
        }
    }
    let mut at: BTreeMap<i64, Vec<(f64, f64)>> = BTreeMap::new();
    for (bound, members) in by_bound {
        for point in together(&members, false) {
            at.entry(point.at_micros).or_default().push((bound, point.value));
        }
    }
    let value = |(at_micros, bounds): (i64, Vec<(f64, f64)>)| {
        Some(Point { at_micros, value: quantile(&bounds, p)? })
    };
    at.into_iter().filter_map(value).collect()
}

/// `bounds` are upper bounds with how much is below each.
fn quantile(bounds: &[(f64, f64)], p: f64) -> Option<f64> {
    let all = bounds.last().map(|(_, below)| *below).filter(|all| *all > 0.0)?;
    let (mut low, mut below) = (0.0, 0.0);
    for (bound, upto) in bounds {
        if *upto >= p * all {
            if bound.is_infinite() {
                return Some(low);
            }
            let within = if *upto > below { (p * all - below) / (upto - below) } else { 1.0 };
            return Some(low + (bound - low) * within.clamp(0.0, 1.0));
        }
        (low, below) = (*bound, *upto);
    }
    None
}

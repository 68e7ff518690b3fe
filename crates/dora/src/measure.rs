//! From deployments to numbers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tidegate_units::{ObjectKey, Timestamp};

use crate::{
    Begins, Deployment, DeploymentView, Deployments, Filter, Group, Link, Metric, Metrics, Query,
    Report, Source, Unit, Window,
    quantile::{quantile, wilson},
};

/// From so many values on the smallest and the largest enclose the true median with 95 %.
const MEDIAN: usize = 6;
/// From so many values on the largest is beyond the true 90th percentile with 95 %.
const P90: usize = 29;
/// With fewer, none that failed would leave a true rate of more than 15 % possible.
const RATE: usize = 20;
/// So many whole days, so that each weekday is among them.
const DAYS: usize = 7;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

impl Deployments {
    /// The five metrics of what is asked, of applications that `may` be told of.
    pub fn report(&self, query: &Query, may: impl Fn(&ObjectKey) -> bool) -> Report {
        let window = self.window(query);
        let known =
            self.all().filter(|one| query.asks_for(&one.application) && may(&one.application));
        let known: Vec<Deployment> = known.filter_map(|one| one.as_of(query.until)).collect();
        let failed: BTreeSet<u64> = known
            .iter()
            .filter(|one| one.failure().is_some())
            .map(|one| one.began.sequence)
            .collect();
        let within: Vec<&Deployment> =
            known.iter().filter(|one| one.began.at >= window.from).rev().collect();
        let measure = Measure { window: &window, limit: query.limit, failed: &failed };
        let mut groups: BTreeMap<_, Vec<&Deployment>> = BTreeMap::new();
        for one in &within {
            if let Some(group) = query.group(one) {
                groups.entry(group).or_default().push(one);
            }
        }
        let groups = groups.into_iter().map(|((namespace, name), all)| Group {
            namespace,
            name,
            metrics: measure.metrics(&all),
        });
        let groups = groups.collect();
        let metrics = measure.metrics(&within);
        let deployments = within.iter().take(query.limit).map(|one| measure.view(one)).collect();
        let filter =
            Filter { namespace: query.namespace.clone(), name: query.name.clone(), by: query.by };
        Report { window, filter, metrics, groups, deployments }
    }

    fn window(&self, query: &Query) -> Window {
        let asked = query.until.before(query.window.duration());
        let known = self.known_from().unwrap_or(query.until).min(query.until);
        let from = asked.max(known);
        Window { asked: query.window.to_string(), from, until: query.until, cut: from > asked }
    }
}

const LEAD_TIME: &str = "from the commit until all users had it, of deployments that became stable";
const FREQUENCY: &str = "revisions that got users, a day";
const RECOVERY: &str = "from when the failed deployment got its first users until nobody got it any more or \
     another revision was stable";
const FAIL_RATE: &str = "deployments that were taken back, left or mended, of all";
const REWORK_RATE: &str = "deployments that mend one that failed, of all";

struct Measure<'a> {
    window: &'a Window,
    limit: usize,
    /// The deployments that failed, by their begin: of those before the window, too.
    failed: &'a BTreeSet<u64>,
}

impl Measure<'_> {
    fn metrics(&self, all: &[&Deployment]) -> Metrics {
        let rework = |one: &Deployment| self.mended(one).is_some();
        let failed = |one: &Deployment| one.failure().is_some();
        let told = |meaning: &str, metric| Metric { meaning: meaning.to_owned(), ..metric };
        Metrics {
            change_lead_time: told(LEAD_TIME, self.lead_time(all)),
            deployment_frequency: told(FREQUENCY, self.frequency(all)),
            failed_deployment_recovery_time: told(RECOVERY, self.recovery(all)),
            change_fail_rate: told(FAIL_RATE, self.rate(all, failed)),
            deployment_rework_rate: told(REWORK_RATE, self.rate(all, rework)),
        }
    }

    fn mended(&self, one: &Deployment) -> Option<u64> {
        one.mends.filter(|id| self.failed.contains(id))
    }

    fn lead_time(&self, all: &[&Deployment]) -> Metric {
        let mut begins = Begins::default();
        let timed: Vec<_> =
            all.iter().filter_map(|one| Some((*one, seconds(one.lead_time()?)))).collect();
        for (one, _) in &timed {
            match one.lead_begins().1 {
                Some(Source::Commit) => begins.commit += 1,
                Some(Source::Image) => begins.image += 1,
                None => begins.apply += 1,
            }
        }
        let mut metric = self.times(&timed);
        if begins.apply > 0 && metric.note.is_none() {
            metric.note = Some(format!(
                "{} of {} begin when they were applied: their manifests name no moment of a commit of \
                 their own (tidegate.dev/committed-at)",
                begins.apply, metric.n
            ));
        }
        metric.begins = Some(begins);
        metric
    }

    fn recovery(&self, all: &[&Deployment]) -> Metric {
        let timed: Vec<_> =
            all.iter().filter_map(|one| Some((*one, seconds(one.recovery()?)))).collect();
        let open = |one: &&&Deployment| one.failure().is_some() && one.recovered.is_none();
        Metric { count: Some(all.iter().filter(open).count()), ..self.times(&timed) }
    }

    /// Lengths of time.
    fn times(&self, timed: &[(&Deployment, f64)]) -> Metric {
        let mut values: Vec<f64> = timed.iter().map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        let enough = values.len() >= MEDIAN;
        let note = too_few(values.len(), "deployments", enough, values.len() >= P90);
        let metric = self.listed(Unit::Seconds, timed.iter().copied());
        Metric { enough, note, ..quantiles(metric, &values, enough) }
    }

    fn rate(&self, all: &[&Deployment], counts: impl Fn(&Deployment) -> bool) -> Metric {
        let ones = all.iter().map(|one| (*one, if counts(one) { 1.0 } else { 0.0 }));
        let metric = self.listed(Unit::Ratio, ones);
        let count = all.iter().filter(|one| counts(one)).count();
        let enough = all.len() >= RATE;
        #[expect(clippy::cast_precision_loss, reason = "counts of deployments")]
        let rate = count as f64 / all.len().max(1) as f64;
        Metric {
            value: enough.then_some(rate),
            interval: wilson(count, all.len()).filter(|_| enough).map(|(low, high)| [low, high]),
            count: Some(count),
            enough,
            note: (!enough).then(|| format!("a rate is given from {RATE} deployments on")),
            ..metric
        }
    }

    fn frequency(&self, all: &[&Deployment]) -> Metric {
        let span = self.window.until.as_millis() - self.window.from.as_millis();
        let days = usize::try_from(span / DAY_MILLIS).unwrap_or(0);
        let mut counts = vec![0.0; days];
        for one in all {
            let before = self.window.until.as_millis() - one.began.at.as_millis();
            let day = usize::try_from(before / DAY_MILLIS).unwrap_or(0);
            if let Some(count) = counts.get_mut(day) {
                *count += 1.0;
            }
        }
        counts.sort_by(f64::total_cmp);
        let enough = days >= DAYS;
        #[expect(clippy::cast_precision_loss, reason = "counts of deployments, and milliseconds")]
        let mean = all.len() as f64 * DAY_MILLIS as f64 / span.max(1) as f64;
        let metric = self.listed(Unit::DeploymentsPerDay, all.iter().map(|one| (*one, 1.0)));
        let note = if enough {
            too_few(days, "whole days", true, days >= P90)
        } else {
            Some(format!(
                "a frequency is given from {DAYS} whole days on; the ledger has {days} in this window"
            ))
        };
        Metric { value: enough.then_some(mean), enough, note, ..quantiles(metric, &counts, enough) }
    }

    /// A metric with its deployments and no number.
    fn listed<'b>(
        &self,
        unit: Unit,
        all: impl ExactSizeIterator<Item = (&'b Deployment, f64)>,
    ) -> Metric {
        let n = all.len();
        Metric {
            value: None,
            median: None,
            p90: None,
            interval: None,
            meaning: String::new(),
            unit,
            n,
            count: None,
            enough: false,
            note: None,
            begins: None,
            deployments: all.take(self.limit).map(|(one, value)| link(one, value)).collect(),
            omitted: n.saturating_sub(self.limit),
        }
    }

    fn view(&self, one: &Deployment) -> DeploymentView {
        DeploymentView {
            sequence: one.began.sequence,
            key: one.application.clone(),
            revision: one.revision.clone(),
            number: one.number,
            change: one.change.clone(),
            asked: one.asked,
            began: one.began,
            stable: one.stable,
            failed: one.failure(),
            recovered: one.failure().and(one.recovered),
            superseded: one.superseded,
            is_return: one.is_return,
            mends: self.mended(one),
            lead_time: one.lead_time().map(seconds),
            recovery_time: one.recovery().map(seconds),
        }
    }
}

fn quantiles(metric: Metric, sorted: &[f64], enough: bool) -> Metric {
    Metric {
        median: quantile(sorted, 0.5).filter(|_| enough),
        p90: quantile(sorted, 0.9).filter(|_| enough && sorted.len() >= P90),
        ..metric
    }
}

fn too_few(n: usize, what: &str, median: bool, p90: bool) -> Option<String> {
    if !median {
        return Some(format!(
            "a median is given from {MEDIAN} {what} on, a 90th percentile from {P90}"
        ));
    }
    (!p90).then(|| format!("a 90th percentile is given from {P90} {what} on; there are {n}"))
}

fn link(one: &Deployment, value: f64) -> Link {
    let sequence = one.began.sequence;
    Link {
        sequence,
        key: one.application.clone(),
        number: one.number,
        value,
        entry: format!("/v1/ledger?after={}&limit=1", sequence.saturating_sub(1)),
    }
}

/// To the millisecond, as the ledger has it.
fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

impl Window {
    /// Whether a moment is in it.
    pub fn has(&self, at: Timestamp) -> bool {
        self.from <= at && at <= self.until
    }
}

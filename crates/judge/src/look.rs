use std::time::Duration;

use tidegate_traffic::{Growth, Histogram, RevisionTally, Tally};
use tidegate_units::Timestamp;

use crate::arms::Arms;
use crate::design::{self, Planned};
use crate::dispersion::{Dispersion, Hindsight};
use crate::evidence::{JudgeEvidence, Progress, Rehearsal, TestEvidence, TestUnit, Verdict};
use crate::mixture::start_share;
use crate::pace::Pace;
use crate::threshold::{Answers, Threshold};
use crate::{JudgeSettings, RunTraffic};
use crate::{errors, latency, verdict};

/// A batch has at least so many requests, or is at least [`FULL_AFTER`] old. A hit in a smaller
/// one says less, for its canary's share among so few requests is larger than its weight; a larger
/// one takes longer. 40 is one look at 200 requests a second.
const FULL_BATCH: u64 = 40;

/// A smaller batch is judged when it is this old: with little traffic, waiting costs more.
const FULL_AFTER: Duration = Duration::from_secs(2);

/// A batch in which one revision had no request for so long is dropped: what the other did is no
/// longer from the same seconds.
const STALE_AFTER: Duration = Duration::from_mins(1);

/// Requests that last longer than this are cut off by the router, or are streams.
const SLOWEST: Duration = Duration::from_secs(30);

/// So many open requests are no sign of slow ones, and as errors no evidence of harm.
const FEW_OPEN: f64 = 2.0;

/// A new start of the mixtures may come this often; with more, each has less of the bet.
const START_EVERY: Duration = Duration::from_secs(10);

/// The thresholds follow the stable revision's latency this often.
const AIM_EVERY: Duration = Duration::from_secs(5);

/// They follow what it was in the last one to two of these.
const RECENT: Duration = Duration::from_secs(30);

/// What happened between two readings, in both arms.
struct Batch<'a> {
    then: &'a Progress,
    now: &'a RunTraffic,
}

impl JudgeEvidence {
    /// Takes what the router has counted since the last look into account. Looks may come at any
    /// time; one that is missed is made up for by the next.
    pub fn look(&mut self, settings: &JudgeSettings, traffic: &RunTraffic) {
        if self.verdict == Verdict::Worse && self.rehearsal == Rehearsal::None {
            return;
        }
        if self.looked_at.is_none() || self.tests.len() != tests_of(settings) {
            self.open(settings, traffic);
            return;
        }
        self.looked_at = Some(traffic.at);
        if self.progress.epoch != traffic.epoch {
            self.progress.restart(traffic);
        }
        let held = self.progress.is_held(traffic);
        let batch = Batch { then: &self.progress, now: traffic };
        let readiness = batch.readiness();
        if matches!(readiness, Readiness::Waits) {
            return;
        }
        let [of_canary, of_stable] = self.progress.ended(traffic);
        let asked = traffic.share.filter(|_| traffic.by_chance);
        self.split.add(of_canary, of_stable, asked, traffic.at);
        if matches!(readiness, Readiness::Full) && !held {
            self.score(settings, traffic);
        }
        self.progress.rebase(traffic);
        if self.rehearsal != Rehearsal::Learns {
            verdict::settle(self, settings);
        }
    }

    /// The first look: what was counted before it is not judged.
    fn open(&mut self, settings: &JudgeSettings, traffic: &RunTraffic) {
        let series = std::mem::take(&mut self.series);
        let tests = std::mem::take(&mut self.tests);
        let rehearsal = std::mem::take(&mut self.rehearsal);
        *self = Self { looked_at: Some(traffic.at), tests, series, rehearsal, ..Self::default() };
        self.open_tests(settings);
        let progress = &mut self.progress;
        progress.epoch = traffic.epoch;
        progress.started_at = traffic.at;
        progress.aged_at = traffic.at;
        progress.recent = latency_of_late(&traffic.stable);
        progress.thresholds = vec![None; settings.quantiles.len()];
        progress.rebase(traffic);
        progress.pace = Pace::default();
    }

    /// Opens the tests unless they are open.
    pub(crate) fn open_tests(&mut self, settings: &JudgeSettings) {
        if self.tests.len() != tests_of(settings) {
            self.tests = open_tests(settings);
            for (nth, test) in self.tests.iter_mut().enumerate() {
                test.dispersion = Dispersion::of_recording(match &self.rehearsal {
                    Rehearsal::None => Hindsight::None,
                    Rehearsal::Learns => Hindsight::Keeps(Vec::new()),
                    Rehearsal::Knows(effects) => {
                        Hindsight::Knows(effects.get(nth).copied().unwrap_or(1.0))
                    }
                });
            }
        }
    }

    fn score(&mut self, settings: &JudgeSettings, traffic: &RunTraffic) {
        let progress = &mut self.progress;
        let share = progress.next_start(traffic.at);
        let warm = progress.is_warm(settings, traffic);
        progress.aim(settings, traffic.at);
        let batch = Batch { then: progress, now: traffic };
        let [canary, stable] = batch.errors();
        expect_scatter(&mut self.tests, progress, &traffic.stable);
        let mut tests = self.tests.iter_mut();
        if let Some(test) = tests.next() {
            if let Some(share) = share {
                errors::bet(test, share);
            }
            let arms = Arms::new(canary, stable);
            errors::score(test, &arms, settings.error_odds_margin, self.stable.error_share());
            test.dispersion.add(&arms, traffic.at);
        }
        let [mut of_canary, mut of_stable] = <[Histogram; 2]>::default();
        let of_canary = since(&traffic.canary, &progress.canary, &mut of_canary);
        let of_stable = since(&traffic.stable, &progress.stable, &mut of_stable);
        let answers = [of_canary, of_stable].map(Answers::of);
        for (test, threshold) in tests.zip(&progress.thresholds) {
            if let Some(share) = share {
                latency::bet(test, share);
            }
            if let Some(threshold) = threshold.as_ref().filter(|_| warm) {
                let [worse, fair] = threshold.arms(&answers);
                latency::score(test, threshold, &worse, &fair);
                test.dispersion.add(&worse, traffic.at);
            }
        }
        if warm {
            of_canary.add_to(&mut self.canary.latency);
            of_stable.add_to(&mut self.stable.latency);
        }
        of_stable.add_to(&mut progress.recent);
        self.canary.count(canary);
        self.stable.count(stable);
        progress.age(traffic.at);
    }
}

/// The answers that came since the last batch; `anew` holds them where the counts did not only grow.
fn since<'a>(now: &'a RevisionTally, then: &'a Tally, anew: &'a mut Histogram) -> Growth<'a> {
    now.total.latency.growth_since(&then.latency).unwrap_or_else(|| {
        *anew = now.total.latency.since(&then.latency);
        anew.growth()
    })
}

fn open_tests(settings: &JudgeSettings) -> Vec<TestEvidence> {
    let quantiles = settings.quantiles.len();
    let of_design = settings.design.map_or(0.0, |_| design::PLANNED);
    let test = |name: String, unit, alpha: f64| TestEvidence {
        name,
        unit,
        canary: None,
        stable: None,
        canary_count: 0,
        stable_count: 0,
        log_evidence: 0.0,
        log_no_worse: 0.0,
        log_bar: -(alpha * (1.0 - of_design)).ln(),
        verdict: Verdict::default(),
        dispersion: Dispersion::default(),
        peak: 0.0,
        planned: settings.design.map(|design| Box::new(Planned::new(design, alpha * of_design))),
        worse: crate::mixture::Mixture::default(),
        no_worse: crate::mixture::Mixture::default(),
    };
    let groups = 1 + u32::from(quantiles > 0) + u32::from(!settings.series.is_empty());
    let of_group = settings.alpha / f64::from(groups);
    #[expect(clippy::cast_precision_loss, reason = "at most 16 quantiles and as many series")]
    let of_each = |count: usize| of_group / count as f64;
    let mut tests = vec![test("errors".to_owned(), TestUnit::Share, of_group)];
    tests.extend(settings.quantiles.iter().map(|p| {
        let name = format!("p{}", (p * 1e8).round() / 1e6);
        test(name, TestUnit::Milliseconds, of_each(quantiles))
    }));
    for (index, test) in tests.iter_mut().enumerate() {
        if index == 0 {
            errors::bet(test, start_share(0));
            errors::bet_no_worse(test);
        } else {
            latency::bet(test, start_share(0));
            latency::bet_no_worse(test);
        }
    }
    let of_series = of_each(settings.series.len());
    tests.extend(settings.series.iter().map(|series| TestEvidence {
        log_bar: -of_series.ln(),
        planned: None,
        ..test(series.name.clone(), TestUnit::Value, of_series)
    }));
    tests
}

fn tests_of(settings: &JudgeSettings) -> usize {
    1 + settings.quantiles.len() + settings.series.len()
}

/// The latencies of the last seconds that the router kept, else all that it counted.
fn latency_of_late(tally: &RevisionTally) -> Histogram {
    let mut late = Histogram::default();
    for (_, second) in &tally.seconds {
        late.add(&second.latency);
    }
    if late.count() == 0 { tally.total.latency.clone() } else { late }
}

/// How the hits scatter is expected of the stable revision's seconds before this batch, once.
fn expect_scatter(tests: &mut [TestEvidence], progress: &Progress, stable: &RevisionTally) {
    let before = stable
        .seconds
        .iter()
        .filter(|(second, _)| second.after(Duration::from_secs(1)) <= progress.scored_at);
    let mut tests = tests.iter_mut();
    if let Some(test) = tests.next().filter(|test| test.dispersion.is_open()) {
        test.dispersion.expect(before.clone().map(|(_, tally)| {
            let judged = tally.judged();
            as_floats(tally.errors().min(judged), judged)
        }));
    }
    for (test, threshold) in tests.zip(&progress.thresholds) {
        let Some(threshold) = threshold.filter(|_| test.dispersion.is_open()) else { continue };
        test.dispersion.expect(before.clone().map(|(_, tally)| {
            as_floats(tally.latency.count_from(threshold.aim.stable_from), tally.latency.count())
        }));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn as_floats(hits: u64, trials: u64) -> (f64, f64) {
    (hits as f64, trials as f64)
}

enum Readiness {
    Full,
    Stale,
    Waits,
}

impl Batch<'_> {
    /// Looks at counts of requests and at time alone, never at how requests ended, so that what is
    /// judged together is not chosen by what it shows.
    fn readiness(&self) -> Readiness {
        let age = self.now.at.since(self.then.scored_at);
        let [canary, stable] = self.then.ended(self.now);
        if canary == 0 || stable == 0 {
            return if age >= STALE_AFTER { Readiness::Stale } else { Readiness::Waits };
        }
        if canary.saturating_add(stable) >= FULL_BATCH || age >= FULL_AFTER {
            Readiness::Full
        } else {
            Readiness::Waits
        }
    }

    /// Errors and requests of the canary and of the stable revision.
    fn errors(&self) -> [(u64, u64); 2] {
        let count = |now: &Tally, then: &Tally| {
            let requests = judged(now, then);
            (now.errors().saturating_sub(then.errors()).min(requests), requests)
        };
        [
            count(&self.now.canary.total, &self.then.canary),
            count(&self.now.stable.total, &self.then.stable),
        ]
    }
}

fn judged(now: &Tally, then: &Tally) -> u64 {
    now.judged().saturating_sub(then.judged())
}

impl Progress {
    /// The router began to count anew: all that it has counted came since the last look.
    fn restart(&mut self, traffic: &RunTraffic) {
        self.epoch = traffic.epoch;
        self.canary = Tally::default();
        self.stable = Tally::default();
    }

    /// Whether nothing is judged for now, because the canary's share of the requests has fallen while
    /// more of its requests were open than are at any moment: slow ones that began before, when it
    /// had more, end beside fast ones that began since.
    fn is_held(&mut self, traffic: &RunTraffic) -> bool {
        let fell = self.share.zip(traffic.share).is_some_and(|(before, now)| now < before);
        self.share = traffic.share;
        if fell && self.has_slow_ones(traffic) {
            self.held_until = Some(traffic.at.after(SLOWEST));
        }
        self.held_until.is_some_and(|until| traffic.at < until)
    }

    /// Whether more requests of the canary are open than come in the time that nine in ten answers
    /// take (Little 1961), twice over.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn has_slow_ones(&self, traffic: &RunTraffic) -> bool {
        let open: u64 = traffic.canary.in_flight.values().sum();
        let seconds = self.recent.quantile(0.9).unwrap_or(0.0) / 1e6;
        open as f64 > FEW_OPEN + 2.0 * self.pace.per_second() * seconds
    }

    /// Requests of the canary and of the stable revision that ended since the last batch.
    fn ended(&self, traffic: &RunTraffic) -> [u64; 2] {
        [(&traffic.canary, &self.canary), (&traffic.stable, &self.stable)]
            .map(|(now, then)| now.total.requests.saturating_sub(then.requests))
    }

    fn rebase(&mut self, traffic: &RunTraffic) {
        let [of_canary, _] = self.ended(traffic);
        self.pace.add(of_canary, traffic.at.since(self.scored_at));
        copy(&mut self.canary, &traffic.canary.total);
        copy(&mut self.stable, &traffic.stable.total);
        self.scored_at = traffic.at;
    }

    /// The share of the bet for a start that is due now.
    fn next_start(&mut self, at: Timestamp) -> Option<f64> {
        if at.since(self.started_at) < START_EVERY {
            return None;
        }
        self.started_at = at;
        self.starts = self.starts.saturating_add(1);
        Some(start_share(self.starts))
    }

    /// Whether the batch began long enough after the canary's first request.
    fn is_warm(&mut self, settings: &JudgeSettings, traffic: &RunTraffic) -> bool {
        let since = *self.canary_since.get_or_insert(traffic.at);
        self.scored_at.since(since) >= settings.warm_up
    }

    /// Draws the thresholds anew when that is due, from what came before this batch.
    fn aim(&mut self, settings: &JudgeSettings, at: Timestamp) {
        if self.aimed_at.is_some_and(|aimed| at.since(aimed) < AIM_EVERY) {
            return;
        }
        self.late.clone_from(&self.older);
        self.late.add(&self.recent);
        let late = self.late.summed();
        for (threshold, p) in self.thresholds.iter_mut().zip(&settings.quantiles) {
            *threshold = Threshold::aim(&late, *p, settings.latency_margin).or(*threshold);
        }
        self.late.clear();
        if self.thresholds.iter().all(Option::is_some) {
            self.aimed_at = Some(at);
        }
    }

    /// Forgets answers that are too old to aim by.
    fn age(&mut self, at: Timestamp) {
        if at.since(self.aged_at) >= RECENT {
            std::mem::swap(&mut self.older, &mut self.recent);
            self.recent.clear();
            self.aged_at = at;
        }
    }
}

/// What [`Tally::clone_from`] does, but for the counts by status, which no test looks at: nothing of
/// it takes memory.
fn copy(into: &mut Tally, from: &Tally) {
    (into.requests, into.by_class) = (from.requests, from.by_class);
    (into.unanswered, into.cancelled) = (from.unanswered, from.cancelled);
    into.latency.clone_from(&from.latency);
}

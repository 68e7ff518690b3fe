use tidegate_judge::{
    Direction, IntervalEvidence, IntervalSettings, JudgeEvidence, TestEvidence, TestUnit, Verdict,
};
use tidegate_traffic::Tally;

use crate::{
    apart::{self, Weighed, is_doubted},
    history::{self, Remembered},
    live::Live,
    look::{Look, Looks, intervals, quantile_of},
    report::{
        Comparison, MetricReport, Moment, Needs, Recorded, Report, Shape, Word, finite, odds,
    },
    series,
    settings::{Concurrent, Settings},
    traffic::{Side, Traffic},
};

/// Requests count as answered at the same time where this share of the canary's has some of the
/// stable revision's near it.
const TOGETHER: f64 = 0.5;

/// Near is within a slot of this many microseconds, or three times the usual distance of requests.
const NEAR_MICROS: i64 = 10_000_000;

/// Whether what was known meanwhile is of interest.
#[derive(Clone, Copy)]
enum Looking {
    Once,
    EachTime,
}

/// Judges requests that were recorded, step by step as if they were being answered.
///
/// Where both revisions answered in the same seconds, the live judge compares them. Where they did
/// not, no second has both, so error rate and quantiles in intervals are compared as
/// [`judge_interval`](tidegate_judge::judge_interval) does. Two recordings whose clocks begin at zero
/// may be two parts of one run: there, *worse* needs both.
pub fn judge_requests(traffic: &Traffic, settings: &Settings) -> Report {
    weigh(traffic, settings, Looking::Once).0
}

/// The same, with what was known at each look.
pub fn replay_requests(traffic: &Traffic, settings: &Settings) -> (Report, Vec<Look>) {
    weigh(traffic, settings, Looking::EachTime)
}

fn weigh(traffic: &Traffic, settings: &Settings, looking: Looking) -> (Report, Vec<Look>) {
    if settings.history {
        return by_history(traffic, settings, looking);
    }
    let mut traffic = traffic.clone();
    if let Some((first, _)) = traffic.span(Side::Canary)
        && !settings.warm_up.is_zero()
    {
        let micros = i64::try_from(settings.warm_up.as_micros()).unwrap_or(i64::MAX);
        traffic.forget_before(first.saturating_add(micros));
    }
    let mut settings = settings.clone();
    settings.judge.quantiles.retain(|_| traffic.has_latency());
    if together(&traffic, settings.concurrent) {
        by_second(&traffic, &settings, looking)
    } else {
        by_interval(&traffic, &settings, looking)
    }
}

/// Whether both answered at the same time.
fn together(traffic: &Traffic, concurrent: Concurrent) -> bool {
    match concurrent {
        Concurrent::Yes => true,
        Concurrent::No => false,
        Concurrent::Unsaid => overlap(traffic) >= TOGETHER,
    }
}

/// The share of the canary's requests that have some of the stable revision's near them.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn overlap(traffic: &Traffic) -> f64 {
    let gap = [Side::Canary, Side::Stable].into_iter().filter_map(|side| {
        let (first, last) = traffic.span(side)?;
        Some((last - first) / i64::try_from(traffic.requests(side)).ok()?.max(1))
    });
    let near = gap.max().unwrap_or(0).saturating_mul(3).max(NEAR_MICROS);
    let wide = traffic.wide_slots(near);
    let all: u64 = wide.values().map(|[canary, _]| canary.requests).sum();
    let beside: u64 = wide
        .values()
        .filter(|[_, stable]| stable.requests > 0)
        .map(|[canary, _]| canary.requests)
        .sum();
    beside as f64 / all.max(1) as f64
}

fn by_second(traffic: &Traffic, settings: &Settings, looking: Looking) -> (Report, Vec<Look>) {
    let looks = match looking {
        Looking::Once => None,
        Looking::EachTime => Some(Looks::default()),
    };
    let live = Live::through(traffic, &settings.judge, looks);
    let sure = settings.concurrent == Concurrent::Yes || is_by_wall_clock(traffic);
    let doubts = if sure { Vec::new() } else { doubts(traffic, settings, &live.evidence) };
    let evidence = &live.evidence;
    let wanted = |test: &&TestEvidence| {
        settings.wants(&test.name) && (traffic.has_status || test.name != "errors")
    };
    let metrics: Vec<_> = evidence
        .tests
        .iter()
        .filter(wanted)
        .map(|test| {
            let doubt = doubts.iter().find(|doubt| doubt.name == test.name);
            of_test(test, live.sums(), doubt.map(|doubt| &doubt.evidence))
        })
        .collect();
    let comparison = if sure { Comparison::Concurrent } else { Comparison::SeeminglyConcurrent };
    let mut report = report(traffic, settings, comparison, metrics);
    report.decided_at = live.decided_at.map(Moment).filter(|_| report.verdict == Word::Worse);
    if let Some(needs) = &mut report.needs {
        needs.seconds = evidence.wait().map(|wait| wait.as_secs().max(1));
    }
    if !sure {
        report.notes.push(format!(
            "both recordings begin at zero: {}; --concurrent yes or no says which",
            "they are taken to have run at the same time, and worse is said only where their intervals show it too"
        ));
    }
    (report, live.looks.map_or_else(Vec::new, Looks::into_vec))
}

fn is_by_wall_clock(traffic: &Traffic) -> bool {
    [Side::Canary, Side::Stable]
        .into_iter()
        .filter_map(|side| traffic.span(side))
        .all(|(first, _)| Moment(first).is_of_wall_clock())
}

/// The metrics whose rise the intervals do not confirm.
fn doubts(traffic: &Traffic, settings: &Settings, evidence: &JudgeEvidence) -> Vec<Weighed> {
    if evidence.verdict != Verdict::Worse {
        return Vec::new();
    }
    let derived = apart::derive(traffic, &settings.judge, &settings.of_intervals());
    apart::weigh(&derived).into_iter().filter(|one| is_doubted(&one.evidence)).collect()
}

fn of_test(
    test: &TestEvidence,
    all: [&Tally; 2],
    doubt: Option<&IntervalEvidence>,
) -> MetricReport {
    let word = Word::of(test.verdict);
    let (verdict, reason) = match doubt.filter(|_| word == Word::Worse) {
        Some(doubt) => (
            Word::Inconclusive,
            format!(
                "second by second it is worse ({test}), but the recordings may not have run at the same time, and by intervals it is not shown: {doubt}"
            ),
        ),
        None => (word, test.to_string()),
    };
    let ratio = |canary: f64, stable: f64| (stable > 0.0).then(|| canary / stable - 1.0);
    // The test ends with *worse*; what is told of the values is of all that was recorded.
    let [canary, stable] = all.map(|tally| value(test, tally));
    let change = canary.zip(stable).and_then(|(canary, stable)| ratio(canary, stable));
    let sums = all.map(|tally| (tally.judged(), tally.errors(), &tally.latency));
    let of_each = intervals(test, sums);
    let [canary_interval, stable_interval] =
        of_each.map(|interval| interval.map(|(low, high)| [finite(low), finite(high)]));
    let interval = match of_each {
        [Some((canary_low, canary_high)), Some((stable_low, stable_high))] if change.is_some() => {
            let low = ratio(canary_low, stable_high);
            Some([low, ratio(canary_high, stable_low).and_then(finite)])
        }
        _ => None,
    };
    let needs = match test.verdict {
        Verdict::Inconclusive { needs } => needs,
        Verdict::Worse | Verdict::NoWorse => None,
    };
    MetricReport {
        name: test.name.clone(),
        unit: Some(unit(test.unit)),
        direction: Direction::Increase,
        verdict,
        reason,
        canary,
        stable,
        canary_count: count(test, all[0]),
        stable_count: count(test, all[1]),
        change,
        interval,
        evidence: odds(test.log_evidence),
        bar: odds(test.log_bar),
        log_evidence: test.log_evidence,
        log_bar: test.log_bar,
        needs,
        past: None,
        canary_interval,
        stable_interval,
    }
}

/// The value of a test's metric.
fn value(test: &TestEvidence, tally: &Tally) -> Option<f64> {
    match test.unit {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        TestUnit::Share => {
            (tally.judged() > 0).then(|| tally.errors() as f64 / tally.judged() as f64)
        }
        TestUnit::Milliseconds => {
            tally.latency.quantile(quantile_of(&test.name)?).map(|micros| micros / 1e3)
        }
        TestUnit::Value => None,
    }
}

fn count(test: &TestEvidence, tally: &Tally) -> u64 {
    match test.unit {
        TestUnit::Share => tally.judged(),
        TestUnit::Milliseconds => tally.latency.count(),
        TestUnit::Value => 0,
    }
}

const fn unit(unit: TestUnit) -> &'static str {
    match unit {
        TestUnit::Share => "share",
        TestUnit::Milliseconds => "ms",
        TestUnit::Value => "value",
    }
}

fn by_interval(traffic: &Traffic, settings: &Settings, looking: Looking) -> (Report, Vec<Look>) {
    let mut derived = apart::derive(traffic, &settings.judge, &settings.of_intervals());
    derived.retain(|one| settings.wants(&one.metric.name));
    let metrics: Vec<_> = apart::weigh(&derived)
        .into_iter()
        .map(|one| MetricReport::of_interval(one.name, Some(unit(one.unit)), &one.evidence))
        .collect();
    let mut report = report(traffic, settings, Comparison::Apart, metrics);
    #[expect(clippy::cast_precision_loss, reason = "hours at most")]
    let seconds = apart::width(traffic) as f64 / 1e6;
    report.notes.push(format!(
        "the two did not run at the same time: their intervals of {seconds} s are compared, not their seconds"
    ));
    let metrics: Vec<_> = derived.iter().map(|one| &one.metric).collect();
    let each = |name: &str| {
        let of_it = derived.iter().find(|one| one.metric.name == name);
        of_it.map_or(settings.of_intervals(), |one| one.settings)
    };
    let looks = match looking {
        Looking::Once => Vec::new(),
        Looking::EachTime => series::looks(&metrics, &each),
    };
    report.decided_at = series::decided_at(&report, &looks);
    (report, looks)
}

/// Intervals of the canary's requests against those before its first.
fn by_history(traffic: &Traffic, settings: &Settings, looking: Looking) -> (Report, Vec<Look>) {
    let mut derived = apart::derive(traffic, &settings.judge, &settings.of_intervals());
    derived.retain(|one| settings.wants(&one.metric.name));
    let warm_up_s = settings.warm_up.as_secs_f64();
    let of = |one: &apart::Derived| {
        let of_it = IntervalSettings { warm_up_s, ..one.settings };
        Remembered::of(&one.metric, Some(unit(one.unit)), of_it)
    };
    let all: Vec<_> = derived.iter().map(of).collect();
    let metrics: Vec<_> = all.iter().map(Remembered::report).collect();
    let notes = history::notes(&all, &metrics);
    let mut report = report(traffic, settings, Comparison::History, metrics);
    #[expect(clippy::cast_precision_loss, reason = "hours at most")]
    let seconds = apart::width(traffic) as f64 / 1e6;
    report.notes.push(format!("rows are intervals of {seconds} s"));
    report.notes.extend(notes);
    let looks = match looking {
        Looking::Once => Vec::new(),
        Looking::EachTime => history::looks(&all),
    };
    report.decided_at = series::decided_at(&report, &looks);
    (report, looks)
}

fn report(
    traffic: &Traffic,
    settings: &Settings,
    comparison: Comparison,
    metrics: Vec<MetricReport>,
) -> Report {
    let mut report = Report::of(Shape::Requests, comparison, settings.judge.alpha, metrics);
    report.canary = recorded(traffic, Side::Canary);
    report.stable = recorded(traffic, Side::Stable);
    report.notes.extend(traffic.beyond());
    report
}

fn recorded(traffic: &Traffic, side: Side) -> Recorded {
    let (mut requests, mut errors) = (0, 0);
    for (_, [canary, stable]) in traffic.slots() {
        let tally = if side == Side::Canary { canary } else { stable };
        requests += tally.judged();
        errors += tally.errors();
    }
    let span = traffic.span(side);
    Recorded {
        requests: Some(requests),
        errors: Some(errors),
        from: span.map(|(first, _)| Moment(first)),
        to: span.map(|(_, last)| Moment(last.saturating_add(traffic.slot_micros()))),
    }
}

impl Report {
    /// A report of these metrics, with what follows from them.
    pub(crate) fn of(
        shape: Shape,
        comparison: Comparison,
        alpha: f64,
        metrics: Vec<MetricReport>,
    ) -> Self {
        let verdict = Word::of_all(metrics.iter().map(|metric| metric.verdict));
        let open = metrics.iter().filter(|metric| metric.verdict == Word::Inconclusive);
        let needs: Option<Vec<u64>> = open.map(|metric| metric.needs).collect();
        let of_canary = needs.and_then(|needs| needs.into_iter().max());
        Self {
            verdict,
            reason: reason(verdict, &metrics),
            shape,
            comparison,
            alpha,
            decided_at: None,
            needs: of_canary
                .filter(|_| verdict == Word::Inconclusive)
                .map(|of_canary| Needs { of_canary, seconds: None }),
            canary: Recorded::default(),
            stable: Recorded::default(),
            metrics,
            notes: Vec::new(),
        }
    }
}

/// The metrics that decided, in one sentence.
fn reason(verdict: Word, metrics: &[MetricReport]) -> String {
    let with = |word: Word| metrics.iter().filter(move |metric| metric.verdict == word);
    let distance = |metric: &&MetricReport| metric.log_bar - metric.log_evidence;
    let nearest = |word| with(word).min_by(|one, other| distance(one).total_cmp(&distance(other)));
    let told = |metric: &MetricReport| {
        let named = metric.reason.starts_with(&format!("{}:", metric.name));
        if named { metric.reason.clone() } else { format!("{}: {}", metric.name, metric.reason) }
    };
    match (verdict, metrics.len()) {
        (_, 0) => "no metric of one is in the other too: nothing was compared".to_owned(),
        (Word::NoWorse, 1) => "the one metric is shown to be no worse".to_owned(),
        (Word::NoWorse, all) => format!("all {all} metrics are shown to be no worse"),
        (word, all) => {
            let count = with(word).count();
            let rest =
                if count > 1 { format!(" ({count} of {all} metrics)") } else { String::new() };
            nearest(word).map_or_else(String::new, |metric| format!("{}{rest}", told(metric)))
        }
    }
}

use std::{collections::BTreeSet, time::Duration};

use crate::{ArmMeasure, JudgeSettings, Metric, Provider, ResolveError, RouterMeasure};

/// The router keeps so many seconds, so no measure can look further back.
const LONGEST_WINDOW: Duration = Duration::from_mins(2);

/// Refuses metrics that no run could follow: none at all, two of one name, limits that contradict
/// each other (the rules of Argo Rollouts), and settings outside their range.
pub fn check_metrics(metrics: &[Metric]) -> Result<(), ResolveError> {
    if metrics.is_empty() {
        return Err(ResolveError::new("metrics", "there is none: add at least one"));
    }
    let mut names = BTreeSet::new();
    for metric in metrics {
        if !names.insert(metric.name.as_str()) {
            return Err(ResolveError::new(
                metric.place(),
                "another metric has this name: rename one of them",
            ));
        }
        check_metric(metric)?;
        if let Some(problem) = metric.decision().and_then(|settings| settings.problem(metrics)) {
            return Err(ResolveError::new(format!("{}.provider", metric.place()), problem));
        }
    }
    metrics.iter().try_for_each(|metric| check_series(metric, metrics))
}

/// What the judge compares is measured by other metrics of the run.
fn check_series(metric: &Metric, metrics: &[Metric]) -> Result<(), ResolveError> {
    let Some(settings) = metric.judge_settings() else { return Ok(()) };
    let measured = |name: &&String| {
        metrics.iter().any(|other| other.name == **name && other.provider.measures_numbers())
    };
    let arms = settings.series.iter().flat_map(|series| [&series.canary, &series.stable]);
    match arms.into_iter().find(|name| !measured(name)) {
        None => Ok(()),
        Some(name) => Err(ResolveError::new(
            format!("{}.provider", metric.place()),
            format!(
                "compares {name:?}, and no metric of the run measures that: name one that does"
            ),
        )),
    }
}

fn check_metric(metric: &Metric) -> Result<(), ResolveError> {
    let refuse = |field: &str, problem: String| {
        Err(ResolveError::new(format!("{}.{field}", metric.place()), problem))
    };
    if let Some((field, problem)) = limit_problem(metric) {
        return refuse(field, problem);
    }
    match &metric.provider {
        Provider::Router(measure) => match measure_problem(measure) {
            Some(problem) => refuse("provider", problem),
            None => Ok(()),
        },
        Provider::Judge(settings) => match judge_problem(settings) {
            Some(problem) => refuse("provider", problem),
            None => Ok(()),
        },
        Provider::Shadow(settings) if !(settings.alpha > 0.0 && settings.alpha < 1.0) => {
            let problem =
                format!("alpha {} is no probability: write one such as 0.01", settings.alpha);
            refuse("provider", problem)
        }
        Provider::Job(_) | Provider::Shadow(_) => Ok(()),
        Provider::Decision(settings) => match settings.judge.as_ref().and_then(judge_problem) {
            Some(problem) => refuse("provider", problem),
            None => Ok(()),
        },
        Provider::Query(query) => match query.problem() {
            Some(problem) => refuse("provider", problem),
            None => Ok(()),
        },
    }
}

fn limit_problem(metric: &Metric) -> Option<(&'static str, String)> {
    let failure = metric.failure_limit.unwrap_or(0);
    let inconclusive = metric.inconclusive_limit.unwrap_or(0);
    let successes = metric.consecutive_success_limit.unwrap_or(0);
    let count = i64::from(metric.count.unwrap_or(0));
    let negative = |value: i64| format!("{value} is negative: write 0 or more");
    if successes < 0 {
        return Some(("consecutiveSuccessLimit", negative(successes)));
    }
    if failure < -1 {
        return Some((
            "failureLimit",
            format!("{failure} is below -1: write 0 or more, or -1 for no limit"),
        ));
    }
    if successes == 0 && failure == -1 {
        return Some((
            "failureLimit",
            "-1 switches it off, and there is no consecutiveSuccessLimit either: set one of them"
                .to_owned(),
        ));
    }
    if inconclusive < 0 {
        return Some(("inconclusiveLimit", negative(inconclusive)));
    }
    if let Some(errors) = metric.consecutive_error_limit.filter(|limit| *limit < 0) {
        return Some(("consecutiveErrorLimit", negative(errors)));
    }
    if count == 0 {
        return None;
    }
    count_problem(metric, count).map(|problem| ("count", problem))
}

fn count_problem(metric: &Metric, count: i64) -> Option<String> {
    let failure = metric.failure_limit.unwrap_or(0).max(0);
    let successes = metric.consecutive_success_limit.unwrap_or(0);
    let needed = failure.saturating_add(successes);
    if count < needed {
        return Some(format!(
            "{count} is less than failureLimit {failure} and consecutiveSuccessLimit {successes} together: write {needed} or more"
        ));
    }
    let inconclusive = metric.inconclusive_limit.unwrap_or(0);
    if count < inconclusive {
        return Some(format!(
            "{count} is less than inconclusiveLimit {inconclusive}: write {inconclusive} or more"
        ));
    }
    (count > 1 && metric.interval.is_none())
        .then(|| format!("{count} measurements need an interval between them: add interval"))
}

fn measure_problem(measure: &RouterMeasure) -> Option<String> {
    if measure.window < Duration::from_secs(1) || measure.window > LONGEST_WINDOW {
        return Some(format!(
            "a window of {:?} cannot be measured: write 1s to 120s",
            measure.window
        ));
    }
    match measure.measure {
        ArmMeasure::LatencyMs { quantile } if !(quantile > 0.0 && quantile < 1.0) => Some(format!(
            "{quantile} is no quantile: write a number above 0 and below 1, such as 0.99"
        )),
        _ => None,
    }
}

fn judge_problem(settings: &JudgeSettings) -> Option<String> {
    let JudgeSettings { alpha, error_odds_margin, quantiles, latency_margin, .. } = settings;
    if !(*alpha >= 1e-9 && *alpha <= 0.5) {
        return Some(format!("alpha {alpha} is not 1e-9 to 0.5"));
    }
    if !(*error_odds_margin >= 1.0 && *error_odds_margin <= 1_000.0) {
        return Some(format!("the odds margin {error_odds_margin} is not 1 to 1000"));
    }
    if !(*latency_margin >= 0.0 && *latency_margin <= 100.0) {
        return Some(format!("the latency margin {latency_margin} is not 0 to 100"));
    }
    if settings
        .design
        .is_some_and(|design| !(1..=20).contains(&design.looks) || design.requests == 0)
    {
        return Some("a design has 1 to 20 looks and at least one request".to_owned());
    }
    if quantiles.len() > 16 {
        return Some(format!("{} quantiles are too many: write 16 at most", quantiles.len()));
    }
    quantiles
        .iter()
        .find(|p| !(**p > 0.0 && **p < 1.0))
        .map(|p| format!("{p} is no quantile: write a number above 0 and below 1, such as 0.99"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RevisionRole;

    fn metric() -> Metric {
        let interval = Some(Duration::from_secs(1));
        Metric { interval, ..Metric::new("m", Provider::Judge(JudgeSettings::default())) }
    }

    fn check(change: impl FnOnce(&mut Metric), expect: &str) {
        let mut metric = metric();
        change(&mut metric);
        let found = check_metrics(&[metric]).map_or_else(|e| e.to_string(), |()| "ok".to_owned());
        assert_eq!(found, expect);
    }

    #[test]
    fn limits_that_contradict_each_other_are_refused() {
        check(|_| (), "ok");
        check(
            |m| m.failure_limit = Some(-1),
            "metric \"m\".failureLimit: -1 switches it off, and there is no consecutiveSuccessLimit either: set one of them",
        );
        check(|m| (m.failure_limit, m.consecutive_success_limit) = (Some(-1), Some(2)), "ok");
        check(
            |m| m.failure_limit = Some(-2),
            "metric \"m\".failureLimit: -2 is below -1: write 0 or more, or -1 for no limit",
        );
        check(
            |m| m.inconclusive_limit = Some(-1),
            "metric \"m\".inconclusiveLimit: -1 is negative: write 0 or more",
        );
        check(
            |m| m.consecutive_error_limit = Some(-1),
            "metric \"m\".consecutiveErrorLimit: -1 is negative: write 0 or more",
        );
        check(
            |m| m.consecutive_success_limit = Some(-1),
            "metric \"m\".consecutiveSuccessLimit: -1 is negative: write 0 or more",
        );
        check(
            |m| {
                (m.count, m.failure_limit, m.consecutive_success_limit) =
                    (Some(4), Some(2), Some(3));
            },
            "metric \"m\".count: 4 is less than failureLimit 2 and consecutiveSuccessLimit 3 together: write 5 or more",
        );
        check(
            |m| (m.count, m.inconclusive_limit) = (Some(1), Some(2)),
            "metric \"m\".count: 1 is less than inconclusiveLimit 2: write 2 or more",
        );
        check(
            |m| (m.count, m.interval) = (Some(2), None),
            "metric \"m\".count: 2 measurements need an interval between them: add interval",
        );
    }

    #[test]
    fn settings_outside_their_range_are_refused() {
        let judge = |change: fn(&mut JudgeSettings), expect: &str| {
            let mut settings = JudgeSettings::default();
            change(&mut settings);
            let place = format!("metric \"m\".provider: {expect}");
            check(|m| m.provider = Provider::Judge(settings), &place);
        };
        judge(|s| s.alpha = 0.0, "alpha 0 is not 1e-9 to 0.5");
        judge(|s| s.alpha = f64::NAN, "alpha NaN is not 1e-9 to 0.5");
        judge(|s| s.error_odds_margin = 0.9, "the odds margin 0.9 is not 1 to 1000");
        judge(|s| s.latency_margin = -0.1, "the latency margin -0.1 is not 0 to 100");
        judge(
            |s| s.quantiles = vec![0.5, 1.0],
            "1 is no quantile: write a number above 0 and below 1, such as 0.99",
        );
        judge(|s| s.quantiles = vec![0.5; 17], "17 quantiles are too many: write 16 at most");
        let router = |measure: ArmMeasure, window: u64, expect: &str| {
            let provider = Provider::Router(RouterMeasure {
                measure,
                of: RevisionRole::Canary,
                window: Duration::from_secs(window),
            });
            check(|m| m.provider = provider, expect);
        };
        router(ArmMeasure::ErrorRate, 120, "ok");
        router(
            ArmMeasure::ErrorRate,
            121,
            "metric \"m\".provider: a window of 121s cannot be measured: write 1s to 120s",
        );
        router(
            ArmMeasure::LatencyMs { quantile: 99.0 },
            10,
            "metric \"m\".provider: 99 is no quantile: write a number above 0 and below 1, such as 0.99",
        );
    }

    #[test]
    fn a_run_needs_metrics_with_names_of_their_own() {
        assert_eq!(
            check_metrics(&[]).unwrap_err().to_string(),
            "metrics: there is none: add at least one"
        );
        assert_eq!(
            check_metrics(&[metric(), metric()]).unwrap_err().to_string(),
            "metric \"m\": another metric has this name: rename one of them"
        );
    }
}

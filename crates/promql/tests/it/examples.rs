//! What each part of the language means, by examples that a person can work out.

use tidegate_promql::{
    Engine, Labels, Limits, Matcher, NAME, Point, STALE, Series, SeriesSource, Span, answer_text,
    parse,
};

/// Series by name, labels and numbers, one each ten seconds from 0 s on.
pub(crate) struct Known(pub(crate) Vec<Series>);

impl SeriesSource for Known {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, _: usize) -> Option<Vec<Series>> {
        let wanted = |series: &&Series| matchers.iter().all(|it| it.matches_labels(&series.labels));
        let within = |point: &&Point| (from..=to).contains(&point.at);
        let cut = |series: &Series| Series {
            labels: series.labels.clone(),
            points: series.points.iter().filter(within).copied().collect(),
        };
        Some(self.0.iter().filter(wanted).map(cut).collect())
    }
}

fn series(name: &str, labels: &[(&str, &str)], values: &[f64]) -> Series {
    let labels = labels.iter().copied().chain([(NAME, name)]);
    let moments = (0..).step_by(10_000);
    let points = moments.zip(values).map(|(at, &value)| Point { at, value }).collect();
    Series { labels: Labels::new(labels), points }
}

pub(crate) fn known() -> Known {
    let api = [("job", "api"), ("code", "200")];
    let failing = [("job", "api"), ("code", "500")];
    let web = [("job", "web"), ("code", "200")];
    let mut all = vec![
        series("requests", &api, &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
        series("requests", &failing, &[5.0, 7.0, 9.0, 1.0, 3.0, 5.0, 7.0]),
        series("requests", &web, &[2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]),
        series("level", &[("job", "api")], &[3.0, -1.0, 4.0, -1.0, 5.0, -9.0, 2.5]),
        series("gone", &[], &[1.0, 2.0, STALE]),
    ];
    for (bound, count) in [("0.1", 60.0), ("0.5", 90.0), ("+Inf", 100.0)] {
        all.push(series("took_bucket", &[("le", bound)], &[0.0, count]));
    }
    Known(all)
}

/// What a query is 60 s after 1970: `{labels} value` for each series, or a number.
fn ask(query: &str) -> String {
    let known = known();
    let engine = Engine { source: &known, limits: Limits::prometheus() };
    let value = parse(query)
        .map_err(|problem| problem.to_string())
        .and_then(|expr| engine.instant(&expr, 60_000).map_err(|problem| problem.to_string()));
    let answer: serde_json::Value = match value {
        Ok(value) => serde_json::from_str(&answer_text(&value)).unwrap(),
        Err(problem) => return problem,
    };
    match answer["resultType"].as_str() {
        Some("vector") => {
            let all = answer["result"].as_array().unwrap().iter();
            let shown = all.map(|one| format!("{} {}", one["metric"], one["value"][1]));
            shown.collect::<Vec<_>>().join("; ").replace('"', "")
        }
        _ => answer["result"][1].as_str().unwrap_or_default().to_owned(),
    }
}

#[track_caller]
fn check(query: &str, expect: &str) {
    assert_eq!(ask(query), expect, "{query}");
}

#[test]
fn a_selector_takes_the_newest_sample_unless_it_is_old_or_the_series_ended() {
    check("level", "{__name__:level,job:api} 2.5");
    check("level offset 10s", "{__name__:level,job:api} -9");
    check("level @ 25", "{__name__:level,job:api} 4");
    check("level offset -2m", "{__name__:level,job:api} 2.5");
    check("level offset -301s", "");
    check("gone", "");
    check("gone offset 50s", "{__name__:gone} 2");
    check("sum_over_time(gone[1m])", "{} 3");
    check("requests{code=~\"5..\"}", "{__name__:requests,code:500,job:api} 7");
    check("requests{code!~\"5..\",job!=\"web\"}", "{__name__:requests,code:200,job:api} 60");
}

#[test]
fn counters_grow_whatever_they_begin_anew() {
    check("increase(requests{code=\"200\",job=\"api\"}[40s])", "{code:200,job:api} 40");
    check("rate(requests{code=\"200\",job=\"api\"}[40s])", "{code:200,job:api} 1");
    // 9 came before it began anew, 1 then, 6 after: 7 + 9 - 5 = 11 in the whole minute.
    check("increase(requests{code=\"500\"}[1m])", "{code:500,job:api} 11");
    check("delta(requests{code=\"500\"}[1m])", "{code:500,job:api} 2");
    check("irate(requests{code=\"500\"}[1m])", "{code:500,job:api} 0.2");
    check("idelta(level[1m])", "{job:api} 11.5");
    check("resets(requests{code=\"500\"}[1m])", "{code:500,job:api} 1");
    check("changes(requests{job=\"web\"}[1m])", "{code:200,job:web} 0");
    check("rate(requests{job=\"web\"}[5s])", "");
    // Half a distance beyond the first sample: (10 + 5 + 5) / 10 of what it grew.
    check("increase(requests{code=\"200\",job=\"api\"}[15s] offset 5s)", "{code:200,job:api} 15");
}

#[test]
fn windows_become_numbers() {
    check("avg_over_time(level[20s])", "{job:api} -0.5");
    check("min_over_time(level[1m])", "{job:api} -9");
    check("max_over_time(level[1m])", "{job:api} 5");
    check("sum_over_time(level[1m])", "{job:api} 3.5");
    check("count_over_time(level[1m])", "{job:api} 7");
    check("last_over_time(level[1m])", "{__name__:level,job:api} 2.5");
    check("present_over_time(level[1m])", "{job:api} 1");
    check("quantile_over_time(0.5, level[1m])", "{job:api} 2.5");
    check(
        "stdvar_over_time(requests{job=\"api\",code=\"200\"}[20s])",
        "{code:200,job:api} 66.66666666666667",
    );
    check("deriv(requests{job=\"api\",code=\"200\"}[1m])", "{code:200,job:api} 1");
    check("predict_linear(requests{job=\"api\",code=\"200\"}[1m], 40)", "{code:200,job:api} 100");
    check("max_over_time(rate(requests{code=\"500\"}[20s])[40s:20s])", "{code:500,job:api} 0.2");
}

#[test]
fn many_become_one() {
    check("sum(requests)", "{} 69");
    check("sum by (job) (requests)", "{job:api} 67; {job:web} 2");
    check("sum without (code) (requests)", "{job:api} 67; {job:web} 2");
    check("avg(requests)", "{} 23");
    check("max(requests) - min(requests)", "{} 58");
    check("count(requests) + group(requests)", "{} 4");
    check("topk(1, requests)", "{__name__:requests,code:200,job:api} 60");
    check("bottomk by (job) (1, requests{job=\"api\"})", "{__name__:requests,code:500,job:api} 7");
    check("quantile(0.5, requests)", "{} 7");
    check("stddev(requests{code=\"200\"})", "{} 29");
    check("count_values(\"n\", requests{code=\"200\"} > 50)", "{n:60} 1");
}

#[test]
fn two_vectors_are_matched_by_their_labels() {
    check(
        "requests{code=\"500\"} / ignoring (code) requests{code=\"200\"}",
        "{job:api} 0.11666666666666667",
    );
    check(
        "requests / on (job) group_left sum by (job) (requests) > 0.5",
        "{code:200,job:api} 0.8955223880597015; {code:200,job:web} 1",
    );
    check(
        "requests + on (job) requests",
        "found duplicate series for the match group {job=\"api\"} on the right hand-side of the operation: [{__name__=\"requests\", code=\"500\", job=\"api\"}, {__name__=\"requests\", code=\"200\", job=\"api\"}];many-to-many matching not allowed: matching labels must be unique on one side",
    );
    check(
        "requests * on (job) level",
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
    );
    check(
        "requests and on (job) level",
        "{__name__:requests,code:200,job:api} 60; {__name__:requests,code:500,job:api} 7",
    );
    check("requests unless on (job) level", "{__name__:requests,code:200,job:web} 2");
    check("level or on () vector(1)", "{__name__:level,job:api} 2.5");
    check("nothing or vector(1)", "{} 1");
    check("requests > 50", "{__name__:requests,code:200,job:api} 60");
    check("level > bool 50", "{job:api} 0");
}

#[test]
fn operators_bind_as_in_mathematics() {
    check("2 + 3 * 4 ^ 2 ^ 0", "14");
    check("-2 ^ 2", "-4");
    check("10 - 3 - 2", "5");
    check("7 % 4 / 2", "1.5");
    check("1 + 1 == bool 2", "1");
}

#[test]
fn histograms_have_quantiles() {
    check("histogram_quantile(0.3, took_bucket)", "{} 0.05");
    check("histogram_quantile(0.6, took_bucket)", "{} 0.1");
    check("histogram_quantile(0.99, took_bucket)", "{} 0.5");
    check("histogram_quantile(0.5, took_bucket{le!=\"+Inf\"})", "{} NaN");
}

#[test]
fn what_is_not_there_is_told() {
    check("absent(nothing{job=\"api\",code=~\"2..\"})", "{job:api} 1");
    check("absent(level)", "");
    check("absent_over_time(nothing{job=\"api\"}[1m])", "{job:api} 1");
    check("scalar(requests)", "NaN");
    check("scalar(level) + time()", "62.5");
}

#[test]
fn labels_are_made_of_labels() {
    check(
        "label_replace(level, \"to\", \"$1!\", \"job\", \"(a).*\")",
        "{__name__:level,job:api,to:a!} 2.5",
    );
    check(
        "label_join(level, \"to\", \"-\", \"job\", \"job\")",
        "{__name__:level,job:api,to:api-api} 2.5",
    );
}

#[test]
fn numbers_are_shaped() {
    check("clamp(level, 3, 9) + clamp_min(level, 3) + clamp_max(level, 1)", "{job:api} 7");
    check("round(level) + round(level, 2)", "{job:api} 5");
    check(
        "sgn(-level) + abs(-level) + ceil(level) + floor(level) + sqrt(level * 10)",
        "{job:api} 11.5",
    );
    check("timestamp(level offset 1s)", "{job:api} 50");
    check("minute() + hour(vector(7200))", "{} 3");
}

#[test]
fn over_a_time_each_moment_is_asked() {
    let known = known();
    let engine = Engine { source: &known, limits: Limits::prometheus() };
    let span = Span { start: 0, end: 45_000, step: 20_000 };
    let answer = engine.range(&parse("sum by (job) (requests)").unwrap(), span).unwrap();
    let expect = r#"{"resultType":"matrix","result":[{"metric":{"job":"api"},"values":[[0,"5"],[20,"29"],[40,"43"]]},{"metric":{"job":"web"},"values":[[0,"2"],[20,"2"],[40,"2"]]}]}"#;
    assert_eq!(answer_text(&answer), expect);
}

//! Templates whose arguments are filled in.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    AnalysisTemplate, ArgDeclaration, JudgeSettings, Metric, MetricTemplate, Provider, Setting,
    resolve_all,
};
use tidegate_units::ObjectKey;

fn metric() -> MetricTemplate {
    MetricTemplate::new("m", Provider::Judge(JudgeSettings::default()))
}

fn template(name: &str, args: &[(&str, Option<&str>)], metric: MetricTemplate) -> AnalysisTemplate {
    let args = args.iter().map(|(name, default)| ArgDeclaration {
        name: (*name).to_owned(),
        default: default.map(str::to_owned),
    });
    AnalysisTemplate {
        key: ObjectKey::new("default", name),
        args: args.collect(),
        metrics: vec![metric],
    }
}

fn given(args: &[(&str, &str)]) -> BTreeMap<String, String> {
    args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a field holds")]
fn text<T>(text: &str) -> Option<Setting<T>> {
    Some(Setting::Text(text.to_owned()))
}

fn resolve(change: impl FnOnce(&mut MetricTemplate)) -> Result<Metric, String> {
    let mut metric = metric();
    change(&mut metric);
    template("t", &[("a", Some("7")), ("b", None), ("long", Some("1m30s"))], metric)
        .resolve(&given(&[("b", "0.95")]))
        .map(|mut metrics| metrics.remove(0))
        .map_err(|error| error.to_string())
}

/// What the success condition `text` comes to.
fn check(text: &str, expect: Result<&str, &str>) {
    let found = resolve(|m| m.success_condition = Some(text.to_owned()))
        .map(|metric| metric.success_condition.unwrap_or_default());
    assert_eq!(found.as_deref().map_err(String::as_str), expect);
}

#[test]
fn arguments_are_filled_in_wherever_they_stand() {
    check("result >= {{args.b}}", Ok("result >= 0.95"));
    check("result in [{{ args.a }}, {{args.b}}]", Ok("result in [7, 0.95]"));
    check("{{args.a}}{{args.a}}", Ok("77"));
    check("result > 1", Ok("result > 1"));
    check("any(result, {# > 1})", Ok("any(result, {# > 1})"));
    assert_eq!(resolve(|m| m.name = "slow-{{args.a}}".to_owned()).unwrap().name, "slow-7");
}

#[test]
fn a_hole_that_cannot_be_filled_is_told_with_its_mend() {
    let place = "analysis template default/t, metric \"m\", successCondition: ";
    let refused = |text: &str, problem: &str| check(text, Err(&format!("{place}{problem}")));
    refused("{{args.c}}", "the argument \"c\" is not declared under args (declared: a, b, long)");
    refused("{{ inputs.c }}", "{{inputs.c}} is not known: write {{args.NAME}}");
    refused("{{args.a", "\"{{args.a\" opens {{ and never closes it: add }}");
}

#[test]
fn settings_are_read_after_they_are_filled_in() {
    let metric = resolve(|m| {
        m.interval = text("{{args.long}}");
        m.initial_delay = text("{{args.a}}m");
        m.count = text("{{args.a}}0");
        m.failure_limit = text("-1");
        m.inconclusive_limit = Some(Setting::Known(2));
        m.consecutive_success_limit = text(" {{ args.a }} ");
    })
    .unwrap();
    assert_eq!(metric.interval, Some(Duration::from_secs(90)));
    assert_eq!(metric.initial_delay, Some(Duration::from_mins(7)));
    assert_eq!(metric.count, Some(70));
    assert_eq!(metric.failure_limit, Some(-1));
    assert_eq!(metric.inconclusive_limit, Some(2));
    assert_eq!(metric.consecutive_success_limit, Some(7));
    assert_eq!(metric.consecutive_error_limit, None);
}

#[test]
fn a_setting_that_is_none_is_refused_with_its_field() {
    let refused = |change: fn(&mut MetricTemplate), expect: &str| {
        assert_eq!(
            resolve(change).unwrap_err(),
            format!("analysis template default/t, metric \"m\", {expect}")
        );
    };
    refused(
        |m| m.interval = text("{{args.a}}"),
        "interval: \"7\" is not a duration: write numbers with units, such as 30s, 1m30s or 1.5h (units: ns, us, ms, s, m, h)",
    );
    refused(|m| m.count = text("{{args.b}}"), "count: \"0.95\" is not a whole number in its range");
    refused(|m| m.count = text("-1"), "count: \"-1\" is not a whole number in its range");
}

#[test]
fn an_argument_without_a_value_is_refused() {
    let template = template("t", &[("a", None)], metric());
    assert_eq!(
        template.resolve(&given(&[("b", "1")])).unwrap_err().to_string(),
        "analysis template default/t, args: \"a\" has no value: give one under args where the template is used, or a default here"
    );
}

#[test]
fn templates_are_merged_as_argo_merges_them() {
    let named = |name: &str| MetricTemplate { name: name.to_owned(), ..metric() };
    let one = template("one", &[("a", Some("1"))], named("m-{{args.a}}"));
    let two = template("two", &[("a", None)], named("n-{{args.a}}"));
    let merged = |args: &[(&str, &str)], templates: &[&AnalysisTemplate]| {
        resolve_all(templates, &given(args))
            .map(|metrics| metrics.into_iter().map(|metric| metric.name).collect::<Vec<_>>())
            .map_err(|error| error.to_string())
    };
    assert_eq!(merged(&[], &[&one, &two]), Ok(vec!["m-1".to_owned(), "n-1".to_owned()]));
    assert_eq!(merged(&[("a", "9")], &[&two, &one]), Ok(vec!["n-9".to_owned(), "m-9".to_owned()]));
    let other = template("other", &[("a", Some("2"))], named("o"));
    assert_eq!(
        merged(&[], &[&one, &other]),
        Err("args.a: the templates give it the defaults \"1\" and \"2\": keep one of them"
            .to_owned())
    );
    assert_eq!(
        merged(&[], &[&one, &one]),
        Err("metric \"m-1\": another metric has this name: rename one of them".to_owned())
    );
}

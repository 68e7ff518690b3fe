//! Templates whose arguments are filled in.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    AnalysisTemplate, ArgDeclaration, ArgSource, JudgeSettings, Metric, MetricTemplate, Provider,
    Resolved, Retention, RunRequest, SecretKey, Setting, Surroundings, TemplateRef, resolve_run,
};
use tidegate_units::ObjectKey;

/// A namespace with these templates; a template of the cluster has the namespace `*`.
struct Around<'a>(&'a [&'a AnalysisTemplate]);

impl Surroundings for Around<'_> {
    fn template(&self, named: &TemplateRef) -> Option<&AnalysisTemplate> {
        let namespace = if named.cluster { "*" } else { "default" };
        let key = ObjectKey::new(namespace, &named.name);
        self.0.iter().find(|template| template.key == key).copied()
    }

    fn field(&self, path: &str) -> Result<String, String> {
        match path {
            "metadata.name" => Ok("web".to_owned()),
            _ => Err(format!("the rollout has no field {path}")),
        }
    }
}

fn named(name: &str) -> TemplateRef {
    TemplateRef { name: name.to_owned(), cluster: false }
}

/// What the templates come to when all of them are named, in this order.
fn resolve_all(templates: &[&AnalysisTemplate], args: &[(&str, &str)]) -> Result<Resolved, String> {
    let refs = templates.iter().map(|one| TemplateRef {
        name: one.key.name.to_string(),
        cluster: &*one.key.namespace == "*",
    });
    let request =
        RunRequest { templates: refs.collect(), args: given(args), ..RunRequest::default() };
    resolve_run(&request, &Around(templates)).map_err(|error| error.to_string())
}

fn metric() -> MetricTemplate {
    MetricTemplate::new("m", Provider::Judge(JudgeSettings::default()))
}

fn template(name: &str, args: &[(&str, Option<&str>)], metric: MetricTemplate) -> AnalysisTemplate {
    let args = args.iter().map(|(name, default)| ArgDeclaration {
        name: (*name).to_owned(),
        default: default.map(str::to_owned),
        from: None,
    });
    AnalysisTemplate {
        args: args.collect(),
        metrics: vec![metric],
        ..AnalysisTemplate::new(ObjectKey::new("default", name))
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
    let args = [("a", Some("7")), ("b", None), ("long", Some("1m30s"))];
    resolve_all(&[&template("t", &args, metric)], &[("b", "0.95")])
        .map(|mut resolved| resolved.metrics.remove(0))
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
        resolve_all(&[&template], &[("b", "1")]).unwrap_err(),
        "analysis template default/t, args: \"a\" has no value: give one under args where the template is used, or a default here"
    );
}

#[test]
fn templates_are_merged_as_argo_merges_them() {
    let called = |name: &str| MetricTemplate { name: name.to_owned(), ..metric() };
    let one = template("one", &[("a", Some("1"))], called("m-{{args.a}}"));
    let two = template("two", &[("a", None)], called("n-{{args.a}}"));
    let merged = |args: &[(&str, &str)], templates: &[&AnalysisTemplate]| {
        resolve_all(templates, args).map(|resolved| names(&resolved))
    };
    assert_eq!(merged(&[], &[&one, &two]), Ok(vec!["m-1".to_owned(), "n-1".to_owned()]));
    assert_eq!(merged(&[("a", "9")], &[&two, &one]), Ok(vec!["n-9".to_owned(), "m-9".to_owned()]));
    let other = template("other", &[("a", Some("2"))], called("o"));
    assert_eq!(
        merged(&[], &[&one, &other]),
        Err("args.a: the templates give it the defaults \"1\" and \"2\": keep one of them"
            .to_owned())
    );
    let same = template("same", &[("a", None)], called("m-1"));
    assert_eq!(
        merged(&[], &[&one, &same]),
        Err("metric \"m-1\": another metric has this name: rename one of them".to_owned())
    );
    // What is given and declared nowhere is passed over, and a template counts once.
    assert_eq!(merged(&[("z", "9")], &[&one, &one]), Ok(vec!["m-1".to_owned()]));
    // An argument that another template declares can be used.
    let borrows = template("borrows", &[], called("b-{{args.a}}"));
    assert_eq!(merged(&[], &[&borrows, &one]), Ok(vec!["b-1".to_owned(), "m-1".to_owned()]));
}

fn names(resolved: &Resolved) -> Vec<String> {
    resolved.metrics.iter().map(|metric| metric.name.clone()).collect()
}

fn labelled(name: &str) -> MetricTemplate {
    MetricTemplate { name: name.to_owned(), ..metric() }
}

fn holding(name: &str, inner: &[TemplateRef]) -> AnalysisTemplate {
    AnalysisTemplate {
        metrics: vec![labelled(name)],
        templates: inner.to_vec(),
        ..AnalysisTemplate::new(ObjectKey::new("default", name))
    }
}

fn of_the_cluster(name: &str) -> TemplateRef {
    TemplateRef { name: name.to_owned(), cluster: true }
}

/// What a run comes to that names the first of the templates alone.
fn resolve_first(templates: &[&AnalysisTemplate]) -> Result<Resolved, String> {
    let first = &templates[0].key;
    let request = RunRequest { templates: vec![named(&first.name)], ..RunRequest::default() };
    resolve_run(&request, &Around(templates)).map_err(|error| error.to_string())
}

#[test]
fn templates_that_templates_name_are_measured_with_them() {
    let a = holding("a", &[named("b"), of_the_cluster("wide"), named("c")]);
    let b = holding("b", &[named("c")]);
    let c = holding("c", &[]);
    let wide = AnalysisTemplate {
        metrics: vec![labelled("wide")],
        ..AnalysisTemplate::new(ObjectKey::everywhere("wide"))
    };
    let resolved = resolve_first(&[&a, &b, &c, &wide]).unwrap();
    assert_eq!(names(&resolved), ["a", "b", "c", "wide"], "each once, the cluster's last");
    let problem = resolve_first(&[&a, &b, &c]).unwrap_err();
    let missing =
        "templates: there is no ClusterAnalysisTemplate wide; apply it, then retry the rollout";
    assert_eq!(problem, missing);
}

#[test]
fn templates_in_a_circle_are_refused() {
    let a = holding("a", &[named("b")]);
    let b = holding("b", &[named("c")]);
    let c = holding("c", &[named("b")]);
    let problem = resolve_first(&[&a, &b, &c]).unwrap_err();
    assert_eq!(problem, "templates: a -> b -> c -> b: the templates name each other in a circle");
}

#[test]
fn no_more_templates_are_followed_than_bounded() {
    let last =
        |number: usize| if number < 70 { vec![named(&format!("t{}", number + 1))] } else { vec![] };
    let chain: Vec<_> =
        (0..=70).map(|number| holding(&format!("t{number}"), &last(number))).collect();
    let problem = resolve_first(&chain.iter().collect::<Vec<_>>()).unwrap_err();
    assert_eq!(problem, "templates: more than 64 are named, one by the other");
}

fn declaring(from: ArgSource, default: Option<&str>) -> AnalysisTemplate {
    let arg = ArgDeclaration {
        name: "a".to_owned(),
        default: default.map(str::to_owned),
        from: Some(from),
    };
    AnalysisTemplate {
        args: vec![arg],
        metrics: vec![labelled("m-{{args.a}}")],
        ..AnalysisTemplate::new(ObjectKey::new("default", "t"))
    }
}

#[test]
fn an_argument_may_be_a_field_of_the_rollout_where_it_has_no_other_value() {
    let path = |path: &str| ArgSource::Field(path.to_owned());
    let resolved = |template: &AnalysisTemplate, args: &[(&str, &str)]| {
        resolve_all(&[template], args).map(|resolved| names(&resolved).remove(0))
    };
    let name = declaring(path("metadata.name"), None);
    assert_eq!(resolved(&name, &[]), Ok("m-web".to_owned()));
    assert_eq!(resolved(&name, &[("a", "given")]), Ok("m-given".to_owned()));
    let both = declaring(path("metadata.name"), Some("written"));
    assert_eq!(resolved(&both, &[]), Ok("m-written".to_owned()));
    assert_eq!(
        resolved(&declaring(path("spec.none"), None), &[]),
        Err("analysis template default/t, args: \"a\" has no value: the rollout has no field spec.none".to_owned())
    );
}

fn secret() -> ArgSource {
    ArgSource::Secret(SecretKey { secret: "keys".to_owned(), key: "token".to_owned() })
}

fn asking(text: &str, source: ArgSource) -> AnalysisTemplate {
    let query = crate::queries::asks(text);
    AnalysisTemplate {
        metrics: vec![MetricTemplate {
            name: "m".to_owned(),
            ..MetricTemplate::new("m", Provider::Query(query))
        }],
        ..declaring(source, None)
    }
}

#[test]
fn a_secret_is_filled_in_when_a_server_is_asked_and_not_before() {
    let mut template = asking("up{token=\"{{ args.a }}\",b=\"{{args.b}}\"}", secret());
    template.args.push(ArgDeclaration { name: "b".into(), default: Some("c".into()), from: None });
    // As in Argo Rollouts, what the rollout gives does not take its place.
    let resolved = resolve_all(&[&template], &[("a", "given")]).unwrap();
    let key = SecretKey { secret: "keys".to_owned(), key: "token".to_owned() };
    assert_eq!(resolved.secrets, BTreeMap::from([("a".to_owned(), key)]));
    let Provider::Query(query) = &resolved.metrics[0].provider else { panic!("{resolved:?}") };
    assert_eq!(*query, crate::queries::asks("up{token=\"{{args.a}}\",b=\"c\"}"));
    let filled = query.with_secrets(&given(&[("a", "s3cret")])).unwrap();
    assert_eq!(filled, crate::queries::asks("up{token=\"s3cret\",b=\"c\"}"));
    assert_eq!(query.with_secrets(&given(&[])), Err("args.a has no value".to_owned()));
}

#[test]
fn a_secret_that_is_given_takes_the_place_of_what_the_template_declares() {
    let key = |key: &str| SecretKey { secret: "other".to_owned(), key: key.to_owned() };
    for from in [None, Some(secret())] {
        let mut template = asking("up{token=\"{{args.a}}\"}", secret());
        (template.args[0].from, template.args[0].default) = (from, Some("plain".to_owned()));
        let request = RunRequest {
            templates: vec![named("t")],
            args: given(&[("a", "given")]),
            secrets: BTreeMap::from([("a".to_owned(), key("x")), ("z".to_owned(), key("y"))]),
            ..RunRequest::default()
        };
        let resolved = resolve_run(&request, &Around(&[&template])).unwrap();
        assert_eq!(resolved.secrets, BTreeMap::from([("a".to_owned(), key("x"))]));
    }
}

#[test]
fn a_secret_stands_in_the_provider_alone() {
    let refused = |template: &AnalysisTemplate| resolve_all(&[template], &[]).unwrap_err();
    let mut template = asking("up", secret());
    template.metrics[0].success_condition = Some("result == \"{{args.a}}\"".to_owned());
    assert_eq!(
        refused(&template),
        "analysis template default/t, metric \"m\", successCondition: {{args.a}} comes from a Secret, which may stand in the provider alone: give it a value that may be seen"
    );
    let mut template = asking("up", secret());
    let other = ArgDeclaration { name: "b".into(), default: Some("{{args.a}}".into()), from: None };
    template.args.push(other);
    assert_eq!(
        refused(&template),
        "args.b: its value has {{ in it, which cannot stand beside \"a\" from a Secret"
    );
}

/// The metrics `one`, `two` and `three` under such rules.
fn ruled(dry_run: &[&str], retention: &[(&str, u32)]) -> Result<Vec<(bool, Option<u32>)>, String> {
    let mut template = holding("one", &[]);
    template.metrics.extend([labelled("two"), labelled("three")]);
    template.dry_run = dry_run.iter().map(|text| (*text).to_owned()).collect();
    let rule =
        |(metric, limit): &(&str, u32)| Retention { metric: (*metric).to_owned(), limit: *limit };
    let request = RunRequest {
        templates: vec![named("one")],
        retention: retention.iter().map(rule).collect(),
        ..RunRequest::default()
    };
    resolve_run(&request, &Around(&[&template]))
        .map(|found| found.metrics.iter().map(|metric| (metric.dry_run, metric.kept)).collect())
        .map_err(|error| error.to_string())
}

#[test]
fn rules_for_metrics_fit_anywhere_in_their_names() {
    let dry = |rules: &[&str]| {
        ruled(rules, &[]).map(|all| all.into_iter().map(|(dry, _)| dry).collect::<Vec<_>>())
    };
    assert_eq!(dry(&[]), Ok(vec![false, false, false]));
    assert_eq!(dry(&[".*"]), Ok(vec![true, true, true]));
    assert_eq!(dry(&["^t"]), Ok(vec![false, true, true]));
    assert_eq!(dry(&["o", "hre"]), Ok(vec![true, true, true]));
    let kept = |rules: &[(&str, u32)]| {
        ruled(&[], rules).map(|all| all.into_iter().map(|(_, kept)| kept).collect::<Vec<_>>())
    };
    assert_eq!(kept(&[("o", 20), ("two", 3)]), Ok(vec![Some(20), Some(3), None]));
    assert_eq!(kept(&[("o", 0)]), Ok(vec![None, None, None]), "0 is the default");
}

#[test]
fn a_rule_that_fits_nothing_or_is_given_twice_is_refused() {
    assert_eq!(
        ruled(&["four"], &[]),
        Err("dryRun[0].metricName: \"four\" fits the name of no metric".to_owned())
    );
    assert_eq!(
        ruled(&["o", "o"], &[]),
        Err("dryRun[1].metricName: \"o\" is given twice: keep one of the two".to_owned())
    );
    assert_eq!(
        ruled(&["("], &[]),
        Err("dryRun[0].metricName: \"(\" is no regular expression".to_owned())
    );
    assert_eq!(
        ruled(&[], &[("one", 1), ("x", 2)]),
        Err("measurementRetention[1].metricName: \"x\" fits the name of no metric".to_owned())
    );
}

//! `argoproj.io/v1alpha1` `AnalysisTemplate` and `ClusterAnalysisTemplate`.

use std::time::Duration;

use tidegate_analysis::{
    AnalysisTemplate, ArgDeclaration, ArgSource, MetricTemplate, Provider, Retention, SecretKey,
    Setting, TemplateRef, example_finding, name_pattern,
};
use tidegate_condition::{Condition, Value};

use crate::{
    analysis_use, duration,
    fields::analysis::{
        ARG, ARG_VALUE_FROM, DRY_RUN, METRIC, RETENTION, SECRET_KEY, SPEC, TEMPLATE,
    },
    given::Fields,
    meta,
    names::{CONFIG_KEY, SUBDOMAIN},
    node::Content,
    provider,
    report::Complaint,
    suggest::nearest,
    walk::{Spot, all_of, shortened},
};

/// Kubernetes' `int32`.
const MOST: i64 = i32::MAX as i64;

/// Reads an `AnalysisTemplate`; what is wrong is reported.
pub(crate) fn read(document: &Spot<'_>) -> Option<AnalysisTemplate> {
    let object = document.fields(&TEMPLATE)?;
    let meta = meta::read(&object, SUBDOMAIN, &[]);
    let fields = object.need("spec")?.fields(&SPEC)?;
    let args = fields.or("args", Vec::new(), args);
    let templates = fields.or("templates", Vec::new(), templates);
    let metrics = fields.or("metrics", Vec::new(), |spot| metrics(spot, &args));
    let template = AnalysisTemplate {
        dry_run: fields.or("dryRun", Vec::new(), dry_run),
        retention: fields.or("measurementRetention", Vec::new(), retention),
        key: meta.key,
        args,
        metrics,
        templates,
    };
    let nothing =
        |name| fields.get(name).is_none_or(|spot| spot.items().is_some_and(|all| all.is_empty()));
    if nothing("metrics") && nothing("templates") && !fields.has_refused() {
        let of = fields.get("metrics").unwrap_or(&fields.of);
        of.complain(
            Complaint::new("found no metric")
                .allow("at least one metric, or a template that has some"),
        );
    }
    Some(template)
}

fn templates(spot: &Spot<'_>) -> Option<Vec<TemplateRef>> {
    let uses = spot.items()?.iter().filter_map(analysis_use::template).collect::<Vec<_>>();
    Some(uses.into_iter().map(|one| TemplateRef { name: one.name, cluster: one.cluster }).collect())
}

/// Reads `dryRun`: patterns of the names of metrics.
pub(crate) fn dry_run(spot: &Spot<'_>) -> Option<Vec<String>> {
    let name = |item: &Spot<'_>| {
        let fields = item.fields(&DRY_RUN)?;
        pattern(fields.need("metricName")?)
    };
    Some(spot.items()?.iter().filter_map(name).collect())
}

/// Reads `measurementRetention`: how many measurements are kept of metrics with such names.
pub(crate) fn retention(spot: &Spot<'_>) -> Option<Vec<Retention>> {
    let rule = |item: &Spot<'_>| {
        let fields = item.fields(&RETENTION)?;
        let metric = fields.need("metricName").and_then(pattern);
        let limit = fields.need("limit").and_then(|spot| spot.number(0, MOST));
        Some(Retention { metric: metric?, limit: limit? })
    };
    Some(spot.items()?.iter().filter_map(rule).collect())
}

fn pattern(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if name_pattern(text).is_none() {
        spot.refuse("a regular expression, such as success-rate or .*");
        return None;
    }
    Some(text.to_owned())
}

pub(crate) fn args(spot: &Spot<'_>) -> Option<Vec<ArgDeclaration>> {
    let mut args: Vec<ArgDeclaration> = Vec::new();
    for item in spot.items()? {
        let Some(fields) = item.fields(&ARG) else {
            continue;
        };
        let default = fields.get("value").and_then(Spot::text).map(str::to_owned);
        let from = fields.get("valueFrom").and_then(value_from);
        let Some(name) = fields.need("name").and_then(Spot::filled_text) else {
            continue;
        };
        let arg = ArgDeclaration { name: name.to_owned(), default, from };
        if args.iter().any(|other| other.name == name && *other != arg) {
            let message = format!("the argument {name:?} is declared twice");
            item.complain(Complaint::new(message).hint("keep one of the two"));
        }
        args.push(arg);
    }
    Some(args)
}

fn value_from(spot: &Spot<'_>) -> Option<ArgSource> {
    let fields = spot.fields(&ARG_VALUE_FROM)?;
    match fields.exactly_one(&["secretKeyRef", "fieldRef"])? {
        ("secretKeyRef", spot) => secret_key(spot).map(ArgSource::Secret),
        (_, spot) => analysis_use::field_ref(spot).map(ArgSource::Field),
    }
}

/// Reads `secretKeyRef`.
pub(crate) fn secret_key(spot: &Spot<'_>) -> Option<SecretKey> {
    let fields = spot.fields(&SECRET_KEY)?;
    let secret = fields.need("name").and_then(|spot| SUBDOMAIN.read(spot));
    let key = fields.need("key").and_then(|spot| CONFIG_KEY.read(spot));
    Some(SecretKey { secret: secret?, key: key? })
}

pub(crate) fn metrics(spot: &Spot<'_>, args: &[ArgDeclaration]) -> Option<Vec<MetricTemplate>> {
    let items = spot.items()?;
    let mut metrics: Vec<MetricTemplate> = Vec::new();
    for item in items {
        check_args(&item, args);
        let Some(metric) = metric(&item) else {
            continue;
        };
        if metrics.iter().any(|other| other.name == metric.name) {
            let message = format!("another metric is called {:?}", metric.name);
            item.complain(Complaint::new(message).allow("a name of its own"));
        }
        metrics.push(metric);
    }
    Some(metrics)
}

/// Reports every `{{args.NAME}}` in a metric whose argument is not declared.
fn check_args(spot: &Spot<'_>, args: &[ArgDeclaration]) {
    match &spot.node.content {
        Content::Text(text) => {
            for name in holes(text) {
                check_hole(spot, name, args);
            }
        }
        Content::List(_) => {
            for item in spot.items().unwrap_or_default() {
                check_args(&item, args);
            }
        }
        Content::Map(_) => {
            for (_, value) in spot.entries().unwrap_or_default() {
                check_args(&value, args);
            }
        }
        Content::Null | Content::Refused | Content::Bool(_) | Content::Number(_) => {}
    }
}

/// What stands between `{{` and `}}`.
fn holes(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{")
        .skip(1)
        .filter_map(|part| part.split_once("}}"))
        .map(|(inside, _)| inside.trim())
}

fn check_hole(spot: &Spot<'_>, inside: &str, args: &[ArgDeclaration]) {
    let names = || args.iter().map(|arg| arg.name.as_str());
    let name = inside.strip_prefix("args.");
    if name.is_some_and(|name| names().any(|known| known == name)) {
        return;
    }
    let allowed = match all_of(names()) {
        all if all.is_empty() => {
            "{{args.NAME}} of an argument in spec.args; there is none".to_owned()
        }
        all => format!("{{{{args.NAME}}}} of an argument in spec.args: {all}"),
    };
    let message = match name {
        Some(name) => format!("the argument {:?} is not declared", shortened(name)),
        None => format!("found \"{{{{{}}}}}\"", shortened(inside)),
    };
    let meant = nearest(name.unwrap_or(inside), names());
    spot.complain(Complaint::new(message).allow(allowed).suggest(meant));
}

fn metric(spot: &Spot<'_>) -> Option<MetricTemplate> {
    let fields = spot.fields(&METRIC)?;
    let name = fields.need("name").and_then(Spot::filled_text);
    let provider = fields.need("provider").and_then(provider::read);
    refuse_ignored(&fields, provider.as_ref());
    // A server answers with a number, a list or anything else.
    let result = match provider {
        Some(Provider::Query(_) | Provider::Job(_)) => None,
        Some(Provider::Shadow(_)) => Some(example_finding()),
        _ => Some(Value::Float(0.5)),
    };
    let condition = |spot: &Spot<'_>| condition(spot, result.as_ref());
    let limit = |name, least| count(fields.get(name)?, least);
    let metric = MetricTemplate {
        name: name.unwrap_or_default().to_owned(),
        interval: fields.get("interval").and_then(time),
        initial_delay: fields.get("initialDelay").and_then(time),
        count: fields.get("count").and_then(|spot| count(spot, 0)),
        success_condition: fields.get("successCondition").and_then(condition),
        failure_condition: fields.get("failureCondition").and_then(condition),
        failure_limit: limit("failureLimit", -1),
        inconclusive_limit: limit("inconclusiveLimit", 0),
        consecutive_error_limit: limit("consecutiveErrorLimit", 0),
        consecutive_success_limit: limit("consecutiveSuccessLimit", 0),
        provider: provider?,
    };
    check_limits(&fields, &metric);
    name.is_some().then_some(metric)
}

/// The judge comes to a verdict and the decision to an action by themselves: a condition on them would
/// never be asked. A decision is carried out as soon as it is made, so that none is counted.
fn refuse_ignored(fields: &Fields<'_>, provider: Option<&Provider>) {
    const CONDITIONS: [&str; 2] = ["successCondition", "failureCondition"];
    const LIMITS: [&str; 3] = ["failureLimit", "inconclusiveLimit", "consecutiveErrorLimit"];
    let (plugin, hint, names) = match provider {
        Some(Provider::Judge(_)) => {
            ("tidegate/judge", "the judge gives the verdict itself", [&CONDITIONS[..], &[]])
        }
        Some(Provider::Decision(_)) => {
            ("tidegate/decision", "what is decided is done", [&CONDITIONS[..], &LIMITS[..]])
        }
        _ => return,
    };
    for spot in names.concat().iter().filter_map(|name| fields.get(name)) {
        let complaint = Complaint::new(format!("has no effect with the plugin {plugin}"));
        spot.complain(complaint.hint(format!("leave it out: {hint}")));
    }
}

fn setting<T>(spot: &Spot<'_>, known: impl FnOnce(&Spot<'_>) -> Option<T>) -> Option<Setting<T>> {
    match spot.node.as_text() {
        Some(text) if text.contains("{{") => Some(Setting::Text(text.to_owned())),
        _ => known(spot).map(Setting::Known),
    }
}

/// A whole number, also one between quotes: the type in Kubernetes is `IntOrString`.
pub(crate) fn count<T: TryFrom<i64>>(spot: &Spot<'_>, least: i64) -> Option<Setting<T>> {
    let quoted = spot.node.as_text().and_then(|text| text.parse::<i64>().ok());
    match quoted.filter(|number| (least..=MOST).contains(number)) {
        Some(number) => T::try_from(number).ok().map(Setting::Known),
        None => setting(spot, |spot| spot.number(least, MOST)),
    }
}

fn time(spot: &Spot<'_>) -> Option<Setting<Duration>> {
    // As Argo Rollouts takes it, an empty text is none.
    if spot.node.as_text() == Some("") {
        return None;
    }
    setting(spot, duration::read)
}

/// A condition, checked on a result such as it will be asked about where that is known; one with
/// arguments in it can be checked only once they are filled in.
fn condition(spot: &Spot<'_>, result: Option<&Value>) -> Option<String> {
    let text = spot.text()?;
    if text.contains("{{") || text.is_empty() {
        return Some(text.to_owned()).filter(|text| !text.is_empty());
    }
    let checked = Condition::parse(text)
        .map(|parsed| result.map_or(Ok(true), |result| parsed.holds_value(result)));
    if let Ok(Err(error)) = &checked {
        let (what, hint) = match result {
            Some(Value::Map(_)) => (
                "such a result",
                "result has fields here: result.verdict == 'alike', result.compared > 100",
            ),
            _ => ("a number", "result is a number here, no list: result < 0.05"),
        };
        let complaint = Complaint::new(format!("no condition on {what}: {}", error.message));
        spot.complain(complaint.hint(hint));
    }
    if let Err(error) = checked {
        let place = spot.inner_place(error.line, error.column);
        let complaint = match place {
            Some(_) => Complaint::new(format!("no condition: {}", error.message)),
            None => Complaint::new(format!("no condition: {error}")),
        };
        spot.complain_inside(place, &spot.path, complaint);
    }
    Some(text.to_owned())
}

/// Argo's rules for limits that contradict each other, as far as they are known without arguments.
fn check_limits(fields: &Fields<'_>, metric: &MetricTemplate) {
    let count = known(metric.count.as_ref(), 0).map(i64::from);
    let failures = known(metric.failure_limit.as_ref(), 0);
    let successes = known(metric.consecutive_success_limit.as_ref(), 0);
    let inconclusive = known(metric.inconclusive_limit.as_ref(), 0);
    let complain = |name, complaint: Complaint| {
        fields.get(name).unwrap_or(&fields.of).complain(complaint);
    };
    if let (Some(-1), Some(0)) = (failures, successes) {
        let complaint = Complaint::new("failureLimit and consecutiveSuccessLimit are both off");
        complain("failureLimit", complaint.allow("one of them, or both"));
    }
    let Some(count) = count.filter(|count| *count > 0) else {
        return;
    };
    let needed = failures.unwrap_or(0).max(0) + successes.unwrap_or(0);
    if count < needed {
        let message = format!("count is {count}, less than failureLimit + consecutiveSuccessLimit");
        complain("count", Complaint::new(message).allow(format!("{needed} or more")));
    }
    if let Some(inconclusive) = inconclusive.filter(|limit| count < *limit) {
        let complaint = Complaint::new(format!("count is {count}, less than inconclusiveLimit"));
        complain("count", complaint.allow(format!("{inconclusive} or more")));
    }
    // An interval with a slip in its name was reported already.
    if count > 1 && fields.get("interval").is_none() && !fields.has_refused() {
        let complaint = Complaint::new(format!("count is {count}, but there is no interval"));
        complain("count", complaint.hint("add an interval, such as interval: 30s"));
    }
}

/// A setting that is absent or known.
fn known<T: Copy>(setting: Option<&Setting<T>>, absent: T) -> Option<T> {
    match setting {
        None => Some(absent),
        Some(Setting::Known(value)) => Some(*value),
        Some(Setting::Text(_)) => None,
    }
}

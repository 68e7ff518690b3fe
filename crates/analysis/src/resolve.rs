//! From the templates that an analysis names to the metrics of a run.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use crate::{
    AnalysisTemplate, Metric, ResolveError, Retention, SecretKey, TemplateRef,
    arguments::{Argument, arguments},
    check_metrics,
    holes::Holes,
};

/// More templates than anyone nests, and few enough to follow within a tick.
const MOST_TEMPLATES: usize = 64;

/// How large the pattern of a metric's name may be when it is compiled.
const MOST_PATTERN_BYTES: usize = 64 * 1024;

/// What is asked of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRequest {
    /// The templates whose metrics are measured together.
    pub templates: Vec<TemplateRef>,
    /// Values of their arguments.
    pub args: BTreeMap<String, String>,
    /// Those whose values are entries of Secrets.
    pub secrets: BTreeMap<String, SecretKey>,
    /// Patterns of names: metrics with such a name do not count.
    pub dry_run: Vec<String>,
    /// How many measurements are kept of which metrics.
    pub retention: Vec<Retention>,
}

/// What a run can find.
pub trait Surroundings {
    /// The template of that name.
    fn template(&self, named: &TemplateRef) -> Option<&AnalysisTemplate>;

    /// The rollout's field at a path; in one sentence why there is none.
    fn field(&self, path: &str) -> Result<String, String>;
}

/// What a run will measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    /// Its metrics, with all arguments filled in but those from Secrets.
    pub metrics: Vec<Metric>,
    /// The arguments that are filled in when a server is asked.
    pub secrets: BTreeMap<String, SecretKey>,
}

/// The metrics that a run is asked for, as Argo Rollouts merges those of several templates: each
/// template once, however often it is named; an argument that two of them declare has one default
/// at most; no two metrics share a name.
pub fn resolve_run(
    request: &RunRequest,
    around: &dyn Surroundings,
) -> Result<Resolved, ResolveError> {
    let templates = gather(&request.templates, around)?;
    let values = arguments(&templates, request, &|path| around.field(path))?;
    let mut metrics = Vec::new();
    for template in &templates {
        for metric in &template.metrics {
            metrics.push(Holes { template: &template.key, metric, values: &values }.fill()?);
        }
    }
    check_metrics(&metrics)?;
    let dry_run = templates.iter().flat_map(|template| &template.dry_run);
    mark_dry_runs(&mut metrics, request.dry_run.iter().chain(dry_run))?;
    let retention = templates.iter().flat_map(|template| &template.retention);
    mark_retention(&mut metrics, request.retention.iter().chain(retention))?;
    let secrets = values.into_iter().filter_map(|(name, value)| match value {
        Argument::Secret(key) => Some((name, key)),
        Argument::Plain(_) => None,
    });
    Ok(Resolved { metrics, secrets: secrets.collect() })
}

/// The templates that are named and those that they name, each once: first those of the namespace,
/// then those of the cluster.
fn gather<'a>(
    wanted: &[TemplateRef],
    around: &'a dyn Surroundings,
) -> Result<Vec<&'a AnalysisTemplate>, ResolveError> {
    let mut found = Vec::new();
    for one in wanted {
        follow(one, around, &mut Vec::new(), &mut found)?;
    }
    // A stable sort: among themselves they stay as they were found.
    found.sort_by_key(|(one, _)| one.cluster);
    Ok(found.into_iter().map(|(_, template)| template).collect())
}

fn follow<'a>(
    wanted: &TemplateRef,
    around: &'a dyn Surroundings,
    above: &mut Vec<TemplateRef>,
    found: &mut Vec<(TemplateRef, &'a AnalysisTemplate)>,
) -> Result<(), ResolveError> {
    if above.contains(wanted) {
        let names: Vec<_> = above.iter().chain([wanted]).map(|one| one.name.as_str()).collect();
        let circle = format!("{}: the templates name each other in a circle", names.join(" -> "));
        return Err(ResolveError::new("templates", circle));
    }
    if found.iter().any(|(known, _)| known == wanted) {
        return Ok(());
    }
    if found.len() == MOST_TEMPLATES {
        let problem = format!("more than {MOST_TEMPLATES} are named, one by the other");
        return Err(ResolveError::new("templates", problem));
    }
    let template = around.template(wanted).ok_or_else(|| {
        let (kind, name) = (wanted.kind(), &wanted.name);
        ResolveError::new(
            "templates",
            format!("there is no {kind} {name}; apply it, then retry the rollout"),
        )
    })?;
    found.push((wanted.clone(), template));
    above.push(wanted.clone());
    for inner in &template.templates {
        follow(inner, around, above, found)?;
    }
    above.pop();
    Ok(())
}

impl TemplateRef {
    /// The kind that it is of.
    pub const fn kind(&self) -> &'static str {
        if self.cluster { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" }
    }
}

fn mark_dry_runs<'a>(
    metrics: &mut [Metric],
    patterns: impl Iterator<Item = &'a String>,
) -> Result<(), ResolveError> {
    let mut known = Vec::new();
    for (index, pattern) in patterns.enumerate() {
        let place = format!("dryRun[{index}].metricName");
        mark(metrics, &place, pattern, &mut known, |metric| metric.dry_run = true)?;
    }
    Ok(())
}

fn mark_retention<'a>(
    metrics: &mut [Metric],
    rules: impl Iterator<Item = &'a Retention>,
) -> Result<(), ResolveError> {
    let mut known = Vec::new();
    for (index, rule) in rules.enumerate() {
        let place = format!("measurementRetention[{index}].metricName");
        let limit = Some(rule.limit).filter(|limit| *limit > 0);
        mark(metrics, &place, &rule.metric, &mut known, |metric| metric.kept = limit)?;
    }
    Ok(())
}

/// Changes each metric whose name fits; as in Argo Rollouts, a rule that is given twice or fits
/// none is a mistake.
fn mark<'a>(
    metrics: &mut [Metric],
    place: &str,
    pattern: &'a str,
    known: &mut Vec<&'a str>,
    change: impl Fn(&mut Metric),
) -> Result<(), ResolveError> {
    let refuse = |problem: String| Err(ResolveError::new(place, problem));
    if known.contains(&pattern) {
        return refuse(format!("{pattern:?} is given twice: keep one of the two"));
    }
    known.push(pattern);
    let Some(fits) = name_pattern(pattern) else {
        return refuse(format!("{pattern:?} is no regular expression"));
    };
    let mut any = false;
    for metric in metrics.iter_mut().filter(|metric| fits.is_match(&metric.name)) {
        any = true;
        change(metric);
    }
    if any { Ok(()) } else { refuse(format!("{pattern:?} fits the name of no metric")) }
}

/// A pattern of metrics' names: a regular expression that fits anywhere in a name.
pub fn name_pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).size_limit(MOST_PATTERN_BYTES).build().ok()
}

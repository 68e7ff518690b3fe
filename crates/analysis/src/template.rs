use std::{collections::BTreeMap, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::ObjectKey;

use crate::{Metric, Provider, check_metrics, parse_duration};

/// An `AnalysisTemplate`: metrics with holes for arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisTemplate {
    /// Where it is found.
    pub key: ObjectKey,
    /// The arguments that may be given.
    pub args: Vec<ArgDeclaration>,
    /// Its metrics, at least one.
    pub metrics: Vec<MetricTemplate>,
}

/// An argument that a template takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgDeclaration {
    /// Its name; `{{args.NAME}}` in a text stands for its value.
    pub name: String,
    /// Its value when none is given.
    pub default: Option<String>,
}

/// A setting that is either known or waits for arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting<T> {
    /// Known.
    Known(T),
    /// A text with `{{args.NAME}}` in it.
    Text(String),
}

/// A metric with holes for arguments. The fields are those of [`Metric`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are documented at Metric")]
pub struct MetricTemplate {
    pub name: String,
    pub interval: Option<Setting<Duration>>,
    pub initial_delay: Option<Setting<Duration>>,
    pub count: Option<Setting<u32>>,
    pub success_condition: Option<String>,
    pub failure_condition: Option<String>,
    pub failure_limit: Option<Setting<i64>>,
    pub inconclusive_limit: Option<Setting<i64>>,
    pub consecutive_error_limit: Option<Setting<i64>>,
    pub consecutive_success_limit: Option<Setting<i64>>,
    pub provider: Provider,
}

impl MetricTemplate {
    /// A metric with nothing set but where its values come from.
    pub fn new(name: &str, provider: Provider) -> Self {
        Self {
            name: name.to_owned(),
            interval: None,
            initial_delay: None,
            count: None,
            success_condition: None,
            failure_condition: None,
            failure_limit: None,
            inconclusive_limit: None,
            consecutive_error_limit: None,
            consecutive_success_limit: None,
            provider,
        }
    }
}

/// A template that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ResolveError {
    /// Which template, metric and field.
    pub place: String,
    /// What is wrong and how to mend it.
    pub problem: String,
}

impl ResolveError {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

impl AnalysisTemplate {
    /// The metrics with `args` filled in. Every declared argument needs a value.
    pub fn resolve(&self, args: &BTreeMap<String, String>) -> Result<Vec<Metric>, ResolveError> {
        let values = self.values(args)?;
        self.metrics
            .iter()
            .map(|metric| Holes { template: self, metric, values: &values }.fill())
            .collect()
    }

    /// The value of each declared argument: the given one, else its default.
    fn values<'a>(
        &'a self,
        args: &'a BTreeMap<String, String>,
    ) -> Result<BTreeMap<&'a str, &'a str>, ResolveError> {
        self.args
            .iter()
            .map(|arg| {
                let value = args.get(&arg.name).or(arg.default.as_ref());
                match value {
                    Some(value) => Ok((arg.name.as_str(), value.as_str())),
                    None => Err(ResolveError::new(
                        format!("analysis template {}, args", self.key),
                        format!(
                            "{:?} has no value: give one under args where the template is used, or a default here",
                            arg.name
                        ),
                    )),
                }
            })
            .collect()
    }
}

/// The metrics of several templates for one run, as Argo merges them: an argument that two
/// templates declare has one default at most, and no two metrics share a name.
pub fn resolve_all(
    templates: &[&AnalysisTemplate],
    args: &BTreeMap<String, String>,
) -> Result<Vec<Metric>, ResolveError> {
    let mut defaults: BTreeMap<&str, &ArgDeclaration> = BTreeMap::new();
    for arg in templates.iter().flat_map(|template| &template.args) {
        let known = defaults.entry(&arg.name).or_insert(arg);
        match (&known.default, &arg.default) {
            (Some(one), Some(other)) if one != other => {
                return Err(ResolveError::new(
                    format!("args.{}", arg.name),
                    format!(
                        "the templates give it the defaults {one:?} and {other:?}: keep one of them"
                    ),
                ));
            }
            (None, Some(_)) => *known = arg,
            _ => {}
        }
    }
    let mut all = args.clone();
    for (name, arg) in defaults {
        if let (None, Some(default)) = (args.get(name), &arg.default) {
            all.insert(name.to_owned(), default.clone());
        }
    }
    let mut metrics = Vec::new();
    for template in templates {
        metrics.extend(template.resolve(&all)?);
    }
    check_metrics(&metrics)?;
    Ok(metrics)
}

/// A metric whose holes are being filled.
struct Holes<'a> {
    template: &'a AnalysisTemplate,
    metric: &'a MetricTemplate,
    values: &'a BTreeMap<&'a str, &'a str>,
}

impl Holes<'_> {
    fn fill(&self) -> Result<Metric, ResolveError> {
        let metric = self.metric;
        Ok(Metric {
            name: self.text("name", &metric.name)?,
            interval: self.duration("interval", metric.interval.as_ref())?,
            initial_delay: self.duration("initialDelay", metric.initial_delay.as_ref())?,
            count: self.number("count", metric.count.as_ref())?,
            success_condition: self
                .condition("successCondition", metric.success_condition.as_ref())?,
            failure_condition: self
                .condition("failureCondition", metric.failure_condition.as_ref())?,
            failure_limit: self.number("failureLimit", metric.failure_limit.as_ref())?,
            inconclusive_limit: self
                .number("inconclusiveLimit", metric.inconclusive_limit.as_ref())?,
            consecutive_error_limit: self
                .number("consecutiveErrorLimit", metric.consecutive_error_limit.as_ref())?,
            consecutive_success_limit: self
                .number("consecutiveSuccessLimit", metric.consecutive_success_limit.as_ref())?,
            provider: self.provider()?,
        })
    }

    fn provider(&self) -> Result<Provider, ResolveError> {
        match &self.metric.provider {
            Provider::Query(query) => {
                query.fill(&|text| self.text("provider", text)).map(Provider::Query)
            }
            built_in => Ok(built_in.clone()),
        }
    }

    fn refuse(&self, field: &str, problem: impl Into<String>) -> ResolveError {
        let place = format!(
            "analysis template {}, metric {:?}, {field}",
            self.template.key, self.metric.name
        );
        ResolveError::new(place, problem)
    }

    /// `text` with each `{{args.NAME}}` replaced.
    fn text(&self, field: &str, text: &str) -> Result<String, ResolveError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((tag, after)) = after.split_once("}}") else {
                return Err(self
                    .refuse(field, format!("{text:?} opens {{{{ and never closes it: add }}}}")));
            };
            filled.push_str(before);
            filled.push_str(self.value(field, tag.trim())?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, field: &str, tag: &str) -> Result<&str, ResolveError> {
        let Some(name) = tag.strip_prefix("args.") else {
            return Err(
                self.refuse(field, format!("{{{{{tag}}}}} is not known: write {{{{args.NAME}}}}"))
            );
        };
        self.values.get(name).copied().ok_or_else(|| {
            let declared: Vec<&str> = self.values.keys().copied().collect();
            let declared = if declared.is_empty() {
                "none is".to_owned()
            } else {
                format!("declared: {}", declared.join(", "))
            };
            self.refuse(
                field,
                format!("the argument {name:?} is not declared under args ({declared})"),
            )
        })
    }

    fn condition(
        &self,
        field: &str,
        text: Option<&String>,
    ) -> Result<Option<String>, ResolveError> {
        let filled = text.map(|text| self.text(field, text)).transpose()?;
        Ok(filled.filter(|text| !text.is_empty()))
    }

    fn duration(
        &self,
        field: &str,
        setting: Option<&Setting<Duration>>,
    ) -> Result<Option<Duration>, ResolveError> {
        match setting {
            None => Ok(None),
            Some(Setting::Known(duration)) => Ok(Some(*duration)),
            Some(Setting::Text(text)) => parse_duration(self.text(field, text)?.trim())
                .map(Some)
                .map_err(|problem| self.refuse(field, problem.to_string())),
        }
    }

    fn number<T: Copy + FromStr>(
        &self,
        field: &str,
        setting: Option<&Setting<T>>,
    ) -> Result<Option<T>, ResolveError> {
        match setting {
            None => Ok(None),
            Some(Setting::Known(number)) => Ok(Some(*number)),
            Some(Setting::Text(text)) => {
                let filled = self.text(field, text)?;
                filled.trim().parse().map(Some).map_err(|_| {
                    self.refuse(field, format!("{filled:?} is not a whole number in its range"))
                })
            }
        }
    }
}

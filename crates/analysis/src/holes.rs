//! Texts whose `{{args.NAME}}` are filled in.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use tidegate_units::ObjectKey;

use crate::{
    Errand, Metric, MetricTemplate, Provider, Query, ResolveError, Setting, arguments::Argument,
    parse_duration,
};

/// A metric whose holes are being filled.
pub(crate) struct Holes<'a> {
    pub(crate) template: &'a ObjectKey,
    pub(crate) metric: &'a MetricTemplate,
    pub(crate) values: &'a BTreeMap<String, Argument>,
}

impl Holes<'_> {
    pub(crate) fn fill(&self) -> Result<Metric, ResolveError> {
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
            ..Metric::new("", Provider::Judge(crate::JudgeSettings::default()))
        })
    }

    /// What is asked of a server may hold secrets: their holes stay until it is asked.
    fn provider(&self) -> Result<Provider, ResolveError> {
        match &self.metric.provider {
            Provider::Query(query) => self.filled(query).map(Provider::Query),
            Provider::Job(job) => self.filled(job).map(Provider::Job),
            Provider::Decision(settings) => fill_texts(settings, &|text| {
                self.text("provider", text).map_err(|refused| refused.problem)
            })
            .map(Provider::Decision)
            .map_err(|problem| self.refuse("provider", problem)),
            built_in => Ok(built_in.clone()),
        }
    }

    fn filled<T: Serialize + DeserializeOwned>(&self, asked: &T) -> Result<T, ResolveError> {
        let filled = fill_texts(asked, &|text| {
            holes(text, &|tag| {
                Ok(match self.value(tag)? {
                    Argument::Plain(value) => value.clone(),
                    Argument::Secret(_) => format!("{{{{{tag}}}}}"),
                })
            })
        });
        filled.map_err(|problem| self.refuse("provider", problem))
    }

    fn refuse(&self, field: &str, problem: impl Into<String>) -> ResolveError {
        let place =
            format!("analysis template {}, metric {:?}, {field}", self.template, self.metric.name);
        ResolveError::new(place, problem)
    }

    /// `text` with each `{{args.NAME}}` replaced.
    fn text(&self, field: &str, text: &str) -> Result<String, ResolveError> {
        let filled = holes(text, &|tag| match self.value(tag)? {
            Argument::Plain(value) => Ok(value.clone()),
            Argument::Secret(_) => Err(format!(
                "{{{{{tag}}}}} comes from a Secret, which may stand in the provider alone: give it a value that may be seen"
            )),
        });
        filled.map_err(|problem| self.refuse(field, problem))
    }

    fn value(&self, tag: &str) -> Result<&Argument, String> {
        let Some(name) = tag.strip_prefix("args.") else {
            return Err(format!("{{{{{tag}}}}} is not known: write {{{{args.NAME}}}}"));
        };
        self.values.get(name).ok_or_else(|| {
            let declared: Vec<&str> = self.values.keys().map(String::as_str).collect();
            let declared = if declared.is_empty() {
                "none is".to_owned()
            } else {
                format!("declared: {}", declared.join(", "))
            };
            format!("the argument {name:?} is not declared under args ({declared})")
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
            Some(Setting::Text(text)) => match self.text(field, text)?.trim() {
                "" => Ok(None),
                text => parse_duration(text)
                    .map(Some)
                    .map_err(|problem| self.refuse(field, problem.to_string())),
            },
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

impl Query {
    /// The same with the arguments that come from Secrets filled in, by their names. An argument
    /// that is not among them is told by its name.
    pub fn with_secrets(&self, secrets: &BTreeMap<String, String>) -> Result<Self, String> {
        fill_secrets(self, secrets)
    }
}

impl Errand {
    /// The same with the arguments that come from Secrets filled in; see [`Query::with_secrets`].
    pub fn with_secrets(&self, secrets: &BTreeMap<String, String>) -> Result<Self, String> {
        Ok(match self {
            Self::Ask(query) => Self::Ask(query.with_secrets(secrets)?),
            Self::Run { name, job } => {
                Self::Run { name: name.clone(), job: Box::new(fill_secrets(&**job, secrets)?) }
            }
        })
    }
}

fn fill_secrets<T: Serialize + DeserializeOwned>(
    value: &T,
    secrets: &BTreeMap<String, String>,
) -> Result<T, String> {
    let secret = |tag: &str| {
        let value = tag.strip_prefix("args.").and_then(|name| secrets.get(name));
        value.cloned().ok_or_else(|| format!("{tag} has no value"))
    };
    fill_texts(value, &|text| holes(text, &secret))
}

/// `text` with each `{{...}}` replaced by what `value` makes of its inside.
fn holes(text: &str, value: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((tag, after)) = after.split_once("}}") else {
            return Err(format!("{text:?} opens {{{{ and never closes it: add }}}}"));
        };
        filled.push_str(before);
        filled.push_str(&value(tag.trim())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A value with each of its texts replaced, wherever it stands: as in Argo Rollouts, which fills
/// in the JSON of a metric, no field is left out.
fn fill_texts<T: Serialize + DeserializeOwned>(
    value: &T,
    fill: &dyn Fn(&str) -> Result<String, String>,
) -> Result<T, String> {
    let json = serde_json::to_value(value).map_err(|problem| problem.to_string())?;
    serde_json::from_value(fill_json(json, fill)?).map_err(|problem| problem.to_string())
}

fn fill_json(json: Json, fill: &dyn Fn(&str) -> Result<String, String>) -> Result<Json, String> {
    Ok(match json {
        Json::String(text) => Json::String(fill(&text)?),
        Json::Array(items) => Json::Array(
            items.into_iter().map(|item| fill_json(item, fill)).collect::<Result<_, _>>()?,
        ),
        Json::Object(entries) => Json::Object(
            entries
                .into_iter()
                .map(|(key, value)| Ok((fill(&key)?, fill_json(value, fill)?)))
                .collect::<Result<_, String>>()?,
        ),
        plain => plain,
    })
}

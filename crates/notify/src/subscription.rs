//! Who wants to be told, from annotations and settings.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::{Config, Destination, Yaml, selector::Selector};

/// What annotations of subscriptions begin with.
pub const PREFIX: &str = "notifications.argoproj.io/";

/// An entry of `subscriptions` of the settings: who is told of rollouts that do not ask for it themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultSubscription {
    /// Of which triggers; none stands for the default ones.
    pub triggers: Vec<String>,
    /// To whom.
    pub recipients: Vec<Destination>,
    /// Of rollouts with which labels.
    pub selector: Selector,
}

/// The annotation `notifications.argoproj.io/subscriptions`.
#[derive(Deserialize)]
struct Annotated {
    #[serde(default)]
    trigger: Vec<String>,
    #[serde(default)]
    destinations: Vec<AnnotatedDestination>,
}

#[derive(Deserialize)]
struct AnnotatedDestination {
    service: String,
    #[serde(default)]
    recipients: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    recipients: Vec<String>,
    #[serde(default)]
    triggers: Vec<String>,
    #[serde(default)]
    selector: String,
}

impl DefaultSubscription {
    pub(crate) fn read(value: Value) -> Result<Vec<Self>, String> {
        let raw: Vec<Raw> = serde_json::from_value(value).map_err(|problem| problem.to_string())?;
        let read = raw.into_iter().map(|raw| {
            let recipients = raw.recipients.iter().map(|recipient| {
                // As Argo's engine has it, what follows a second colon is left out.
                let mut parts = recipient.split(':');
                let (service, recipient) =
                    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                Destination { service: service.to_owned(), recipient: recipient.to_owned() }
            });
            Ok(Self {
                triggers: raw.triggers,
                recipients: recipients.collect(),
                selector: Selector::parse(&raw.selector)?,
            })
        });
        read.collect()
    }
}

/// Whether anybody may be told of a rollout with this metadata, which is known sooner than who.
pub fn is_anybody_told(config: &Config, metadata: &Value) -> bool {
    let annotations = metadata.get("annotations").and_then(Value::as_object);
    let asks = annotations.into_iter().flatten().any(|(key, _)| key.starts_with(PREFIX));
    if asks || config.subscriptions.is_empty() {
        return asks;
    }
    let labels = texts(metadata.get("labels"));
    config.subscriptions.iter().any(|one| one.selector.matches(&labels))
}

/// Who is told when which trigger is set off, of a rollout with this metadata; and what of it cannot be read.
pub fn subscriptions(
    config: &Config,
    metadata: &Value,
    yaml: Yaml,
) -> (BTreeMap<String, BTreeSet<Destination>>, Vec<String>) {
    let mut found = Found { config, all: BTreeMap::new(), problems: Vec::new() };
    let labels = texts(metadata.get("labels"));
    for subscription in &config.subscriptions {
        if subscription.selector.matches(&labels) {
            for destination in &subscription.recipients {
                // Defaults of a service are for annotations alone, as Argo's engine has it.
                let triggers = match subscription.triggers.as_slice() {
                    [] => &config.default_triggers,
                    given => given,
                };
                found.add(triggers, destination);
            }
        }
    }
    for (key, value) in texts(metadata.get("annotations")) {
        let Some(name) = key.strip_prefix(PREFIX) else { continue };
        if let Some(name) = name.strip_prefix("subscribe.") {
            found.annotated(name, &value);
        } else if name == "subscriptions" {
            found.listed(&value, yaml);
        }
    }
    (found.all, found.problems)
}

fn texts(map: Option<&Value>) -> BTreeMap<String, String> {
    let fields = map.and_then(Value::as_object).into_iter().flatten();
    let texts = fields.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    texts.collect()
}

struct Found<'a> {
    config: &'a Config,
    all: BTreeMap<String, BTreeSet<Destination>>,
    problems: Vec<String>,
}

impl Found<'_> {
    fn add(&mut self, triggers: &[String], destination: &Destination) {
        for trigger in triggers {
            self.all.entry(trigger.clone()).or_default().insert(destination.clone());
        }
    }

    /// The triggers that are named, or those that stand for none.
    fn asked(&mut self, triggers: &[String], destination: &Destination) {
        let triggers = match triggers {
            [] => self.config.default_triggers_of(&destination.service),
            given => given,
        };
        self.add(triggers, destination);
    }

    /// `subscribe.<trigger>.<service>` or `subscribe.<service>`.
    fn annotated(&mut self, name: &str, value: &str) {
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        let (trigger, service) = match parts.next() {
            Some(service) => (vec![first.to_owned()], service),
            None => (Vec::new(), first),
        };
        // What needs no recipient is subscribed with an empty text.
        let recipients: Vec<_> = match value.trim() {
            "" => vec![""],
            _ => value.split(';').map(str::trim).filter(|one| !one.is_empty()).collect(),
        };
        for recipient in recipients {
            let (service, recipient) = (service.to_owned(), recipient.to_owned());
            self.asked(&trigger, &Destination { service, recipient });
        }
    }

    fn listed(&mut self, value: &str, yaml: Yaml) {
        let read = yaml(value).and_then(|value| {
            serde_json::from_value::<Vec<Annotated>>(value).map_err(|problem| problem.to_string())
        });
        let listed = match read {
            Ok(listed) => listed,
            Err(problem) => {
                self.problems.push(format!("the annotation {PREFIX}subscriptions: {problem}"));
                return;
            }
        };
        for one in listed {
            for to in one.destinations {
                let recipients =
                    if to.recipients.is_empty() { vec![String::new()] } else { to.recipients };
                for recipient in recipients {
                    let destination = Destination { service: to.service.clone(), recipient };
                    self.asked(&one.trigger, &destination);
                }
            }
        }
    }
}

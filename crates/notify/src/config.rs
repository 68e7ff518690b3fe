use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_analysis::Redaction;

use crate::{DefaultSubscription, MessageTemplate, Service, ServiceKind, Trigger, builtin};

/// How YAML is read, which this crate does not know.
pub type Yaml = fn(&str) -> Result<Value, String>;

/// The data of `argo-rollouts-notification-configmap` and of `argo-rollouts-notification-secret`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Of the `ConfigMap`.
    pub settings: BTreeMap<String, String>,
    /// Of the Secret.
    pub secrets: BTreeMap<String, String>,
}

/// Without the values of the Secret.
impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.secrets.keys().collect();
        f.debug_struct("Sources")
            .field("settings", &self.settings)
            .field("secrets", &names)
            .finish()
    }
}

/// What the settings say, with the built-in triggers and templates beneath.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where things are sent, by name.
    pub services: BTreeMap<String, Service>,
    /// What sets messages off, by name.
    pub triggers: BTreeMap<String, Trigger>,
    /// What messages say, by name.
    pub templates: BTreeMap<String, MessageTemplate>,
    /// Who is told without asking for it.
    pub subscriptions: Vec<DefaultSubscription>,
    /// What templates see as `.context`.
    pub context: Value,
    /// What of the settings cannot be used, and why. The rest is used.
    pub problems: Vec<String>,
    pub(crate) default_triggers: Vec<String>,
    service_default_triggers: BTreeMap<String, Vec<String>>,
    redaction: Redaction,
}

/// What stands where a secret was.
const HIDDEN: &str = "(secret)";

impl Config {
    /// Reads the settings. What is wrong with one of them is a problem, and the others are used.
    pub fn read(sources: &Sources, yaml: Yaml) -> Self {
        let mut config = Self {
            services: BTreeMap::new(),
            triggers: builtin::triggers(),
            templates: builtin::templates(),
            subscriptions: Vec::new(),
            context: Value::Object(serde_json::Map::new()),
            problems: Vec::new(),
            default_triggers: Vec::new(),
            service_default_triggers: BTreeMap::new(),
            redaction: Redaction::new([], HIDDEN),
        };
        for (key, text) in &sources.settings {
            let taken = yaml(text).and_then(|value| config.take(key, value, &sources.secrets));
            if let Err(problem) = taken {
                config.problems.push(format!("{key}: {problem}"));
            }
        }
        config.check_templates();
        let own = config.services.values().flat_map(Service::hidden);
        let hidden: Vec<_> = sources.secrets.values().cloned().chain(own).collect();
        // One of them may be in what was wrong with another.
        config.redaction = Redaction::new(hidden, HIDDEN);
        for problem in &mut config.problems {
            *problem = config.redaction.of(problem);
        }
        config
    }

    /// The triggers that a subscription to a service has which names none.
    pub(crate) fn default_triggers_of(&self, service: &str) -> &[String] {
        self.service_default_triggers.get(service).unwrap_or(&self.default_triggers)
    }

    /// A text without what nobody may see.
    pub fn masked(&self, text: &str) -> String {
        self.redaction.of(text)
    }

    fn take(
        &mut self,
        key: &str,
        value: Value,
        secrets: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let strings = |value| {
            serde_json::from_value(value).map_err(|_| "a list of names is expected".to_owned())
        };
        match key.split_once('.') {
            Some(("template", name)) => {
                let (template, left) = MessageTemplate::read(value)?;
                self.problems.extend(left.into_iter().map(|left| format!("{key}: {left}")));
                self.templates.insert(name.to_owned(), template);
            }
            Some(("trigger", name)) => {
                self.triggers.insert(name.to_owned(), Trigger::read(value)?);
            }
            Some(("service", kind)) => {
                let (kind, name) = kind.split_once('.').unwrap_or((kind, kind));
                let known = ServiceKind::named(kind).ok_or_else(|| {
                    format!("there is no service of the kind {kind:?}; there are slack, webhook, email, cloudevents and cdevents")
                })?;
                let service = Service::read(known, with_secrets(value, secrets)?)?;
                self.services.insert(name.to_owned(), service);
            }
            Some(("defaultTriggers", name)) => {
                self.service_default_triggers.insert(name.to_owned(), strings(value)?);
            }
            None if key == "defaultTriggers" => self.default_triggers = strings(value)?,
            None if key == "subscriptions" => {
                self.subscriptions = DefaultSubscription::read(value)?;
            }
            None if key == "context" => self.context = value,
            _ => {
                return Err("this is none of template.*, trigger.*, service.*, defaultTriggers, subscriptions and context".to_owned());
            }
        }
        Ok(())
    }

    fn check_templates(&mut self) {
        for (name, trigger) in &self.triggers {
            for template in trigger.conditions.iter().flat_map(|condition| &condition.send) {
                if !self.templates.contains_key(template) {
                    let problem = format!("trigger.{name}: there is no template {template:?}");
                    self.problems.push(problem);
                }
            }
        }
    }
}

/// The settings with the values of the Secret where `$name` stands.
fn with_secrets(value: Value, secrets: &BTreeMap<String, String>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(filled(&text, secrets)?),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| with_secrets(item, secrets));
            items.collect::<Result<_, _>>()?
        }
        Value::Object(fields) => {
            let fields =
                fields.into_iter().map(|(name, value)| Ok((name, with_secrets(value, secrets)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
        other => other,
    })
}

fn filled(text: &str, secrets: &BTreeMap<String, String>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let end = after.find(|sign: char| !(sign.is_ascii_alphanumeric() || "_-".contains(sign)));
        let (name, next) = after.split_at(end.unwrap_or(after.len()));
        match secrets.get(name) {
            Some(value) => out.push_str(value.trim_end_matches(['\r', '\n'])),
            None if name.is_empty() => out.push('$'),
            // To send the name in the place of a secret would never be right.
            None => return Err(format!("the Secret has no key {name:?}")),
        }
        rest = next;
    }
    out.push_str(rest);
    Ok(out)
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_units::Timestamp;

use crate::{Template, TemplateError};

/// A message that is written: what each kind of service takes of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// For any service.
    pub message: String,
    /// For e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<MailPart>,
    /// For Slack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<SlackPart>,
    /// For webhooks, by the names of the services.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub webhook: BTreeMap<String, WebhookPart>,
}

/// What an e-mail has of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPart {
    /// Its subject.
    pub subject: String,
    /// Its text, in place of the message.
    pub body: String,
}

/// What a message of Slack has of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SlackPart {
    /// As who it is written.
    pub username: String,
    /// `:name:` of an emoji, or the URL of a picture.
    pub icon: String,
    /// Attachments as Slack has them, a list.
    pub attachments: Value,
    /// Blocks as Slack has them, a list.
    pub blocks: Value,
}

/// What a webhook is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookPart {
    /// How; empty for GET.
    pub method: String,
    /// Below the service's URL.
    pub path: String,
    /// With what.
    pub body: String,
}

/// A `template.<name>` of the settings.
#[derive(Clone, Debug)]
pub struct MessageTemplate {
    message: Template,
    email: Option<(Template, Template)>,
    slack: Option<SlackTemplate>,
    webhook: BTreeMap<String, WebhookTemplate>,
}

#[derive(Clone, Debug)]
struct SlackTemplate {
    username: Template,
    icon: Template,
    attachments: Template,
    blocks: Template,
}

#[derive(Clone, Debug)]
struct WebhookTemplate {
    method: String,
    path: Template,
    body: Template,
}

#[derive(Default, Deserialize)]
pub(crate) struct Raw {
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) email: Option<RawMail>,
    #[serde(default)]
    pub(crate) slack: Option<RawSlack>,
    #[serde(default)]
    pub(crate) webhook: BTreeMap<String, RawWebhook>,
    /// What other services take.
    #[serde(flatten)]
    pub(crate) others: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMail {
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) body: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawSlack {
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) icon: String,
    #[serde(default)]
    pub(crate) attachments: String,
    #[serde(default)]
    pub(crate) blocks: String,
    /// Messages of one key in one thread.
    #[serde(default)]
    pub(crate) grouping_key: String,
    #[serde(default)]
    pub(crate) notify_broadcast: bool,
    #[serde(default)]
    pub(crate) delivery_policy: Value,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWebhook {
    #[serde(default)]
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) body: String,
}

type Read<T> = Result<T, TemplateError>;

impl MessageTemplate {
    /// Reads a template of the settings, and says what of it is left alone.
    pub(crate) fn read(value: Value) -> Result<(Self, Vec<String>), String> {
        let raw: Raw = serde_json::from_value(value).map_err(|problem| problem.to_string())?;
        let mut left: Vec<_> = raw
            .others
            .keys()
            .map(|name| format!("`{name}` is of a service that is not built"))
            .collect();
        if let Some(slack) = &raw.slack
            && (!slack.grouping_key.is_empty()
                || slack.notify_broadcast
                || !slack.delivery_policy.is_null())
        {
            left.push("messages of Slack are not grouped into threads".to_owned());
        }
        Ok((Self::of(raw).map_err(|problem| problem.to_string())?, left))
    }

    pub(crate) fn of(raw: Raw) -> Read<Self> {
        let mail =
            |mail: RawMail| Ok((Template::parse(&mail.subject)?, Template::parse(&mail.body)?));
        let webhook = |(name, raw): (String, RawWebhook)| {
            let (path, body) = (Template::parse(&raw.path)?, Template::parse(&raw.body)?);
            Ok((name, WebhookTemplate { method: raw.method, path, body }))
        };
        Ok(Self {
            message: Template::parse(&raw.message)?,
            email: raw.email.map(mail).transpose()?,
            slack: raw.slack.as_ref().map(SlackTemplate::of).transpose()?,
            webhook: raw.webhook.into_iter().map(webhook).collect::<Read<_>>()?,
        })
    }

    /// Adds to `message` what this template says of `values`: what it leaves empty stays as it is.
    pub(crate) fn write(
        &self,
        (values, now): (&Value, Timestamp),
        message: &mut Message,
    ) -> Result<(), String> {
        let say = |template: &Template| {
            template.render(values, now).map_err(|problem| problem.to_string())
        };
        put(&mut message.message, say(&self.message)?);
        if let Some((subject, body)) = &self.email {
            let part = message.email.get_or_insert_default();
            put(&mut part.subject, say(subject)?);
            put(&mut part.body, say(body)?);
        }
        if let Some(slack) = &self.slack {
            message.slack = Some(SlackPart {
                username: say(&slack.username)?,
                icon: say(&slack.icon)?,
                attachments: list("attachments", &say(&slack.attachments)?)?,
                blocks: list("blocks", &say(&slack.blocks)?)?,
            });
        }
        for (name, webhook) in &self.webhook {
            let (method, path, body) =
                (webhook.method.clone(), say(&webhook.path)?, say(&webhook.body)?);
            message.webhook.insert(name.clone(), WebhookPart { method, path, body });
        }
        Ok(())
    }
}

impl SlackTemplate {
    fn of(raw: &RawSlack) -> Read<Self> {
        Ok(Self {
            username: Template::parse(&raw.username)?,
            icon: Template::parse(&raw.icon)?,
            attachments: Template::parse(&raw.attachments)?,
            blocks: Template::parse(&raw.blocks)?,
        })
    }
}

fn put(field: &mut String, said: String) {
    if !said.is_empty() {
        *field = said;
    }
}

/// A list of Slack, which a template writes as JSON; nothing is none.
fn list(name: &str, text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    match serde_json::from_str(text) {
        Ok(list @ Value::Array(_)) => Ok(list),
        Ok(_) => Err(format!("`slack.{name}` is no JSON list")),
        Err(problem) => Err(format!("`slack.{name}` is no JSON: {problem}")),
    }
}

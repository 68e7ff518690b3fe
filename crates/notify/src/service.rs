use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Retries,
    options::{EmailOptions, EventOptions, SlackOptions, WebhookOptions},
};

/// What a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NotificationServiceKind)]
pub enum ServiceKind {
    /// Slack's API.
    Slack,
    /// HTTP as the settings say.
    Webhook,
    /// SMTP.
    Email,
    /// `CloudEvents` 1.0 over HTTP.
    CloudEvents,
    /// `CDEvents` in `CloudEvents`.
    CdEvents,
}

impl ServiceKind {
    /// The kind of this name, as the settings have it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "slack" => Self::Slack,
            "webhook" => Self::Webhook,
            "email" => Self::Email,
            "cloudevents" => Self::CloudEvents,
            "cdevents" => Self::CdEvents,
            _ => return None,
        })
    }
}

/// Where and how something is sent, with its secrets.
#[derive(Clone)]
pub struct Service {
    pub(crate) options: Options,
}

#[derive(Clone)]
pub(crate) enum Options {
    Slack(SlackOptions),
    Webhook(WebhookOptions),
    Email(EmailOptions),
    CloudEvents(EventOptions),
    CdEvents(EventOptions),
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl Service {
    /// Reads the settings of a service, secrets filled in.
    pub(crate) fn read(kind: ServiceKind, settings: Value) -> Result<Self, String> {
        let options = match kind {
            ServiceKind::Slack => Options::Slack(read(settings)?),
            ServiceKind::Webhook => Options::Webhook(read(settings)?),
            ServiceKind::Email => Options::Email(read(settings)?),
            ServiceKind::CloudEvents => Options::CloudEvents(read(settings)?),
            ServiceKind::CdEvents => Options::CdEvents(read(settings)?),
        };
        Ok(Self { options })
    }

    /// What it speaks.
    pub const fn kind(&self) -> ServiceKind {
        match self.options {
            Options::Slack(_) => ServiceKind::Slack,
            Options::Webhook(_) => ServiceKind::Webhook,
            Options::Email(_) => ServiceKind::Email,
            Options::CloudEvents(_) => ServiceKind::CloudEvents,
            Options::CdEvents(_) => ServiceKind::CdEvents,
        }
    }

    /// Which server it asks, without path, user and query: there may be secrets in all of them.
    pub fn server(&self) -> String {
        match &self.options {
            Options::Slack(slack) if slack.api_url.is_empty() => "slack.com".to_owned(),
            Options::Slack(slack) => server_of(&slack.api_url),
            Options::Webhook(webhook) => server_of(&webhook.url),
            Options::Email(email) => format!("{}:{}", email.host, email.port),
            Options::CloudEvents(events) | Options::CdEvents(events) => server_of(&events.url),
        }
    }

    /// How often it is tried again.
    pub fn retries(&self) -> Retries {
        match &self.options {
            Options::Webhook(webhook) => Retries {
                wait_min: webhook.retry_wait_min,
                wait_max: webhook.retry_wait_max,
                max: webhook.retry_max,
            },
            Options::CloudEvents(events) | Options::CdEvents(events) => Retries {
                wait_min: events.retry_wait_min,
                wait_max: events.retry_wait_max,
                max: events.retry_max,
            },
            Options::Slack(_) | Options::Email(_) => Retries::default(),
        }
    }

    /// What nobody may see of it, for answers that repeat it.
    pub(crate) fn hidden(&self) -> Vec<String> {
        match &self.options {
            Options::Slack(slack) => vec![slack.token.clone()],
            Options::Webhook(webhook) => webhook
                .headers
                .iter()
                .map(|header| header.value.clone())
                .chain(webhook.basic_auth.iter().map(|auth| auth.password.clone()))
                .collect(),
            Options::Email(email) => vec![email.password.clone()],
            Options::CloudEvents(events) | Options::CdEvents(events) => events
                .headers
                .iter()
                .map(|header| header.value.clone())
                .chain(events.basic_auth.iter().map(|auth| auth.password.clone()))
                .collect(),
        }
    }
}

/// The host and port of a URL.
fn server_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

fn read<T: DeserializeOwned>(settings: Value) -> Result<T, String> {
    // The message of an error may repeat a value, which may be a secret: what it says of fields is all that is told.
    serde_json::from_value(settings).map_err(|problem| {
        let problem = problem.to_string();
        match problem.split_once(':') {
            Some((begin, _)) if begin.starts_with("invalid") => {
                format!("{begin}: a field has a value of another type")
            }
            _ => problem,
        }
    })
}

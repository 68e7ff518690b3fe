use serde::{Deserialize, Serialize};
use tidegate_notify::{Config, Content, DeadLetter, Delivery, Destination, ServiceKind};
use tidegate_units::{ObjectKey, Timestamp};

/// What is set of notifications, and what waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notifications)]
pub struct NotificationsView {
    /// Where things are sent.
    pub services: Vec<ServiceView>,
    /// What sets them off.
    pub triggers: Vec<TriggerView>,
    /// Who is told, of the rollouts that the caller sees.
    pub subscriptions: Vec<SubscriptionView>,
    /// What of the settings and annotations is not used, and why.
    pub problems: Vec<String>,
    /// How many deliveries wait.
    pub pending: usize,
    /// How many dead letters there are of what the caller sees.
    pub dead_letters: usize,
}

/// Where something is sent, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationService)]
pub struct ServiceView {
    /// By which subscriptions call it.
    pub name: String,
    /// What it speaks.
    pub kind: ServiceKind,
    /// Its host and port.
    pub server: String,
}

/// What sets messages off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationTrigger)]
pub struct TriggerView {
    /// By which subscriptions call it.
    pub name: String,
    /// Its conditions.
    pub conditions: Vec<ConditionView>,
}

/// A condition of a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationCondition)]
pub struct ConditionView {
    /// When it holds; null: always.
    pub when: Option<String>,
    /// The templates that are written.
    pub send: Vec<String>,
}

/// Who is told of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationSubscription)]
pub struct SubscriptionView {
    /// Of which.
    pub namespace: String,
    /// Of which.
    pub name: String,
    /// When.
    pub trigger: String,
    /// To whom.
    #[serde(flatten)]
    pub destination: Destination,
}

/// What was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetter)]
pub struct DeadLetterView {
    /// The delivery, as the receiver was told it.
    pub id: String,
    /// Of which rollout.
    pub namespace: String,
    /// Of which rollout.
    pub name: String,
    /// What set it off.
    pub trigger: String,
    /// To whom.
    #[serde(flatten)]
    pub destination: Destination,
    /// The number of the ledger's entry that it tells of.
    pub entry: u64,
    /// The begin of what was to be told.
    pub summary: String,
    /// How often it was tried.
    pub tries: u32,
    /// Why it was given up, without secrets.
    pub reason: String,
    /// The begin of what the receiver said last, without secrets.
    pub answer: Option<String>,
    /// When it was decided to tell it.
    pub created_at: Timestamp,
    /// When it was given up.
    pub at: Timestamp,
}

/// A list of dead letters, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DeadLetters)]
pub struct DeadLettersView {
    /// They.
    pub items: Vec<DeadLetterView>,
}

/// What is to be tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NotificationTrial)]
pub struct TrialWish {
    /// Which service; without it the message is shown and not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// To whom.
    #[serde(default)]
    pub recipient: String,
    /// What seems to have happened; that a rollout is completed if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// To which rollout, as a manifest; an example if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub rollout: Option<serde_json::Value>,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationTried)]
pub struct Tried {
    /// What was written, as each kind of service takes it.
    pub messages: Vec<serde_json::Value>,
    /// Whether it was sent, and the receiver took it.
    pub delivered: bool,
    /// Why not, without secrets; null where it was not to be sent.
    pub problem: Option<String>,
    /// The begin of what the receiver said, without secrets.
    pub answer: Option<String>,
}

/// The parts of a `namespace/name`.
fn parts(key: &ObjectKey) -> (String, String) {
    (key.namespace.to_string(), key.name.to_string())
}

/// Letters of a summary: a line of a table.
const SUMMARY: usize = 120;

impl DeadLetterView {
    pub(crate) fn of(letter: &DeadLetter) -> Self {
        let Delivery { id, trigger, destination, rollout, sequence, content, .. } =
            &letter.delivery;
        let (namespace, name) = parts(rollout);
        let summary = match content {
            Content::Message(message) => message.message.chars().take(SUMMARY).collect(),
            Content::Event(event) => event.kind.clone(),
            Content::Unwritten(_) => String::new(),
        };
        Self {
            id: id.clone(),
            namespace,
            name,
            trigger: trigger.clone(),
            destination: destination.clone(),
            entry: *sequence,
            summary,
            tries: letter.delivery.tries,
            reason: letter.reason.clone(),
            answer: letter.answer.clone(),
            created_at: letter.delivery.created_at,
            at: letter.at,
        }
    }
}

impl SubscriptionView {
    pub(crate) fn of(key: &ObjectKey, trigger: &str, destination: &Destination) -> Self {
        let (namespace, name) = parts(key);
        Self { namespace, name, trigger: trigger.to_owned(), destination: destination.clone() }
    }
}

/// The services and triggers of the settings.
pub(crate) fn settings(config: &Config) -> (Vec<ServiceView>, Vec<TriggerView>) {
    let services = config.services.iter().map(|(name, service)| ServiceView {
        name: name.clone(),
        kind: service.kind(),
        server: service.server(),
    });
    let triggers = config.triggers.iter().map(|(name, trigger)| TriggerView {
        name: name.clone(),
        conditions: trigger
            .conditions
            .iter()
            .map(|one| ConditionView {
                when: one.when.as_ref().map(|when| when.source().to_owned()),
                send: one.send.clone(),
            })
            .collect(),
    });
    (services.collect(), triggers.collect())
}

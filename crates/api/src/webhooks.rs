//! What forges tell: taken once, if a secret has signed it, and written down.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{Path, State},
    http::HeaderMap,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate_controller::{KeptChange, KeptEntry, KeptKind, Refused};
use tidegate_ledger::{Actor, Subject};
use tidegate_units::{ObjectKey, Timestamp};
use tidegate_webhook::{Delivery, Forge, WebhookError, WebhookSecret, check};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use crate::{
    limits::{BODY_LIMIT, DELIVERIES_KEPT, NAME_LIMIT, WEBHOOK_PATIENCE, WEBHOOKS_AT_ONCE},
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// A delivery that was taken: its key is the forge and the fingerprint.
const DELIVERY: KeptKind = KeptKind::new("WebhookDelivery");

/// What each forge signs with: the secret in use and those that it takes over from.
#[derive(Clone, Debug, Default)]
pub struct WebhookSecrets(BTreeMap<Forge, Vec<WebhookSecret>>);

impl WebhookSecrets {
    /// The same with one more.
    #[must_use]
    pub fn with(mut self, forge: Forge, secret: WebhookSecret) -> Self {
        self.0.entry(forge).or_default().push(secret);
        self
    }

    fn of(&self, forge: Forge) -> &[WebhookSecret] {
        self.0.get(&forge).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What takes webhooks.
pub(crate) struct Webhooks {
    secrets: WebhookSecrets,
    turns: Semaphore,
    /// The deliveries that are remembered, oldest first; none before the first one comes.
    known: Mutex<Option<VecDeque<ObjectKey>>>,
}

/// What is kept of a delivery.
#[derive(Serialize, Deserialize)]
struct Note {
    at: Timestamp,
}

/// What the forge is answered.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = WebhookReceived)]
pub struct Received {
    /// What was told, in the forge's word.
    pub event: String,
    /// What the forge calls the delivery.
    pub delivery: String,
}

impl Webhooks {
    pub(crate) fn new(secrets: WebhookSecrets) -> Self {
        Self { secrets, turns: Semaphore::new(WEBHOOKS_AT_ONCE), known: Mutex::default() }
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let turn = tokio::time::timeout(WEBHOOK_PATIENCE, self.turns.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            Problem::new(ProblemKind::Unavailable, "too many webhooks come at once")
                .with_hint("let the forge send it again")
        })
    }
}

/// Takes what a forge tells.
pub(crate) async fn receive(
    State(api): State<Api>,
    Path(forge): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>, Problem> {
    let forge: Forge =
        forge.parse().map_err(|error| Problem::new(ProblemKind::NotFound, format!("{error}")))?;
    let secrets = api.webhooks.secrets.of(forge);
    if secrets.is_empty() {
        let detail = format!("this server takes no webhooks of {forge}");
        let hint = format!("start it with --webhook-secret {forge}=FILE");
        return Err(Problem::new(ProblemKind::NotFound, detail).with_hint(hint));
    }
    let _turn = api.webhooks.turn().await?;
    let body = whole(body).await?;
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let delivery =
        check(forge, secrets, &field, &body, api.clock.now()).map_err(|error| refused(&error))?;
    let received = Received { event: delivery.event.name.clone(), delivery: delivery.id.clone() };
    take(&api, delivery).await?;
    Ok(Json(received))
}

/// The body, within its time: nobody is known yet who sends it.
async fn whole(body: Body) -> Result<Bytes, Problem> {
    let late = |_| {
        let detail = format!("the body was not there within {} s", WEBHOOK_PATIENCE.as_secs());
        Problem::new(ProblemKind::TimedOut, detail)
    };
    let read = tokio::time::timeout(WEBHOOK_PATIENCE, to_bytes(body, BODY_LIMIT)).await;
    read.map_err(late)?.map_err(|_| {
        let detail = format!("a body has {} MiB at most, and all of it", BODY_LIMIT >> 20);
        Problem::new(ProblemKind::TooLarge, detail)
    })
}

fn refused(error: &WebhookError) -> Problem {
    let detail = error.to_string();
    let (kind, hint) = match error {
        WebhookError::Unsigned { .. } => {
            (ProblemKind::Forbidden, "give the webhook a secret at the forge")
        }
        WebhookError::WrongSignature(_) => (
            ProblemKind::Forbidden,
            "the secret at the forge and one in the files of --webhook-secret must be the same",
        ),
        WebhookError::Stale => {
            (ProblemKind::Forbidden, "set the clock; what is sent again is signed again")
        }
        WebhookError::Unreadable(_) => {
            (ProblemKind::BadRequest, "set the webhook's content type to application/json")
        }
    };
    Problem::new(kind, detail).with_hint(hint)
}

/// Writes it down, unless it came before.
async fn take(api: &Api, delivery: Delivery) -> Result<(), Problem> {
    let mut known = api.webhooks.known.lock().await;
    let known = known.get_or_insert_with(|| remembered(api));
    let key = ObjectKey::new(delivery.forge.as_str(), &delivery.fingerprint);
    let note = json!({"at": api.clock.now()}).to_string();
    let mut writes = vec![(DELIVERY, key.clone(), Some(Arc::from(note)))];
    let surplus = (known.len() + 1).saturating_sub(DELIVERIES_KEPT);
    writes.extend(known.iter().take(surplus).map(|oldest| (DELIVERY, oldest.clone(), None)));
    let change = KeptChange {
        expects: vec![(DELIVERY, key.clone(), None)],
        writes,
        entries: vec![entry(&delivery)],
    };
    match api.control.keep(change).await {
        Ok(()) => {}
        Err(Refused::Conflict { .. }) => {
            let detail = format!("the delivery {:?} came before", delivery.id);
            return Err(Problem::new(ProblemKind::Conflict, detail)
                .with_hint("nothing is to be done: it was taken the first time"));
        }
        Err(other) => return Err(other.into()),
    }
    known.drain(..surplus.min(known.len()));
    known.push_back(key);
    Ok(())
}

/// The deliveries of the store, oldest first.
fn remembered(api: &Api) -> VecDeque<ObjectKey> {
    let mut found: Vec<_> = api
        .control
        .kept(DELIVERY)
        .into_iter()
        .map(|kept| {
            let at = serde_json::from_str::<Note>(&kept.body).map(|note| note.at);
            (at.unwrap_or_default(), kept.key)
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, key)| key).collect()
}

fn entry(delivery: &Delivery) -> KeptEntry {
    let Delivery { forge, id, event, .. } = delivery;
    let by = event.by.as_deref().unwrap_or("unnamed");
    let name = format!("{forge}:{by}").chars().take(NAME_LIMIT).collect();
    let repository = event.repository.as_deref().unwrap_or("unnamed");
    KeptEntry {
        actor: Actor::Person { name },
        subject: Subject { kind: "Repository".to_owned(), key: ObjectKey::everywhere(repository) },
        what: "WebhookReceived".to_owned(),
        detail: json!({"forge": forge, "delivery": id, "event": event}),
    }
}

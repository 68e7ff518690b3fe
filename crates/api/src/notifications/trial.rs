//! A message that tells of nothing: to see how it reads, and whether it arrives.

use serde_json::{Value, json};
use tidegate_ledger::Digest;
use tidegate_notify::{
    Config, Content, Delivery, Happening, PREFIX, Reason, Scene, State, letter, tell,
};
use tidegate_units::{ObjectKey, Timestamp};

use crate::{
    notifications::{
        Notifications,
        settings::yaml,
        views::{TrialWish, Tried},
    },
    problem::{Problem, ProblemKind},
};

/// What the example is called, so that nobody takes it for one that there is.
const EXAMPLE: &str = "example";

/// Writes what is wished, and sends it where a service is named.
pub(crate) async fn attempt(all: &Notifications, wish: &TrialWish) -> Result<Tried, Problem> {
    let config = all.settings.config(&all.control);
    let trigger = wish.trigger.as_deref().unwrap_or(Reason::RolloutCompleted.trigger());
    if !config.triggers.contains_key(trigger) {
        let problem =
            Problem::new(ProblemKind::NotFound, format!("there is no trigger {trigger:?}"));
        return Err(problem.with_hint("GET /v1/notifications lists them"));
    }
    if let Some(service) = &wish.service
        && !config.services.contains_key(service)
    {
        let detail = format!("the settings have no service {service:?}");
        return Err(Problem::new(ProblemKind::NotFound, detail)
            .with_hint("GET /v1/notifications lists those that there are"));
    }
    let deliveries = deliveries(all.clock.now(), &config, trigger, wish);
    let mut tried = Tried {
        messages: deliveries.iter().map(shown).collect(),
        delivered: false,
        problem: None,
        answer: None,
    };
    if deliveries.is_empty() {
        tried.problem = Some(format!("{trigger} tells nobody anything of this rollout"));
    }
    let Some(service) = wish.service.as_ref().and_then(|name| config.services.get(name)) else {
        return Ok(tried);
    };
    for delivery in &deliveries {
        let sent = match letter(service, delivery) {
            Ok(letter) => all.courier.bring(&letter).await.map_err(|it| (it.problem, it.answer)),
            Err(problem) => Err((problem, None)),
        };
        if let Err((problem, answer)) = sent {
            tried.problem = Some(config.masked(&problem));
            tried.answer = answer.map(|answer| config.masked(&answer));
            return Ok(tried);
        }
        tried.delivered = true;
    }
    Ok(tried)
}

fn deliveries(now: Timestamp, config: &Config, trigger: &str, wish: &TrialWish) -> Vec<Delivery> {
    let service = wish.service.as_deref().unwrap_or("nobody");
    let mut rollout = wish.rollout.clone().unwrap_or_else(example);
    let annotation = format!("{PREFIX}subscribe.{trigger}.{service}");
    let metadata = rollout.get_mut("metadata").and_then(Value::as_object_mut);
    let name = metadata.map(|metadata| {
        // It is told to the one that is named, and to nobody who is subscribed.
        metadata.insert("annotations".to_owned(), json!({annotation: wish.recipient}));
        metadata.remove("labels");
        let text = |field: &str, other: &str| {
            metadata.get(field).and_then(Value::as_str).unwrap_or(other).to_owned()
        };
        ObjectKey::new(&text("namespace", "default"), &text("name", EXAMPLE))
    });
    let key = name.unwrap_or_else(|| ObjectKey::new("default", EXAMPLE));
    let reason = Reason::of_trigger(trigger);
    let at = now.as_millis().to_string();
    let happening = Happening {
        rollout: key,
        reason,
        at: now,
        sequence: 0,
        hash: Digest::of(at.as_bytes()),
        detail: detail(reason),
    };
    let images = rollout.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let images: Vec<_> = images
        .into_iter()
        .flatten()
        .filter_map(|one| Some(one.get("image")?.as_str()?.to_owned()))
        .collect();
    let scene = Scene { rollout, stable_images: images.clone(), images, ..Scene::default() };
    let told = tell(config, &happening, &scene, &mut State::default(), (yaml, now));
    told.into_iter().filter(|one| one.destination.service == service).collect()
}

/// What the ledger would say.
fn detail(reason: Option<Reason>) -> Value {
    match reason {
        Some(Reason::RolloutAborted) => {
            json!({"reason": {"Analysis": {"run": "example-1", "message": "this is a test"}}})
        }
        Some(Reason::RolloutStepCompleted) => json!({"index": 0}),
        Some(Reason::RolloutPaused) => json!({"reason": "Step"}),
        _ => json!({
            "revision": "5d4f8c7b9", "number": 2, "from": 0, "to": 20, "run": "example-1", "outcome": "Failed",
        }),
    }
}

fn shown(delivery: &Delivery) -> Value {
    match &delivery.content {
        Content::Message(message) => json!(message),
        Content::Event(event) => event.structured(),
        Content::Unwritten(problem) => json!({"problem": problem}),
    }
}

fn example() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": EXAMPLE, "namespace": "default"},
        "spec": {
            "replicas": 3,
            "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}},
            "template": {"spec": {"containers": [{"name": "app", "image": "registry.example/app:2"}]}},
        },
        "status": {"phase": "Healthy", "currentStepIndex": 2},
    })
}

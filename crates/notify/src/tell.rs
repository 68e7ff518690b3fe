//! From what happened to what is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_units::Timestamp;

use crate::{
    CdEvent, CloudEvent, Condition, Config, Content, Delivery, Destination, Happening, Message,
    Reason, Scene, Service, Told, Yaml, service::Options, subscriptions, trigger::operand,
};

/// What has to be known of a rollout from one happening to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The conditions that held, and were told of, with the entry at which they began to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<String, u64>,
    /// The incident that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// Conditions that are remembered of one rollout, as many as Argo's engine remembers.
const REMEMBERED: usize = 100;

/// What is told of a happening, and what is to be remembered of it.
pub fn tell(
    config: &Config,
    happening: &Happening,
    scene: &Scene,
    state: &mut State,
    (yaml, now): (Yaml, Timestamp),
) -> Vec<Delivery> {
    let metadata = scene.rollout.get("metadata").unwrap_or(&Value::Null);
    let (subscribed, _) = subscriptions(config, metadata, yaml);
    if subscribed.is_empty() {
        return Vec::new();
    }
    let told = Told::of(happening, scene, &config.context);
    let mut teller = Teller { config, happening, scene, told, now, deliveries: Vec::new() };
    for (trigger, destinations) in &subscribed {
        match Reason::of_trigger(trigger) {
            Some(reason) if happening.reason == Some(reason) => {
                teller.named(trigger, reason, destinations, state);
            }
            Some(_) => {}
            None => teller.conditional(trigger, destinations, state),
        }
    }
    state.incident = match happening.reason {
        Some(Reason::RolloutAborted) => Some(incident(happening)),
        Some(Reason::RolloutCompleted) => None,
        _ => state.incident.take(),
    };
    teller.deliveries
}

/// The message that a trigger's templates write of a happening for a recipient, as far as they can be written.
pub fn written(
    config: &Config,
    templates: &[String],
    told: &Told,
    destination: &Destination,
) -> Result<Message, String> {
    let values = told.values_for(&destination.service, &destination.recipient);
    let mut message = Message::default();
    for name in templates {
        let template = config.templates.get(name);
        let template = template.ok_or_else(|| format!("there is no template {name:?}"))?;
        let wrote = template.write((&values, told.at()), &mut message);
        wrote.map_err(|problem| format!("template {name}: {}", config.masked(&problem)))?;
    }
    Ok(message)
}

fn incident(happening: &Happening) -> String {
    format!("{}/{}#{}", happening.rollout.namespace, happening.rollout.name, happening.sequence)
}

struct Teller<'a> {
    config: &'a Config,
    happening: &'a Happening,
    scene: &'a Scene,
    told: Told,
    now: Timestamp,
    deliveries: Vec<Delivery>,
}

impl Teller<'_> {
    /// A trigger that something sets off by its name; its conditions say whether it counts.
    fn named(
        &mut self,
        trigger: &str,
        reason: Reason,
        destinations: &BTreeSet<Destination>,
        state: &State,
    ) {
        let values = operand(&self.told.values());
        let conditions = self.config.triggers.get(trigger).map(|found| &found.conditions);
        for destination in destinations {
            let service = self.config.services.get(&destination.service);
            if let Some(Service {
                options: Options::CdEvents(events) | Options::CloudEvents(events),
            }) = service
            {
                let source = events.source.clone();
                self.events(trigger, reason, destination, &source, state);
                continue;
            }
            for (index, condition) in conditions.into_iter().flatten().enumerate() {
                match condition.when.as_ref().map_or(Ok(true), |when| when.holds(&values)) {
                    Ok(true) => self.message(trigger, index, condition, destination),
                    Ok(false) => {}
                    Err(problem) => {
                        self.unwritten(trigger, index, destination, &problem.to_string());
                    }
                }
            }
        }
    }

    /// A trigger of the settings' own: it is set off when its condition begins to hold.
    fn conditional(
        &mut self,
        trigger: &str,
        destinations: &BTreeSet<Destination>,
        state: &mut State,
    ) {
        let Some(found) = self.config.triggers.get(trigger) else { return };
        let values = operand(&self.told.values());
        for (index, condition) in found.conditions.iter().enumerate() {
            let (holds, once) = condition.result(&values);
            for destination in destinations {
                let Destination { service, recipient } = destination;
                let place = format!("{trigger}:{index}:{service}:{recipient}");
                let key = once.as_ref().map_or(place.clone(), |once| format!("{once}:{place}"));
                if !holds {
                    // What is told once for each value stays told.
                    if condition.once_per.is_none() {
                        state.told.remove(&key);
                    }
                } else if state.told.insert(key, self.happening.sequence).is_none() {
                    self.message(trigger, index, condition, destination);
                }
            }
        }
        while state.told.len() > REMEMBERED {
            let oldest = state.told.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            state.told.remove(&oldest);
        }
    }

    fn message(
        &mut self,
        trigger: &str,
        index: usize,
        condition: &Condition,
        destination: &Destination,
    ) {
        let content = match written(self.config, &condition.send, &self.told, destination) {
            Ok(message) => Content::Message(message),
            Err(problem) => Content::Unwritten(problem),
        };
        self.push(trigger, &index.to_string(), destination, content);
    }

    fn unwritten(&mut self, trigger: &str, index: usize, to: &Destination, problem: &str) {
        let content = Content::Unwritten(format!("trigger {trigger}: {problem}"));
        self.push(trigger, &index.to_string(), to, content);
    }

    /// What programs are told.
    fn events(
        &mut self,
        trigger: &str,
        reason: Reason,
        destination: &Destination,
        source: &str,
        state: &State,
    ) {
        let service = self.config.services.get(&destination.service);
        if matches!(service, Some(Service { options: Options::CloudEvents(_) })) {
            let id = self.id(trigger, "event", destination);
            let event = self.cloud_event(&id, reason, source);
            self.push(trigger, "event", destination, Content::Event(event));
            return;
        }
        let opened = incident(self.happening);
        let known = state.incident.as_deref();
        let about =
            if reason == Reason::RolloutAborted { &opened } else { known.unwrap_or(&opened) };
        let values = self.told.values();
        let why = values.pointer("/event/why").and_then(Value::as_str).unwrap_or_default();
        for event in CdEvent::told(reason, self.scene, known) {
            let id = self.id(trigger, &event.kind(), destination);
            let written = event.written(&id, source, self.happening, self.scene, (about, why));
            self.push(trigger, &event.kind(), destination, Content::Event(written));
        }
    }

    fn cloud_event(&self, id: &str, reason: Reason, source: &str) -> CloudEvent {
        let Happening { rollout, at, sequence, detail, .. } = self.happening;
        CloudEvent {
            id: id.to_owned(),
            source: source.to_owned(),
            kind: format!("dev.tidegate.{reason}"),
            subject: format!("{}/{}", rollout.namespace, rollout.name),
            time: *at,
            data: json!({
                "namespace": rollout.namespace,
                "name": rollout.name,
                "reason": reason,
                "entry": sequence,
                "detail": detail,
                "images": self.scene.images,
            }),
        }
    }

    fn id(&self, trigger: &str, part: &str, destination: &Destination) -> String {
        let parts = [trigger, part, &destination.service, &destination.recipient];
        Delivery::id(&self.happening.hash, &parts)
    }

    fn push(&mut self, trigger: &str, part: &str, destination: &Destination, content: Content) {
        self.deliveries.push(Delivery {
            id: self.id(trigger, part, destination),
            trigger: trigger.to_owned(),
            destination: destination.clone(),
            rollout: self.happening.rollout.clone(),
            sequence: self.happening.sequence,
            content,
            created_at: self.now,
            tries: 0,
            next_at: self.now,
            problem: None,
        });
    }
}

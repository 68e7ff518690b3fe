//! What was given up, until somebody sees it.

use serde_json::json;
use tidegate_controller::{KeptChange, KeptEntry};
use tidegate_ledger::{Actor, Subject};
use tidegate_notify::{DeadLetter, Delivery};
use tidegate_units::ObjectKey;

use crate::notifications::{DEAD_LETTER, DELIVERY, Notifications, telling::text};
use crate::{
    caller::Caller,
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// Dead letters that are kept, some kilobytes each; the oldest go first. Whoever has more has a receiver to mend.
pub(crate) const MOST_KEPT: usize = 1_000;

/// A delivery that is given up, and why.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) delivery: Delivery,
    pub(crate) reason: String,
    pub(crate) answer: Option<String>,
}

/// Adds dead letters to a change, each with its entry in the ledger.
pub(crate) fn bury(all: &Notifications, given: Vec<Given>, change: &mut KeptChange) {
    if given.is_empty() {
        return;
    }
    let mut known = kept(all);
    known.sort_by_key(|letter| (letter.at, letter.delivery.sequence));
    let surplus = (known.len() + given.len()).saturating_sub(MOST_KEPT);
    for oldest in known.iter().take(surplus) {
        change.writes.push((DEAD_LETTER, ObjectKey::everywhere(&oldest.delivery.id), None));
    }
    let at = all.clock.now();
    for Given { delivery, reason, answer } in given {
        change.entries.push(entry(
            &delivery,
            Actor::Controller,
            "NotificationGivenUp",
            Some(&reason),
        ));
        let letter = DeadLetter { delivery, reason, answer, at };
        let key = ObjectKey::everywhere(&letter.delivery.id);
        change.writes.push((DEAD_LETTER, key, Some(text(&letter))));
    }
}

fn entry(delivery: &Delivery, actor: Actor, what: &str, reason: Option<&str>) -> KeptEntry {
    KeptEntry {
        actor,
        subject: Subject { kind: "Notification".to_owned(), key: delivery.rollout.clone() },
        what: what.to_owned(),
        detail: json!({
            "id": delivery.id,
            "trigger": delivery.trigger,
            "service": delivery.destination.service,
            "entry": delivery.sequence,
            "tries": delivery.tries,
            "reason": reason,
        }),
    }
}

/// All of them, in no order.
pub(crate) fn kept(all: &Notifications) -> Vec<DeadLetter> {
    let kept = all.control.kept(DEAD_LETTER).into_iter();
    kept.filter_map(|kept| serde_json::from_str(&kept.body).ok()).collect()
}

/// One of them.
pub(crate) fn one(all: &Notifications, id: &str) -> Result<DeadLetter, Problem> {
    let found = all.control.kept_one(DEAD_LETTER, &ObjectKey::everywhere(id));
    found.and_then(|body| serde_json::from_str(&body).ok()).ok_or_else(|| missing(id))
}

/// That there is none of this name.
pub(crate) fn missing(id: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no dead letter {id:?}"))
        .with_hint("GET /v1/notifications/dead-letters lists them")
}

/// Has it tried again from the begin, as a person asks.
pub(crate) async fn retry(
    api: &Api,
    letter: DeadLetter,
    caller: &Caller,
) -> Result<Delivery, Problem> {
    let all = &api.notifications;
    let next_at = all.clock.now();
    let entries =
        vec![entry(&letter.delivery, caller.actor(), "NotificationRetried", Some(&letter.reason))];
    let delivery = Delivery { tries: 0, next_at, problem: None, ..letter.delivery.clone() };
    let key = ObjectKey::everywhere(&delivery.id);
    let change = KeptChange {
        // Two who ask at once have it tried once.
        expects: vec![(DEAD_LETTER, key.clone(), Some(text(&letter)))],
        writes: vec![(DEAD_LETTER, key.clone(), None), (DELIVERY, key, Some(text(&delivery)))],
        entries,
    };
    api.control.keep(change).await?;
    if !api.control.is_rehearsing() {
        all.queue.put([delivery.clone()]);
    }
    Ok(delivery)
}

/// Takes it away for good, as a person asks.
pub(crate) async fn discard(api: &Api, letter: DeadLetter, caller: &Caller) -> Result<(), Problem> {
    let entries = vec![entry(
        &letter.delivery,
        caller.actor(),
        "NotificationDiscarded",
        Some(&letter.reason),
    )];
    let key = ObjectKey::everywhere(&letter.delivery.id);
    let change = KeptChange {
        expects: vec![(DEAD_LETTER, key.clone(), Some(text(&letter)))],
        writes: vec![(DEAD_LETTER, key, None)],
        entries,
    };
    Ok(api.control.keep(change).await?)
}

//! From what is to be told to who takes it.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tidegate_controller::KeptChange;
use tidegate_notify::{Backoff, Delivery, letter};
use tidegate_ports::{Again, Undelivered};
use tidegate_units::ObjectKey;

use crate::notifications::{
    DELIVERY, Notifications,
    counts::Outcome,
    dead_letters::{self, Given},
    telling::text,
};

/// Deliveries at once: receivers that hang hold a place each for 15 s at most, and a release tells some ten.
const AT_ONCE: usize = 16;
/// How long to wait after the store refused.
const PAUSE: Duration = Duration::from_secs(1);
/// Where nothing is due.
const LONG: Duration = Duration::from_hours(1);

/// Delivers what is due, for ever.
pub(crate) async fn keep(all: &Notifications) {
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(delivery) = all.queue.begin(all.clock.now())
        {
            under_way.push(deliver(all, delivery));
        }
        let wait = if under_way.len() < AT_ONCE { all.queue.next_at() } else { None };
        let wait = wait.map_or(LONG, |at| at.since(all.clock.now()));
        tokio::select! {
            Some(()) = under_way.next() => {}
            () = all.queue.changed() => {}
            () = all.clock.sleep(wait) => {}
        }
    }
}

/// Tries once, and writes down what came of it.
async fn deliver(all: &Notifications, delivery: Delivery) {
    let config = all.settings.config(&all.control);
    let service = &delivery.destination.service;
    let Some(found) = config.services.get(service) else {
        let reason = format!("the settings have no service {service:?}");
        return give_up(all, Given { delivery, reason, answer: None }).await;
    };
    let letter = match letter(found, &delivery) {
        Ok(letter) => letter,
        Err(reason) => return give_up(all, Given { delivery, reason, answer: None }).await,
    };
    let Err(undelivered) = all.courier.bring(&letter).await else {
        all.counts.count(service, Outcome::Delivered);
        tracing::debug!(id = delivery.id, trigger = delivery.trigger, %service, "a notification was taken");
        return settle(all, &delivery.id).await;
    };
    let Undelivered { problem, answer, again } = undelivered;
    let (problem, answer) = (config.masked(&problem), answer.map(|answer| config.masked(&answer)));
    all.counts.count(service, Outcome::Failed);
    let tries = delivery.tries + 1;
    let wait = match again {
        Again::Never => None,
        Again::Later(asked) => Backoff::of(&found.retries()).wait(tries, asked, chance()),
    };
    let delivery = Delivery { tries, problem: Some(problem.clone()), ..delivery };
    match wait {
        None => give_up(all, Given { delivery, reason: problem, answer }).await,
        Some(wait) => {
            let next_at = all.clock.now().after(wait);
            postpone(all, Delivery { next_at, ..delivery }).await;
        }
    }
}

/// It was taken: nothing of it is kept.
async fn settle(all: &Notifications, id: &str) {
    let writes = vec![(DELIVERY, ObjectKey::everywhere(id), None)];
    write(all, || KeptChange { writes: writes.clone(), ..KeptChange::default() }).await;
    all.queue.end(id);
}

async fn postpone(all: &Notifications, delivery: Delivery) {
    let writes = vec![(DELIVERY, ObjectKey::everywhere(&delivery.id), Some(text(&delivery)))];
    write(all, || KeptChange { writes: writes.clone(), ..KeptChange::default() }).await;
    all.queue.put([delivery]);
}

async fn give_up(all: &Notifications, given: Given) {
    let id = given.delivery.id.clone();
    let Given { delivery, reason, .. } = &given;
    let Delivery { trigger, destination, .. } = delivery;
    all.counts.count(&destination.service, Outcome::GivenUp);
    tracing::warn!(
        id,
        trigger,
        service = destination.service,
        reason,
        "a notification is given up"
    );
    write(all, || {
        let mut change = KeptChange::default();
        change.writes.push((DELIVERY, ObjectKey::everywhere(&id), None));
        dead_letters::bury(all, vec![given.clone()], &mut change);
        change
    })
    .await;
    all.queue.end(&id);
}

/// Until the store takes it: what was told must not be told again for want of a note.
async fn write(all: &Notifications, change: impl Fn() -> KeptChange) {
    while let Err(problem) = all.control.keep(change()).await {
        tracing::warn!(%problem, "what became of a notification could not be written down; it is tried again");
        all.clock.sleep(PAUSE).await;
    }
}

/// In 0..1. Where there is no chance to be had, the middle spreads nothing and harms nothing.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}

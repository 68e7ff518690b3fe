//! What is below `/v1/notifications`.

use serde_json::json;
use utoipa::openapi::{HttpMethod, Required};

use crate::{
    DeadLettersView, NotificationsView, TrialWish, Tried,
    openapi::operation::{Described, Describing},
};

const TAG: &str = "notifications";
const LETTERS: &str = "/v1/notifications/dead-letters";

fn at(method: HttpMethod, path: &str, id: &str, what: &str) -> Describing {
    Describing::new(method, path, TAG, id, what)
}

pub(super) fn all() -> Vec<Described> {
    let show = at(
        HttpMethod::Get,
        "/v1/notifications",
        "getNotifications",
        "Services, triggers and subscriptions, without secrets",
    )
    .answers::<NotificationsView>("What is set, and who is told of what the caller sees.");
    let letters = at(HttpMethod::Get, LETTERS, "listDeadLetters", "What could not be delivered")
        .answers::<DeadLettersView>("Those of what the caller sees, newest first.");
    let retry = at(
        HttpMethod::Post,
        &format!("{LETTERS}/{{letter}}/retry"),
        "retryDeadLetter",
        "Has a dead letter tried again",
    )
    .done()
    .not_found()
    .problem(409, "Somebody else did something about it.");
    let discard = at(
        HttpMethod::Delete,
        &format!("{LETTERS}/{{letter}}"),
        "deleteDeadLetter",
        "Takes a dead letter away",
    )
    .done()
    .not_found()
    .problem(409, "Somebody else did something about it.");
    let attempt = at(
        HttpMethod::Post,
        "/v1/notifications/trials",
        "tryNotification",
        "Writes a message that tells of nothing, and sends it if a service is named",
    )
    .takes::<TrialWish>(Required::True, json!({"trigger": "on-rollout-aborted"}))
    .answers::<Tried>("What was written, and what came of sending it.")
    .not_found();
    [show, letters, retry, discard, attempt].into_iter().map(Describing::end).collect()
}

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use tidegate_access::Verb;
use tidegate_controller::Kind;
use tidegate_notify::subscriptions;

use crate::{
    caller::Caller,
    dry_run::Changes,
    notifications::{
        dead_letters,
        settings::yaml,
        trial,
        views::{
            self, DeadLetterView, DeadLettersView, NotificationsView, SubscriptionView, TrialWish,
            Tried,
        },
    },
    problem::Problem,
    read,
    routes::Api,
    visible::Visible,
};

/// What is set, and who is told of what the caller sees.
pub(crate) async fn show(State(api): State<Api>, caller: Caller) -> Json<NotificationsView> {
    let all = &api.notifications;
    let config = all.settings.config(&api.control);
    let visible = Visible::to(caller);
    let (services, triggers) = views::settings(&config);
    let (mut told, mut problems) = (Vec::new(), config.problems.clone());
    for resource in api.control.list(Kind::Rollout, None) {
        let key = &resource.key;
        if !visible.shows(key) {
            continue;
        }
        let metadata = resource.manifest.get("metadata").unwrap_or(&serde_json::Value::Null);
        let (found, wrong) = subscriptions(&config, metadata, yaml);
        problems.extend(wrong.into_iter().map(|problem| format!("{key}: {problem}")));
        for (trigger, destinations) in &found {
            told.extend(destinations.iter().map(|to| SubscriptionView::of(key, trigger, to)));
        }
    }
    let dead = dead_letters::kept(all);
    Json(NotificationsView {
        services,
        triggers,
        subscriptions: told,
        problems,
        pending: all.queue.len(),
        dead_letters: dead.iter().filter(|letter| visible.shows(&letter.delivery.rollout)).count(),
    })
}

/// What was given up of what the caller sees.
pub(crate) async fn list(State(api): State<Api>, caller: Caller) -> Json<DeadLettersView> {
    let visible = Visible::to(caller);
    let mut letters = dead_letters::kept(&api.notifications);
    letters.retain(|letter| visible.shows(&letter.delivery.rollout));
    letters.sort_by_key(|letter| std::cmp::Reverse((letter.at, letter.delivery.sequence)));
    Json(DeadLettersView { items: letters.iter().map(DeadLetterView::of).collect() })
}

/// Tries one again.
pub(crate) async fn retry(
    Changes(api): Changes,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let letter = seen(&api, &id, &caller, Verb::Retry)?;
    dead_letters::retry(&api, letter, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one away.
pub(crate) async fn discard(
    Changes(api): Changes,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let letter = seen(&api, &id, &caller, Verb::Delete)?;
    dead_letters::discard(&api, letter, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A dead letter of which the caller may do this. Of what they do not see they are not told that it is there.
fn seen(
    api: &Api,
    id: &str,
    caller: &Caller,
    verb: Verb,
) -> Result<tidegate_notify::DeadLetter, Problem> {
    let letter = dead_letters::one(&api.notifications, id)?;
    let rollout = &letter.delivery.rollout;
    if !Visible::to(caller.clone()).shows(rollout) {
        return Err(dead_letters::missing(id));
    }
    caller.may(verb, &rollout.namespace, &rollout.name)?;
    Ok(letter)
}

/// Writes a message that tells of nothing, and sends it where a service is named.
pub(crate) async fn attempt(
    State(api): State<Api>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Tried>, Problem> {
    let wish: TrialWish = read::json(body)?;
    // Whoever may send to any recipient in the server's name may set what it is set to.
    caller.may(Verb::ManageSettings, "*", "*")?;
    Ok(Json(trial::attempt(&api.notifications, &wish).await?))
}

//! The door: who asks, and whether they may. Every request comes through it, whatever its address.
//!
//! Invariant: an address that the table of demands does not know lets nobody in.

mod demand;
#[cfg(test)]
pub(crate) use demand::TABLE;
pub(crate) use demand::{Demand, Rule, rule};
#[cfg(test)]
mod walk;

use axum::{
    extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, Method, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tidegate_access::Verb;
use tidegate_controller::KeptEntry;
use tidegate_ledger::Subject;
use tidegate_units::ObjectKey;

use crate::{
    auth,
    browser::CONFIRM_HEADER,
    caller::{Caller, Credential},
    dry_run,
    problem::{Problem, ProblemKind, Refusal},
    prometheus::{self, MetricsAccess},
    repeats,
    routes::Api,
};

/// So many characters of an address are told in the ledger.
const PATH_TOLD: usize = 200;

/// Lets a request through only if whoever asks may do what it does.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if percent_decode_str(parts.uri.path()).decode_utf8().is_err() {
        let detail = "the address is not UTF-8";
        return Problem::new(ProblemKind::BadRequest, detail).into_response();
    }
    let mut known = None;
    let admitted = admit(&api, &mut parts, &mut known).await;
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let place = Place::of(&mut parts).await;
    let rehearsed = admitted.and_then(|()| {
        known.as_ref().map_or(Ok(None), |_| dry_run::asked(&api, &method, &parts.uri))
    });
    let response = match rehearsed {
        Ok(Some(rehearsing)) => {
            parts.extensions.insert(rehearsing.clone());
            rehearsing.told(next.run(Request::from_parts(parts, body)).await)
        }
        Ok(None) => {
            let request = Request::from_parts(parts, body);
            match known.as_ref().filter(|_| repeats::changes(&method, &path)) {
                Some(caller) => repeats::once(&api, caller, request, next).await.into_response(),
                None => next.run(request).await,
            }
        }
        Err(refused) => refused.into_response(),
    };
    if response.status() == StatusCode::FORBIDDEN
        && let Some(caller) = known
    {
        denied(&api, &caller, (&method, &path, &place), &response);
    }
    response
}

/// Tells in the ledger that somebody who is known was not let do something.
fn denied(
    api: &Api,
    caller: &Caller,
    (method, path, place): (&Method, &str, &Place),
    response: &Response,
) {
    let why = response.extensions().get::<Refusal>().map(|refusal| refusal.0.as_str());
    let path: String = path.chars().take(PATH_TOLD).collect();
    let detail = json!({ "method": method.as_str(), "path": path, "why": why });
    let subject = if path.contains("/rollouts/") {
        Subject { kind: "Rollout".to_owned(), key: place.key.clone() }
    } else {
        Subject { kind: "Address".to_owned(), key: ObjectKey::everywhere(&path) }
    };
    let key = format!("denied {} {method} {path}", caller.name());
    let entry = KeptEntry { actor: caller.actor(), subject, what: "Denied".to_owned(), detail };
    api.access.noter.note(&key, entry);
}

async fn admit(api: &Api, parts: &mut Parts, known: &mut Option<Caller>) -> Result<(), Problem> {
    let path = parts.extensions.get::<MatchedPath>().cloned();
    let found = path.as_ref().map(|path| rule(&parts.method, path.as_str()));
    if let Some(Rule::Demands(demand)) = found
        && is_open(api, demand, &parts.headers)
    {
        return Ok(());
    }
    // Nothing is told to whoever is not known, not even what is not there.
    let caller = auth::authenticate(api, parts)?;
    *known = Some(caller.clone());
    match found {
        // What answers there says that there is nothing.
        None => {}
        Some(Rule::OtherMethods) => return Err(not_so(&parts.method, parts.uri.path())),
        Some(Rule::Nothing) => {
            return Err(Problem::new(ProblemKind::Forbidden, "nobody may use this address")
                .with_hint("this is a mistake of the server: please report it"));
        }
        Some(Rule::Demands(demand)) => {
            let place = Place::of(parts).await;
            check(&caller, demand, &place)?;
            confirmed(api, &caller, (demand, &place), &parts.headers)?;
        }
    }
    parts.extensions.insert(caller);
    Ok(())
}

fn is_open(api: &Api, demand: Demand, headers: &HeaderMap) -> bool {
    match demand {
        Demand::Nothing => true,
        Demand::Series => {
            api.metrics_access == MetricsAccess::Open && prometheus::is_by_address(headers)
        }
        Demand::AnyCaller | Demand::Verb(_) | Demand::Somewhere(_) | Demand::Action => false,
    }
}

/// What an address names.
struct Place {
    key: ObjectKey,
    action: Option<String>,
}

impl Place {
    async fn of(parts: &mut Parts) -> Self {
        let params = RawPathParams::from_request_parts(parts, &()).await;
        let find = |wanted: &str| {
            let mut all = params.iter().flatten();
            all.find(|(name, _)| *name == wanted).map(|(_, value)| value)
        };
        let namespace = find("namespace").unwrap_or(ObjectKey::EVERYWHERE);
        let key = ObjectKey::new(namespace, find("name").unwrap_or(ObjectKey::EVERYWHERE));
        Self { key, action: find("action").map(ToOwned::to_owned) }
    }
}

fn check(caller: &Caller, demand: Demand, place: &Place) -> Result<(), Problem> {
    let Place { key, action } = place;
    match demand {
        Demand::Nothing | Demand::AnyCaller => Ok(()),
        Demand::Verb(verb) => caller.may(verb, &key.namespace, &key.name),
        Demand::Somewhere(verb) => caller.may_somewhere(verb),
        Demand::Series => caller.may_somewhere(Verb::Read),
        // Of a word that is no verb the handler says what there is instead.
        Demand::Action => match action.as_deref().map(str::parse::<Verb>) {
            Some(Ok(verb)) => caller.may(verb, &key.namespace, &key.name),
            _ => Ok(()),
        },
    }
}

/// Whether what is done on the page where it is protected was confirmed in so many words. What makes a release safer is
/// not kept up by that.
fn confirmed(
    api: &Api,
    caller: &Caller,
    (demand, place): (Demand, &Place),
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let verb = match demand {
        Demand::Action => place.action.as_deref().and_then(|action| action.parse().ok()),
        Demand::Verb(Verb::Delete) => Some(Verb::Delete),
        _ => None,
    };
    let by_page = matches!(caller.credential(), Credential::Session(_));
    let needs = verb.is_some_and(|verb| !matches!(verb, Verb::Abort | Verb::Pause));
    let Place { key, .. } = place;
    if !by_page || !needs || !api.access.directory().is_protected(&key.namespace) {
        return Ok(());
    }
    if headers.get(CONFIRM_HEADER).is_some_and(|shown| shown.as_bytes() == key.name.as_bytes()) {
        return Ok(());
    }
    Err(unconfirmed(key))
}

/// Whether what a page applies where it is protected was confirmed, the names separated by commas.
pub(crate) fn confirmed_all<'a>(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    mut changed: impl Iterator<Item = &'a ObjectKey>,
) -> Result<(), Problem> {
    if !matches!(caller.credential(), Credential::Session(_)) {
        return Ok(());
    }
    let (directory, shown) = (api.access.directory(), headers.get(CONFIRM_HEADER));
    let shown = shown.and_then(|shown| shown.to_str().ok()).unwrap_or_default();
    let is_open = |key: &ObjectKey| {
        !directory.is_protected(&key.namespace)
            || shown.split(',').any(|name| name.trim() == &*key.name)
    };
    changed.find(|key| !is_open(key)).map_or(Ok(()), |key| Err(unconfirmed(key)))
}

fn unconfirmed(key: &ObjectKey) -> Problem {
    let detail = format!("{} is protected: what is done there has to be confirmed", key.namespace);
    Problem::new(ProblemKind::NeedsConfirmation, detail)
        .with_hint(format!("repeat the name {} in the header field `Tidegate-Confirm`", key.name))
}

/// A method that an address does not have.
pub(crate) fn not_so(method: &Method, path: &str) -> Problem {
    Problem::new(ProblemKind::MethodNotAllowed, format!("{method} is not possible at {path}"))
}

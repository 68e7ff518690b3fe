//! Requests that are repeated: the same answer again, and nothing is done twice.
//!
//! The header field `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) names a request. That it was begun is
//! written down before it is carried out, and its answer after it, so that both hold over a restart.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use tidegate_controller::{ControlPlane, KeptChange, KeptKind, Refused};
use tidegate_ledger::Digest;
use tidegate_units::{ObjectKey, Timestamp};

use crate::{
    caller::Caller,
    limits::BODY_LIMIT,
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// The header field that names a request.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// Says of an answer that it is the one of before.
const REPLAYED_HEADER: &str = "idempotency-replayed";

const ANSWERED: KeptKind = KeptKind::new("RepeatableRequest");

/// For so long the same answer is given: whoever repeats a request does it within a day.
const LIFE: Duration = Duration::from_hours(24);

/// The longest key, in bytes: a UUID has 36.
const KEY_LIMIT: usize = 255;

/// Requests that are remembered of one caller: one each 90 s. Older ones are forgotten first.
const OF_ONE_CALLER: usize = 1_000;

/// And of all together, some 10 MB with answers as they mostly are.
const OF_ALL: usize = 10_000;

/// How often it is looked whether there are too many; so many more there may be.
const LOOK_EACH: usize = 64;

/// The largest answer that is kept, in bytes: what became of hundreds of resources. Of a larger one it is kept that
/// it was given.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Answers that tell a secret, which is told once and kept nowhere.
const SECRETS: [&str; 2] = ["/v1/access/tokens", "/v1/session/codes"];

/// The requests that are being carried out.
#[derive(Default)]
pub(crate) struct Repeats {
    running: Mutex<BTreeSet<ObjectKey>>,
    begun: AtomicUsize,
}

/// What is kept of a request.
#[derive(Serialize, Deserialize)]
struct Record {
    at: Timestamp,
    caller: String,
    /// What was asked.
    request: Digest,
    /// None until it is given.
    answer: Option<KeptAnswer>,
}

/// An answer.
#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    status: u16,
    media: Option<String>,
    /// None where it is not kept.
    body: Option<String>,
}

/// Whether a request changes anything, so that it matters that it is not carried out twice.
pub(crate) fn changes(method: &Method, path: &str) -> bool {
    *method == Method::DELETE || (*method == Method::POST && path.starts_with("/v1/"))
}

/// Carries a request out unless it was before; then its answer is that of before.
pub(crate) async fn once(
    api: &Api,
    caller: &Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(key) = key_of(request.headers())? else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        let detail = format!("a body may have {} MiB at most", BODY_LIMIT / (1024 * 1024));
        Problem::new(ProblemKind::TooLarge, detail)
    })?;
    let whose = format!("{:?} {}", caller.kind(), caller.name());
    let place =
        ObjectKey::everywhere(&Digest::of(format!("{whose}\0{key}").as_bytes()).to_string());
    let running = Running::begin(&api.repeats, &place)?;
    let keeps_secret = SECRETS.contains(&parts.uri.path());
    let asked = Asked {
        control: api.control.clone(),
        now: api.clock.now(),
        known: api.control.kept_one(ANSWERED, &place),
        request: fingerprint(&parts.method, &parts.uri.to_string(), &parts.headers, &body),
        whose,
        place,
    };
    if let Some(answer) = asked.answer_of_before()? {
        return Ok(answer);
    }
    if api.repeats.begun.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EACH) {
        forget(&api.control, asked.now).await?;
    }
    asked.keep(None).await?;
    let request = Request::from_parts(parts, Body::from(body));
    let limit = api.connections.limits().request;
    // It goes on when its connection breaks: whoever asks again is to get the answer.
    let carried = tokio::spawn(async move {
        let _running = running;
        let response = tokio::time::timeout(limit, next.run(request)).await;
        match response {
            Ok(response) => asked.answered(response, keeps_secret).await,
            Err(_) => Problem::new(ProblemKind::TimedOut, "there was no answer in time")
                .with_hint("what was asked for may still happen; look before you ask again")
                .into_response(),
        }
    });
    carried.await.map_err(|_| {
        Problem::new(ProblemKind::Unavailable, "the request was not carried out to its end")
            .with_hint("see the server's log, and look before you ask again")
    })
}

/// The key of a request, bare or as the structured field that the draft has it as.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if bare.is_empty() || bare.len() > KEY_LIMIT || values.next().is_some() {
        let detail =
            format!("`Idempotency-Key` has to be one text of 1 to {KEY_LIMIT} characters of ASCII");
        return Err(Problem::new(ProblemKind::BadRequest, detail)
            .with_hint("make a new UUID for each thing that is to be done"));
    }
    Ok(Some(bare.to_owned()))
}

fn fingerprint(method: &Method, address: &str, headers: &HeaderMap, body: &Bytes) -> Digest {
    let condition = headers.get("if-match").map_or(&[][..], HeaderValue::as_bytes);
    let parts = [method.as_str().as_bytes(), address.as_bytes(), condition, body];
    Digest::of(&parts.join(&0))
}

/// That a request is being carried out, for as long as this is there.
struct Running(Arc<Repeats>, ObjectKey);

impl Running {
    fn begin(repeats: &Arc<Repeats>, place: &ObjectKey) -> Result<Self, Problem> {
        // Nothing under it panics half way.
        let mut running = repeats.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.insert(place.clone()) {
            let detail = "a request of this `Idempotency-Key` is still being carried out";
            return Err(Problem::new(ProblemKind::StillRunning, detail)
                .with_hint("ask again in a moment")
                .with_wait(Duration::from_secs(1)));
        }
        Ok(Self(Arc::clone(repeats), place.clone()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// A request that has a key.
struct Asked {
    control: ControlPlane,
    now: Timestamp,
    place: ObjectKey,
    /// What is kept of it.
    known: Option<Arc<str>>,
    whose: String,
    request: Digest,
}

impl Asked {
    /// What it was answered before, if it was.
    fn answer_of_before(&self) -> Result<Option<Response>, Problem> {
        let known = self.known.as_ref().and_then(|known| serde_json::from_str(known).ok());
        let Some(known) = known.filter(|known: &Record| !is_over(known.at, self.now)) else {
            return Ok(None);
        };
        if known.request != self.request {
            let detail = "this `Idempotency-Key` was given with another request";
            return Err(Problem::new(ProblemKind::KeyReused, detail)
                .with_hint("make a new key for each thing that is to be done"));
        }
        let told = |detail: &str, hint: &str| {
            Err(Problem::new(ProblemKind::Conflict, detail).with_hint(hint))
        };
        let Some(answer) = known.answer else {
            return told(
                "it was begun before, and the server ended before its answer was known",
                "look what became of it; give a new key to do it again",
            );
        };
        let Some(body) = answer.body else {
            return told(
                "it was done before, and its answer is not kept",
                "look what became of it; a secret is told once",
            );
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
        let headers = response.headers_mut();
        let media = answer.media.and_then(|media| HeaderValue::from_str(&media).ok());
        headers.extend(media.map(|media| (CONTENT_TYPE, media)));
        headers.insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    async fn keep(&self, answer: Option<KeptAnswer>) -> Result<(), Refused> {
        let (at, caller) = (self.now, self.whose.clone());
        let record = Record { at, caller, request: self.request, answer };
        let text = serde_json::to_string(&record);
        let text = text.map_err(|error| Refused::Unavailable(error.to_string()))?;
        self.write(Some(text.into())).await
    }

    async fn write(&self, text: Option<Arc<str>>) -> Result<(), Refused> {
        let writes = vec![(ANSWERED, self.place.clone(), text)];
        self.control.keep(KeptChange { writes, ..KeptChange::default() }).await
    }

    /// The answer, once it is kept. Where nothing was done, as for want of rights or of a disk, the same request may come
    /// again and be carried out.
    async fn answered(self, response: Response, keeps_secret: bool) -> Response {
        let status = response.status();
        let undone = status.is_server_error() || [401, 403, 428, 429].contains(&status.as_u16());
        if undone {
            self.log(self.write(None).await);
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let text = std::str::from_utf8(&body).ok().filter(|text| text.len() <= ANSWER_LIMIT);
        let text = text.filter(|_| !(keeps_secret && status.is_success()));
        let media = parts.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
        let answer = KeptAnswer {
            status: status.as_u16(),
            media: media.map(str::to_owned),
            body: text.map(str::to_owned),
        };
        self.log(self.keep(Some(answer)).await);
        Response::from_parts(parts, Body::from(body))
    }

    fn log(&self, kept: Result<(), Refused>) {
        if let Err(problem) = kept {
            tracing::warn!(%problem, caller = self.whose, "an answer is not kept for who asks again");
        }
    }
}

fn is_over(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) > LIFE
}

/// Forgets what is over, and the oldest where there are too many.
async fn forget(control: &ControlPlane, now: Timestamp) -> Result<(), Refused> {
    let mut known: Vec<_> = control
        .kept(ANSWERED)
        .into_iter()
        .map(|kept| {
            let record = serde_json::from_str::<Record>(&kept.body);
            // What cannot be read is worth nothing to anybody.
            record.map_or((Timestamp::default(), String::new(), kept.key.clone()), |record| {
                (record.at, record.caller, kept.key.clone())
            })
        })
        .collect();
    known.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
    let mut of_each = BTreeMap::<String, usize>::new();
    let mut kept = 0;
    let mut writes = Vec::new();
    for (at, caller, key) in known {
        let count = of_each.entry(caller).or_default();
        if is_over(at, now) || *count >= OF_ONE_CALLER || kept >= OF_ALL {
            writes.push((ANSWERED, key, None));
        } else {
            *count += 1;
            kept += 1;
        }
    }
    if writes.is_empty() {
        return Ok(());
    }
    control.keep(KeptChange { writes, ..KeptChange::default() }).await
}

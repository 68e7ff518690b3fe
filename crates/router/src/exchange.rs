use std::{
    io,
    rc::Rc,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use hyper::{
    Method, Request, Response, Version,
    body::Incoming,
    client::conn::TrySendError,
    header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING},
};
use tidegate_traffic::Outcome;
use tokio::time::sleep_until;

use crate::{
    fields,
    pool::{Connection, Lease, is_own_want, when_there_is_one},
    proxy::Client,
    refusal::Refusal,
    request_body::{BodyState, Progress, RequestBody},
    rules::Wish,
    shared::wall_clock,
    ticket::Ticket,
    view::{LocalReplica, LocalRoute, Place},
    worker::Worker,
};

/// Sends of one request at most: the first, one after a refused connection, and one after an
/// idle connection that turned out to be closed.
pub(crate) const SENDS: u32 = 3;

/// An answer that a replica has begun to give.
pub(crate) struct Answer {
    /// Its head, with a body that is still to come.
    pub(crate) response: Response<Incoming>,
    /// Counts it.
    pub(crate) ticket: Ticket,
    /// The connection that it comes on, when it can be used again.
    pub(crate) lease: Option<Lease>,
}

/// A request with what is known of its body.
pub(crate) struct Outgoing {
    /// The request.
    pub(crate) request: Request<RequestBody>,
    /// How far its body has come.
    pub(crate) progress: Rc<Progress>,
}

/// A send that gave no answer.
enum Failure {
    /// Nothing of the request was carried, so it can be sent again.
    NotCarried { request: Box<Request<RequestBody>>, how: NotCarried },
    /// It may have been carried: the client must be told.
    Final { refusal: Refusal, to_blame: Blame },
}

/// Why a request was not carried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotCarried {
    /// The replica took no connection.
    Refused,
    /// The connection was an idle one that was just being closed.
    Stale,
    /// There was nothing left here to make a connection of. The replica has no part in it.
    Exhausted,
}

impl NotCarried {
    /// Why there is no connection.
    pub(crate) fn because(error: &io::Error) -> Self {
        if is_own_want(error) { Self::Exhausted } else { Self::Refused }
    }
}

/// Whose fault a failed send is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The replica cut the connection: it is ejected.
    Connection,
    /// The replica gave no usable answer.
    Answer,
    /// The client's.
    Client,
}

/// Sends a request to the revision whose turn it is, and once more where that is safe.
pub(crate) async fn exchange(
    client: &Client,
    mut route: Rc<LocalRoute>,
    wish: Wish<'_>,
    outgoing: Outgoing,
) -> Result<Answer, Refusal> {
    let worker = client.worker();
    let Outgoing { mut request, progress } = outgoing;
    let mut place = first_place(worker, &route, wish).ok_or(Refusal::NoReplica)?;
    let mut fresh = false;
    let mut refused_before = false;
    for _ in 0..SENDS {
        let mut ticket = Ticket::new(worker, &route, place);
        let replica = route.replica(place).ok_or(Refusal::NoReplica)?;
        match send(worker, replica, request, &progress, fresh, &mut ticket).await {
            Ok((response, lease)) => {
                ticket.head(response.status());
                return Ok(Answer { response, ticket, lease });
            }
            Err(Failure::Final { refusal, to_blame }) => {
                blame(&mut ticket, to_blame);
                return Err(refusal);
            }
            Err(Failure::NotCarried { request: unsent, how }) => {
                not_carried_by(&mut ticket, how);
                if how == NotCarried::Exhausted {
                    return Err(Refusal::Exhausted);
                }
                if how == NotCarried::Refused && refused_before {
                    return Err(Refusal::Refused);
                }
                refused_before |= how == NotCarried::Refused;
                fresh |= how == NotCarried::Stale;
                let again = place_again(client, &mut route, wish, place, how);
                place = again.ok_or(Refusal::Refused)?;
                request = *unsent;
            }
        }
        count_retry(worker);
    }
    Err(Refusal::Refused)
}

/// Counts a send that gave no answer, and ejects a replica that cut its connection.
pub(crate) fn blame(ticket: &mut Ticket, to_blame: Blame) {
    if to_blame != Blame::Client {
        ticket.unanswered();
    }
    if to_blame == Blame::Connection {
        ticket.strike();
    }
}

/// Counts what was not carried: a replica that takes no connection has not answered; a connection
/// whose time was over is nobody's fault, and a want of this machine's no revision's.
pub(crate) fn not_carried_by(ticket: &mut Ticket, how: NotCarried) {
    match how {
        NotCarried::Refused => blame(ticket, Blame::Connection),
        NotCarried::Stale | NotCarried::Exhausted => ticket.void(),
    }
}

/// Counts a request that is sent once more.
pub(crate) fn count_retry(worker: &Worker) {
    if let Some(stats) = worker.stats() {
        stats.retries.fetch_add(1, Relaxed);
    }
}

/// Where a request goes first. When its revision has no replica, that counts as a request
/// without an answer there, and another revision gets it.
pub(crate) fn first_place(worker: &Worker, route: &LocalRoute, wish: Wish<'_>) -> Option<Place> {
    let wanted = route.turn(wish)?;
    if let Some(place) = route.replica_of(wanted, worker.index, None) {
        return Some(place);
    }
    let meter = &route.destination(wanted)?.meter;
    meter.record(worker.index, wall_clock(), Outcome::Unanswered);
    route.replica_of(route.other_than(wanted)?, worker.index, None)
}

/// Where a request that was not carried goes next. When the table has changed meanwhile, it begins
/// anew with the new one, as a replica of the old one may be gone.
pub(crate) fn place_again(
    client: &Client,
    route: &mut Rc<LocalRoute>,
    wish: Wish<'_>,
    tried: Place,
    how: NotCarried,
) -> Option<Place> {
    let now = client.route()?;
    if !Rc::ptr_eq(&now, route) {
        *route = now;
        return first_place(client.worker(), route, wish);
    }
    match how {
        NotCarried::Refused => next_place(client.worker(), route, tried),
        NotCarried::Stale => Some(tried),
        // Nor is there anything left for another.
        NotCarried::Exhausted => None,
    }
}

/// Where a request goes whose replica took no connection: to another of the same revision that
/// is well, else to another revision, else to another replica that is thought not to be well.
fn next_place(worker: &Worker, route: &LocalRoute, tried: Place) -> Option<Place> {
    let replica = route.replica(tried)?;
    let same = tried.destination;
    let destination = if route.has_well_one_besides(same, &replica.shared) {
        same
    } else {
        route.other_than(same).unwrap_or(same)
    };
    route
        .replica_of(destination, worker.index, Some(&replica.shared))
        .filter(|&place| place != tried)
}

async fn send(
    worker: &Worker,
    replica: &LocalReplica,
    mut request: Request<RequestBody>,
    progress: &Progress,
    fresh: bool,
    ticket: &mut Ticket,
) -> Result<(Response<Incoming>, Option<Lease>), Failure> {
    let limits = &worker.shared.settings.limits;
    if request.version() == Version::HTTP_2 {
        let made =
            when_there_is_one(async || replica.pool.http2(replica.shared.address, limits).await);
        let sender = match made.await {
            Ok(sender) => sender,
            Err(error) => return Err(not_carried(request, &error)),
        };
        return send_http2(worker, sender, request, progress, ticket).await;
    }
    let bodyless = matches!(request.body(), RequestBody::Empty);
    // Without it hyper takes a GET to have no body, and drops one of unknown length.
    if !bodyless && !request.headers().contains_key(CONTENT_LENGTH) {
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let repeatable = bodyless && is_safe_to_repeat(request.method());
    let got = when_there_is_one(async || {
        let idle = if fresh { None } else { replica.pool.take(repeatable) };
        match idle {
            Some(connection) => Ok(connection),
            None => Connection::open(replica.shared.address, limits).await,
        }
    });
    let connection = match got.await {
        Ok(connection) => connection,
        Err(error) => return Err(not_carried(request, &error)),
    };
    let spare = (connection.reused && repeatable).then(|| copy_of(&request));
    let mut lease = connection;
    lease.answered.store(false, Relaxed);
    let sending = lease.sender.try_send_request(request);
    let result = wait(worker, sending, progress, ticket.started()).await;
    let answered = lease.answered.load(Relaxed);
    match result {
        Some(Ok(response)) if is_framed_well(&response) => {
            Ok((response, Some(Lease::new(&replica.pool, lease))))
        }
        Some(Ok(_)) => Err(Failure::Final { refusal: Refusal::BadAnswer, to_blame: Blame::Answer }),
        Some(Err(error)) => {
            let stale = lease.reused && !answered;
            Err(failure(error, spare, stale, progress))
        }
        None => Err(late(progress)),
    }
}

/// Whether router and client cannot disagree on where the answer's body ends.
fn is_framed_well(response: &Response<Incoming>) -> bool {
    let fields = response.headers();
    let chunks = response.version() == Version::HTTP_11 || !fields.contains_key(TRANSFER_ENCODING);
    chunks && fields::is_framed_once(fields)
}

async fn send_http2(
    worker: &Worker,
    mut sender: hyper::client::conn::http2::SendRequest<RequestBody>,
    mut request: Request<RequestBody>,
    progress: &Progress,
    ticket: &Ticket,
) -> Result<(Response<Incoming>, Option<Lease>), Failure> {
    to_absolute_form(&mut request);
    let sending = sender.try_send_request(request);
    match wait(worker, sending, progress, ticket.started()).await {
        Some(Ok(response)) => Ok((response, None)),
        Some(Err(error)) => Err(failure(error, None, true, progress)),
        None => Err(late(progress)),
    }
}

/// HTTP/2 carries scheme and host beside the path.
fn to_absolute_form(request: &mut Request<RequestBody>) {
    let host = request.headers_mut().remove(hyper::header::HOST);
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(hyper::http::uri::Scheme::HTTP);
    parts.authority =
        host.and_then(|host| host.to_str().ok()?.parse().ok()).or_else(|| "localhost".parse().ok());
    if let Ok(uri) = hyper::Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// Waits for the answer's head: so long from when the replica has the request, and no longer
/// than a stalled body is waited for before that. None when it took too long.
async fn wait<T>(
    worker: &Worker,
    sending: impl Future<Output = T>,
    progress: &Progress,
    started: Instant,
) -> Option<T> {
    let limits = &worker.shared.settings.limits;
    let mut sending = std::pin::pin!(sending);
    loop {
        let deadline = deadline(progress, started, limits.answer_timeout, limits.stall_timeout);
        let now = Instant::now();
        if deadline <= now {
            return None;
        }
        // While a body is on its way the deadline moves with it.
        let look_again = match progress.state() {
            BodyState::Done => deadline,
            _ => deadline.min(now + limits.stall_timeout),
        };
        tokio::select! {
            biased;
            result = &mut sending => return Some(result),
            () = sleep_until(look_again.into()) => {}
        }
    }
}

fn deadline(progress: &Progress, started: Instant, answer: Duration, stall: Duration) -> Instant {
    match progress.state() {
        BodyState::Reading => progress.moved() + stall,
        _ => progress.moved().max(started) + answer,
    }
}

fn late(progress: &Progress) -> Failure {
    if progress.state() == BodyState::Reading {
        Failure::Final { refusal: Refusal::ClientStalled, to_blame: Blame::Client }
    } else {
        Failure::Final { refusal: Refusal::Timeout, to_blame: Blame::Answer }
    }
}

fn not_carried(request: Request<RequestBody>, error: &io::Error) -> Failure {
    Failure::NotCarried { request: Box::new(request), how: NotCarried::because(error) }
}

/// Sorts out what a failed send means. `spare` is a copy of a request that may be repeated, and
/// `stale` says that the connection was an idle one on which nothing came back.
fn failure(
    mut error: TrySendError<Request<RequestBody>>,
    spare: Option<Request<RequestBody>>,
    stale: bool,
    progress: &Progress,
) -> Failure {
    let unsent = error.take_message();
    let error = error.into_error();
    let client = match progress.state() {
        BodyState::TooLarge => Some(Refusal::BodyTooLarge),
        BodyState::Broken => Some(Refusal::ClientStalled),
        _ => None,
    };
    if let Some(refusal) = client {
        return Failure::Final { refusal, to_blame: Blame::Client };
    }
    let again = unsent.or(spare);
    if let Some(request) = again.filter(|_| stale) {
        return Failure::NotCarried { request: Box::new(request), how: NotCarried::Stale };
    }
    if error.is_parse() {
        return Failure::Final { refusal: Refusal::BadAnswer, to_blame: Blame::Answer };
    }
    // An idle time that was over, most likely, is no reason to eject the replica.
    let to_blame = if stale { Blame::Answer } else { Blame::Connection };
    Failure::Final { refusal: Refusal::Cut, to_blame }
}

/// Methods that mean the same when they are carried twice (RFC 9110, section 9.2.2).
fn is_safe_to_repeat(method: &Method) -> bool {
    method.is_idempotent()
}

fn copy_of(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::Empty);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    copy
}

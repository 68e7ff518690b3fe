use std::{cell::RefCell, convert::Infallible, net::SocketAddr, rc::Rc, sync::Arc};

use hyper::{
    Method, Request, Response, StatusCode, Uri, Version,
    body::{Body as _, Incoming},
    header::{CONNECTION, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, SET_COOKIE},
    http::uri::PathAndQuery,
    upgrade::{self, OnUpgrade},
};

use tidegate_traffic::cookie_value;

use crate::{
    access_log::Line,
    answer_body::AnswerBody,
    exchange::{Answer, Outgoing, exchange},
    fields,
    refusal::Refusal,
    request_body::RequestBody,
    rules::{Ruling, Taken, Wish},
    tee::Tee,
    tunnel,
    view::LocalRoute,
    watch::{Busy, Watch},
    worker::{Open, Worker},
};

const ERROR: HeaderName = HeaderName::from_static("x-tidegate-error");

/// A client's connection, as each of its requests sees it.
#[derive(Debug)]
pub(crate) struct Client {
    worker: Rc<Worker>,
    address: SocketAddr,
    peer: SocketAddr,
    peer_value: HeaderValue,
    watch: Arc<Watch>,
    open: Rc<Open>,
    route: RefCell<(u64, Option<Rc<LocalRoute>>)>,
}

impl Client {
    /// A client at `peer` that came to the listener at `address`.
    pub(crate) fn new(
        worker: &Rc<Worker>,
        address: SocketAddr,
        peer: SocketAddr,
        watch: &Arc<Watch>,
        open: Open,
    ) -> Self {
        Self {
            worker: Rc::clone(worker),
            address,
            peer,
            peer_value: fields::address_value(peer.ip()),
            watch: Arc::clone(watch),
            open: Rc::new(open),
            route: RefCell::new((u64::MAX, None)),
        }
    }

    /// The worker that serves it.
    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Its address, for `X-Forwarded-For`.
    pub(crate) fn peer_value(&self) -> &HeaderValue {
        &self.peer_value
    }

    /// Answers one request.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        let busy = Busy::new(&self.watch);
        let version = request.version();
        let mut line = Line::new(&self.worker, self.peer, request.method(), request.uri());
        let route = self.route();
        let closing = self.worker.shared.is_stopping() || route.is_none();
        let carried = match route {
            Some(route) => self.carry(&route, request).await,
            None => Err(Refusal::NoRoute),
        };
        let mut response = match carried {
            Ok(answer) => {
                if let Some(line) = &mut line {
                    line.answered(&answer.ticket, answer.response.status());
                }
                give(answer, busy, line)
            }
            Err(refusal) => self.refuse(refusal, busy, line),
        };
        if closing && version <= Version::HTTP_11 {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        Ok(response)
    }

    /// The route that holds right now; looked up again only after the table changed.
    pub(crate) fn route(&self) -> Option<Rc<LocalRoute>> {
        let version = self.worker.shared.version();
        let mut cached = self.route.borrow_mut();
        if cached.0 != version {
            *cached = (version, self.worker.route(self.address));
        }
        cached.1.clone()
    }

    async fn carry(
        &self,
        route: &Rc<LocalRoute>,
        mut request: Request<Incoming>,
    ) -> Result<Answer, Refusal> {
        let limits = &self.worker.shared.settings.limits;
        check(&request, limits.head_fields, limits.body_bytes)?;
        let upgrade = wanted_upgrade(&mut request);
        let cookie = route.shared.cookie.as_deref();
        let kept = cookie.and_then(|name| kept_revision(&request, name));
        to_origin_form(&mut request)?;
        let ruling = if route.shared.rules.is_empty() {
            Ruling::default()
        } else {
            route.ruling(&Taken::new(&request))
        };
        self.name_host(&mut request)?;
        let version = request.version();
        if version == Version::HTTP_2 {
            fields::join_cookies(request.headers_mut());
        }
        fields::strip_hop_by_hop(request.headers_mut(), upgrade.is_some());
        fields::forward(request.headers_mut(), &self.peer_value);
        let grpc = version == Version::HTTP_2 && fields::is_grpc(request.headers());
        *request.version_mut() = if grpc { Version::HTTP_2 } else { Version::HTTP_11 };
        let (parts, incoming) = request.into_parts();
        let goals = if grpc || upgrade.is_some() {
            Vec::new()
        } else {
            route.copies(&ruling, self.worker.index)
        };
        let tee = Tee::new(&self.worker.shared, &parts, goals);
        let (body, progress) = RequestBody::new(incoming, limits.body_bytes, tee);
        let outgoing = Outgoing { request: Request::from_parts(parts, body), progress };
        let wish = Wish { sent: ruling.sent.as_ref(), kept: kept.as_deref() };
        let mut answer = exchange(self, Rc::clone(route), wish, outgoing).await?;
        if answer.response.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.switch(&mut answer, upgrade)?;
        } else {
            fields::strip_hop_by_hop(answer.response.headers_mut(), false);
        }
        // The version is this connection's own, not the replica's (RFC 9110, section 2.5).
        *answer.response.version_mut() = Version::HTTP_11;
        set_cookie(&mut answer, wish);
        if let Some(cookie) = ruling.set_cookie() {
            answer.response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(answer)
    }

    /// HTTP/1.1 asks for a `Host`, which HTTP/1.0 and HTTP/2 can leave out: then it is the address
    /// that the client came to (RFC 9112, section 3.3).
    fn name_host(&self, request: &mut Request<Incoming>) -> Result<(), Refusal> {
        match request.headers().get(HOST) {
            Some(host) if fields::is_host(host.as_bytes()) => {}
            Some(_) => return Err(Refusal::BadRequest),
            None => {
                let host = HeaderValue::try_from(self.address.to_string());
                let host = host.map_err(|_| Refusal::BadRequest)?;
                request.headers_mut().insert(HOST, host);
            }
        }
        Ok(())
    }

    /// Goes on as a tunnel, when the client asked for one.
    fn switch(&self, answer: &mut Answer, upgrade: Option<OnUpgrade>) -> Result<(), Refusal> {
        let Some(client) = upgrade else {
            answer.ticket.unanswered();
            return Err(Refusal::BadAnswer);
        };
        fields::strip_hop_by_hop(answer.response.headers_mut(), true);
        let replica = upgrade::on(&mut answer.response);
        answer.ticket.count_now();
        answer.lease = None;
        let stay = tunnel::Stay { _ticket: answer.ticket.split(), _open: Rc::clone(&self.open) };
        let idle = self.worker.shared.settings.limits.tunnel_timeout;
        tunnel::start(client, replica, stay, idle);
        Ok(())
    }

    fn refuse(&self, refusal: Refusal, busy: Busy, mut line: Option<Line>) -> Response<AnswerBody> {
        if let Some(line) = &mut line {
            line.refused(refusal);
        }
        self.worker.count_refusal(refusal);
        let mut response = Response::new(AnswerBody::own(refusal.text(), busy, line));
        *response.status_mut() = refusal.status();
        let fields = response.headers_mut();
        fields.insert(ERROR, HeaderValue::from_static(refusal.reason()));
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if refusal.closes() {
            fields.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn give(answer: Answer, busy: Busy, line: Option<Line>) -> Response<AnswerBody> {
    let (ticket, lease) = (answer.ticket, answer.lease);
    answer.response.map(|body| AnswerBody::of_replica(body, ticket, lease, busy, line))
}

/// Refuses what a reverse proxy does not carry.
fn check(request: &Request<Incoming>, fields: usize, body: u64) -> Result<(), Refusal> {
    if request.method() == Method::CONNECT {
        return Err(Refusal::Unsupported);
    }
    if request.headers().len() > fields {
        return Err(Refusal::HeadTooLarge);
    }
    // RFC 9112, section 3.2: none or several of them is an error, and a way to confuse routing.
    let hosts = request.headers().get_all(HOST).iter().count();
    let needs_host = request.version() == Version::HTTP_11;
    let are_hosts =
        request.headers().get_all(HOST).iter().all(|host| fields::is_host(host.as_bytes()));
    if hosts > 1 || (hosts == 0 && needs_host) || !are_hosts {
        return Err(Refusal::BadRequest);
    }
    if request.headers().keys().any(|name| fields::is_alias(name.as_str().as_bytes())) {
        return Err(Refusal::BadRequest);
    }
    // hyper has dropped a length beside chunks; what is left must be chunks and nothing else, as
    // the replica is told of no other coding.
    if !fields::is_framed_once(request.headers()) {
        return Err(Refusal::Unsupported);
    }
    if request.body().size_hint().lower() > body {
        return Err(Refusal::BodyTooLarge);
    }
    Ok(())
}

fn wanted_upgrade(request: &mut Request<Incoming>) -> Option<OnUpgrade> {
    let wanted = request.version() == Version::HTTP_11
        && request.body().is_end_stream()
        && fields::is_upgrade(request.headers());
    wanted.then(|| upgrade::on(request))
}

fn kept_revision(request: &Request<Incoming>, name: &str) -> Option<String> {
    let cookies = request.headers().get_all(COOKIE).iter();
    cookie_value(cookies.map(HeaderValue::as_bytes), name).map(str::to_owned)
}

/// Leaves the path in the request's target and puts its host into `Host`, which is where
/// HTTP/1.1 carries it (RFC 9112, section 3.2.2: a target's host overrides the field).
fn to_origin_form(request: &mut Request<Incoming>) -> Result<(), Refusal> {
    let uri = request.uri();
    let authority_form = uri.authority().is_some() && uri.scheme().is_none();
    if authority_form || (uri.path() == "*" && request.method() != Method::OPTIONS) {
        return Err(Refusal::BadRequest);
    }
    if let Some(authority) = request.uri().authority() {
        // With user names before the host, readers disagree on which part is the host (RFC 9110,
        // section 4.2.4; RFC 9113, section 8.3.1).
        let host = Some(authority.as_str()).filter(|it| !it.contains('@'));
        let host = host.ok_or(Refusal::BadRequest)?;
        let host = HeaderValue::try_from(host).map_err(|_| Refusal::BadRequest)?;
        request.headers_mut().insert(HOST, host);
    }
    if request.uri().scheme().is_some() || request.uri().authority().is_some() {
        // The path of `http://host#part` says that it is `/` and would be written as nothing.
        let path = request.uri().path_and_query().filter(|path| path.as_str() != "/").cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from(path);
    }
    Ok(())
}

/// Keeps the client with the revision that answered, unless its cookie says that already.
fn set_cookie(answer: &mut Answer, wish: Wish<'_>) {
    let place = answer.ticket.place();
    let route = Rc::clone(answer.ticket.route());
    let Some(destination) = route.destination(place.destination) else {
        return;
    };
    if !wish.binds(&destination.revision) {
        return;
    }
    if let Some(cookie) = &destination.set_cookie {
        let fields = answer.response.headers_mut();
        fields.append(SET_COOKIE, cookie.clone());
    }
}

//! One plain request: to a replica, and its answer back to the client.

use std::{
    future::poll_fn,
    io, mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::{io::AsyncWrite as _, net::TcpStream};

use crate::{
    direct::{Direct, poll_read},
    direct_answer::{self, Framing, Given, Head},
    direct_request::Plain,
    exchange::{
        Blame, NotCarried, SENDS, blame, count_retry, first_place, not_carried_by, place_again,
    },
    mirror,
    pool::{connect, when_there_is_one},
    refusal::Refusal,
    ticket::Ticket,
    view::{LocalReplica, LocalRoute, Place},
};

/// What came of sending a request to a replica.
enum Sent {
    /// Its answer has begun.
    Begun(Begun),
    /// It never saw the request.
    NotCarried(NotCarried),
    /// It may have seen it, and there is no answer.
    Failed(Refusal, Blame),
    /// The client has gone.
    Gone,
}

/// An answer whose head is ready for the client.
struct Begun {
    stream: TcpStream,
    head: Head,
    /// Whether its body has ended too.
    whole: bool,
    /// What the replica has not taken of the request yet.
    rest: Vec<u8>,
}

/// How an answer's body went.
enum Relayed {
    Whole,
    Cut,
    Stalled,
    Gone,
}

/// One send of a request, between polls.
struct Sending<'a> {
    stream: &'a mut TcpStream,
    reused: bool,
    written: usize,
    told: bool,
    /// Read, and part of a head that is not whole yet.
    got: Vec<u8>,
    answered: bool,
    /// What was not written when the answer began.
    rest: Vec<u8>,
}

impl Direct<'_> {
    /// Carries one request, which `out` holds as the replica shall see it. Says whether the
    /// connection goes on.
    pub(crate) async fn carry(&mut self, mut route: Rc<LocalRoute>, plain: &Plain) -> bool {
        let wish = plain.wish();
        self.lay_copies(&route, plain);
        let Some(mut place) = first_place(self.worker, &route, wish) else {
            return self.refuse(Refusal::NoReplica, plain.is_head).await;
        };
        let (mut fresh, mut refused_before) = (false, false);
        for _ in 0..SENDS {
            let mut ticket = Ticket::new(self.worker, &route, place);
            let Some(replica) = route.replica(place) else { break };
            let how = match self.send(&route, replica, place, plain, fresh).await {
                Sent::Begun(begun) => return self.relay(begun, ticket, replica).await,
                Sent::Gone => return false,
                Sent::Failed(refusal, to_blame) => {
                    blame(&mut ticket, to_blame);
                    drop(ticket);
                    return self.refuse(refusal, plain.is_head).await;
                }
                Sent::NotCarried(how) => how,
            };
            not_carried_by(&mut ticket, how);
            drop(ticket);
            if how == NotCarried::Exhausted {
                return self.refuse(Refusal::Exhausted, plain.is_head).await;
            }
            if how == NotCarried::Refused && mem::replace(&mut refused_before, true) {
                break;
            }
            fresh |= how == NotCarried::Stale;
            match place_again(self.client, &mut route, wish, place, how) {
                Some(again) => place = again,
                None => break,
            }
            count_retry(self.worker);
        }
        self.refuse(Refusal::Refused, plain.is_head).await
    }

    /// Lays down copies of the request, when rules ask for them.
    fn lay_copies(&self, route: &LocalRoute, plain: &Plain) {
        let mirror = &self.worker.shared.mirror;
        for goal in route.copies(&plain.ruling, self.worker.index) {
            match mirror::marked(&self.out, plain.body) {
                Some(copy) => mirror.offer(copy, plain.is_head, goal, mirror.room()),
                None => goal.drop_copy(),
            }
        }
    }

    async fn send(
        &mut self,
        route: &LocalRoute,
        replica: &LocalReplica,
        place: Place,
        plain: &Plain,
        fresh: bool,
    ) -> Sent {
        let patience = self.worker.shared.settings.limits.connect_timeout;
        let got = when_there_is_one(async || {
            let idle = if fresh { None } else { take_idle(replica, plain.repeatable).await };
            match idle {
                Some(stream) => Ok((stream, true)),
                None => Ok((connect(replica.shared.address, patience).await?, false)),
            }
        });
        let (mut stream, reused) = match got.await {
            Ok(got) => got,
            Err(error) => return Sent::NotCarried(NotCarried::because(&error)),
        };
        let mut sending = Sending {
            stream: &mut stream,
            reused,
            written: 0,
            told: false,
            got: Vec::new(),
            answered: false,
            rest: Vec::new(),
        };
        let answer = poll_fn(|cx| self.poll_answer(cx, &mut sending, route, place, plain)).await;
        self.watch.waits(false);
        let rest = sending.rest;
        match answer {
            Ok((head, whole)) => Sent::Begun(Begun { stream, head, whole, rest }),
            Err(sent) => sent,
        }
    }

    /// Writes the request and waits for the head of the answer, which is then in `out`.
    fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        sending: &mut Sending<'_>,
        route: &LocalRoute,
        place: Place,
        plain: &Plain,
    ) -> Poll<Result<(Head, bool), Sent>> {
        if let Poll::Ready(Err(_)) = self.poll_request(cx, sending) {
            return Poll::Ready(Err(sending.cut(plain)));
        }
        let worker = self.worker;
        let mut scratch = worker.scratch.borrow_mut();
        loop {
            let Poll::Ready(read) = poll_read(sending.stream, cx, &mut scratch) else {
                if self.is_gone(cx) {
                    return Poll::Ready(Err(Sent::Gone));
                }
                ready!(self.watch.poll_expired(cx));
                return Poll::Ready(Err(Sent::Failed(Refusal::Timeout, Blame::Answer)));
            };
            let bytes = match read {
                Ok(bytes) if !bytes.is_empty() => bytes,
                _ => return Poll::Ready(Err(sending.cut(plain))),
            };
            sending.answered = true;
            let looked = if sending.got.is_empty() {
                self.look_at(bytes, sending, route, place, plain)
            } else {
                let mut all = mem::take(&mut sending.got);
                all.extend_from_slice(bytes);
                self.look_at(&all, sending, route, place, plain)
            };
            match looked {
                Ok(None) => {}
                Ok(Some(begun)) => return Poll::Ready(Ok(begun)),
                Err(sent) => return Poll::Ready(Err(sent)),
            }
        }
    }

    fn poll_request(
        &mut self,
        cx: &mut Context<'_>,
        sending: &mut Sending<'_>,
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self.out.get(sending.written..).filter(|it| !it.is_empty()) {
            sending.written += ready!(Pin::new(&mut *sending.stream).poll_write(cx, rest))?;
        }
        if !sending.told {
            sending.told = true;
            self.watch.waits(true);
        }
        Poll::Ready(Ok(()))
    }

    /// Looks for the head of the answer; keeps what is not whole. When it is there, `out` holds
    /// it as the client shall see it, with as much of its body as came along.
    fn look_at(
        &mut self,
        mut bytes: &[u8],
        sending: &mut Sending<'_>,
        route: &LocalRoute,
        place: Place,
        plain: &Plain,
    ) -> Result<Option<(Head, bool)>, Sent> {
        let nonsense = Err(Sent::Failed(Refusal::BadAnswer, Blame::Answer));
        let limits = &self.worker.shared.settings.limits;
        loop {
            if bytes.is_empty() {
                return Ok(None);
            }
            let cookie = route
                .destination(place.destination)
                .filter(|it| it.set_cookie.is_some() && plain.wish().binds(&it.revision));
            let cookie = cookie.and_then(|it| it.set_cookie.as_ref());
            let number = plain.ruling.set_cookie();
            let cookies = [cookie, number.as_ref()];
            let most = limits.head_fields;
            if !sending.told {
                // The head of the answer is about to take the request's place.
                sending.rest = self.out.get(sending.written..).unwrap_or_default().to_vec();
            }
            match direct_answer::look(bytes, plain.is_head, most, cookies, &mut self.out) {
                Given::Nonsense => return nonsense,
                Given::Part if bytes.len() > limits.head_bytes => return nonsense,
                Given::Part => {
                    sending.got = bytes.to_vec();
                    return Ok(None);
                }
                Given::Interim(length) => bytes = bytes.get(length..).unwrap_or_default(),
                Given::Head(mut head) => {
                    self.out.extend_from_slice(b"\r\n");
                    let body = bytes.get(head.length..).unwrap_or_default();
                    let Ok((used, whole)) = head.framing.feed(body) else { return nonsense };
                    head.reusable &= used == body.len() && sending.rest.is_empty();
                    self.out.extend_from_slice(body.get(..used).unwrap_or_default());
                    return Ok(Some((head, whole)));
                }
            }
        }
    }

    /// Passes the answer on to its end.
    async fn relay(
        &mut self,
        mut begun: Begun,
        mut ticket: Ticket,
        replica: &LocalReplica,
    ) -> bool {
        ticket.head_of(begun.head.status);
        let mut written = 0;
        let relayed = poll_fn(|cx| self.poll_relay(cx, &mut begun, &mut written)).await;
        let Begun { stream, head, .. } = begun;
        match relayed {
            Relayed::Whole => {
                ticket.whole();
                if head.reusable {
                    replica.pool.keep_plain(stream, Instant::now());
                }
                head.framing != Framing::Close
            }
            Relayed::Gone => false,
            Relayed::Cut | Relayed::Stalled => {
                let cut = matches!(relayed, Relayed::Cut);
                blame(&mut ticket, if cut { Blame::Connection } else { Blame::Answer });
                // A body that ends with its connection must not look whole.
                let _ = self.stream.set_zero_linger();
                false
            }
        }
    }

    fn poll_relay(
        &mut self,
        cx: &mut Context<'_>,
        begun: &mut Begun,
        written: &mut usize,
    ) -> Poll<Relayed> {
        if !begun.rest.is_empty() {
            begun.poll_rest(cx);
        }
        let Begun { stream, head, whole, .. } = begun;
        let worker = self.worker;
        let mut scratch = None;
        loop {
            if ready!(self.poll_flush(cx, written)).is_err() {
                return Poll::Ready(Relayed::Gone);
            }
            if *whole {
                return Poll::Ready(Relayed::Whole);
            }
            let scratch = scratch.get_or_insert_with(|| worker.scratch.borrow_mut());
            let Poll::Ready(read) = poll_read(stream, cx, scratch) else {
                if self.is_gone(cx) {
                    return Poll::Ready(Relayed::Gone);
                }
                ready!(self.watch.poll_expired(cx));
                return Poll::Ready(Relayed::Stalled);
            };
            self.watch.touch();
            let Ok(bytes) = read else { return Poll::Ready(Relayed::Cut) };
            if bytes.is_empty() {
                let at_end = head.framing == Framing::Close;
                return Poll::Ready(if at_end { Relayed::Whole } else { Relayed::Cut });
            }
            let Ok((used, ended)) = head.framing.feed(bytes) else {
                return Poll::Ready(Relayed::Cut);
            };
            head.reusable &= used == bytes.len();
            *whole = ended;
            let body = bytes.get(..used).unwrap_or_default();
            if self.write_through(cx, body, written).is_err() {
                return Poll::Ready(Relayed::Gone);
            }
        }
    }

    /// Writes `body` to the client; what it does not take now is kept in `out`.
    fn write_through(
        &mut self,
        cx: &mut Context<'_>,
        body: &[u8],
        written: &mut usize,
    ) -> io::Result<()> {
        self.out.clear();
        *written = 0;
        let taken = match Pin::new(&mut self.stream).poll_write(cx, body) {
            Poll::Ready(count) => count?,
            Poll::Pending => 0,
        };
        self.out.extend_from_slice(body.get(taken..).unwrap_or_default());
        Ok(())
    }
}

impl Begun {
    /// Writes on what the replica did not take before it began to answer: it may need the whole
    /// request to end its answer.
    fn poll_rest(&mut self, cx: &mut Context<'_>) {
        while !self.rest.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.rest) {
                Poll::Ready(Ok(count @ 1..)) => drop(self.rest.drain(..count)),
                // It takes no more, and may end its answer all the same.
                Poll::Ready(_) => self.rest.clear(),
                Poll::Pending => return,
            }
        }
    }
}

impl Sending<'_> {
    /// What it means that the connection ended before the head was whole.
    fn cut(&self, plain: &Plain) -> Sent {
        let was_idle = self.reused && !self.answered;
        if was_idle && (plain.repeatable || self.written == 0) {
            Sent::NotCarried(NotCarried::Stale)
        } else if was_idle {
            // Most likely an idle time that was over, which is no reason to eject the replica.
            Sent::Failed(Refusal::Cut, Blame::Answer)
        } else {
            Sent::Failed(Refusal::Cut, Blame::Connection)
        }
    }
}

/// An idle connection that is not known to be closed.
async fn take_idle(replica: &LocalReplica, repeatable: bool) -> Option<TcpStream> {
    loop {
        let mut stream = replica.pool.take_plain(repeatable)?;
        let mut byte = [0];
        let quiet =
            |cx: &mut Context<'_>| Poll::Ready(poll_read(&mut stream, cx, &mut byte).is_pending());
        if poll_fn(quiet).await {
            return Some(stream);
        }
    }
}

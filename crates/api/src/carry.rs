//! One connection, from its greeting to its end.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::header::HOST,
};
use hyper::{
    Request, Response,
    body::{Frame, Incoming, SizeHint},
    header::HeaderValue,
    server::conn::{http1, http2},
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::{Instant, Sleep, sleep, sleep_until},
};

use crate::{
    access::refusals::Source,
    connections::{Asked, Seat, Taken},
    limits::{BUFFER, HEADER_LIST, Limits, STREAM_BUFFER, STREAM_WINDOW, STREAMS},
    listen::Speech,
    routes::Watches,
};

/// What a connection is carried with.
pub(crate) struct Carrying {
    pub(crate) routes: Router,
    pub(crate) source: Source,
    pub(crate) taken: Taken,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Answers the requests of one connection until it ends, has to give way, does not do its part, or the server stops.
pub(crate) async fn carry<S>(
    greeting: impl Future<Output = io::Result<(S, Speech)>>,
    carrying: Carrying,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Carrying { routes, source, taken, stopping } = carrying;
    let limits = taken.all.limits();
    let seat = Arc::clone(&taken.seat);
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(limits.greeting, greeting) => greeted,
        () = taken.seat.leave.notified() => return,
        () = stopped(stopping.clone()) => return,
    };
    let (stream, speech) = match greeted {
        Ok(Ok(greeted)) => greeted,
        Ok(Err(error)) => return tracing::debug!(%error, "a client was not understood"),
        Err(_) => return given_up(&taken, "greeting"),
    };
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(source);
        with_host(&mut request);
        let asked = seat.ask();
        let answer = routes.call(request);
        async move { answer.await.map(|answer| Sent::of(answer, asked, speech)) }
    });
    let stream = TokioIo::new(Patient::new(stream, limits.write));
    match speech {
        Speech::Http1 => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.header)
                .max_buf_size(BUFFER)
                .serve_connection(stream, service);
            until_over(connection, &taken, stopping).await;
        }
        Speech::Http2 => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(STREAMS)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(STREAM_WINDOW * 4)
                .max_send_buf_size(STREAM_BUFFER)
                .max_header_list_size(HEADER_LIST)
                .keep_alive_interval(limits.write)
                .keep_alive_timeout(limits.write)
                .serve_connection(stream, service);
            until_over(connection, &taken, stopping).await;
        }
    }
}

/// HTTP/2 names the host beside the address; what looks at it looks at the header field.
fn with_host(request: &mut Request<Incoming>) {
    let named = request.uri().authority().map(|named| named.as_str().to_owned());
    if request.headers().contains_key(HOST) {
        return;
    }
    if let Some(host) = named.and_then(|named| HeaderValue::try_from(named).ok()) {
        request.headers_mut().insert(HOST, host);
    }
}

/// A connection that can be asked to end.
trait Ends: Future<Output = hyper::Result<()>> {
    /// Ends it after what is on its way.
    fn end(self: Pin<&mut Self>);
}

impl<I, S> Ends for http1::Connection<I, S>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<Incoming>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S::ResBody: HttpBody + 'static,
    <S::ResBody as HttpBody>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, E> Ends for http2::Connection<I, S, E>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<Incoming>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S::ResBody: HttpBody + 'static,
    <S::ResBody as HttpBody>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: hyper::rt::bounds::Http2ServerConnExec<S::Future, S::ResBody>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn until_over(connection: impl Ends, taken: &Taken, stopping: watch::Receiver<bool>) {
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = taken.seat.leave.notified() => return,
        () = over(&taken.seat, taken.all.limits()) => return given_up(taken, "client"),
        () = stopped(stopping) => {
            connection.as_mut().end();
            connection.await
        }
    };
    match ended {
        Ok(()) => {}
        Err(error) if error.is_timeout() || is_timed_out(&error) => given_up(taken, "client"),
        Err(error) => tracing::debug!(%error, "a client's connection ended early"),
    }
}

fn is_timed_out(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|it| it.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

fn given_up(taken: &Taken, what: &str) {
    taken.all.counts.given_up.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    tracing::debug!(what, "a connection took too long and was given up");
}

/// Returns once the connection does not do its part.
async fn over(seat: &Seat, limits: &Limits) {
    let period = limits.write.min(limits.idle) / 4;
    loop {
        sleep(period.max(Duration::from_millis(1))).await;
        if seat.is_over(limits) {
            return;
        }
    }
}

/// Returns once the server stops.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the server is gone, which is a stop as well.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// The body of an answer, which knows whether its client takes it.
struct Sent {
    body: Body,
    asked: Asked,
    /// What is given at once, in bytes.
    piece: usize,
    /// What is left of what the body gave.
    rest: Bytes,
    /// Of who watches.
    _place: Option<Watches>,
}

impl Sent {
    /// In HTTP/2, whatever is given is kept until the client takes it, and counts as sent: so it is given in pieces, and
    /// of a client that takes nothing it is known.
    fn of(mut answer: Response<Body>, asked: Asked, speech: Speech) -> Response<Self> {
        let place = answer.extensions_mut().remove();
        let piece = if speech == Speech::Http2 { STREAM_BUFFER } else { usize::MAX };
        answer.map(|body| Self { body, asked, piece, rest: Bytes::new(), _place: place })
    }

    fn give(&mut self, mut data: Bytes) -> Frame<Bytes> {
        self.asked.gave();
        self.rest = data.split_off(data.len().min(self.piece));
        Frame::data(data)
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(self.give(rest))));
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let frame = match frame.into_data() {
                    Ok(data) => self.give(data),
                    Err(trailers) => trailers,
                };
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Pending => {
                self.asked.waits();
                Poll::Pending
            }
            ended @ Poll::Ready(_) => ended,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    /// What the body itself says, and what is left of its last piece.
    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(of_body.lower().saturating_add(rest));
        hint
    }
}

/// A connection whose other end has to take what is sent, within a limit.
struct Patient<S> {
    stream: S,
    limit: Duration,
    waits: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    const fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waits: None }
    }

    /// What a write came to, or that it took too long.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let limit = self.limit;
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(waits.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, shut)
    }
}

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{
    direct::{self, Left},
    exec::StreamExec,
    proxy::Client,
    settings::Limits,
    watch::{Phase, Watch},
    wire::Downstream,
    worker::{Open, Worker},
};

/// Streams of one HTTP/2 connection: what browsers and gRPC clients expect, several times over.
const STREAMS: u32 = 256;

/// Bytes of one stream's answer that wait for a client that does not read: all streams of a
/// connection together wait with 16 MiB at most.
const STREAM_BUFFER: usize = 64 * 1024;

/// hyper takes no smaller buffer.
pub(crate) const MIN_BUFFER: usize = 8 * 1024;

/// Serves one client's connection, in the version that it begins to speak, until it ends.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    stream: TcpStream,
    (address, peer): (SocketAddr, SocketAddr),
    watch: Arc<Watch>,
    open: Open,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let client = Rc::new(Client::new(worker, address, peer, &watch, open));
    let left = direct::serve(&client, stream, &watch).await;
    let Left::ToHyper { stream, first, http2 } = left else { return };
    let io = TokioIo::new(Downstream { stream, first: first.into(), watch: Arc::clone(&watch) });
    let limits = &worker.shared.settings.limits;
    // On the heap, so that a connection that never gets here does not hold room for it.
    if http2 {
        watch.is_multiplexed();
        Box::pin(serve_http2(io, client, &watch, limits)).await;
    } else {
        Box::pin(serve_http1(io, client, &watch, limits)).await;
    }
}

async fn serve_http1(io: TokioIo<Downstream>, client: Rc<Client>, watch: &Watch, limits: &Limits) {
    let service = service_fn(move |request| {
        let client = Rc::clone(&client);
        async move { client.answer(request).await }
    });
    // The date is the replica's to tell; the direct path adds none either.
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .max_headers(limits.head_fields)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(MIN_BUFFER))
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Some(ended),
        () = watch.closed() => None,
    };
    if let Some(Err(error)) = &ended {
        tracing::debug!(%error, "a client's connection broke");
    }
    // A request that is just being answered is let to its end; anything else is closed at once.
    if ended.is_none() && watch.phase().0 == Phase::Busy {
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            biased;
            _ = connection => {}
            () = watch.closed() => {}
        }
    }
}

async fn serve_http2(io: TokioIo<Downstream>, client: Rc<Client>, watch: &Watch, limits: &Limits) {
    let exec = StreamExec(Rc::clone(client.worker()));
    let service = service_fn(move |request| {
        let client = Rc::clone(&client);
        async move { client.answer(request).await }
    });
    let connection = http2::Builder::new(exec)
        .auto_date_header(false)
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(STREAM_BUFFER)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = watch.closed() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        _ = connection => {}
        () = watch.closed() => {}
    }
}

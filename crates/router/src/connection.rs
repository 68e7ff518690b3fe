use std::{net::SocketAddr, rc::Rc, sync::Arc};

use bytes::{Bytes, BytesMut};
use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncReadExt as _, net::TcpStream};

use crate::{
    exec::LocalExec,
    proxy::Client,
    settings::Limits,
    wire::{Downstream, Phase, Watch, is_http2},
    worker::{Open, Worker},
};

/// Streams of one HTTP/2 connection: what browsers and gRPC clients expect, several times over.
const STREAMS: u32 = 256;

/// Serves one client's connection, in the version that it begins to speak, until it ends.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    mut stream: TcpStream,
    (address, peer): (SocketAddr, SocketAddr),
    watch: Arc<Watch>,
    open: Open,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let first = tokio::select! {
        first = first_bytes(&mut stream, &watch) => first,
        () = watch.close.notified() => return,
    };
    let Some((first, http2)) = first else { return };
    let client = Rc::new(Client::new(worker, address, peer, &watch, open));
    let io = TokioIo::new(Downstream { stream, first, watch: Arc::clone(&watch) });
    let limits = &worker.shared.settings.limits;
    if http2 {
        watch.is_multiplexed();
        serve_http2(io, client, &watch, limits).await;
    } else {
        serve_http1(io, client, &watch, limits).await;
    }
}

/// Reads until it is clear which version the client speaks.
async fn first_bytes(stream: &mut TcpStream, watch: &Watch) -> Option<(Bytes, bool)> {
    let mut bytes = BytesMut::with_capacity(64);
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        watch.began();
        if let Some(http2) = is_http2(&bytes) {
            return Some((bytes.freeze(), http2));
        }
    }
}

async fn serve_http1(io: TokioIo<Downstream>, client: Rc<Client>, watch: &Watch, limits: &Limits) {
    let service = service_fn(move |request| {
        let client = Rc::clone(&client);
        async move { client.answer(request).await }
    });
    let connection = http1::Builder::new()
        .max_headers(limits.head_fields)
        .max_buf_size(limits.head_bytes)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Some(ended),
        () = watch.close.notified() => None,
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
            () = watch.close.notified() => {}
        }
    }
}

async fn serve_http2(io: TokioIo<Downstream>, client: Rc<Client>, watch: &Watch, limits: &Limits) {
    let service = service_fn(move |request| {
        let client = Rc::clone(&client);
        async move { client.answer(request).await }
    });
    let connection = http2::Builder::new(LocalExec)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = watch.close.notified() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        _ = connection => {}
        () = watch.close.notified() => {}
    }
}

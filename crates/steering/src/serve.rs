use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header::CONTENT_TYPE,
    server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tidegate_ports::{Router, RouterError};
use tidegate_traffic::RouteTable;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    time::timeout,
};

/// A table of a thousand listeners with a hundred replicas each stays below.
const TABLE_BYTES: usize = 16 * 1024 * 1024;
/// Orders that are carried out at the same time; more wait.
const ORDERS: usize = 32;
/// Time for one connection to give its order and take the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes orders for `router` on `socket`, for ever. `kind` is what it says it is.
pub async fn serve_orders(socket: UnixListener, router: Arc<dyn Router>, kind: &'static str) {
    let places = Arc::new(Semaphore::new(ORDERS));
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a control connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let router = Arc::clone(&router);
        tokio::spawn(async move {
            // Whoever hangs up early or comes too late is told nothing.
            let _ = timeout(PATIENCE, serve(stream, router, kind)).await;
            drop(place);
        });
    }
}

async fn serve(stream: UnixStream, router: Arc<dyn Router>, kind: &'static str) {
    let service = service_fn(|request| {
        let router = Arc::clone(&router);
        async move { Ok::<_, Infallible>(answer(request, router, kind).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = serving.await {
        tracing::debug!(%error, "a control connection ended early");
    }
}

async fn answer(
    request: Request<Incoming>,
    router: Arc<dyn Router>,
    kind: &'static str,
) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::PUT, "/table") => put_table(request.into_body(), router).await,
        (&Method::GET, "/table") => match router.held().await {
            Ok(Some(table)) => json(StatusCode::OK, &table),
            Ok(None) => text(StatusCode::NOT_FOUND, "it cannot tell\n"),
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        },
        (&Method::GET, "/reading") => match router.read().await {
            Ok(reading) => json(StatusCode::OK, &reading),
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        },
        (&Method::GET, "/healthz") => text(StatusCode::OK, kind),
        (_, "/table" | "/reading" | "/healthz") => {
            text(StatusCode::METHOD_NOT_ALLOWED, "not this method\n")
        }
        _ => text(StatusCode::NOT_FOUND, "no such path\n"),
    }
}

async fn put_table(body: Incoming, router: Arc<dyn Router>) -> Response<Full<Bytes>> {
    let bytes = match Limited::new(body, TABLE_BYTES).collect().await {
        Ok(bytes) => bytes.to_bytes(),
        Err(error) => return text(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
    };
    let table: RouteTable = match serde_json::from_slice(&bytes) {
        Ok(table) => table,
        Err(error) => return text(StatusCode::BAD_REQUEST, error.to_string()),
    };
    // In a task of its own: whoever sent it may go away, and half a table is none.
    match tokio::spawn(async move { router.apply(&table).await }).await {
        Ok(Ok(())) => text(StatusCode::OK, ""),
        Ok(Err(RouterError::Stale { holds, .. })) => json(StatusCode::CONFLICT, &holds),
        Ok(Err(RouterError::Refused(why))) => text(StatusCode::UNPROCESSABLE_ENTITY, why),
        Ok(Err(RouterError::Unreachable(why))) => text(StatusCode::SERVICE_UNAVAILABLE, why),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn json<T: serde::Serialize>(status: StatusCode, value: &T) -> Response<Full<Bytes>> {
    match serde_json::to_vec(value) {
        Ok(body) => answer_of(status, "application/json", body.into()),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    answer_of(status, "text/plain; charset=utf-8", body.into())
}

fn answer_of(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}

#[cfg(test)]
mod tests {
    use tidegate_testkit::{FakeRouter, TokioClock, conformance::held};
    use tidegate_traffic::{Destination, Listener};
    use tidegate_units::{ObjectKey, Owner, Weight};

    use super::*;
    use crate::{RouterClient, claim, open_socket};

    fn table(generation: u64, port: u16) -> RouteTable {
        let key = ObjectKey::new("default", "web");
        let listener = Listener {
            decided: None,
            service: key.clone(),
            address: ([127, 0, 0, 1], port).into(),
            owner: Owner::rollout(&key),
            destinations: vec![Destination {
                revision: "v1".into(),
                owner: None,
                weight: Weight::FULL,
                endpoints: Vec::new(),
            }],
            sticky: None,
            rules: Vec::new(),
        };
        RouteTable { generation: tidegate_units::Generation(generation), listeners: vec![listener] }
    }

    #[tokio::test]
    async fn a_table_is_told_through_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let router = Arc::new(FakeRouter::new(TokioClock::new(), 0.0));
        let _claimed = claim(folder.path()).unwrap();
        let socket = open_socket(folder.path()).unwrap();
        let serving = tokio::spawn(serve_orders(socket, Arc::clone(&router) as _, "fake"));
        let client = RouterClient::new(folder.path());
        held::is_what_it_was_told_last(&client, [&table(7, 8080), &table(9, 8081)]).await;
        router.tells_nothing();
        assert_eq!(client.held().await, Ok(None));
        serving.abort();
    }
}

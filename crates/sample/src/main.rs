//! A small HTTP service to release. Its environment sets how it behaves:
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `PORT` | where it listens | needed |
//! | `HOST` | and at which address | 127.0.0.1 |
//! | `VERSION` | sent back as `x-version` and in the body | `unknown` |
//! | `ERROR_RATE` | share of requests answered with 500, 0 to 1 | 0 |
//! | `LATENCY_P50_MS` | median time to answer, in milliseconds | 0 |
//! | `LATENCY_P90_MS` | its 90th percentile (the times are log-normal) | the median |
//! | `CPU_MS` | milliseconds of CPU burnt for each request | 0 |
//! | `STARTUP_MS` | time until it listens, in milliseconds | 0 |
//! | `PRICE` | this price of an item in the body, beside an id and a time that are always others | none |
//! | `LEAK_BYTES` | memory that each request takes for ever | 0 |
//! | `ENDS` | `obeys`, `ignores-term` (only SIGKILL ends it) or `at-once` (exit code 3 at its start) | `obeys` |
//! | `BODY_BYTES` | length of the answer's body | as it comes |
//!
//! `GET /healthz` always answers 200 at once. SIGTERM lets it finish what it has and end.

mod behaviour;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

use crate::behaviour::{Behaviour, Ending};

/// How long it goes on answering after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// How long it takes nobody in when it could not.
const SHORT: Duration = Duration::from_millis(10);

fn main() -> anyhow::Result<()> {
    let behaviour = Behaviour::from_environment(|name| std::env::var(name).ok())?;
    if behaviour.ending == Ending::AtOnce {
        std::process::exit(3);
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(behaviour))
}

async fn serve(behaviour: Behaviour) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::time::sleep(behaviour.startup).await;
    let address = SocketAddr::new(behaviour.host, behaviour.port);
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let behaviour = Arc::new(behaviour);
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                while connections.try_join_next().is_some() {}
                // A caller that is gone by now, or files that are short, end nobody's service.
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(SHORT).await;
                    continue;
                };
                connections.spawn(connection(stream, Arc::clone(&behaviour), ending.clone()));
            }
            _ = terminate.recv() => {
                if behaviour.ending == Ending::Obeys {
                    break;
                }
            }
        }
    }
    drop(listener);
    end.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    // Whoever is slower than the grace is cut off, as the documentation above says.
    drop(tokio::time::timeout(GRACE, all).await);
    Ok(())
}

async fn connection(
    stream: TcpStream,
    behaviour: Arc<Behaviour>,
    mut ending: watch::Receiver<bool>,
) {
    // Without it answers are only later; a peer that is gone is seen below.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request| answer(request, Arc::clone(&behaviour)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    tokio::select! {
        ended = served.as_mut() => drop(ended),
        _ = ending.changed() => {
            served.as_mut().graceful_shutdown();
            drop(served.await);
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    behaviour: Arc<Behaviour>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/healthz" {
        return Ok(Response::new(Full::new(Bytes::from_static(b"ok\n"))));
    }
    let fate = behaviour.draw();
    tokio::time::sleep(fate.latency).await;
    behaviour.burn();
    behaviour.leak();
    let mut response = Response::new(Full::new(behaviour.body(fate.fails)));
    if fate.fails {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response.headers_mut().insert("x-version", behaviour.version.clone());
    Ok(response)
}

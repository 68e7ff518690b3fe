//! HTTP/2 without TLS, on either side, and gRPC.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Request, Response, Version,
    body::Incoming,
    client::conn::http2::{SendRequest, handshake},
    header::HeaderValue,
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

use crate::{backend::Backend, fixture::World};

pub(crate) async fn client(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(crate) fn request(kind: &str, body: &'static str) -> Request<Full<Bytes>> {
    let builder = Request::post("http://shop.example/greeter/Hello").header("content-type", kind);
    builder.header("te", "trailers").body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

/// A replica as gRPC has them: HTTP/2 only, the outcome in a trailer.
async fn grpc_replica() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(greet);
            let server = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn greet(
    request: Request<Incoming>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>>, Infallible> {
    assert_eq!(request.version(), Version::HTTP_2);
    assert_eq!(request.headers()["te"], "trailers");
    assert_eq!(request.headers()["x-forwarded-for"], "127.0.0.1");
    assert_eq!(request.uri().authority().unwrap(), "shop.example");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(body).with_trailers(async move { Some(Ok(trailers)) });
    let response = Response::builder().header("content-type", "application/grpc");
    Ok(response.body(body).unwrap())
}

#[tokio::test]
async fn grpc_passes_with_its_trailers_and_many_streams_at_a_time() {
    let mut world = World::new();
    world.apply(&[("r", 100, &[grpc_replica().await])]).await;
    let sender = client(world.listen).await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let mut sender = sender.clone();
            tokio::spawn(async move {
                let answer = sender.send_request(request("application/grpc", "hi")).await.unwrap();
                assert_eq!(answer.status(), 200);
                let whole = answer.into_body().collect().await.unwrap();
                assert_eq!(whole.trailers().unwrap()["grpc-status"], "0");
                assert_eq!(whole.to_bytes(), "hi");
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let tally = world.tally("r").await;
    assert_eq!(tally.total.by_class, [0, 20, 0, 0, 0]);
    assert!(tally.in_flight.is_empty());
}

#[tokio::test]
async fn an_http2_client_reaches_a_replica_that_speaks_http_1() {
    let echo = Backend::echoing().await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[echo.address])]).await;
    let mut sender = client(world.listen).await;
    let answer = sender.send_request(request("text/plain", "hello")).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let seen = String::from_utf8_lossy(&body).to_ascii_lowercase();
    assert!(seen.starts_with("post /greeter/hello http/1.1\r\n"), "{seen}");
    assert!(seen.contains("host: shop.example\r\n") && seen.ends_with("hello"), "{seen}");
}

#[tokio::test]
async fn a_grpc_replica_that_is_gone_is_told() {
    let mut world = World::new();
    world.apply(&[("r", 100, &[crate::fixture::free_address()])]).await;
    let mut sender = client(world.listen).await;
    let answer = sender.send_request(request("application/grpc", "hi")).await.unwrap();
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.headers()["x-tidegate-error"], "connection-refused");
    assert_eq!(world.tally("r").await.total.unanswered, 1);
}

#[tokio::test]
async fn an_http2_connection_ends_with_its_router() {
    let replica = Backend::named("ok").await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[replica.address])]).await;
    let mut sender = client(world.listen).await;
    sender.send_request(request("text/plain", "")).await.unwrap();
    let router = world.router.take().unwrap();
    tokio::task::spawn_blocking(|| router.stop()).await.unwrap();
    assert!(sender.send_request(request("text/plain", "")).await.is_err());
}

/// RFC 9113, section 8.2.3: an HTTP/1.1 replica gets one `Cookie`. And it gets a `GET`'s body.
#[tokio::test]
async fn a_request_of_http2_is_made_one_of_http_1() {
    let echo = Backend::echoing().await;
    let mut world = World::new();
    world.apply(&[("r", 100, &[echo.address])]).await;
    let mut sender = client(world.listen).await;
    let request =
        Request::get("http://shop.example/").header("cookie", "a=1").header("cookie", "b=2");
    let request = request.header("content-type", "application/grpc-web+proto");
    let body = Full::new(Bytes::from_static(b"hello"));
    let answer = sender.send_request(request.body(body).unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let seen = String::from_utf8_lossy(&body).to_ascii_lowercase();
    assert!(seen.contains("cookie: a=1; b=2\r\n"), "{seen}");
    assert!(seen.contains("hello"), "{seen}");
}

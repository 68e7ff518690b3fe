use std::convert::Infallible;

use http_body_util::StreamBody;
use hyper::{HeaderMap, body::Frame, server::conn::http2 as server, service::service_fn};
use tokio::net::TcpListener;

use super::*;

/// What the server of a test answers: the HTTP status, the message, the gRPC status and its text.
#[derive(Clone, Copy)]
struct Answer(u16, &'static [u8], Option<&'static str>, &'static str);

const OK: Option<&str> = Some("0");

/// A server that knows the service `web` and answers so for it.
async fn serve(answer: Answer) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let respond = move |request: Request<Incoming>| async move {
                Ok::<_, Infallible>(respond(request, answer).await)
            };
            tokio::spawn(
                server::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service_fn(respond)),
            );
        }
    });
    port
}

async fn respond(
    request: Request<Incoming>,
    Answer(http, message, grpc, why): Answer,
) -> Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>> {
    assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
    assert_eq!(request.headers()["content-type"], "application/grpc");
    let asked = request.into_body().collect().await.unwrap().to_bytes();
    let grpc = match &asked[..] {
        b"\0\0\0\0\x05\x0a\x03web" | b"\0\0\0\0\0" => grpc,
        _ => Some("5"),
    };
    let mut trailers = HeaderMap::new();
    if let Some(grpc) = grpc {
        trailers.insert("grpc-status", grpc.parse().unwrap());
        trailers.insert("grpc-message", why.parse().unwrap());
    }
    let frames = [Frame::data(Bytes::from_static(message)), Frame::trailers(trailers)];
    let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok)));
    Response::builder().status(http).body(body).unwrap()
}

async fn ask(port: u16, service: &str) -> Result<(), String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    check(&Check { host: "127.0.0.1", port, service }, stream).await
}

async fn expect(answer: Answer, told: Result<(), &str>) {
    let port = serve(answer).await;
    assert_eq!(ask(port, "web").await, told.map_err(str::to_owned), "{:?}", answer.1);
    assert_eq!(ask(port, "other").await, Err("it knows no service \"other\"".to_owned()));
}

#[tokio::test]
async fn only_a_server_that_serves_passes() {
    let serving = b"\0\0\0\0\x02\x08\x01";
    expect(Answer(200, serving, OK, ""), Ok(())).await;
    expect(Answer(200, b"\0\0\0\0\x02\x08\x02", OK, ""), Err("it is NOT_SERVING")).await;
    let unknown = Err("it is UNKNOWN whether it serves");
    expect(Answer(200, b"\0\0\0\0\x02\x08\x00", OK, ""), unknown).await;
    expect(Answer(200, b"\0\0\0\0\0", OK, ""), unknown).await;
    expect(
        Answer(200, serving, Some("14"), "away"),
        Err("it answers with the gRPC status 14: away"),
    )
    .await;
    let lacks = Err("it does not have grpc.health.v1.Health");
    expect(Answer(200, b"", Some("12"), ""), lacks).await;
}

#[tokio::test]
async fn the_server_as_a_whole_is_asked_for_by_no_name() {
    let port = serve(Answer(200, b"\0\0\0\0\x02\x08\x01", OK, "")).await;
    assert_eq!(ask(port, "").await, Ok(()));
}

#[tokio::test]
async fn what_is_no_grpc_server_fails() {
    let port = serve(Answer(200, b"\0\0\0\0\x02\x08\x01", None, "")).await;
    assert_eq!(ask(port, "").await, Err("its answer has no gRPC status".to_owned()));
    let port = serve(Answer(404, b"", OK, "")).await;
    let told = ask(port, "").await.unwrap_err();
    assert_eq!(told, "it answers with 404 Not Found, so it is no gRPC server");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let other = tokio::spawn(async move {
        let (stream, _) = silent.accept().await.unwrap();
        drop(stream);
    });
    assert!(ask(port, "").await.is_err());
    other.await.unwrap();
}

#[test]
fn an_answer_is_read_whatever_else_is_in_it() {
    let body = |message: &[u8]| serving(&framed(message));
    assert_eq!(body(b"\x08\x01"), Some(1));
    // A text, a number, eight bytes and four bytes of fields that are not known.
    let more = b"\x12\x02ab\x18\x80\x01\x21\0\0\0\0\0\0\0\0\x2d\0\0\0\0\x08\x02";
    assert_eq!(body(more), Some(2));
    for broken in [
        &b"\x08"[..],
        b"\x0a\x09a",
        b"\x0b",
        b"\x21\0",
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        assert_eq!(body(broken), None, "{broken:?}");
    }
    assert_eq!(serving(b"\0\0\0\0\x05\x08\x01"), None, "cut short");
    assert_eq!(serving(b"\x01\0\0\0\x02\x08\x01"), None, "compressed");
    assert_eq!(serving(b"\0\0\0"), None);
}

#[test]
fn a_long_name_has_its_length_in_two_bytes() {
    let text = "a".repeat(300);
    assert_eq!(question(&text)[..4], *b"\x0a\xac\x02a");
    assert_eq!(question(&text).len(), 303);
}

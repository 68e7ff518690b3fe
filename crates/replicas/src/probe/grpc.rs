//! The question of a gRPC probe: `Check` of `grpc.health.v1.Health`, over HTTP/2 without TLS, as the
//! kubelet asks it. One message of one field each way: they are written and read here by hand.

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{HeaderMap, Request, Response, StatusCode, body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// Whom a probe asks, and of what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// Empty for the server as a whole.
    pub(super) service: &'a str,
}

/// An answer has some ten bytes; one with fields that are not known yet may have more.
const ANSWER: usize = 64 << 10;

/// Asks once on a connection; why it does not serve, if it does not.
pub(super) async fn check(check: &Check<'_>, stream: TcpStream) -> Result<(), String> {
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(told)?;
    let exchange = async {
        let answer = sender.send_request(request(check).map_err(told)?).await.map_err(told)?;
        read(answer, check.service).await
    };
    tokio::select! {
        biased;
        answer = exchange => answer,
        ended = connection => {
            Err(ended.err().map_or_else(|| "it hung up".to_owned(), told))
        }
    }
}

fn told(error: impl std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn request(check: &Check<'_>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let Check { host, port, service } = check;
    Request::post(format!("http://{host}:{port}/grpc.health.v1.Health/Check"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", concat!("tidegate-probe/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(framed(&question(service))))
}

/// `HealthCheckRequest`: its field 1 is the service, and is left out where it is empty.
fn question(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(0x0a);
        put_varint(&mut message, service.len() as u64);
        message.put_slice(service.as_bytes());
    }
    message.freeze()
}

/// A message with what gRPC writes before each: whether it is compressed, and its length.
fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

async fn read(answer: Response<Incoming>, service: &str) -> Result<(), String> {
    let (head, body) = answer.into_parts();
    if head.status != StatusCode::OK {
        return Err(format!("it answers with {}, so it is no gRPC server", head.status));
    }
    let body = Limited::new(body, ANSWER).collect().await.map_err(|error| error.to_string())?;
    // An answer that is nothing but a status has it in its head.
    let status = body.trailers().and_then(status).or_else(|| status(&head.headers));
    match status {
        Some((0, _)) => {}
        Some((5, _)) => return Err(format!("it knows no service {service:?}")),
        Some((12, _)) => return Err("it does not have grpc.health.v1.Health".to_owned()),
        Some((code, why)) => return Err(format!("it answers with the gRPC status {code}: {why}")),
        None => return Err("its answer has no gRPC status".to_owned()),
    }
    match serving(&body.to_bytes()) {
        Some(1) => Ok(()),
        Some(0) => Err("it is UNKNOWN whether it serves".to_owned()),
        Some(2) => Err("it is NOT_SERVING".to_owned()),
        Some(3) => Err(format!("it knows no service {service:?}")),
        Some(other) => Err(format!("it answers with the unknown health {other}")),
        None => Err("its answer cannot be read".to_owned()),
    }
}

fn status(headers: &HeaderMap) -> Option<(u32, String)> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Some((text("grpc-status")?.parse().ok()?, text("grpc-message").unwrap_or_default().to_owned()))
}

/// The field 1 of a `HealthCheckResponse`, an enum; 0 where it is left out.
fn serving(body: &[u8]) -> Option<u64> {
    let (&[compressed, a, b, c, d], message) = body.split_first_chunk::<5>()?;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    let mut rest = message.get(..length).filter(|_| compressed == 0)?;
    let mut serving = 0;
    while !rest.is_empty() {
        let tag = take_varint(&mut rest)?;
        match (tag >> 3, tag & 7) {
            (1, 0) => serving = take_varint(&mut rest)?,
            (_, 0) => drop(take_varint(&mut rest)?),
            (_, 1) => rest = rest.get(8..)?,
            (_, 2) => {
                let length = usize::try_from(take_varint(&mut rest)?).ok()?;
                rest = rest.get(length..)?;
            }
            (_, 5) => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(serving)
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn put_varint(to: &mut BytesMut, mut value: u64) {
    loop {
        let [lowest, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return to.put_u8(lowest & 0x7f);
        }
        to.put_u8(lowest | 0x80);
    }
}

fn take_varint(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;

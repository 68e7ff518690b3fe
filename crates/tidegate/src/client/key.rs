//! The names of changes, by which a server tells one that is asked for again.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use tidegate_api::IDEMPOTENCY_HEADER;

use crate::error::CliError;

/// The header field that names a change.
pub(super) const IDEMPOTENCY: HeaderName = HeaderName::from_static(IDEMPOTENCY_HEADER);
/// A change whose connection broke is asked for so many times more, with its name, so that it is done once.
pub(super) const RETRIES: u32 = 4;
/// A server that is started again is back within a second or two.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// A name that no other change has.
pub(super) fn new_key() -> Result<HeaderValue, CliError> {
    let drawn = getrandom::u64().and_then(|one| Ok((one, getrandom::u64()?)));
    let (one, two) = drawn
        .map_err(|error| CliError::failed("the machine gives no random numbers").because(&error))?;
    HeaderValue::from_str(&format!("{one:016x}{two:016x}"))
        .map_err(|error| CliError::failed("the request cannot be written").because(&error))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
    };

    use tidegate_api::Token;

    use super::*;
    use crate::client::{Client, Endpoint};

    /// The key of a request that arrives.
    fn key_of(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        let mut piece = [0; 1024];
        while !text.windows(4).any(|end| end == b"\r\n\r\n") {
            let count = stream.read(&mut piece).unwrap();
            text.extend_from_slice(&piece[..count]);
        }
        let text = String::from_utf8(text).unwrap();
        let field = text.lines().find_map(|line| line.strip_prefix("idempotency-key: "));
        field.unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_change_whose_connection_broke_is_asked_for_again_by_its_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client {
            endpoint: Endpoint::plain(listener.local_addr().unwrap()),
            public_url: None,
            token: Token::new(&"0123456789abcdef".repeat(4)).unwrap(),
            user: HeaderValue::from_static("ada"),
            mend: String::new(),
        };
        let server = std::thread::spawn(move || {
            let (mut broken, _) = listener.accept().unwrap();
            let first = key_of(&mut broken);
            drop(broken);
            let (mut whole, _) = listener.accept().unwrap();
            let second = key_of(&mut whole);
            whole.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            drop(whole);
            // What changes nothing is not asked for again.
            let (mut other, _) = listener.accept().unwrap();
            (first, second, key_of(&mut other))
        });
        assert!(client.delete("/v1/x").await.unwrap());
        assert!(client.read("/v1/x").await.is_err());
        let (first, second, other) = server.join().unwrap();
        assert_eq!((first.len(), first == second, other.as_str()), (32, true, ""));
    }
}

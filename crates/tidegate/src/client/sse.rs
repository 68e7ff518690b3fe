use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// The largest event that is kept, in bytes: a rollout with a thousand replicas stays below.
const EVENT_LIMIT: usize = 16 * 1024 * 1024;

/// A server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name.
    pub(crate) name: String,
    /// What it carries.
    pub(crate) data: String,
}

/// A stream of events that broke.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// The connection ended early.
    #[error("the stream of events broke off")]
    Broken(#[from] hyper::Error),
    /// Nobody sends such an event in earnest.
    #[error("an event is larger than {} MiB", EVENT_LIMIT / (1024 * 1024))]
    TooLarge,
}

/// The events of an answer, one after the other.
#[derive(Debug)]
pub(crate) struct Events {
    body: Incoming,
    parser: Parser,
}

impl Events {
    pub(crate) fn new(body: Incoming) -> Self {
        Self { body, parser: Parser::default() }
    }

    /// The next event; none at the end. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, StreamError> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(Some(event));
            }
            if self.parser.pending.len() > EVENT_LIMIT {
                return Err(StreamError::TooLarge);
            }
            match self.body.frame().await {
                Some(frame) => {
                    if let Ok(bytes) = frame?.into_data() {
                        self.parser.pending.extend_from_slice(&bytes);
                    }
                }
                None => return Ok(None),
            }
        }
    }
}

/// Cuts bytes into events, as the HTML standard says for `text/event-stream`.
#[derive(Debug, Default)]
struct Parser {
    /// What came and is no whole line yet.
    pending: Vec<u8>,
    name: String,
    data: String,
    has_data: bool,
}

impl Parser {
    fn next(&mut self) -> Option<Event> {
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line = self.pending.drain(..=end).collect::<Vec<_>>();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                if let Some(event) = self.finish() {
                    return Some(event);
                }
            } else {
                self.take(line);
            }
        }
        None
    }

    fn take(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            // Comments (the heartbeat), `id` and `retry` mean nothing here.
            _ => {}
        }
    }

    /// An event without data is none.
    fn finish(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        std::mem::take(&mut self.has_data).then(|| Event {
            name: if name.is_empty() { "message".to_owned() } else { name },
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]], expect: &[(&str, &str)]) {
        let mut parser = Parser::default();
        let mut found = Vec::new();
        for piece in pieces {
            parser.pending.extend_from_slice(piece);
            while let Some(event) = parser.next() {
                found.push((event.name, event.data));
            }
        }
        let found = found.iter().map(|(name, data)| (name.as_str(), data.as_str()));
        assert_eq!(found.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn events_are_cut_at_empty_lines_wherever_the_pieces_end() {
        check(&[b"event: view\ndata: {}\n\n"], &[("view", "{}")]);
        check(
            &[b"event: vi", b"ew\r\nda", b"ta: {\"a\":1}\r", b"\n\r\n"],
            &[("view", "{\"a\":1}")],
        );
        check(&[b"data: a\ndata: b\n\ndata:c\n\n"], &[("message", "a\nb"), ("message", "c")]);
        // A piece may end within a character.
        let (begin, end) = "data: \u{e4}\n\n".as_bytes().split_at(7);
        check(&[begin, end], &[("message", "\u{e4}")]);
    }

    #[test]
    fn heartbeats_and_unfinished_events_are_none() {
        let quiet: [&[u8]; 5] =
            [b":\n\n", b": hello\n\n", b"event: view\n\n", b"retry: 1000\n\n", b"data: x\n"];
        check(&quiet, &[]);
    }
}

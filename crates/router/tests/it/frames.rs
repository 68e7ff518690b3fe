//! HTTP/2 frame by frame, as no honest client writes them.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection that has sent its preface.
pub(crate) struct Frames {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What the other side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An answer's head, as it is on the wire, on a stream.
    Head(u32, Vec<u8>),
    /// So many bytes of an answer, and whether they are the last.
    Data(u32, usize, bool),
    /// A stream was cut, with this error.
    Reset(u32, u32),
    /// The connection ends, with this error.
    GoAway(u32),
    /// Anything else.
    Other(u8),
    /// The connection is closed.
    Closed,
}

/// A field written out, not from a table.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        write_length(&mut bytes, text.len());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn write_length(bytes: &mut Vec<u8>, length: usize) {
    let Some(mut rest) = length.checked_sub(127) else {
        bytes.push(u8::try_from(length).unwrap());
        return;
    };
    bytes.push(127);
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
}

/// Fields written out, one after the other.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name, value)).collect()
}

/// A frame as it is on the wire.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A whole head, after which more follows or not.
pub(crate) fn head(stream: u32, block: &[u8], end: bool) -> Vec<u8> {
    let end = if end { END_STREAM } else { 0 };
    frame(HEADERS, END_HEADERS | end, stream, block)
}

/// A head that is still to be continued.
pub(crate) fn open_head(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_STREAM, stream, block)
}

/// More of a head, which goes on.
pub(crate) fn continuation(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(CONTINUATION, 0, stream, block)
}

/// Bytes of a body.
pub(crate) fn data(stream: u32, bytes: &[u8], end: bool) -> Vec<u8> {
    frame(DATA, if end { END_STREAM } else { 0 }, stream, bytes)
}

/// A request taken back.
pub(crate) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

/// A sign of life.
pub(crate) fn ping() -> Vec<u8> {
    frame(PING, 0, 0, &[0; 8])
}

/// Settings that change nothing.
pub(crate) fn settings(all: &[(u16, u32)]) -> Vec<u8> {
    let payload = all.iter().flat_map(|(name, value)| {
        name.to_be_bytes().into_iter().chain(value.to_be_bytes()).collect::<Vec<_>>()
    });
    frame(SETTINGS, 0, 0, &payload.collect::<Vec<_>>())
}

/// Room for more bytes of an answer.
pub(crate) fn room(stream: u32, bytes: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}

impl Frames {
    /// Begins to speak HTTP/2, with `all` as settings.
    pub(crate) async fn new(mut stream: TcpStream, all: &[(u16, u32)]) -> Self {
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        stream.write_all(&settings(all)).await.unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Sends bytes; says whether the other side still takes them.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// What is said next; settings are acknowledged.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            if let Some(frame) = self.next() {
                let (kind, flags, stream, payload) = frame;
                let number = |at: usize| {
                    let bytes = payload.get(at..at + 4).map(|it| it.try_into().unwrap());
                    u32::from_be_bytes(bytes.unwrap_or_default())
                };
                return match kind {
                    DATA => Heard::Data(stream, payload.len(), flags & END_STREAM != 0),
                    HEADERS => Heard::Head(stream, payload),
                    RST_STREAM => Heard::Reset(stream, number(0)),
                    GOAWAY => Heard::GoAway(number(4)),
                    SETTINGS if flags & ACK == 0 => {
                        let _ = self.send(&frame_ack()).await;
                        continue;
                    }
                    kind => Heard::Other(kind),
                };
            }
            let more = self.stream.read_buf(&mut self.read);
            let more = tokio::time::timeout(Duration::from_secs(20), more).await;
            if !matches!(more.expect("it says nothing more"), Ok(1..)) {
                return Heard::Closed;
            }
        }
    }

    /// What is said until the connection is closed or `last` is heard.
    pub(crate) async fn hear_until(&mut self, last: impl Fn(&Heard) -> bool) -> Vec<Heard> {
        let mut all = Vec::new();
        loop {
            let heard = self.hear().await;
            let over = heard == Heard::Closed || last(&heard);
            all.push(heard);
            if over {
                return all;
            }
        }
    }

    fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let head = self.read.get(..9)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes(head[5..9].try_into().unwrap());
        let payload = self.read.get(9..9 + length)?.to_vec();
        self.read.drain(..9 + length);
        Some((kind, flags, stream, payload))
    }
}

fn frame_ack() -> Vec<u8> {
    frame(SETTINGS, ACK, 0, &[])
}

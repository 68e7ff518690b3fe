//! What one client may ask of the server, each with its reason.

use std::time::Duration;

/// The largest body that is read, in bytes. A manifest of thousands of resources is a few MiB;
/// more would only be a mistake.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// The most ledger entries in one answer. An entry is about 1 KiB, so a page stays near 1 MiB.
pub const LEDGER_PAGE_LIMIT: usize = 1_000;

/// Rollouts in one answer, unless fewer are asked for: a screenful is less, and a script gets most fleets
/// at once.
pub(crate) const ROLLOUT_PAGE: usize = 500;

/// The most rollouts in one answer: with rows of 700 bytes some 7 MiB.
pub const ROLLOUT_PAGE_LIMIT: usize = 10_000;

/// What one connection of HTTP/1 keeps of what it reads, header fields among it, or has yet to send, in bytes:
/// browsers send 8 KiB of header fields at most.
pub(crate) const BUFFER: usize = 64 * 1024;

/// Requests at once on one connection of HTTP/2: a page asks for a dozen.
pub(crate) const STREAMS: u32 = 64;

/// What a client may send of one body in HTTP/2 before it is read, in bytes. A file of manifests takes some rounds
/// of this; what nobody reads costs no more than it.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;

/// What one answer of HTTP/2 has yet to send at most, in bytes, beside the piece that it is made of.
pub(crate) const STREAM_BUFFER: usize = 32 * 1024;

/// The header fields of one request in HTTP/2, in bytes.
pub(crate) const HEADER_LIST: u32 = 32 * 1024;

/// What clients may take of the server together, and how long each of them may take for its part.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time: 1,000 people and programs that watch, each with another connection beside it for
    /// what they ask. Each costs some 13 KiB, so that all of them take 26 MiB.
    pub connections: usize,
    /// Connections of one address at a time, half of them: a proxy or a company has one for all of its people.
    pub per_source: usize,
    /// Watches at a time, three quarters of them: so many that the rest stay for who asks and goes, health
    /// checks among them.
    pub watches: usize,
    /// How long the handshake of TLS may take: some round trips, on a bad network a second.
    pub greeting: Duration,
    /// How long a client may take to send its header fields, or the next request on a connection that it keeps: one
    /// that has something to ask needs milliseconds, and another connection costs no more than that.
    pub header: Duration,
    /// How long a request may take until it is given up, its body and what it asks for, watches apart. An apply of a
    /// large file waits for the disk a few times; nothing else takes longer than a tick of the controller.
    pub request: Duration,
    /// How long a client may take nothing of what is there for it. Less than what browsers and proxies allow a
    /// server, more than a machine that changes networks needs.
    pub write: Duration,
    /// How long a connection is kept that asks for nothing.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_048,
            per_source: 1_024,
            watches: 1_536,
            greeting: Duration::from_secs(10),
            header: Duration::from_secs(10),
            request: Duration::from_secs(30),
            write: Duration::from_secs(30),
            idle: Duration::from_mins(1),
        }
    }
}

/// Between two events of a watch: five a second are as many as a person can follow.
pub(crate) const WATCH_PERIOD: Duration = Duration::from_millis(200);

/// A watch with nothing to tell says so this often, so that a dead peer is noticed.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);

/// When somebody is to come back for whom there was no room to watch.
pub(crate) const WATCH_RETRY: Duration = Duration::from_secs(10);

/// How long open connections may go on after the server was told to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// Webhooks that are read at once, from whoever sends them: each may take memory of a whole body.
pub(crate) const WEBHOOKS_AT_ONCE: usize = 8;

/// How long a webhook may take to arrive, and before that wait for its turn. Forges wait ten seconds
/// for an answer.
pub(crate) const WEBHOOK_PATIENCE: Duration = Duration::from_secs(5);

/// Deliveries of webhooks that are remembered, so that none is taken twice: those of weeks where a
/// team pushes hundreds of times a day, in some 2 MB.
pub(crate) const DELIVERIES_KEPT: usize = 10_000;

/// The longest name of a person that goes into the ledger, in characters.
pub(crate) const NAME_LIMIT: usize = 128;

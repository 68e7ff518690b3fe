use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

/// Header fields that a head can have at most, whatever [`Limits::head_fields`] says.
pub(crate) const MOST_FIELDS: usize = 256;

/// How a router runs. [`RouterSettings::new`] gives the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterSettings {
    /// The data folder; the router keeps `router/table.json` and `router/control.sock` in it.
    pub data: PathBuf,
    /// Threads that carry traffic, one event loop each.
    pub workers: NonZeroUsize,
    /// Where `GET /metrics` answers in Prometheus' text format; nowhere when absent. The address
    /// that was really bound is written to `router/metrics.addr`.
    pub metrics: Option<SocketAddr>,
    /// The file that takes one JSON line for each request; none when absent.
    pub access_log: Option<PathBuf>,
    /// How an ejected replica is asked whether it is back.
    pub probe: Probe,
    /// What a request may take.
    pub limits: Limits,
    /// Whether it takes the place of a router that runs in the folder already, with its sockets and
    /// counts. Where none runs it starts as any other.
    pub take_over: bool,
    /// Which build of the program it is: whoever starts a newer one can ask.
    pub build: String,
}

/// How an ejected replica is asked whether it may have requests again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Probe {
    /// It takes a TCP connection.
    #[default]
    Connect,
    /// It answers `GET` on this path with a status below 500.
    Get(String),
}

/// Bounds on what one client, request or answer can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head, or of an answer's.
    pub head_bytes: usize,
    /// Header fields of a request, or of an answer; no more than 256 in any case.
    pub head_fields: usize,
    /// Bytes of a request's body.
    pub body_bytes: u64,
    /// Time for a client to send a whole head, once its first byte came.
    pub head_timeout: Duration,
    /// Time for a replica to take a connection.
    pub connect_timeout: Duration,
    /// Time for a replica to send its answer's head, once it has the request.
    pub answer_timeout: Duration,
    /// Time without a byte in either direction, within a body.
    pub stall_timeout: Duration,
    /// Time without a byte in either direction, within a tunnel such as a WebSocket.
    pub tunnel_timeout: Duration,
    /// Time that a connection without a request stays open, on either side.
    pub idle_timeout: Duration,
    /// Connections of one listener; more are closed at once.
    pub connections: usize,
    /// Connections of all listeners; never more than the machine's limit on open files allows.
    pub all_connections: usize,
    /// Idle connections that a worker keeps to one replica.
    pub idle_per_replica: usize,
    /// Time for requests to end once the router was told to stop.
    pub drain_timeout: Duration,
    /// Time for what a router still has to end once another has taken its place.
    pub handover_timeout: Duration,
    /// Bytes of the access log before it is rotated; one old file is kept.
    pub access_log_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // What browsers' cookies and large tokens need, several times over.
            head_bytes: 64 * 1024,
            head_fields: 100,
            body_bytes: 100 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            // Replicas are on this machine: what takes longer is not there.
            connect_timeout: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_mins(1),
            // WebSockets are often quiet for minutes.
            tunnel_timeout: Duration::from_hours(1),
            idle_timeout: Duration::from_mins(1),
            connections: 10_000,
            all_connections: usize::MAX,
            idle_per_replica: 256,
            drain_timeout: Duration::from_secs(30),
            // Nobody waits for it, and downloads and WebSockets have the time that a quiet tunnel has.
            handover_timeout: Duration::from_hours(1),
            access_log_bytes: 64 * 1024 * 1024,
        }
    }
}

impl RouterSettings {
    /// A router that keeps its files in `data`, with one worker for each core, no metrics
    /// address, no access log and the default [`Limits`].
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            metrics: None,
            access_log: None,
            probe: Probe::default(),
            limits: Limits::default(),
            take_over: false,
            build: String::new(),
        }
    }

    /// How often connections are looked at: several times within the shortest limit.
    pub(crate) fn beat(&self) -> Duration {
        let limits = &self.limits;
        let shortest = limits.head_timeout.min(limits.stall_timeout);
        let shortest = shortest.min(limits.idle_timeout);
        (shortest / 8).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }
}

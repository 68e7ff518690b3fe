//! A router with its folder, tables for it, and clients.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use tidegate_ports::Router as _;
use tidegate_router::{RouterSettings, RunningRouter, start};
use tidegate_steering::RouterClient;
use tidegate_traffic::{Destination, Endpoint, Listener, RevisionTally, RouteTable, Sticky};
use tidegate_units::{Generation, ObjectKey, Owner, RevisionHash, Weight};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long anything may take that should happen soon. Generous: the machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A router that is stopped when dropped.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) router: Option<RunningRouter>,
    pub(crate) settings: RouterSettings,
    pub(crate) listen: SocketAddr,
    generation: u64,
}

/// A revision's name, its weight and its replicas.
pub(crate) type Share<'a> = (&'a str, u8, &'a [SocketAddr]);

impl World {
    /// A router with one worker and no table.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A router with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut RouterSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = RouterSettings::new(folder.path());
        settings.workers = NonZeroUsize::MIN;
        settings.limits.drain_timeout = Duration::from_secs(5);
        change(&mut settings);
        let router = start(settings.clone()).unwrap();
        Self { folder, router: Some(router), settings, listen: free_address(), generation: 0 }
    }

    pub(crate) fn client(&self) -> RouterClient {
        RouterClient::new(self.folder.path())
    }

    /// A table with one listener.
    pub(crate) fn table(&mut self, shares: &[Share<'_>]) -> RouteTable {
        self.generation += 1;
        RouteTable {
            generation: Generation(self.generation),
            listeners: vec![listener(self.listen, shares)],
        }
    }

    /// Makes the router follow a table with one listener.
    pub(crate) async fn apply(&mut self, shares: &[Share<'_>]) {
        let table = self.table(shares);
        self.client().apply(&table).await.unwrap();
    }

    /// The same, with clients that keep their revision.
    pub(crate) async fn apply_sticky(&mut self, shares: &[Share<'_>]) {
        let mut table = self.table(shares);
        table.listeners[0].sticky =
            Some(Sticky { cookie: "tg".to_owned(), max_age: Duration::from_mins(10) });
        self.client().apply(&table).await.unwrap();
    }

    /// Makes the router follow a table with a listener for each of these replicas, the only one of
    /// revision `r0`, `r1` and so on. Says where they listen.
    pub(crate) async fn apply_lanes(&mut self, replicas: &[SocketAddr]) -> Vec<SocketAddr> {
        let mut table = self.table(&[]);
        let addresses: Vec<_> = replicas.iter().map(|_| free_address()).collect();
        let lanes = addresses.iter().zip(replicas).enumerate();
        table.listeners = lanes
            .map(|(number, (&address, &replica))| {
                listener(address, &[(&format!("r{number}"), 100, &[replica])])
            })
            .collect();
        self.client().apply(&table).await.unwrap();
        addresses
    }

    /// What was counted of a revision. The router counts a request just after its last byte has
    /// left, so this waits a moment for those that are about to end.
    pub(crate) async fn tally(&self, revision: &str) -> RevisionTally {
        let mut tally = self.tally_now(revision).await;
        for _ in 0..500 {
            if tally.in_flight.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            tally = self.tally_now(revision).await;
        }
        tally
    }

    /// What was counted of all revisions, once nothing is in flight any more.
    pub(crate) async fn tallies(&self) -> BTreeMap<RevisionHash, RevisionTally> {
        loop {
            let mut reading = self.client().read().await.unwrap();
            let all = reading.revisions.remove(&Owner::rollout(&key())).unwrap_or_default();
            if all.values().all(|tally| tally.in_flight.is_empty()) {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn tally_now(&self, revision: &str) -> RevisionTally {
        let reading = self.client().read().await.unwrap();
        let all = reading.revisions.get(&Owner::rollout(&key())).cloned().unwrap_or_default();
        all.get(&revision.into()).cloned().unwrap_or_default()
    }

    /// Waits for something to hold of what was counted of a revision.
    pub(crate) async fn until(&self, revision: &str, holds: impl Fn(&RevisionTally) -> bool) {
        let begun = Instant::now();
        while !holds(&self.tally_now(revision).await) {
            assert!(begun.elapsed() < SOON, "{:#?}", self.tally_now(revision).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A new connection to the listener.
    pub(crate) async fn connect(&self) -> Wire {
        Wire::new(self.listen).await
    }

    /// The body of the answer to a `GET` on a connection of its own.
    pub(crate) async fn get(&self) -> String {
        self.connect().await.get().await.body
    }
}

pub(crate) fn key() -> ObjectKey {
    ObjectKey::new("default", "web")
}

pub(crate) fn listener(address: SocketAddr, shares: &[Share<'_>]) -> Listener {
    let destination = |&(revision, weight, addresses): &Share<'_>| Destination {
        revision: revision.into(),
        owner: None,
        weight: Weight::new(weight).unwrap(),
        endpoints: addresses
            .iter()
            .map(|&address| Endpoint {
                replica: format!("{revision}-{}", address.port()).into(),
                address,
            })
            .collect(),
    };
    Listener {
        decided: None,
        service: key(),
        address,
        owner: Owner::rollout(&key()),
        destinations: shares.iter().map(destination).collect(),
        sticky: None,
        rules: vec![],
    }
}

/// An address that nobody listens on, and that no connection of another test takes meanwhile: it has
/// an address of 127.0.0.0/8 of its own, where the machine has those.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let own = Ipv4Addr::new(127, 77 + low % 2, high, 1 + low / 2);
    let socket = std::net::TcpListener::bind((own, 0))
        .or_else(|_| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    socket.unwrap().local_addr().unwrap()
}

/// A client's connection, byte by byte.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
    way: Way,
}

/// How a request goes through the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// On the direct path.
    Direct,
    /// Through hyper, because of a field that the direct path leaves alone.
    Hyper,
}

impl Way {
    pub(crate) const BOTH: [Self; 2] = [Self::Direct, Self::Hyper];

    /// A field that makes a request go this way.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Direct => "",
            Self::Hyper => "te: trailers\r\n",
        }
    }
}

/// An answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a field, lower case names.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Wire {
    pub(crate) async fn new(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            read: Vec::new(),
            way: Way::Direct,
        }
    }

    /// The same connection, whose [`Wire::get`] goes another way.
    pub(crate) fn going(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn get(&mut self) -> Answer {
        self.ask(&format!("GET / HTTP/1.1\r\nhost: web\r\n{}\r\n", self.way.field())).await
    }

    pub(crate) async fn ask(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.answer().await.unwrap()
    }

    /// The next answer; none when the connection was closed before its end.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET").await
    }

    /// The next answer, which has no body when `method` is `HEAD`.
    pub(crate) async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        loop {
            if let Some((answer, length)) = parse(&self.read, method) {
                self.read.drain(..length);
                return Some(answer);
            }
            if self.more().await == 0 {
                return None;
            }
        }
    }

    /// Whether the other side has closed, or does.
    pub(crate) async fn is_closed_soon(&mut self) -> bool {
        self.is_closed_within(SOON).await
    }

    /// Whether the other side has closed, within a time.
    pub(crate) async fn is_closed_within(&mut self, time: Duration) -> bool {
        let closed = async { while self.more().await > 0 {} };
        tokio::time::timeout(time, closed).await.is_ok()
    }

    pub(crate) async fn more(&mut self) -> usize {
        self.stream.read_buf(&mut self.read).await.unwrap_or(0)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.read
    }
}

fn parse(bytes: &[u8], method: &str) -> Option<(Answer, usize)> {
    let text = String::from_utf8_lossy(bytes);
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut answer = Answer {
        status: head.get(9..12)?.parse().unwrap(),
        head: head.to_owned(),
        body: String::new(),
    };
    let start = head.len() + 4;
    if method == "HEAD" || answer.status / 100 == 1 || matches!(answer.status, 204 | 304) {
        return Some((answer, start));
    }
    if let Some(length) = answer.field("content-length") {
        let length: usize = length.parse().unwrap();
        rest.get(..length)?.clone_into(&mut answer.body);
        return Some((answer, start + length));
    }
    if answer.field("transfer-encoding") == Some("chunked") {
        let (body, length) = chunks(rest)?;
        answer.body = body;
        return Some((answer, start + length));
    }
    None
}

/// The body in chunks, and how many bytes it took with its trailers.
fn chunks(text: &str) -> Option<(String, usize)> {
    let (mut body, mut rest) = (String::new(), text);
    loop {
        let (size, after) = rest.split_once("\r\n")?;
        let size = size.split(';').next()?;
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            let end = if after.starts_with("\r\n") { 2 } else { after.find("\r\n\r\n")? + 4 };
            after.get(..end)?;
            return Some((body, text.len() - after.len() + end));
        }
        body.push_str(after.get(..size)?);
        rest = after.get(size + 2..)?;
    }
}

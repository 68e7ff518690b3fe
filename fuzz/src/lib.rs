//! A real router before a replica that the input, or what reads it, speaks for.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    thread,
    time::Duration,
};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tidegate_ports::Router as _;
use tidegate_router::{RouterSettings, RunningRouter, start};
use tidegate_steering::RouterClient;
use tidegate_traffic::{Destination, Endpoint, Listener, RouteTable};
use tidegate_units::{Generation, ObjectKey, Owner, Weight};

pub mod answer;

/// So long nothing moves before the router gives a connection up: long beside a request, short beside
/// a run.
const PATIENCE: Duration = Duration::from_millis(50);
/// So long a connection may stay open that nothing moves on: many times what it should.
const FOREVER: Duration = Duration::from_secs(8);

/// A router, and where it listens.
pub struct World {
    listen: SocketAddr,
    _router: RunningRouter,
    _folder: TempDir,
}

impl World {
    /// With one replica, each connection of which `serve` speaks on.
    pub fn new(serve: fn(TcpStream)) -> Self {
        // As Rust's own `main` has it, which a fuzzer does not call.
        // SAFETY: no handler is set, and no other thread is there yet that could.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
        let replica = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = replica.local_addr().unwrap();
        thread::spawn(move || {
            for stream in replica.incoming().flatten() {
                thread::spawn(move || serve(stream));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let mut settings = RouterSettings::new(folder.path());
        settings.workers = NonZeroUsize::MIN;
        settings.limits.head_timeout = PATIENCE;
        settings.limits.stall_timeout = PATIENCE;
        settings.limits.answer_timeout = PATIENCE;
        settings.limits.tunnel_timeout = PATIENCE;
        settings.limits.idle_timeout = PATIENCE;
        let router = start(settings).unwrap();
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(RouterClient::new(folder.path()).apply(&table(listen, address))).unwrap();
        Self { listen, _router: router, _folder: folder }
    }

    /// A client's connection, from an address that nobody can guess.
    pub fn connect(&self) -> (Client, Ipv4Addr) {
        let part = || fastrand::u8(1..=254);
        loop {
            let own = Ipv4Addr::new(127, part(), part(), part());
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from((own, 0)).into()).unwrap();
            match socket.connect(&self.listen.into()) {
                Ok(()) => return (Client { stream: socket.into(), read: Vec::new() }, own),
                // By the fuzzer's own clock.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => panic!("the router takes no connection: {error}"),
            }
        }
    }
}

fn table(listen: SocketAddr, address: SocketAddr) -> RouteTable {
    let key = ObjectKey::new("default", "web");
    let replica = Endpoint { replica: "one".to_owned().into(), address };
    let destination = Destination {
        revision: "r1".into(),
        owner: None,
        weight: Weight::new(100).unwrap(),
        endpoints: vec![replica],
    };
    let listener = Listener {
        service: key.clone(),
        address: listen,
        owner: Owner::rollout(&key),
        decided: None,
        destinations: vec![destination],
        sticky: None,
        rules: vec![],
    };
    RouteTable { generation: Generation(1), listeners: vec![listener] }
}

/// A client, byte by byte.
pub struct Client {
    stream: TcpStream,
    /// All that it got.
    pub read: Vec<u8>,
}

impl Client {
    /// Sends bytes; a router that has seen enough closes while the rest is still being sent.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Reads until `enough` of what was read. Says whether the connection is still open: one on which
    /// nothing moves for so long is told to be.
    pub fn read_until(&mut self, wait: Duration, enough: impl Fn(&[u8]) -> bool) -> bool {
        self.stream.set_read_timeout(Some(wait)).unwrap();
        let mut buffer = [0; 16 * 1024];
        while !enough(&self.read) {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => self.read.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Closed with what was sent unread, a connection is reset.
                Err(_) => return false,
            }
        }
        true
    }

    /// Says that no more comes, and reads until the router closes.
    pub fn end(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        let open = self.read_until(FOREVER, |_| false);
        assert!(!open, "the router holds a connection open on which nothing moves");
    }

    /// Reads until the router closes or `enough` came.
    pub fn wait_for(&mut self, enough: impl Fn(&[u8]) -> bool) -> bool {
        let open = self.read_until(FOREVER, &enough);
        assert!(!open || enough(&self.read), "the router leaves a request without an answer");
        open
    }
}

/// Bytes as they can be printed.
pub fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

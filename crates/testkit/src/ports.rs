//! Ports for servers that a test starts a moment after it has chosen where.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a fixture fails its test by panicking"
)]

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr as Name, UnixListener},
    },
    process,
    sync::{
        Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

/// Below what servers give to replicas and to Services of their own accord (20,000 on), and below
/// what Linux lends to whoever asks for any port and to outgoing connections (32,768 on).
const PORTS: Range<u16> = 10_000..20_000;

/// A port of 127.0.0.1 that nobody listens on, and that nobody takes by chance while this process
/// lives: whoever else asks here, in this process or another, is given another one.
///
/// A port that the kernel found, and that was let go again for the server to come, may be lent to
/// another before that server is there.
pub fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    static HELD: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    let count = PORTS.end - PORTS.start;
    // Two programs that run at once begin at different places, so that they seldom meet.
    let first = process::id().wrapping_mul(997);
    for _ in PORTS {
        let tried = u32::from(TRIED.fetch_add(1, Ordering::Relaxed));
        let offset = first.wrapping_add(tried) % u32::from(count);
        let port = PORTS.start + u16::try_from(offset).unwrap();
        if let Ok(claim) = claim(port)
            && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        {
            HELD.lock().unwrap().push(claim);
            return port;
        }
    }
    panic!("no port from {} to {} is free", PORTS.start, PORTS.end - 1);
}

/// An address of such a port.
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}

/// Nobody else can make a socket of this name before this one is dropped or its process has ended,
/// however it does. It leaves no file, and is known exactly where the port is: in one network
/// namespace.
fn claim(port: u16) -> io::Result<UnixListener> {
    let name = Name::from_abstract_name(format!("tidegate-test-port-{port}"))?;
    UnixListener::bind_addr(&name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice_though_nobody_listens_on_it() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..50).map(|_| free_port()).collect::<Vec<_>>()))
            .collect();
        let ports: Vec<u16> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let each: BTreeSet<u16> = ports.iter().copied().collect();
        assert_eq!(each.len(), ports.len());
        assert!(ports.iter().all(|port| PORTS.contains(port) && claim(*port).is_err()));
        TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0])).unwrap();
    }

    #[test]
    fn one_that_somebody_listens_on_is_passed_over() {
        let after = || TcpListener::bind((Ipv4Addr::LOCALHOST, free_port() + 1));
        let listener = std::iter::repeat_with(after).find_map(Result::ok).unwrap();
        let taken = listener.local_addr().unwrap();
        assert!((0..20).all(|_| free_address() != taken));
    }
}

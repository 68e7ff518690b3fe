//! Names that only a cluster's own name server knows, and whether this machine knows them.

use std::{
    collections::BTreeSet,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs as _, UdpSocket},
    sync::Mutex,
};

/// Namespaces that monitoring is installed in, and no top-level domain. Any other namespace without
/// a hyphen may be a domain, such as `online` and `internal`: a name in it is asked.
const NAMESPACES: [&str; 10] = [
    "default",
    "istio",
    "kayenta",
    "linkerd",
    "metrics",
    "monitoring",
    "observability",
    "prometheus",
    "spinnaker",
    "telemetry",
];

/// How the C library says that there is no such name: glibc's, musl's and Apple's. The standard
/// library passes on nothing but these words. All other words are those of a lookup that failed.
const NO_SUCH_NAME: [&str; 3] = [
    "Name or service not known",
    "Name does not resolve",
    "nodename nor servname provided, or not known",
];

/// Names that are remembered: far more than a machine has servers of metrics.
const MOST_KNOWN: usize = 1_000;

/// Any address that is in no network of this machine, of RFC 5737 and RFC 3849.
const ELSEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// The names of clusters that this machine knew once: each is a server, whatever a name server
/// says later.
#[derive(Default)]
pub(crate) struct Names(Mutex<BTreeSet<String>>);

/// What came of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Somebody,
    Nobody,
    /// The name server did not answer, or not with a yes or no.
    Unclear,
}

impl Names {
    /// Whether `host` is a name that only a cluster knows, and certainly no server of here.
    pub(crate) async fn is_nobody(&self, host: &str) -> bool {
        if !is_of_a_cluster(host) {
            return false;
        }
        let name = host.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            found((name.as_str(), 0).to_socket_addrs().map(|_| ()), is_cut_off)
        });
        self.judge(host, found.await.unwrap_or(Found::Unclear))
    }

    fn judge(&self, host: &str, found: Found) -> bool {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if found == Found::Somebody && known.len() < MOST_KNOWN {
            known.insert(host.to_owned());
        }
        found == Found::Nobody && !known.contains(host)
    }
}

/// A name server that fails tells nothing of a name; one that cannot even be sent a question has
/// none to tell of, and neither can a server be reached.
fn found(looked_up: io::Result<()>, is_cut_off: impl Fn() -> bool) -> Found {
    let Err(problem) = looked_up else { return Found::Somebody };
    let problem = problem.to_string();
    let no_such_name = NO_SUCH_NAME.iter().any(|words| problem.ends_with(words));
    if no_such_name || is_cut_off() { Found::Nobody } else { Found::Unclear }
}

/// Whether this machine has no way to any name server.
fn is_cut_off() -> bool {
    let settings = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    name_servers(&settings).into_iter().all(|server| !has_way(server))
}

/// Where a name is asked for. One on this machine itself passes the question on to elsewhere.
fn name_servers(settings: &str) -> Vec<IpAddr> {
    let named = settings.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let mut servers: Vec<IpAddr> =
        named.filter_map(|server| server.trim().split('%').next()?.parse().ok()).collect();
    let all = servers.len();
    servers.retain(|server| !server.is_loopback());
    if servers.len() < all || servers.is_empty() {
        servers.extend(ELSEWHERE);
    }
    servers
}

/// Whether a packet to there would leave; none is sent.
fn has_way(to: IpAddr) -> bool {
    let here: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let refused = |problem: &io::Error| {
        matches!(
            problem.kind(),
            io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    };
    let tried = UdpSocket::bind((here, 0)).and_then(|socket| socket.connect((to, 53)));
    !tried.is_err_and(|problem| refused(&problem))
}

/// Whether only a cluster's own name server knows such a name: `prometheus`,
/// `prometheus.istio-system`, `prometheus.monitoring.svc`, `prometheus.monitoring.svc.cluster.local`.
fn is_of_a_cluster(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let parts: Vec<&str> = host.split('.').collect();
    match parts.as_slice() {
        [only] => *only != "localhost" && !only.contains(':'),
        [_, namespace] => {
            let may_be_a_domain = !namespace.contains('-') || namespace.starts_with("xn--");
            !may_be_a_domain || NAMESPACES.contains(namespace)
        }
        [_, _, "svc"] | [.., "svc", _, _] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_clusters_are_known_by_their_form() {
        for (host, expect) in [
            ("prometheus", true),
            ("prometheus.istio-system", true),
            ("prometheus-server.monitoring", true),
            ("prometheus.monitoring.svc", true),
            ("prometheus-operated.monitoring.svc.cluster.local", true),
            ("localhost", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("example.com", false),
            ("prom.online", false),
            ("prom.internal", false),
            ("prom.xn--p1ai", false),
            ("prometheus.example.com", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_of_a_cluster(host), expect, "{host}");
        }
    }

    #[test]
    fn a_lookup_that_failed_is_no_absence() {
        for (words, expect) in [
            ("Name or service not known", Found::Nobody),
            ("Name does not resolve", Found::Nobody),
            ("Temporary failure in name resolution", Found::Unclear),
            ("Try again", Found::Unclear),
            ("Non-recoverable failure in name resolution", Found::Unclear),
            ("No address associated with hostname", Found::Unclear),
        ] {
            let problem = || {
                let words = format!("failed to lookup address information: {words}");
                Err(io::Error::other(words))
            };
            assert_eq!(found(problem(), || false), expect, "{words}");
            // With no network at all there is nobody to be asked.
            assert_eq!(found(problem(), || true), Found::Nobody, "{words}");
        }
        assert_eq!(found(Ok(()), || true), Found::Somebody);
    }

    #[tokio::test]
    async fn the_resolver_of_this_machine_says_whether_there_is_a_name() {
        assert!(Names::default().is_nobody("prometheus.tidegate-tests.svc").await);
        assert!(!Names::default().is_nobody("prometheus.invalid").await);
    }

    #[test]
    fn a_name_that_was_known_once_is_a_server_for_good() {
        let names = Names::default();
        assert!(names.judge("prometheus", Found::Nobody));
        assert!(!names.judge("prometheus", Found::Unclear));
        assert!(!names.judge("prometheus", Found::Somebody));
        assert!(!names.judge("prometheus", Found::Nobody));
        assert!(names.judge("prometheus.monitoring", Found::Nobody));
    }

    #[test]
    fn a_name_server_of_this_machine_stands_for_those_elsewhere() {
        let check = |settings, expect: &[&str]| {
            let expect: Vec<IpAddr> = expect.iter().map(|ip| ip.parse().unwrap()).collect();
            assert_eq!(name_servers(settings), expect, "{settings:?}");
        };
        let elsewhere = ["192.0.2.1", "2001:db8::1"];
        check("", &elsewhere);
        check("options edns0\nnameserver 127.0.0.53\n", &elsewhere);
        check("nameserver 10.0.0.2\nnameserver fe80::1%eth0 # b\n", &["10.0.0.2", "fe80::1"]);
        check("nameserver 10.0.0.2\nnameserver ::1", &["10.0.0.2", "192.0.2.1", "2001:db8::1"]);
        assert!(has_way(Ipv4Addr::LOCALHOST.into()));
    }
}

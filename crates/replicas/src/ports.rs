//! Free ports of the loopback address, each lent to one replica.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::{Mutex, PoisonError},
};

use tidegate_workload::{Container, PortRef, ProbeAction};

use crate::{Published, env::Variables, settings::PortPool, wants::is_want};

/// Where all replicas listen.
pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// No port was found.
#[derive(Debug, thiserror::Error)]
#[error("no free port is left in {pool}; widen the range in the settings")]
pub(crate) struct NoPort {
    pool: String,
}

/// The ports that are lent.
#[derive(Debug)]
pub(crate) struct Ports {
    pool: PortPool,
    lent: Mutex<Lent>,
}

#[derive(Debug, Default)]
struct Lent {
    ports: BTreeSet<u16>,
    /// Where to look next: a port that was just given back is asked for last, since clients may
    /// still hold its address.
    next: u32,
}

impl Ports {
    /// Lends from this pool. `seed` spreads runtimes that share it.
    pub(crate) fn new(pool: PortPool, seed: u32) -> Self {
        let lent = Lent { ports: BTreeSet::new(), next: seed };
        Self { pool, lent: Mutex::new(lent) }
    }

    /// Lends `count` ports that nobody listens on.
    pub(crate) fn lend(&self, count: usize) -> Result<Vec<u16>, NoPort> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ports = Vec::with_capacity(count);
        while ports.len() < count {
            let Some(port) = lent.find(&self.pool) else {
                for port in &ports {
                    lent.ports.remove(port);
                }
                return Err(NoPort { pool: self.pool.name() });
            };
            lent.ports.insert(port);
            ports.push(port);
        }
        Ok(ports)
    }

    /// Remembers ports that a replica already has.
    pub(crate) fn keep(&self, ports: impl IntoIterator<Item = u16>) {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        lent.ports.extend(ports);
    }

    /// Takes ports back.
    pub(crate) fn give_back(&self, ports: impl IntoIterator<Item = u16>) {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        for port in ports {
            lent.ports.remove(&port);
        }
    }
}

impl Lent {
    fn find(&mut self, pool: &PortPool) -> Option<u16> {
        match pool {
            PortPool::Ephemeral => (0..64).find_map(|_| {
                let port = free(0).ok()?;
                (!self.ports.contains(&port)).then_some(port)
            }),
            PortPool::Range(range) => {
                let count = u32::from(*range.end()).checked_sub(u32::from(*range.start()))? + 1;
                (0..count).find_map(|_| {
                    let offset = u16::try_from(self.next % count).ok()?;
                    self.next = self.next.wrapping_add(1);
                    let port = range.start().checked_add(offset)?;
                    (!self.ports.contains(&port) && free(port).is_ok()).then_some(port)
                })
            }
        }
    }
}

impl PortPool {
    fn name(&self) -> String {
        match self {
            Self::Ephemeral => "the kernel's range".to_owned(),
            Self::Range(range) => format!("{} to {}", range.start(), range.end()),
        }
    }
}

/// Whether nobody listens on a port. 0 asks for any.
fn free(port: u16) -> io::Result<u16> {
    Ok(TcpListener::bind((ADDRESS, port))?.local_addr()?.port())
}

/// Whether all of these can still be listened on, as far as this machine can tell by now.
pub fn all_free(ports: impl IntoIterator<Item = u16>) -> bool {
    let taken = |port| free(port).is_err_and(|error| !is_want(&error));
    !ports.into_iter().any(taken)
}

/// Which port each of a replica's container ports was given: by container, then by its number.
pub type Assigned = BTreeMap<String, BTreeMap<u16, u16>>;

/// How many ports the containers need: two that name the same number twice share one.
pub(crate) fn needed<'a>(
    containers: impl IntoIterator<Item = &'a Container>,
    published: Published,
) -> usize {
    containers.into_iter().map(|one| numbers(one, published).len()).sum()
}

fn numbers(container: &Container, published: Published) -> BTreeSet<u16> {
    let declared = container.ports.iter().map(|port| port.number);
    let probed = match published {
        Published::Declared => Vec::new(),
        Published::AndProbed => probed(container),
    };
    declared.chain(probed).collect()
}

/// The ports that probes and hooks name by number.
fn probed(container: &Container) -> Vec<u16> {
    let probes = [&container.startup, &container.readiness, &container.liveness];
    let hooks = [&container.lifecycle.post_start, &container.lifecycle.pre_stop];
    let actions = probes.into_iter().flatten().map(|probe| &probe.action);
    actions
        .chain(hooks.into_iter().flatten())
        .filter_map(|action| match action {
            ProbeAction::Http { port: PortRef::Number(number), host: None, .. }
            | ProbeAction::Tcp { port: PortRef::Number(number), host: None }
            | ProbeAction::Grpc { port: number, .. } => Some(*number),
            _ => None,
        })
        .collect()
}

/// Deals out lent ports to the containers, in the order of the template.
pub(crate) fn assign<'a>(
    containers: impl IntoIterator<Item = &'a Container>,
    lent: &[u16],
    published: Published,
) -> Assigned {
    let mut lent = lent.iter().copied();
    containers
        .into_iter()
        .map(|container| {
            let given = numbers(container, published).into_iter().zip(&mut lent).collect();
            (container.name.clone(), given)
        })
        .collect()
}

/// What a container is told of ports: `PORT`, its own first one; and of all containers of the
/// replica `PORT_<NUMBER>` and `PORT_<NAME>`, in capitals, with `_` for `-`.
pub fn variables<'a>(
    containers: impl IntoIterator<Item = &'a Container>,
    own: &'a Container,
    assigned: &Assigned,
) -> Variables {
    let mut variables = Variables::new();
    let containers: Vec<&Container> = containers.into_iter().collect();
    for container in containers.into_iter().rev().chain([own]) {
        for port in container.ports.iter().rev() {
            let Some(given) = given(assigned, &container.name, port.number) else {
                continue;
            };
            variables.insert(format!("PORT_{}", port.number), given.to_string());
            if let Some(name) = &port.name {
                let name = name.to_uppercase().replace('-', "_");
                variables.insert(format!("PORT_{name}"), given.to_string());
            }
            if container.name == own.name {
                variables.insert("PORT".to_owned(), given.to_string());
            }
        }
    }
    variables
}

/// Where each port of the replica is found: by number, and by name. Of two containers that use the
/// same number or name, the first has it.
pub(crate) fn addresses<'a>(
    containers: impl IntoIterator<Item = &'a Container>,
    assigned: &Assigned,
) -> BTreeMap<String, SocketAddr> {
    let mut addresses = BTreeMap::new();
    let containers: Vec<&Container> = containers.into_iter().collect();
    for container in containers.into_iter().rev() {
        for port in container.ports.iter().rev().filter(|port| !port.udp) {
            if let Some(given) = given(assigned, &container.name, port.number) {
                let address = SocketAddr::new(ADDRESS, given);
                addresses.insert(port.number.to_string(), address);
                addresses.extend(port.name.clone().map(|name| (name, address)));
            }
        }
    }
    addresses
}

/// The port that a probe of a container means: one that was given to it, or else a number that is
/// taken as it is, for a process that listens where it likes.
pub(crate) fn resolve(port: &PortRef, own: &Container, assigned: &Assigned) -> Option<u16> {
    match port {
        PortRef::Number(number) => Some(given(assigned, &own.name, *number).unwrap_or(*number)),
        PortRef::Name(name) => {
            let port = own.ports.iter().find(|port| port.name.as_ref() == Some(name))?;
            given(assigned, &own.name, port.number)
        }
    }
}

fn given(assigned: &Assigned, container: &str, number: u16) -> Option<u16> {
    assigned.get(container)?.get(&number).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{container, port, probe};

    #[test]
    fn no_two_replicas_are_given_the_same_port() {
        for pool in [PortPool::Ephemeral, PortPool::Range(21_000..=21_400)] {
            let ports = Ports::new(pool, 7);
            let mut all = BTreeSet::new();
            for _ in 0..40 {
                all.extend(ports.lend(2).unwrap());
            }
            assert_eq!(all.len(), 80);
        }
    }

    #[test]
    fn a_range_that_is_used_up_is_told_and_ports_come_back() {
        let taken = TcpListener::bind((ADDRESS, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let ports = Ports::new(PortPool::Range(port..=port), 0);
        let told = ports.lend(1).unwrap_err().to_string();
        assert_eq!(
            told,
            format!("no free port is left in {port} to {port}; widen the range in the settings")
        );
        drop(taken);
        assert_eq!(ports.lend(1).unwrap(), [port]);
        assert!(ports.lend(1).is_err());
        ports.give_back([port]);
        ports.keep([port]);
        assert!(ports.lend(1).is_err());
        ports.give_back([port]);
        assert_eq!(ports.lend(1).unwrap(), [port]);
    }

    #[test]
    fn a_port_that_only_a_probe_names_is_published_where_it_is_else_not_reached() {
        let tcp = |number, host: Option<&str>| ProbeAction::Tcp {
            port: PortRef::Number(number),
            host: host.map(str::to_owned),
        };
        let mut web = container("web", &[port(8080, Some("http"))]);
        web.readiness = Some(probe(tcp(8081, None), 1, 1, 1));
        web.liveness = Some(probe(tcp(8080, None), 1, 1, 1));
        web.startup = Some(probe(tcp(9999, Some("elsewhere")), 1, 1, 1));
        web.lifecycle.pre_stop = Some(tcp(8082, None));
        let web = [web];
        assert_eq!(needed(&web, Published::Declared), 1);
        assert_eq!(needed(&web, Published::AndProbed), 3);
        let assigned = assign(&web, &[1, 2, 3], Published::AndProbed);
        assert_eq!(assigned["web"], [(8080, 1), (8081, 2), (8082, 3)].into());
        // A router sends requests to declared ports alone.
        let found = addresses(&web, &assigned);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["8080", "http"]);
    }

    #[test]
    fn ports_are_told_by_number_and_by_name() {
        let web = container("web", &[port(8080, Some("http")), port(9090, Some("admin-ui"))]);
        let side = container("side", &[port(8080, None), port(7000, Some("sync"))]);
        let both = [web.clone(), side.clone()];
        assert_eq!(needed(&both, Published::Declared), 4);
        // In the order of the numbers of each container.
        let assigned = assign(&both, &[1, 2, 3, 4], Published::Declared);

        let text = |variables: Variables| {
            let pairs: Vec<String> = variables.iter().map(|(k, v)| format!("{k}={v}")).collect();
            pairs.join(" ")
        };
        assert_eq!(
            text(variables(&both, &web, &assigned)),
            "PORT=1 PORT_7000=3 PORT_8080=1 PORT_9090=2 PORT_ADMIN_UI=2 PORT_HTTP=1 PORT_SYNC=3"
        );
        assert_eq!(
            text(variables(&both, &side, &assigned)),
            "PORT=4 PORT_7000=3 PORT_8080=4 PORT_9090=2 PORT_ADMIN_UI=2 PORT_HTTP=1 PORT_SYNC=3"
        );
        let found: Vec<String> = addresses(&both, &assigned)
            .iter()
            .map(|(name, address)| format!("{name}={}", address.port()))
            .collect();
        assert_eq!(found.join(" "), "7000=3 8080=1 9090=2 admin-ui=2 http=1 sync=3");
        let asked = |port| resolve(&port, &side, &assigned);
        assert_eq!(asked(PortRef::Number(8080)), Some(4));
        assert_eq!(asked(PortRef::Number(5555)), Some(5555));
        assert_eq!(asked(PortRef::Name("sync".to_owned())), Some(3));
        assert_eq!(asked(PortRef::Name("http".to_owned())), None);
    }
}

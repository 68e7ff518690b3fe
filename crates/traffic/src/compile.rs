use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use tidegate_units::{ObjectKey, Owner, RevisionHash, Weight};

use crate::{
    Backend, BackendReplica, Destination, Endpoint, Listener, Reach, Rule, Selectable, Service,
    ServicePort, Sticky, Target,
};

/// Compiles what is declared and what is there into listeners, ordered by Service and port.
///
/// A Service stands for the first rollout, by key, that it selects; one that selects none is left
/// out. `addresses` tells where each port of a Service listens; a port without one is left out. A
/// `nodePort` is a second address of 127.0.0.1, unless something else listens there.
pub fn compile(
    services: &BTreeMap<ObjectKey, Service>,
    backends: &BTreeMap<ObjectKey, Backend>,
    addresses: &BTreeMap<(ObjectKey, u16), SocketAddr>,
) -> Vec<Listener> {
    let mut taken: BTreeSet<SocketAddr> = addresses.values().copied().collect();
    let rollouts = Selectable::new(backends.iter().map(|(key, backend)| (key, &backend.labels)));
    let behind = services.values().filter_map(|service| {
        let (rollout, backend) = backends.get_key_value(rollouts.first(service)?)?;
        Some((service, rollout, backend))
    });
    let listeners = behind.flat_map(|(service, rollout, backend)| {
        let address = |port| addresses.get(&(service.key.clone(), port)).copied();
        compile_one(service, (rollout, backend), address, |node| taken.insert(loopback(node)))
    });
    listeners.collect()
}

/// The listeners of one Service, which stands for this rollout. `address` tells where a port of it
/// listens, `grant` whether a `nodePort` is free to be its second address.
pub fn compile_one(
    service: &Service,
    (rollout, backend): (&ObjectKey, &Backend),
    address: impl Fn(u16) -> Option<SocketAddr>,
    mut grant: impl FnMut(u16) -> bool,
) -> Vec<Listener> {
    let mut listeners = Vec::new();
    let Some(reach) = backend.labels.reach(rollout, service, &backend.roles) else {
        return listeners;
    };
    for port in &service.ports {
        let Some(address) = address(port.port) else { continue };
        let listener = Listener {
            service: service.key.clone(),
            address,
            owner: Owner::rollout(rollout),
            decided: backend.decided.filter(|_| is_split(reach)),
            destinations: destinations(reach, port, backend),
            sticky: sticky(service, reach, backend),
            rules: here(rules(reach, backend), service.region.as_deref()),
        };
        if let Some(number) = port.node_port.filter(|number| grant(*number)) {
            listeners.push(Listener { address: loopback(number), ..listener.clone() });
        }
        listeners.push(listener);
    }
    listeners
}

/// What goes before the split: only where users come in.
fn rules(reach: Reach, backend: &Backend) -> &[Rule] {
    if is_split(reach) { &backend.rules } else { &[] }
}

/// Whether the rollout's own split is followed, and not that a Service is there to reach one revision.
const fn is_split(reach: Reach) -> bool {
    match reach {
        Reach::All | Reach::Active => true,
        Reach::Stable | Reach::Canary | Reach::Preview => false,
    }
}

/// Rules as they hold at a Service that stands in `region`.
fn here(rules: &[Rule], region: Option<&str>) -> Vec<Rule> {
    let mut rules = rules.to_vec();
    let matches = rules.iter_mut().flat_map(|rule| &mut rule.any);
    for asked in matches.filter_map(|it| it.region.as_mut()) {
        asked.here = region.is_some_and(|region| asked.any.iter().any(|name| name == region));
    }
    rules
}

fn sticky(service: &Service, reach: Reach, backend: &Backend) -> Option<Sticky> {
    let own = service.sticky.as_ref();
    own.map(|(cookie, max_age)| Sticky { cookie: cookie.clone(), max_age: *max_age })
        .or_else(|| backend.sticky.clone().filter(|_| reach == Reach::All))
}

/// A port of 127.0.0.1.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Gives every port of every Service an address of this machine that stays the same.
///
/// The annotation decides for the first port; else it is the port's own number on 127.0.0.1 when no
/// other Service has it, else the lowest free number from 30,000 on. `known` addresses are kept
/// unless the annotation changed.
pub fn assign_addresses(
    services: &BTreeMap<ObjectKey, Service>,
    known: &BTreeMap<(ObjectKey, u16), SocketAddr>,
) -> BTreeMap<(ObjectKey, u16), SocketAddr> {
    let ports = || {
        services.values().flat_map(|service| {
            service.ports.iter().enumerate().map(move |(index, port)| (service, index, port.port))
        })
    };
    let mut assigned = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (service, index, port) in ports() {
        if let (0, Some(listen)) = (index, service.listen) {
            taken.insert(listen);
            assigned.insert((service.key.clone(), port), listen);
        }
    }
    for (service, _, port) in ports() {
        let slot = (service.key.clone(), port);
        if let (false, Some(address)) = (assigned.contains_key(&slot), known.get(&slot))
            && taken.insert(*address)
        {
            assigned.insert(slot, *address);
        }
    }
    let node_ports = services.values().flat_map(|service| &service.ports);
    taken.extend(node_ports.filter_map(|port| port.node_port).map(loopback));
    for (service, _, port) in ports() {
        let slot = (service.key.clone(), port);
        if !assigned.contains_key(&slot)
            && let Some(address) = free_address(port, &mut taken)
        {
            assigned.insert(slot, address);
        }
    }
    assigned
}

fn free_address(wanted: u16, taken: &mut BTreeSet<SocketAddr>) -> Option<SocketAddr> {
    let wanted = loopback(wanted);
    if taken.insert(wanted) { Some(wanted) } else { spare_address(taken) }
}

/// The lowest spare address that is not taken; it is from now on.
pub(crate) fn spare_address(taken: &mut BTreeSet<SocketAddr>) -> Option<SocketAddr> {
    /// Above the ports that replicas are given, below those that Linux lends to outgoing connections
    /// (32,768 on).
    const SPARE_PORTS: std::ops::Range<u16> = 30_000..32_768;
    SPARE_PORTS.map(loopback).find(|address| taken.insert(*address))
}

fn destinations(reach: Reach, port: &ServicePort, backend: &Backend) -> Vec<Destination> {
    let mut shares = split_for(reach, backend);
    for revision in rules(reach, backend).iter().flat_map(|rule| rule.then.revisions()) {
        if shares.iter().all(|(named, _)| named != revision) {
            shares.push((revision.clone(), Weight::ZERO));
        }
    }
    shares
        .into_iter()
        .map(|(revision, weight)| {
            let endpoints = backend
                .replicas
                .iter()
                .filter(|replica| replica.revision == revision)
                .filter_map(|replica| {
                    port_of(replica, &port.target)
                        .map(|address| Endpoint { replica: replica.replica.clone(), address })
                })
                .collect();
            let owner = backend.guests.get(&revision).cloned();
            Destination { revision, owner, weight, endpoints }
        })
        .collect()
}

/// The split that holds for a Service: the rollout's own, unless the Service is there to reach one
/// revision only.
fn split_for(reach: Reach, backend: &Backend) -> Vec<(RevisionHash, Weight)> {
    let only = |revision: &Option<RevisionHash>| {
        revision.iter().map(|revision| (revision.clone(), Weight::FULL)).collect()
    };
    let has_replicas = |revision: &&RevisionHash| {
        backend.replicas.iter().any(|replica| replica.revision == **revision)
    };
    match reach {
        Reach::All | Reach::Active => backend.split.clone(),
        Reach::Preview => {
            only(if backend.canary.is_some() { &backend.canary } else { &backend.stable })
        }
        Reach::Stable => only(&backend.stable),
        Reach::Canary => match backend.canary.as_ref().filter(has_replicas) {
            Some(canary) => vec![(canary.clone(), Weight::FULL)],
            None => only(&backend.stable),
        },
    }
}

fn port_of(replica: &BackendReplica, target: &Target) -> Option<SocketAddr> {
    let found = match target {
        Target::Number(number) => replica.ports.get(&number.to_string()),
        Target::Name(name) => replica.ports.get(name),
    };
    found.copied()
}

#[cfg(test)]
mod tests;

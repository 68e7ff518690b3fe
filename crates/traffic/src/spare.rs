use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use tidegate_units::ObjectKey;

use crate::{
    Service,
    compile::{loopback, spare_address},
};

/// Gives Services that nobody applied an address beside those that are `assigned`: the one that they
/// are `known` to have, else a spare one that no Service of those `applied` has or names, never the number that a Service of the user may want.
pub fn assign_spare_addresses(
    made: impl IntoIterator<Item = Service>,
    applied: &BTreeMap<ObjectKey, Service>,
    mut assigned: BTreeMap<(ObjectKey, u16), SocketAddr>,
    known: &BTreeMap<(ObjectKey, u16), SocketAddr>,
) -> BTreeMap<(ObjectKey, u16), SocketAddr> {
    let node_ports = applied.values().flat_map(|service| &service.ports);
    let node_ports = node_ports.filter_map(|port| port.node_port).map(loopback);
    let mut taken: BTreeSet<SocketAddr> = assigned.values().copied().chain(node_ports).collect();
    let slots = made.into_iter().flat_map(|service| {
        service.ports.into_iter().map(move |port| (service.key.clone(), port.port))
    });
    let (kept, new): (Vec<_>, Vec<_>) = slots
        .map(|slot| {
            let address = known.get(&slot).copied();
            (slot, address)
        })
        .partition(|(_, address)| address.is_some_and(|address| !taken.contains(&address)));
    for (slot, address) in kept {
        if let Some(address) = address
            && taken.insert(address)
        {
            assigned.insert(slot, address);
        }
    }
    for (slot, _) in new {
        if let Some(address) = spare_address(&mut taken) {
            assigned.insert(slot, address);
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ServicePort, Target};

    fn service(name: &str, port: u16) -> Service {
        Service {
            key: ObjectKey::new("default", name),
            selector: BTreeMap::new(),
            ports: vec![ServicePort {
                name: None,
                port,
                node_port: None,
                target: Target::Number(port),
            }],
            listen: None,
            sticky: None,
            region: None,
        }
    }

    #[test]
    fn what_was_made_takes_a_spare_port_and_keeps_it() {
        let slot = |name: &str| (ObjectKey::new("default", name), 8080);
        let port = |number: u16| SocketAddr::from(([127, 0, 0, 1], number));
        let applied = BTreeMap::from([(slot("web"), port(30_000))]);
        let none = BTreeMap::new();
        let made = || [service("a", 8080), service("b", 8080)];
        let first = assign_spare_addresses(made(), &none, applied.clone(), &BTreeMap::new());
        assert_eq!((first[&slot("a")], first[&slot("b")]), (port(30_001), port(30_002)));
        let only_b = assign_spare_addresses([service("b", 8080)], &none, applied.clone(), &first);
        assert_eq!(only_b.get(&slot("b")), Some(&port(30_002)));
        assert_eq!(only_b.get(&slot("a")), None);
        // Somebody applied a Service that has that address now.
        let applied = BTreeMap::from([(slot("web"), port(30_002))]);
        let moved = assign_spare_addresses([service("b", 8080)], &none, applied, &first);
        assert_eq!(moved[&slot("b")], port(30_000));
        // Or one that names a port of the node.
        let mut outer = service("outer", 80);
        outer.ports[0].node_port = Some(30_000);
        let applied = BTreeMap::from([(outer.key.clone(), outer)]);
        let spared = assign_spare_addresses(made(), &applied, BTreeMap::new(), &BTreeMap::new());
        assert_eq!(spared[&slot("a")], port(30_001));
    }
}

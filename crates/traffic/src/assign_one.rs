use std::net::SocketAddr;

use crate::{Service, compile::loopback};

/// The addresses of a Service that was applied, by port, as
/// [`assign_addresses`](crate::assign_addresses) gives them; none where that cannot be told without
/// looking at all Services: something is taken from another one, a spare address is needed, or one
/// becomes free.
///
/// `known` are the addresses that its ports have, `others` tells whether a port of another Service
/// listens on an address, `reserved` whether any Service names it as a port of the node.
pub fn assign_one(
    service: &Service,
    known: &[(u16, SocketAddr)],
    others: impl Fn(&SocketAddr) -> bool,
    reserved: impl Fn(&SocketAddr) -> bool,
) -> Option<Vec<(u16, SocketAddr)>> {
    let mut assigned: Vec<(u16, SocketAddr)> = Vec::new();
    let first = service.ports.first().map(|port| port.port);
    for port in service.ports.iter().map(|port| port.port) {
        if assigned.iter().any(|(other, _)| *other == port) {
            continue;
        }
        let kept = known.iter().find(|(of, _)| *of == port).map(|(_, address)| *address);
        let listen = service.listen.filter(|_| first == Some(port));
        let address = listen.or(kept).unwrap_or_else(|| loopback(port));
        let is_new = listen.is_none() && kept.is_none();
        let taken = others(&address) || assigned.iter().any(|(_, own)| *own == address);
        if taken || (is_new && reserved(&address)) {
            return None;
        }
        assigned.push((port, address));
    }
    let stays = |slot: &(u16, SocketAddr)| assigned.contains(slot);
    let node_ports = service.ports.iter().filter_map(|port| port.node_port).map(loopback);
    let displaces = node_ports.into_iter().any(|address| others(&address));
    (known.iter().all(stays) && !displaces).then_some(assigned)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::{collection::vec, prelude::*};
    use tidegate_units::ObjectKey;

    use super::*;
    use crate::{ServicePort, Target, assign_addresses};

    type Services = BTreeMap<ObjectKey, Service>;

    fn service() -> impl Strategy<Value = Service> {
        let port = (80..84_u16, proptest::option::weighted(0.2, 80..86_u16));
        let listen = proptest::option::weighted(0.3, 80..86_u16);
        ("[a-f]", vec(port, 1..3), listen).prop_map(|(name, ports, listen)| Service {
            key: ObjectKey::new("default", &name),
            selector: BTreeMap::new(),
            ports: ports
                .into_iter()
                .map(|(port, node_port)| ServicePort {
                    name: None,
                    port,
                    node_port,
                    target: Target::Number(port),
                })
                .collect(),
            listen: listen.map(loopback),
            sticky: None,
            region: None,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_what_looking_at_all_gives(applied in vec(service(), 1..12)) {
            let (mut services, mut known) = (Services::new(), BTreeMap::new());
            for service in applied {
                let key = service.key.clone();
                services.insert(key.clone(), service.clone());
                let whole = assign_addresses(&services, &known);
                let own = |of: &BTreeMap<(ObjectKey, u16), SocketAddr>| -> Vec<_> {
                    let own = of.iter().filter(|((it, _), _)| *it == key);
                    own.map(|((_, port), address)| (*port, *address)).collect()
                };
                let others: BTreeSet<SocketAddr> =
                    known.iter().filter(|((it, _), _)| *it != key).map(|(_, it)| *it).collect();
                let reserved: BTreeSet<_> = services
                    .values()
                    .flat_map(|one| &one.ports)
                    .filter_map(|port| port.node_port)
                    .map(loopback)
                    .collect();
                let one = assign_one(
                    &service,
                    &own(&known),
                    |address| others.contains(address),
                    |address| reserved.contains(address),
                );
                if let Some(one) = one {
                    let one: BTreeMap<u16, SocketAddr> = one.into_iter().collect();
                    prop_assert_eq!(&one, &own(&whole).into_iter().collect());
                    let rest = known.iter().filter(|((it, _), _)| *it != key);
                    prop_assert!(rest.eq(whole.iter().filter(|((it, _), _)| *it != key)));
                }
                known = whole;
            }
        }
    }

    #[test]
    fn one_that_is_new_and_alone_on_its_port_needs_no_look_at_all() {
        let mut one = Service {
            key: ObjectKey::new("default", "a"),
            selector: BTreeMap::new(),
            ports: vec![ServicePort {
                name: None,
                port: 80,
                node_port: None,
                target: Target::Number(80),
            }],
            listen: None,
            sticky: None,
            region: None,
        };
        let free = |_: &SocketAddr| false;
        assert_eq!(assign_one(&one, &[], free, free), Some(vec![(80, loopback(80))]));
        assert_eq!(assign_one(&one, &[], |_| true, free), None, "it needs a spare one");
        one.listen = Some(loopback(90));
        assert_eq!(assign_one(&one, &[], free, free), Some(vec![(80, loopback(90))]));
        assert_eq!(assign_one(&one, &[(80, loopback(80))], free, free), None, "80 becomes free");
    }
}

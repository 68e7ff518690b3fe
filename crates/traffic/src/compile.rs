use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use tidegate_units::{ObjectKey, Owner, RevisionHash, Weight};

use crate::{
    Backend, BackendReplica, Destination, Endpoint, Listener, Reach, Rule, Service, ServicePort,
    Sticky, Target,
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
    let mut listeners = Vec::new();
    let mut taken: BTreeSet<SocketAddr> = addresses.values().copied().collect();
    for service in services.values() {
        let Some((rollout, backend, reach)) = selected(service, backends) else {
            continue;
        };
        for port in &service.ports {
            let Some(address) = addresses.get(&(service.key.clone(), port.port)) else {
                continue;
            };
            let listener = Listener {
                service: service.key.clone(),
                address: *address,
                owner: Owner::rollout(rollout),
                destinations: destinations(reach, port, backend),
                sticky: sticky(service, reach, backend),
                rules: rules(reach, backend).to_vec(),
            };
            if let Some(number) = port.node_port
                && taken.insert(loopback(number))
            {
                listeners.push(Listener { address: loopback(number), ..listener.clone() });
            }
            listeners.push(listener);
        }
    }
    listeners
}

/// What goes before the split: only where there is one.
fn rules(reach: Reach, backend: &Backend) -> &[Rule] {
    match reach {
        Reach::All => &backend.rules,
        Reach::Stable | Reach::Canary | Reach::Active | Reach::Preview => &[],
    }
}

fn sticky(service: &Service, reach: Reach, backend: &Backend) -> Option<Sticky> {
    let own = service.sticky.as_ref();
    own.map(|(cookie, max_age)| Sticky { cookie: cookie.clone(), max_age: *max_age })
        .or_else(|| backend.sticky.clone().filter(|_| reach == Reach::All))
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The rollout that a Service stands for, the first, by key, that it selects; and what of it.
fn selected<'a>(
    service: &Service,
    backends: &'a BTreeMap<ObjectKey, Backend>,
) -> Option<(&'a ObjectKey, &'a Backend, Reach)> {
    backends.iter().find_map(|(key, backend)| {
        let reach = backend.labels.reach(key, service, &backend.roles)?;
        Some((key, backend, reach))
    })
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
    for rule in rules(reach, backend) {
        let revision = rule.then.revision();
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
            Destination { revision, weight, endpoints }
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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{RoleLabels, RuleAction, ServiceRoles};

    fn service(name: &str, port: u16) -> Service {
        Service {
            key: ObjectKey::new("default", name),
            selector: BTreeMap::from([("app".to_owned(), "web".to_owned())]),
            ports: vec![ServicePort {
                name: None,
                port,
                target: Target::Number(8080),
                node_port: None,
            }],
            listen: None,
            sticky: None,
        }
    }

    fn services(list: impl IntoIterator<Item = Service>) -> BTreeMap<ObjectKey, Service> {
        list.into_iter().map(|service| (service.key.clone(), service)).collect()
    }

    fn replica(name: &str, revision: &str, port: u16) -> BackendReplica {
        BackendReplica {
            replica: name.into(),
            revision: revision.into(),
            ports: BTreeMap::from([("8080".to_owned(), SocketAddr::from(([127, 0, 0, 1], port)))]),
        }
    }

    fn backend(roles: ServiceRoles) -> BTreeMap<ObjectKey, Backend> {
        let share = |percent| Weight::new(percent).unwrap();
        BTreeMap::from([(
            ObjectKey::new("default", "web"),
            Backend {
                labels: labels("stable", "canary"),
                split: vec![("old".into(), share(95)), ("new".into(), share(5))],
                stable: Some("old".into()),
                canary: Some("new".into()),
                roles,
                sticky: None,
                rules: Vec::new(),
                replicas: vec![replica("a", "old", 4001), replica("b", "new", 4002)],
            },
        )])
    }

    fn labels(stable: &str, canary: &str) -> RoleLabels {
        let with = |role: &str| {
            BTreeMap::from(
                [("app", "web"), ("role", role)].map(|(k, v)| (k.to_owned(), v.to_owned())),
            )
        };
        RoleLabels { stable: with(stable), canary: with(canary) }
    }

    /// Each listener as `service: revision weight [endpoints]`.
    fn check(list: &[Service], roles: ServiceRoles, expect: &[&str]) {
        check_with(list, &backend(roles), expect);
    }

    fn check_with(list: &[Service], backends: &BTreeMap<ObjectKey, Backend>, expect: &[&str]) {
        let list = services(list.iter().cloned());
        let addresses = assign_addresses(&list, &BTreeMap::new());
        let found: Vec<_> = compile(&list, backends, &addresses)
            .iter()
            .map(|listener| {
                let parts: Vec<_> = listener
                    .destinations
                    .iter()
                    .map(|one| {
                        let ends: Vec<_> =
                            one.endpoints.iter().map(|end| end.replica.to_string()).collect();
                        format!("{} {} [{}]", one.revision, one.weight, ends.join(","))
                    })
                    .collect();
                format!("{}: {}", listener.service.name, parts.join(" "))
            })
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_service_splits_over_the_revisions_that_it_selects() {
        check(&[service("web", 80)], ServiceRoles::default(), &["web: old 95% [a] new 5% [b]"]);
    }

    #[test]
    fn a_named_service_reaches_its_revision_only() {
        let roles = ServiceRoles {
            root: Some("web".to_owned()),
            stable: vec!["web-stable".to_owned()],
            canary: vec!["web-canary".to_owned()],
            ..ServiceRoles::default()
        };
        check(
            &[service("web", 80), service("web-stable", 81), service("web-canary", 82)],
            roles,
            &[
                "web: old 95% [a] new 5% [b]",
                "web-canary: new 100% [b]",
                "web-stable: old 100% [a]",
            ],
        );
    }

    #[test]
    fn a_service_that_selects_the_labels_of_a_role_reaches_that_revision_only() {
        let with_role = |name: &str, port, role: &str| {
            let mut service = service(name, port);
            service.selector.insert("role".to_owned(), role.to_owned());
            service
        };
        let list = [
            with_role("c", 80, "canary"),
            with_role("n", 81, "neither"),
            with_role("s", 82, "stable"),
        ];
        check(&list, ServiceRoles::default(), &["c: new 100% [b]", "s: old 100% [a]"]);
    }

    #[test]
    fn several_services_can_reach_one_revision() {
        let roles = ServiceRoles {
            root: Some("web".to_owned()),
            stable: vec!["web-stable".to_owned(), "ping".to_owned()],
            canary: vec!["pong".to_owned()],
            ..ServiceRoles::default()
        };
        check(
            &[service("ping", 80), service("pong", 81), service("web-stable", 82)],
            roles,
            &["ping: old 100% [a]", "pong: new 100% [b]", "web-stable: old 100% [a]"],
        );
    }

    #[test]
    fn with_no_root_the_stable_service_is_where_users_come_in() {
        let roles = ServiceRoles {
            root: None,
            stable: vec!["web-stable".to_owned()],
            canary: vec!["web-canary".to_owned()],
            ..ServiceRoles::default()
        };
        check(&[service("web-stable", 80)], roles, &["web-stable: old 95% [a] new 5% [b]"]);
    }

    #[test]
    fn stickiness_of_the_rollout_holds_where_requests_are_split_and_a_services_own_comes_first() {
        let roles = ServiceRoles { canary: vec!["canary".to_owned()], ..ServiceRoles::default() };
        let mut backends = backend(roles);
        let day =
            |cookie: &str| Sticky { cookie: cookie.to_owned(), max_age: Duration::from_hours(24) };
        for backend in backends.values_mut() {
            backend.sticky = Some(day("of-the-rollout"));
        }
        let mut own = service("own", 82);
        own.sticky = Some(("its-own".to_owned(), Duration::from_hours(24)));
        let list = services([service("canary", 80), service("web", 81), own]);
        let listeners = compile(&list, &backends, &assign_addresses(&list, &BTreeMap::new()));
        let sticky: Vec<_> = listeners.into_iter().map(|listener| listener.sticky).collect();
        assert_eq!(sticky, [None, Some(day("its-own")), Some(day("of-the-rollout"))]);
    }

    #[test]
    fn rules_hold_where_requests_are_split_and_their_revision_can_be_found_there() {
        let roles = ServiceRoles {
            root: Some("root".to_owned()),
            stable: vec!["stable".to_owned()],
            canary: vec!["canary".to_owned()],
            ..ServiceRoles::default()
        };
        let mut backends = backend(roles);
        let send = Rule {
            name: "beta".to_owned(),
            any: Vec::new(),
            then: RuleAction::Send { to: "new".into() },
        };
        for backend in backends.values_mut() {
            backend.split = vec![("old".into(), Weight::FULL)];
            backend.rules = vec![send.clone()];
        }
        let list = services([service("canary", 80), service("root", 81), service("stable", 82)]);
        let listeners = compile(&list, &backends, &assign_addresses(&list, &BTreeMap::new()));
        let found: Vec<_> = listeners
            .iter()
            .map(|listener| {
                let parts = listener.destinations.iter();
                let parts: Vec<_> = parts
                    .map(|it| format!("{} {} {}", it.revision, it.weight, it.endpoints.len()))
                    .collect();
                (listener.service.name.to_string(), listener.rules.len(), parts.join(", "))
            })
            .collect();
        let expect = [
            ("canary", 0, "new 100% 1"),
            ("root", 1, "old 100% 1, new 0% 1"),
            ("stable", 0, "old 100% 1"),
        ];
        assert_eq!(
            found,
            expect.map(|(name, rules, parts)| (name.to_owned(), rules, parts.to_owned()))
        );
    }

    #[test]
    fn blue_green_gives_users_the_active_revision_and_shows_the_newest() {
        let all = Weight::FULL;
        let roles = ServiceRoles {
            active: Some("web".to_owned()),
            preview: Some("web-preview".to_owned()),
            ..ServiceRoles::default()
        };
        let list = [service("other", 82), service("web", 80), service("web-preview", 81)];
        let mut backends = backend(roles);
        let one = backends.get_mut(&ObjectKey::new("default", "web")).unwrap();
        one.split = vec![("old".into(), all)];
        check_with(
            &list,
            &backends,
            &["other: old 100% [a]", "web: old 100% [a]", "web-preview: new 100% [b]"],
        );
        let one = backends.get_mut(&ObjectKey::new("default", "web")).unwrap();
        one.replicas.retain(|replica| replica.revision.as_str() == "old");
        check_with(
            &list[2..],
            &backends,
            // Whoever looks at the preview never sees another revision there.
            &["web-preview: new 100% []"],
        );
        let one = backends.get_mut(&ObjectKey::new("default", "web")).unwrap();
        one.canary = None;
        check_with(&list[2..], &backends, &["web-preview: old 100% [a]"]);
    }

    #[test]
    fn a_service_that_selects_nothing_has_no_listener() {
        let mut other = service("api", 80);
        other.selector.insert("tier".to_owned(), "front".to_owned());
        check(&[other], ServiceRoles::default(), &[]);
        let mut all = service("all", 80);
        all.selector.clear();
        check(&[all], ServiceRoles::default(), &[]);
    }

    #[test]
    fn a_port_that_no_replica_has_leaves_the_revision_without_endpoints() {
        let mut named = service("web", 80);
        named.ports[0].target = Target::Name("metrics".to_owned());
        named.sticky = Some(("web".to_owned(), Duration::from_mins(1)));
        check(&[named], ServiceRoles::default(), &["web: old 95% [] new 5% []"]);
    }

    #[test]
    fn a_node_port_is_a_second_address_which_no_spare_port_takes() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let mut node = service("node", 80);
        node.ports[0].node_port = Some(30_000);
        let list = services([service("a", 80), node.clone()]);
        let addresses = assign_addresses(&list, &BTreeMap::new());
        assert_eq!(addresses.values().copied().collect::<Vec<_>>(), [at(80), at(30_001)]);
        let listen = |list: &BTreeMap<_, _>| -> Vec<_> {
            compile(list, &backend(ServiceRoles::default()), &addresses)
                .iter()
                .map(|listener| (listener.service.name.to_string(), listener.address.port()))
                .collect()
        };
        let [a, node_name] = ["a".to_owned(), "node".to_owned()];
        let expected = [(a.clone(), 80), (node_name.clone(), 30_000), (node_name.clone(), 30_001)];
        assert_eq!(listen(&list), expected);
        // What another one listens on already is left to it.
        node.ports[0].node_port = Some(80);
        let expected = [(a, 80), (node_name, 30_001)];
        assert_eq!(listen(&services([service("a", 80), node])), expected);
    }

    #[test]
    fn addresses_are_the_ports_own_then_spare_ones_and_they_stay() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let two = services([service("a", 80), service("b", 80)]);
        let first = assign_addresses(&two, &BTreeMap::new());
        assert_eq!(first.values().copied().collect::<Vec<_>>(), [at(80), at(30_000)]);

        let three = services([service("a", 80), service("aa", 80), service("b", 80)]);
        let second = assign_addresses(&three, &first);
        assert_eq!(second[&(ObjectKey::new("default", "b"), 80)], at(30_000));
        assert_eq!(second[&(ObjectKey::new("default", "aa"), 80)], at(30_001));

        let mut moved = service("a", 80);
        moved.listen = Some(at(9000));
        let third = assign_addresses(&services([moved, service("b", 80)]), &second);
        assert_eq!(third.values().copied().collect::<Vec<_>>(), [at(9000), at(30_000)]);
    }
}

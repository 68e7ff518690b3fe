use std::time::Duration;

use super::*;
use crate::{CompareSettings, Comparing, RoleLabels, RuleAction, ServiceRoles};

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
        region: None,
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
            decided: None,
            labels: labels("stable", "canary"),
            split: vec![("old".into(), share(95)), ("new".into(), share(5))],
            stable: Some("old".into()),
            canary: Some("new".into()),
            roles,
            sticky: None,
            rules: Vec::new(),
            replicas: vec![replica("a", "old", 4001), replica("b", "new", 4002)],
            guests: BTreeMap::new(),
        },
    )])
}

fn labels(stable: &str, canary: &str) -> RoleLabels {
    let with = |role: &str| {
        BTreeMap::from([("app", "web"), ("role", role)].map(|(k, v)| (k.to_owned(), v.to_owned())))
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
fn a_template_of_an_experiment_stands_behind_what_is_split_under_its_own_name() {
    let owner = Owner::experiment(&ObjectKey::new("default", "web-new-2-1"));
    let mut backends = backend(ServiceRoles {
        root: Some("web".to_owned()),
        stable: vec!["old".to_owned()],
        ..ServiceRoles::default()
    });
    let web = backends.get_mut(&ObjectKey::new("default", "web")).unwrap();
    web.split[0].1 = Weight::new(85).unwrap();
    web.split.push(("try".into(), Weight::new(10).unwrap()));
    web.replicas.push(replica("c", "try", 4003));
    web.guests.insert("try".into(), owner.clone());
    let list = [service("old", 82), service("web", 80)];
    let expect = ["old: old 100% [a]", "web: old 85% [a] new 5% [b] try 10% [c]"];
    check_with(&list, &backends, &expect);
    let services = services(list);
    let addresses = assign_addresses(&services, &BTreeMap::new());
    let listeners = compile(&services, &backends, &addresses);
    let owners: Vec<_> = listeners[1].destinations.iter().map(|one| one.owner.clone()).collect();
    assert_eq!(owners, [None, None, Some(owner)]);
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
        &["web: old 95% [a] new 5% [b]", "web-canary: new 100% [b]", "web-stable: old 100% [a]"],
    );
}

#[test]
fn a_service_that_selects_the_labels_of_a_role_reaches_that_revision_only() {
    let with_role = |name: &str, port, role: &str| {
        let mut service = service(name, port);
        service.selector.insert("role".to_owned(), role.to_owned());
        service
    };
    let list =
        [with_role("c", 80, "canary"), with_role("n", 81, "neither"), with_role("s", 82, "stable")];
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
fn a_preview_is_compared_where_users_come_in() {
    let roles = ServiceRoles {
        active: Some("web".to_owned()),
        preview: Some("web-preview".to_owned()),
        ..ServiceRoles::default()
    };
    let mut backends = backend(roles);
    let then = RuleAction::Compare(Comparing {
        name: "1".to_owned(),
        to: "new".into(),
        with: "old".into(),
        share: Weight::FULL,
        settings: CompareSettings::default(),
    });
    for backend in backends.values_mut() {
        backend.split = vec![("old".into(), Weight::FULL)];
        backend.rules =
            vec![Rule { name: "shadow".to_owned(), any: Vec::new(), then: then.clone() }];
    }
    let list = services([service("web", 80), service("web-preview", 81)]);
    let listeners = compile(&list, &backends, &assign_addresses(&list, &BTreeMap::new()));
    let found: Vec<_> = listeners
        .iter()
        .map(|listener| {
            let parts = listener.destinations.iter();
            let parts: Vec<_> = parts.map(|it| format!("{} {}", it.revision, it.weight)).collect();
            (listener.rules.len(), parts.join(", "))
        })
        .collect();
    assert_eq!(found, [(1, "old 100%, new 0%".to_owned()), (0, "new 100%".to_owned())]);
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
fn blue_green_labels_follow_the_switch_and_never_a_services_name() {
    let with_role = |name: &str, port, role: &str| {
        let mut service = service(name, port);
        service.selector.insert("role".to_owned(), role.to_owned());
        service
    };
    let list = [
        with_role("a", 80, "stable"),
        with_role("p", 81, "canary"),
        with_role("web", 82, "canary"),
        with_role("web-preview", 83, "stable"),
    ];
    let roles = ServiceRoles {
        active: Some("web".to_owned()),
        preview: Some("web-preview".to_owned()),
        ..ServiceRoles::default()
    };
    let mut backends = backend(roles);
    let (old, new) = ("old 100% [a]", "new 100% [b]");
    for (split, users) in [("old", old), ("new", new)] {
        let one = backends.get_mut(&ObjectKey::new("default", "web")).unwrap();
        one.split = vec![(split.into(), Weight::FULL)];
        let expect = [("a", users), ("p", new), ("web", users), ("web-preview", new)];
        let expect = expect.map(|(name, reached)| format!("{name}: {reached}"));
        check_with(&list, &backends, &expect.each_ref().map(String::as_str));
    }
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

#[test]
fn a_rule_knows_in_which_region_its_service_stands() {
    let region = crate::RegionMatch {
        header: "x-region".to_owned(),
        any: vec!["eu".to_owned()],
        here: false,
    };
    let any = vec![crate::RequestMatch { region: Some(region), ..Default::default() }];
    let rule = Rule { name: "a".to_owned(), any, then: RuleAction::Send { to: "new".into() } };
    let mut backends = backend(ServiceRoles::default());
    for backend in backends.values_mut() {
        backend.rules = vec![rule.clone()];
    }
    for (region, here) in [(None, false), (Some("us"), false), (Some("eu"), true)] {
        let service = Service { region: region.map(str::to_owned), ..service("web", 80) };
        let services = services([service]);
        let addresses = assign_addresses(&services, &BTreeMap::new());
        let listeners = compile(&services, &backends, &addresses);
        let told = listeners[0].rules[0].any[0].region.as_ref().map(|it| it.here);
        assert_eq!(told, Some(here), "{region:?}");
    }
}

//! The configuration that follows from a route table.
//!
//! Each listener is a frontend, each revision behind it a backend. They are named after the places of
//! the listener and the revision in the table, so that nothing that people write becomes a name here.

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr};

use rustix::process::{Resource, getrlimit};
use tidegate_traffic::{Listener, RouteTable, Sticky};
use tidegate_units::ObjectKey;

use crate::{
    files::{MAP, SOCKET},
    places::{Places, backend_name},
    rules::{cookie_name, translate},
    shares::{DRAWS, rounded},
};

/// Requests at once: as many as the built-in router takes connections of one listener.
const REQUESTS: u64 = 10_000;

/// Requests at once, as far as open files go: each takes two, and checks, logs and listeners some
/// more. `HAProxy` does not start when they do not suffice.
fn requests() -> u64 {
    let files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    (files / 5 * 2).min(REQUESTS)
}

/// A configuration, and what of the table is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// The file's text.
    pub(crate) text: String,
    /// For each Service, what cannot be followed as it is, with the reason.
    pub(crate) left_out: BTreeMap<ObjectKey, String>,
}

/// The configuration number `number`, in which requests follow `table`.
pub(crate) fn render(table: &RouteTable, places: &Places, number: u64) -> Rendered {
    let mut rendered = Rendered { text: head(number), left_out: rounded(table) };
    let servers = places.servers(table);
    for (place, listener) in table.listeners.iter().enumerate() {
        let left_out = write_frontend(&mut rendered.text, place, listener, number);
        if !left_out.is_empty() {
            let told = rendered.left_out.entry(listener.service.clone()).or_default();
            let gap = if told.is_empty() { "" } else { "; " };
            let _ = write!(told, "{gap}{}", left_out.join("; "));
        }
        for backend in 0..listener.destinations.len() {
            let _ = writeln!(rendered.text, "backend {}", backend_name(place, backend));
            let own =
                servers.iter().filter(|(it, _)| (it.listener, it.backend) == (place, backend));
            for (server, endpoint) in own {
                let address = endpoint.as_ref().map_or(NOBODY, |it| it.address);
                let off = if endpoint.is_some() { "" } else { " disabled" };
                let backup = if server.destination == backend { "" } else { " backup" };
                let (_, name) = server.name();
                let _ = writeln!(rendered.text, "    server {name} {address}{off}{backup}");
            }
        }
    }
    rendered
}

/// What stands for nobody's address.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

/// Everything that does not depend on the table.
fn head(number: u64) -> String {
    let requests = requests();
    format!(
        r#"# Written by Tidegate, which writes it anew at its next change.
global
    description number-{number}
    stats socket unix@{SOCKET} mode 600 level admin expose-fd listeners
    log stdout format raw local0 info
    maxconn {requests}
    # A WebSocket keeps its process for as long as the built-in router keeps a silent one.
    hard-stop-after 1h
    tune.bufsize 65536
defaults
    mode http
    log global
    # A process that is being replaced would take requests of kept connections by what held before.
    option httpclose
    option forwardfor
    # A client that went away is known to have, and waits for nothing.
    option abortonclose
    # Another replica gets what this one has not taken, and no request twice.
    retries 3
    option redispatch 1
    retry-on conn-failure
    balance leastconn
    # Also the time between two of them.
    timeout connect 250ms
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    timeout http-request 10s
    timeout queue 1s
    # A replica that takes no connection is left alone until it takes one of these.
    default-server check inter 500ms rise 1 fall 1 observe layer4 error-limit 1 on-error mark-down
    http-error status 502 content-type text/plain string "tidegate: the replica closed the connection before it answered\n" hdr x-tidegate-error connection-cut
    http-error status 503 content-type text/plain string "tidegate: no replica takes a connection\n" hdr x-tidegate-error no-replica
    http-error status 504 content-type text/plain string "tidegate: the replica did not answer in time\n" hdr x-tidegate-error answer-timeout
"#
    )
}

/// Writes a frontend; what of its listener is left out, with the reason.
fn write_frontend(
    text: &mut String,
    place: usize,
    listener: &Listener,
    number: u64,
) -> Vec<String> {
    let (sendings, mut left_out) = translate(listener);
    let _ = write!(
        text,
        r#"# {service}, of {owner}
frontend tg{place}
    bind {address}
    maxconn {requests}
    log-format "L {number} {place} %Ts.%ms %Tt %ST %ts %b %s %Tc %Tr %Ta %rc"
    http-request deny deny_status 413 if {{ req.hdr_val(content-length) gt 104857600 }}
    http-request set-header X-Forwarded-Proto http unless {{ req.hdr(x-forwarded-proto) -m found }}
    http-request set-header X-Forwarded-Host %[req.hdr(host)] unless {{ req.hdr(x-forwarded-host) -m found }}
    http-request set-var(txn.draw) rand({DRAWS})
    http-request set-var(txn.finer) rand({DRAWS})
    http-request set-var-fmt(txn.key) "{place}/%[var(txn.draw)]"
    http-request set-var-fmt(txn.finerkey) "{place}/%[var(txn.draw)]/%[var(txn.finer)]"
    http-request set-var(txn.to) var(txn.key),map_str({MAP},none)
    http-request set-var(txn.to) var(txn.finerkey),map_str({MAP},none) if {{ var(txn.to) -m str none }}
"#,
        service = listener.service,
        owner = listener.owner,
        address = listener.address,
        requests = requests(),
    );
    if let Some(sticky) = &listener.sticky {
        match cookie_name(&sticky.cookie) {
            Ok(name) => write_sticky(text, place, name, sticky, listener),
            Err(why) => left_out.push(format!("haproxy keeps no client: {why}")),
        }
    }
    for sending in &sendings {
        let to = backend_name(place, sending.destination);
        for condition in &sending.conditions {
            let _ = writeln!(
                text,
                "    http-request set-var(txn.sent) str({to}) if !{{ var(txn.sent) -m found }} {condition}"
            );
        }
    }
    text.push_str(
        "    http-request set-var(txn.to) var(txn.sent) if { var(txn.sent) -m found }\n    \
         http-request return status 503 content-type text/plain string \"tidegate: no replica is \
         ready\\n\" hdr x-tidegate-error no-replica if { var(txn.to) -m str none }\n    \
         use_backend %[var(txn.to)]\n",
    );
    left_out
}

fn write_sticky(text: &mut String, place: usize, name: &str, sticky: &Sticky, listener: &Listener) {
    let _ = write!(
        text,
        r#"    http-request set-var(txn.kept) req.cook({name})
    http-request set-var-fmt(txn.keptkey) "{place}/kept/%[var(txn.kept)]"
    http-request set-var(txn.to) var(txn.keptkey),map_str({MAP}) if {{ var(txn.keptkey),map_str({MAP}) -m found }}
"#
    );
    for (index, destination) in listener.destinations.iter().enumerate() {
        let revision = &destination.revision;
        let age = sticky.max_age.as_secs();
        let _ = writeln!(
            text,
            "    http-response add-header Set-Cookie \"{name}={revision}; Max-Age={age}; Path=/; \
             HttpOnly; SameSite=Lax\" if {{ srv_name -m beg d{index}s }} !{{ var(txn.sent) -m found }} \
             !{{ var(txn.kept) -m str {revision} }}"
        );
    }
}

/// What two tables have in common when one becomes the other without a reload.
pub(crate) fn skeleton(table: &RouteTable) -> RouteTable {
    let mut skeleton = table.clone();
    skeleton.generation = tidegate_units::Generation::default();
    for destination in skeleton.listeners.iter_mut().flat_map(|it| &mut it.destinations) {
        destination.endpoints.clear();
        destination.weight = tidegate_units::Weight::ZERO;
    }
    skeleton
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tidegate_traffic::{
        Destination, Endpoint, HeaderMatch, RequestMatch, Rule, RuleAction, TextMatch,
    };
    use tidegate_units::{Generation, Owner, Weight};

    use super::*;

    fn table() -> RouteTable {
        let destination = |revision: &str, weight, port| Destination {
            owner: None,
            revision: revision.into(),
            weight: Weight::new(weight).unwrap(),
            endpoints: vec![Endpoint {
                replica: format!("{revision}-0").as_str().into(),
                address: ([127, 0, 0, 1], port).into(),
            }],
        };
        let header =
            HeaderMatch { name: "X-Tester".into(), any: vec![TextMatch::Exact("yes'".into())] };
        let tester = RequestMatch { headers: vec![header], ..RequestMatch::default() };
        let then = RuleAction::Send { to: "new".into() };
        let listener = Listener {
            decided: None,
            service: ObjectKey::new("default", "web"),
            address: ([127, 0, 0, 1], 80).into(),
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            destinations: vec![destination("old", 98, 1), destination("new", 2, 2)],
            sticky: Some(Sticky { cookie: "tg-web".into(), max_age: Duration::from_mins(1) }),
            rules: vec![Rule { name: "testers".into(), any: vec![tester], then }],
        };
        RouteTable { generation: Generation(1), listeners: vec![listener] }
    }

    #[test]
    fn a_listener_is_a_frontend_and_each_revision_a_backend_with_places() {
        let table = table();
        let rendered = render(&table, &Places::laid_out(&table), 7);
        assert_eq!(rendered.left_out, BTreeMap::new());
        let text = rendered.text.strip_prefix(&head(7)).unwrap();
        let limit = format!("maxconn {}", requests());
        insta::assert_snapshot!(text.replace(&limit, "maxconn N"));
    }

    #[test]
    fn weights_and_replicas_are_not_in_the_skeleton() {
        let (one, mut other) = (table(), table());
        other.generation = Generation(9);
        other.listeners[0].destinations[0].weight = Weight::ZERO;
        other.listeners[0].destinations[1].endpoints.clear();
        assert_eq!(skeleton(&one), skeleton(&other));
        other.listeners[0].rules.clear();
        assert_ne!(skeleton(&one), skeleton(&other));
    }
}

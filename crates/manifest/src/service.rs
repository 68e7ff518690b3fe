//! `v1` Service.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use tidegate_traffic::{Service, ServicePort, Target};

use crate::{
    duration,
    fields::config::{SERVICE, SERVICE_PORT, SERVICE_SPEC},
    given::Fields,
    meta::{self, Meta},
    names::{self, COOKIE, LABEL},
    node::{Content, Node},
    report::Complaint,
    walk::Spot,
};

const LISTEN: &str = "tidegate.dev/listen";
const STICKY: &str = "tidegate.dev/sticky";
const STICKY_FOR: &str = "tidegate.dev/sticky-for";

/// The label by which Kubernetes says where things stand.
const REGION: &str = "topology.kubernetes.io/region";

/// How long a client keeps its revision where nothing is said: as long as Kubernetes' session
/// affinity lasts (`sessionAffinityConfig.clientIP.timeoutSeconds`, 10800).
const STICKY_DEFAULT: Duration = Duration::from_hours(3);

/// Reads a Service; what is wrong is reported.
pub(crate) fn read(document: &Spot<'_>) -> Option<Service> {
    let object = document.fields(&SERVICE)?;
    let meta = meta::read(&object, names::SERVICE, &[LISTEN, STICKY, STICKY_FOR]);
    let listen = meta.notes.get(LISTEN).and_then(listen);
    let sticky = sticky(&meta);
    let fields = object.need("spec")?.fields(&SERVICE_SPEC)?;
    check_type(&fields);
    check_affinity(&fields);
    check_ranges(&fields, listen);
    let selector = fields.or("selector", BTreeMap::new(), names::labels);
    if selector.is_empty() {
        let nobody = "it has no selector, so nobody is behind it and the router does not listen";
        fields.get("selector").unwrap_or(&fields.of).note(nobody);
    }
    let headless = fields.get("clusterIP").and_then(Spot::text) == Some("None");
    let ports = match fields.get("ports") {
        None if headless => None,
        _ => fields.need("ports").and_then(ports),
    };
    let region = meta.labels.get(REGION).filter(|region| !region.is_empty()).cloned();
    let ports = ports.unwrap_or_default();
    Some(Service { selector, ports, listen, sticky, region, key: meta.key })
}

/// Whether it is but a name for an address outside.
pub(crate) fn is_alias(service: &Node) -> bool {
    let kind = service.get("spec").and_then(|spec| spec.get("type"));
    kind.and_then(Node::as_text) == Some("ExternalName")
}

fn check_type(fields: &Fields<'_>) {
    if let Some(spot) = fields.get("type") {
        spot.word(&[("ClusterIP", ()), ("NodePort", ()), ("LoadBalancer", ())]);
    }
}

/// Who may connect is not looked at. That matters where anybody from outside can.
fn check_ranges(fields: &Fields<'_>, listen: Option<SocketAddr>) {
    let Some(ranges) = fields.get("loadBalancerSourceRanges") else {
        return;
    };
    let some = ranges.texts().is_some_and(|ranges| !ranges.is_empty());
    if some && listen.is_some_and(|listen| !listen.ip().is_loopback()) {
        let message = "not supported yet: who may connect, where the router listens for others";
        ranges.complain(
            Complaint::new(message).hint(format!(
                "let {LISTEN} name a loopback address and guard what stands before it"
            )),
        );
    }
}

/// A client behind the router is known by a cookie, not by an address that many may share.
fn check_affinity(fields: &Fields<'_>) {
    let Some(spot) = fields.get("sessionAffinity") else {
        return;
    };
    if spot.node.as_text() == Some("ClientIP") {
        let complaint = Complaint::new("not supported yet: clients kept apart by their address");
        spot.complain(
            complaint
                .allow("None")
                .hint(format!("the annotation {STICKY}: COOKIE keeps a client at its revision")),
        );
        return;
    }
    spot.word(&[("None", ())]);
}

fn listen(note: &Spot<'_>) -> Option<SocketAddr> {
    let address: Option<SocketAddr> = note.text()?.parse().ok();
    if address.is_none() {
        let complaint = note.found().allow("an address and a port, such as 127.0.0.1:8080");
        let port = note.node.as_text().and_then(|text| {
            let port = text.rsplit(':').next()?;
            port.parse::<u16>().ok()
        });
        note.complain(match port {
            Some(port) => complaint.hint(format!("did you mean \"127.0.0.1:{port}\"?")),
            None => complaint,
        });
    }
    address
}

fn sticky(meta: &Meta<'_>) -> Option<(String, Duration)> {
    let lasts = meta.notes.get(STICKY_FOR);
    let Some(cookie) = meta.notes.get(STICKY) else {
        if let Some(lasts) = lasts {
            let complaint = Complaint::new(format!("has no effect without {STICKY}"));
            lasts.complain(complaint.hint(format!("add {STICKY}: COOKIE")));
        }
        return None;
    };
    let duration = match lasts {
        Some(spot) => duration::read(spot).filter(|duration| whole_seconds(spot, *duration)),
        None => Some(STICKY_DEFAULT),
    };
    Some((COOKIE.read(cookie)?, duration?))
}

/// `Max-Age` of a cookie counts seconds.
fn whole_seconds(spot: &Spot<'_>, duration: Duration) -> bool {
    let fits = duration >= Duration::from_secs(1);
    if !fits {
        spot.refuse("a duration of 1s or more");
    }
    fits
}

fn ports(spot: &Spot<'_>) -> Option<Vec<ServicePort>> {
    let items = spot.items()?;
    if items.is_empty() {
        spot.complain(Complaint::new("found no port").allow("at least one port"));
    }
    let several = items.len() > 1;
    let mut ports: Vec<ServicePort> = Vec::new();
    for item in items {
        let Some(port) = item.fields(&SERVICE_PORT).and_then(|fields| port(&fields)) else {
            continue;
        };
        if several && port.name.is_none() && item.node.get("name").is_none() {
            let complaint = Complaint::new("\"name\" is missing");
            item.complain(complaint.hint("each of several ports needs a name"));
        }
        for other in &ports {
            if other.port == port.port {
                let message = format!("the port {} is given twice", port.port);
                item.complain(Complaint::new(message).hint("keep one of the two"));
            }
            if port.name.is_some() && other.name == port.name {
                let name = port.name.as_deref().unwrap_or_default();
                let message = format!("another port is called {name:?}");
                item.complain(Complaint::new(message).allow("a name of its own"));
            }
        }
        ports.push(port);
    }
    Some(ports)
}

fn port(fields: &Fields<'_>) -> Option<ServicePort> {
    let name = fields.get("name").and_then(|spot| LABEL.read(spot));
    // As in Kubernetes, 0 is the same as nothing.
    let own = |spot: &&Spot<'_>| spot.whole_quietly() == Some(0);
    let target = fields.get("targetPort").filter(|spot| !own(spot)).map(target);
    let node_port = fields.get("nodePort").and_then(|spot| spot.number(0, 65_535));
    let port = fields.need("port").and_then(|spot| spot.number(1, 65_535));
    if !is_tcp(fields) {
        return None;
    }
    let (port, node_port) = (port?, node_port.filter(|&port| port > 0));
    let target = target.unwrap_or(Some(Target::Number(port)))?;
    Some(ServicePort { name, port, target, node_port })
}

/// The router carries TCP; a port of another protocol is left out.
fn is_tcp(fields: &Fields<'_>) -> bool {
    let Some(spot) = fields.get("protocol") else {
        return true;
    };
    let is_tcp = spot.word(&[("TCP", true), ("UDP", false), ("SCTP", false)]);
    if is_tcp == Some(false) {
        spot.note("the router carries TCP alone, so this port is left out");
    }
    is_tcp.unwrap_or(true)
}

fn target(spot: &Spot<'_>) -> Option<Target> {
    if let Content::Number(_) = &spot.node.content {
        return spot.number(1, 65_535).map(Target::Number);
    }
    names::PORT.read(spot).map(Target::Name)
}

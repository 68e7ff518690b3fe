//! Probes, and the actions that probes and hooks take.

use std::{collections::BTreeMap, time::Duration};

use tidegate_workload::{ContainerPort, PortRef, Probe, ProbeAction};

use crate::{
    duration::seconds,
    fields::pod::{EXEC, GRPC, HTTP_GET, HTTP_HEADER, PROBE, SLEEP, TCP_SOCKET},
    given::Fields,
    names::HEADER,
    node::Content,
    report::Complaint,
    suggest::nearest,
    walk::{Spot, all_of, shortened},
};

/// What a probe is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Whether it has started.
    Startup,
    /// Whether it can take traffic.
    Readiness,
    /// Whether it has to be restarted.
    Liveness,
}

/// Reads a probe of a container with these ports.
pub(crate) fn read(spot: &Spot<'_>, used: Use, ports: Option<&[ContainerPort]>) -> Option<Probe> {
    let fields = spot.fields(&PROBE)?;
    let action = action(&fields, &["httpGet", "tcpSocket", "exec", "grpc"], ports);
    let most = i64::from(i32::MAX);
    let time = |name, default| {
        let given = fields.get(name).and_then(|spot| seconds(spot, 0));
        given.filter(|given| !given.is_zero()).unwrap_or(default)
    };
    let times = |name, default: u32| {
        let given = fields.get(name).and_then(|spot| spot.number(0, most));
        given.filter(|&given| given > 0).unwrap_or(default)
    };
    let success_threshold = times("successThreshold", 1);
    let initial_delay = time("initialDelaySeconds", Duration::ZERO);
    let period = time("periodSeconds", Duration::from_secs(10));
    let timeout = time("timeoutSeconds", Duration::from_secs(1));
    let failure_threshold = times("failureThreshold", 3);
    let grace = fields.get("terminationGracePeriodSeconds");
    let termination_grace = grace.and_then(|spot| seconds(spot, 1));
    if used != Use::Readiness
        && success_threshold != 1
        && let Some(spot) = fields.get("successThreshold")
    {
        spot.refuse("1; only a readiness probe may want more");
    }
    if used == Use::Readiness
        && let Some(spot) = grace
    {
        let complaint = Complaint::new("a readiness probe stops nothing");
        spot.complain(complaint.hint("leave it out"));
    }
    Some(Probe {
        action: action?,
        initial_delay,
        period,
        timeout,
        success_threshold,
        failure_threshold,
        termination_grace,
    })
}

/// The one action that is given, out of those that are allowed.
pub(crate) fn action(
    fields: &Fields<'_>,
    allowed: &[&'static str],
    ports: Option<&[ContainerPort]>,
) -> Option<ProbeAction> {
    match fields.exactly_one(allowed)? {
        ("httpGet", spot) => http(spot, ports),
        ("tcpSocket", spot) => {
            let fields = spot.fields(&TCP_SOCKET)?;
            Some(ProbeAction::Tcp { host: host(&fields), port: port(fields.need("port")?, ports)? })
        }
        ("grpc", spot) => {
            let fields = spot.fields(&GRPC)?;
            let service = fields.or("service", String::new(), |spot| Some(spot.text()?.to_owned()));
            let port = fields.need("port")?.number(1, 65_535)?;
            Some(ProbeAction::Grpc { port, service })
        }
        ("sleep", spot) => {
            let fields = spot.fields(&SLEEP)?;
            let duration = seconds(fields.need("seconds")?, 0)?;
            Some(ProbeAction::Sleep { duration })
        }
        (_, spot) => {
            let fields = spot.fields(&EXEC)?;
            let spot = fields.need("command")?;
            let command = spot.texts()?;
            if command.is_empty() {
                spot.complain(Complaint::new("found no command").allow("at least the program"));
            }
            Some(ProbeAction::Exec { command })
        }
    }
}

fn http(spot: &Spot<'_>, ports: Option<&[ContainerPort]>) -> Option<ProbeAction> {
    let fields = spot.fields(&HTTP_GET)?;
    let path = fields.or("path", "/".to_owned(), path);
    let schemes = [("HTTP", false), ("HTTPS", true)];
    let tls = fields.or("scheme", false, |spot| spot.word(&schemes));
    let headers = fields.or("httpHeaders", BTreeMap::new(), headers);
    let host = host(&fields);
    let port = port(fields.need("port")?, ports)?;
    Some(ProbeAction::Http { path, port, host, headers, tls })
}

/// A path as it can be sent: with a `/` in front, and with nothing that ends a request line.
fn path(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        spot.refuse("a path with no spaces");
        return None;
    }
    Some(if text.starts_with('/') { text.to_owned() } else { format!("/{text}") })
}

fn host(fields: &Fields<'_>) -> Option<String> {
    let host = fields.get("host").and_then(Spot::filled_text);
    host.map(str::to_owned)
}

fn headers(spot: &Spot<'_>) -> Option<BTreeMap<String, String>> {
    let mut headers = BTreeMap::new();
    for item in spot.items()? {
        let Some(fields) = item.fields(&HTTP_HEADER) else {
            continue;
        };
        let name = fields.need("name").and_then(|spot| HEADER.read(spot));
        let value = fields.need("value").and_then(Spot::text);
        if let (Some(name), Some(value)) = (name, value)
            && headers.insert(name.clone(), value.to_owned()).is_some()
        {
            let message = format!("the header field {name:?} is given twice");
            item.complain(Complaint::new(message).hint("keep one of the two"));
        }
    }
    Some(headers)
}

/// A port by number, or by the name of one of the container's, where these could be read.
fn port(spot: &Spot<'_>, ports: Option<&[ContainerPort]>) -> Option<PortRef> {
    if let Content::Number(_) = &spot.node.content {
        return spot.number(1, 65_535).map(PortRef::Number);
    }
    let name = spot.text()?;
    if let Ok(number) = name.parse::<u16>() {
        let hint = format!("write {number}, without quotes");
        spot.complain(spot.found().allow("a number, or the name of a port").hint(hint));
        return None;
    }
    let Some(ports) = ports else {
        return Some(PortRef::Name(name.to_owned()));
    };
    let named = || ports.iter().filter_map(|port| port.name.as_deref());
    if named().any(|known| known == name) {
        return Some(PortRef::Name(name.to_owned()));
    }
    let message = format!("the container has no port called {:?}", shortened(name));
    let allowed = match all_of(named()) {
        known if known.is_empty() => {
            "a number: none of the container's ports has a name".to_owned()
        }
        known => format!("a number, or the name of a port; the container has {known}"),
    };
    let complaint = Complaint::new(message).allow(allowed);
    spot.complain(complaint.suggest(nearest(name, named())));
    None
}

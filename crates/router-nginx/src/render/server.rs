//! Upstreams and servers.

use std::fmt::Write as _;

use tidegate_traffic::{Listener, UserKey};

use super::{choice::servers, rules::Translated, upstream};
use crate::files::Files;

/// Idle connections that a worker keeps to the replicas of a revision.
const IDLE: usize = 64;

/// Writes the upstreams of a listener, and its server.
pub(super) fn write(
    text: &mut String,
    place: usize,
    listener: &Listener,
    rules: &[Translated],
    number: u64,
    files: &Files,
) {
    for index in 0..listener.destinations.len() {
        let (own, others) = servers(listener, index);
        write_upstream(text, &upstream(place, index), &own, &others);
    }
    let copied = copied(listener, rules);
    for &index in &copied {
        let addresses = listener.destinations.get(index).map(|it| &it.endpoints);
        let addresses = addresses.into_iter().flatten().map(|it| it.address.to_string());
        write_upstream(text, &copies_of(place, index), &addresses.collect::<Vec<_>>(), &[]);
    }
    let there = copied.iter().filter(|&&index| {
        listener.destinations.get(index).is_some_and(|it| !it.endpoints.is_empty())
    });
    let there: Vec<_> =
        there.map(|&index| (upstream(place, index), copies_of(place, index))).collect();
    if !copied.is_empty() {
        let variable = format!("tg{place}_copy_up");
        text.push_str(&super::rules::map(&format!("$tg{place}_copy"), &variable, &there, ""));
    }
    write_formats(text, place, !copied.is_empty());
    write_server(text, place, listener, rules, &files.access(number).display().to_string());
}

/// The destinations that get copies.
fn copied(listener: &Listener, rules: &[Translated]) -> Vec<usize> {
    (0..listener.destinations.len())
        .filter(|index| {
            rules.iter().any(|rule| rule.copies.is_some() && rule.destination == *index)
        })
        .collect()
}

fn copies_of(place: usize, destination: usize) -> String {
    format!("{}c", upstream(place, destination))
}

fn write_upstream(text: &mut String, name: &str, own: &[String], others: &[String]) {
    if own.is_empty() {
        return;
    }
    let _ = writeln!(text, "    upstream {name} {{");
    for address in own {
        let _ = writeln!(text, "        server {address} max_fails=1 fail_timeout=1s;");
    }
    for address in others {
        let _ = writeln!(text, "        server {address} max_fails=1 fail_timeout=1s backup;");
    }
    // Shorter than replicas keep an idle connection, so that none is closed under a request.
    let _ = writeln!(text, "        keepalive {IDLE};\n        keepalive_timeout 2s;\n    }}");
}

/// What is told of each request: nothing that a client or a replica could write.
fn write_formats(text: &mut String, place: usize, copies: bool) {
    let mut format = |kind: &str, to: &str| {
        let _ = writeln!(
            text,
            "    log_format tg{place}{kind} '{place}{kind} $msec $connection $status $request_time \
             [$request_completion] ${to}|$upstream_addr|$upstream_status|$upstream_header_time';"
        );
    };
    format("", &format!("tg{place}_to"));
    if copies {
        format("c", &format!("tg{place}_copy"));
    }
}

fn write_server(
    text: &mut String,
    place: usize,
    listener: &Listener,
    rules: &[Translated],
    log: &str,
) {
    let copies = rules.iter().filter_map(|rule| rule.copies);
    let with_bodies = copies.clone().any(|copies| copies.with_bodies);
    let mirror = match copies.count() {
        0 => String::new(),
        _ => format!(
            "            mirror /.tidegate-copy;\n            mirror_request_body {};\n",
            if with_bodies { "on" } else { "off" }
        ),
    };
    let mut cookie = String::new();
    if listener.sticky.is_some() {
        let _ = writeln!(cookie, "        add_header Set-Cookie $tg{place}_set always;");
    }
    if asks_for_visitors(listener) {
        cookie.push_str("        add_header Set-Cookie $tg_visitor_set always;\n");
    }
    let _ = write!(
        text,
        r#"    # {service}, of {owner}
{revisions}    server {{
        listen {address} backlog=4096;
        access_log {log} tg{place};
{cookie}        proxy_set_header Host $tg_host;
        proxy_set_header Connection "";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $tg_proto;
        proxy_set_header X-Forwarded-Host $tg_forwarded_host;
        error_page 418 = @upgrade;
        error_page 502 @cut;
        error_page 503 @none;
        error_page 504 @late;
        location / {{
            if ($tg{place}_up = "") {{ return 503; }}
            if ($tg_upgrade) {{ return 418; }}
{mirror}            proxy_pass http://$tg{place}_up;
        }}
        location @upgrade {{
            proxy_set_header Host $tg_host;
            proxy_set_header Connection upgrade;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $tg_proto;
            proxy_set_header X-Forwarded-Host $tg_forwarded_host;
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
            proxy_pass http://$tg{place}_up;
        }}
"#,
        service = listener.service,
        owner = listener.owner,
        address = listener.address,
        revisions = revisions(place, listener),
    );
    if !mirror.is_empty() {
        write_copies(text, place, log, with_bodies);
    }
    for (name, status, reason, words) in [
        ("cut", 502, "connection-cut", "the replica took no connection or closed it"),
        ("none", 503, "no-replica", "no replica is ready"),
        ("late", 504, "answer-timeout", "the replica did not answer in time"),
    ] {
        let _ = write!(
            text,
            r#"        location @{name} {{
            default_type text/plain;
            add_header x-tidegate-error {reason} always;
            return {status} "tidegate: {words}\n";
        }}
"#
        );
    }
    text.push_str("    }\n");
}

/// Whose upstreams those are: they are read by people, and make another configuration of a table in
/// which an address is another replica's.
fn revisions(place: usize, listener: &Listener) -> String {
    let mut lines = String::new();
    for (index, destination) in listener.destinations.iter().enumerate() {
        let name = upstream(place, index);
        let _ = write!(lines, "    # {name}: {} at {}", destination.revision, destination.weight);
        for endpoint in &destination.endpoints {
            let _ = write!(lines, ", {} {}", endpoint.replica, endpoint.address);
        }
        lines.push('\n');
    }
    lines
}

/// Whether a rule needs to know who asks where nothing else says so.
fn asks_for_visitors(listener: &Listener) -> bool {
    let mut shares =
        listener.rules.iter().flat_map(|rule| &rule.any).filter_map(|it| it.users.as_ref());
    shares.any(|share| share.by == UserKey::Visitor)
}

fn write_copies(text: &mut String, place: usize, log: &str, with_bodies: bool) {
    let body = if with_bodies {
        ""
    } else {
        "            proxy_pass_request_body off;\n            proxy_set_header Content-Length \"\";\n"
    };
    let _ = write!(
        text,
        r#"        location = /.tidegate-copy {{
            internal;
            log_subrequest on;
            access_log {log} tg{place}c if=$tg{place}_copy;
            if ($tg{place}_copy_up = "") {{ return 204; }}
            proxy_set_header Host $tg_host;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $tg_proto;
            proxy_set_header X-Forwarded-Host $tg_forwarded_host;
            proxy_set_header x-tidegate-mirror true;
{body}            proxy_next_upstream off;
            proxy_read_timeout 30s;
            proxy_pass http://$tg{place}_copy_up$request_uri;
        }}
"#
    );
}

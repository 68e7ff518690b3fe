use std::{
    fmt::{self, Write as _},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use tidegate_traffic::{Histogram, LATENCY_BOUNDS, RevisionTally, Tally};
use tidegate_units::{Owner, RevisionHash};

use crate::{
    access_log::AccessLog,
    refusal::Refusal,
    shared::{Shared, WorkerStats, wall_clock},
};

/// Everything that was counted, in Prometheus' text format, version 0.0.4.
pub(crate) fn render(shared: &Shared) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = write_all(&mut text, shared);
    text
}

fn write_all(out: &mut String, shared: &Shared) -> fmt::Result {
    let revisions = shared.meters.read(wall_clock());
    let all = || {
        revisions.iter().flat_map(|(owner, revisions)| {
            let label = move |(revision, tally)| (labels(shared, owner, revision), tally);
            revisions.iter().map(label)
        })
    };
    head(out, "requests_total", "counter", "Requests that ended, by how")?;
    for (labels, tally) in all() {
        requests(out, "requests", &labels, &tally.total)?;
    }
    head(out, "mirrored_total", "counter", "Copies of requests that ended, by how")?;
    for (labels, tally) in all().filter(|(_, tally)| !tally.mirrored.is_empty()) {
        requests(out, "mirrored", &labels, &tally.mirrored.total)?;
    }
    head(out, "mirrored_dropped_total", "counter", "Copies that were not carried")?;
    for (labels, tally) in all().filter(|(_, tally)| !tally.mirrored.is_empty()) {
        let dropped = tally.mirrored.dropped;
        writeln!(out, "tidegate_router_mirrored_dropped_total{{{labels}}} {dropped}")?;
    }
    head(
        out,
        "latency_seconds",
        "histogram",
        "Time to the head of the answer, or to the client's leaving",
    )?;
    for (labels, tally) in all() {
        latency(out, &labels, &tally.total.latency)?;
    }
    head(out, "in_flight", "gauge", "Requests being answered")?;
    for (labels, tally) in all() {
        in_flight(out, &labels, tally)?;
    }
    head(out, "ejections_total", "counter", "Times a replica was taken out")?;
    for (owner, revision, replica) in shared.meters.replicas() {
        let labels = labels(shared, &owner, &revision);
        let (id, count) = (&replica.id, replica.ejections());
        writeln!(out, "tidegate_router_ejections_total{{{labels},replica=\"{id}\"}} {count}")?;
    }
    of_workers(out, shared)?;
    of_router(out, shared)
}

fn labels(shared: &Shared, owner: &Owner, revision: &RevisionHash) -> String {
    let routes = shared.routes();
    let own = routes.by_address.values().find(|route| route.owner == *owner);
    // A template of an experiment may stand behind the listener of a rollout only.
    let service = own.or_else(|| routes.by_address.values().find(|route| route.serves(owner)));
    let service = service.map_or_else(String::new, |route| route.service.to_string());
    let (kind, key) = (owner.kind.word(), owner.key());
    format!("listener=\"{service}\",{kind}=\"{key}\",revision=\"{revision}\"")
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP tidegate_router_{name} {help}.")?;
    writeln!(out, "# TYPE tidegate_router_{name} {kind}")
}

fn requests(out: &mut String, what: &str, labels: &str, tally: &Tally) -> fmt::Result {
    let name = format!("tidegate_router_{what}_total");
    // So that a class is there, at zero, before the first answer of it.
    for class in 1..=5 {
        writeln!(out, "{name}{{{labels},class=\"{class}xx\"}} 0")?;
    }
    for (status, count) in tally.by_code.iter() {
        let class = status / 100;
        writeln!(out, "{name}{{{labels},class=\"{class}xx\",code=\"{status}\"}} {count}")?;
    }
    for (class, count) in [("unanswered", tally.unanswered), ("cancelled", tally.cancelled)] {
        writeln!(out, "{name}{{{labels},class=\"{class}\"}} {count}")?;
    }
    Ok(())
}

fn latency(out: &mut String, labels: &str, histogram: &Histogram) -> fmt::Result {
    let name = "tidegate_router_latency_seconds";
    for bound in LATENCY_BOUNDS {
        let within = histogram.count_to(bound);
        writeln!(out, "{name}_bucket{{{labels},le=\"{}\"}} {within}", seconds(bound))?;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let sum = histogram
        .buckets()
        .fold(0.0, |sum, (bucket, count)| sum + Histogram::middle(bucket) * count as f64);
    let count = histogram.count();
    writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}")?;
    writeln!(out, "{name}_sum{{{labels}}} {}", sum / 1e6)?;
    writeln!(out, "{name}_count{{{labels}}} {count}")
}

fn seconds(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64()
}

fn in_flight(out: &mut String, labels: &str, tally: &RevisionTally) -> fmt::Result {
    for (replica, count) in &tally.in_flight {
        writeln!(out, "tidegate_router_in_flight{{{labels},replica=\"{replica}\"}} {count}")?;
    }
    Ok(())
}

fn of_workers(out: &mut String, shared: &Shared) -> fmt::Result {
    let sum = |of: fn(&WorkerStats) -> &AtomicU64| -> u64 {
        shared.stats.iter().map(|it| of(it).load(Relaxed)).sum()
    };
    let open: usize = shared.stats.iter().map(|it| it.connections.load(Relaxed)).sum();
    head(out, "connections", "gauge", "Client connections that are open")?;
    writeln!(out, "tidegate_router_connections {open}")?;
    head(out, "accepted_total", "counter", "Client connections taken")?;
    writeln!(out, "tidegate_router_accepted_total {}", sum(|it| &it.accepted))?;
    head(out, "over_limit_total", "counter", "Client connections closed at once")?;
    writeln!(out, "tidegate_router_over_limit_total {}", sum(|it| &it.over_limit))?;
    head(out, "retries_total", "counter", "Requests that were sent once more")?;
    writeln!(out, "tidegate_router_retries_total {}", sum(|it| &it.retries))?;
    head(out, "errors_total", "counter", "Answers of the router itself, by reason")?;
    for refusal in Refusal::ALL {
        let of = |stats: &WorkerStats| {
            let count = stats.refusals.get(refusal as usize);
            count.map_or(0, |count| count.load(Relaxed))
        };
        let count: u64 = shared.stats.iter().map(of).sum();
        let reason = refusal.reason();
        writeln!(out, "tidegate_router_errors_total{{reason=\"{reason}\"}} {count}")?;
    }
    Ok(())
}

fn of_router(out: &mut String, shared: &Shared) -> fmt::Result {
    let dropped = shared.log.as_ref().map_or(0, AccessLog::dropped);
    head(out, "log_dropped_total", "counter", "Access log lines that were not written")?;
    writeln!(out, "tidegate_router_log_dropped_total {dropped}")?;
    head(out, "table_generation", "gauge", "The generation of the table that is followed")?;
    let generation = shared.routes().generation;
    writeln!(out, "tidegate_router_table_generation {generation}")?;
    head(out, "table_kept", "gauge", "Whether that table is on disk for the next start")?;
    let kept = u8::from(shared.table_kept.load(Relaxed));
    writeln!(out, "tidegate_router_table_kept {kept}")
}

use std::{
    fmt::Write as _,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use tokio::sync::Semaphore;

use crate::{connections::Connections, listen::Shown, routes::Api};

/// What the API tells of itself where Prometheus looks.
#[derive(Clone)]
pub(crate) struct OwnMetrics {
    connections: Arc<Connections>,
    watches: Arc<Semaphore>,
    certificate: Shown,
}

impl OwnMetrics {
    pub(crate) fn of(api: &Api) -> Self {
        Self {
            connections: Arc::clone(&api.connections),
            watches: Arc::clone(&api.watches),
            certificate: api.site.certificate.clone(),
        }
    }

    /// In Prometheus' format.
    pub(crate) fn exposition(&self) -> String {
        let mut text = String::new();
        let counts = &self.connections.counts;
        let limits = self.connections.limits();
        let watches = limits.watches.saturating_sub(self.watches.available_permits());
        let open = self.connections.open();
        gauge(&mut text, "tidegate_api_connections", "Connections to the API.", open);
        gauge(&mut text, "tidegate_api_watches", "Clients that watch.", watches);
        let ended = [
            ("gave_way", &counts.gave_way),
            ("refused", &counts.refused),
            ("given_up", &counts.given_up),
        ];
        let name = "tidegate_api_connections_ended_total";
        head(&mut text, name, "counter", "Connections that the API ended, by why.");
        for (why, count) in ended {
            let _ = writeln!(text, "{name}{{why=\"{why}\"}} {}", count.load(Relaxed));
        }
        let name = "tidegate_api_connections_total";
        head(&mut text, name, "counter", "Connections that the API took.");
        let _ = writeln!(text, "{name} {}", counts.taken.load(Relaxed));
        if let Some(certificate) = &self.certificate {
            of_certificate(&mut text, certificate.as_ref());
        }
        text
    }
}

fn of_certificate(text: &mut String, certificate: &dyn crate::Certificate) {
    if let Some(until) = certificate.expires_at() {
        let help = "When the certificate of the API ends, in seconds since 1970.";
        let name = "tidegate_api_certificate_expiry_timestamp_seconds";
        gauge(text, name, help, until.as_millis() / 1_000);
    }
    let name = "tidegate_api_certificate_reloads_total";
    head(text, name, "counter", "What the files of the certificate came to when they changed.");
    let _ = writeln!(text, "{name}{{result=\"shown\"}} {}", certificate.reloaded());
    let _ = writeln!(text, "{name}{{result=\"refused\"}} {}", certificate.refused());
}

fn gauge(text: &mut String, name: &str, help: &str, value: impl std::fmt::Display) {
    head(text, name, "gauge", help);
    let _ = writeln!(text, "{name} {value}");
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

//! The labels that each router gives.

use tidegate_traffic::LATENCY_BOUNDS;

use super::Dialect;
use crate::{
    row::{Outcome, RowKey},
    standing::Part,
};

type Pairs = Vec<(&'static str, String)>;

/// What an answer of 499 means to nginx and those who followed it: the client closed the request.
const CLIENT_CLOSED: &str = "499";

/// How a request ended; none where the router has no word for it.
pub(super) fn outcome(dialect: Dialect, outcome: Outcome) -> Option<Pairs> {
    if let (Outcome::Class(class), Dialect::Own) = (outcome, dialect) {
        return Some(vec![("class", format!("{class}xx"))]);
    }
    let (unanswered, cancelled) = match dialect {
        Dialect::Own => ("", ""),
        Dialect::Istio | Dialect::Envoy => ("503", "0"),
        Dialect::Nginx | Dialect::Traefik | Dialect::Linkerd => ("502", CLIENT_CLOSED),
    };
    let code = match outcome {
        Outcome::Status(status) => status.to_string(),
        Outcome::Class(_) => return None,
        Outcome::Unanswered => unanswered.to_owned(),
        Outcome::Cancelled => cancelled.to_owned(),
    };
    Some(match dialect {
        Dialect::Own => vec![("class", own_class(outcome)), ("code", code)],
        Dialect::Istio => vec![("response_code", code)],
        Dialect::Nginx => vec![("status", code)],
        Dialect::Traefik => vec![("code", code)],
        Dialect::Envoy => [class(outcome), vec![("envoy_response_code", code)]].concat(),
        Dialect::Linkerd => {
            let failed = matches!(outcome, Outcome::Status(500..) | Outcome::Unanswered);
            let classification = if failed { "failure" } else { "success" };
            vec![("classification", classification.to_owned()), ("status_code", code)]
        }
    })
}

fn own_class(outcome: Outcome) -> String {
    match outcome {
        Outcome::Status(status) => format!("{}xx", status / 100),
        Outcome::Class(class) => format!("{class}xx"),
        Outcome::Unanswered => "unanswered".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
    }
}

/// The first digit of a status, as Envoy counts.
pub(super) fn class(outcome: Outcome) -> Pairs {
    let class = match outcome {
        Outcome::Status(status) => (status / 100).to_string(),
        Outcome::Class(class) => class.to_string(),
        Outcome::Unanswered => "5".to_owned(),
        Outcome::Cancelled => "0".to_owned(),
    };
    vec![("envoy_response_code_class", class)]
}

/// A bucket's bound, where a second is `unit`.
pub(super) fn bound(index: usize, unit: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
    let bound = LATENCY_BOUNDS.get(index).map(|micros| *micros as f64 * unit / 1e6);
    bound.map_or_else(|| "+Inf".to_owned(), |bound| bound.to_string())
}

/// Whose requests they are: once, or as often as the router tells it.
pub(super) fn row(dialect: Dialect, row: &RowKey) -> Vec<Pairs> {
    let names = Names::of(row);
    match dialect {
        Dialect::Own => vec![own(row)],
        // Both ends of a connection count it.
        Dialect::Istio => ["source", "destination"].map(|reporter| istio(&names, reporter)).into(),
        Dialect::Nginx => vec![nginx(&names, row.standing.part)],
        Dialect::Traefik => vec![vec![
            ("service", names.joined("-") + "@kubernetescrd"),
            ("protocol", "http".to_owned()),
            ("exported_service", names.joined("-") + "@kubernetescrd"),
        ]],
        Dialect::Envoy => vec![vec![
            ("envoy_cluster_name", names.joined("_")),
            ("namespace", names.namespace.clone()),
        ]],
        Dialect::Linkerd => vec![linkerd(&names)],
    }
}

/// As the router's own `/metrics` tells them.
fn own(row: &RowKey) -> Pairs {
    let kind = row.owner.kind.word();
    let listener = row.standing.listener.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![
        ("listener", listener),
        (kind, row.owner.key().to_string()),
        ("revision", row.revision.to_string()),
    ]
}

struct Names {
    namespace: String,
    workload: String,
    revision: String,
    service: String,
    port: String,
}

impl Names {
    fn of(row: &RowKey) -> Self {
        let service = row.standing.service.as_ref();
        Self {
            namespace: row.owner.namespace.to_string(),
            workload: row.owner.name.to_string(),
            revision: row.revision.to_string(),
            service: service.map(|(key, _)| key.name.to_string()).unwrap_or_default(),
            port: service.map(|(_, port)| port.to_string()).unwrap_or_default(),
        }
    }

    /// Namespace, Service and port.
    fn joined(&self, with: &str) -> String {
        [self.namespace.as_str(), &self.service, &self.port].join(with)
    }
}

fn istio(names: &Names, reporter: &str) -> Pairs {
    let Names { namespace, workload, revision, service, .. } = names;
    vec![
        ("reporter", reporter.to_owned()),
        ("destination_service", format!("{service}.{namespace}.svc.cluster.local")),
        ("destination_service_name", service.clone()),
        ("destination_service_namespace", namespace.clone()),
        ("destination_workload", workload.clone()),
        ("destination_workload_namespace", namespace.clone()),
        ("destination_app", workload.clone()),
        ("destination_version", revision.clone()),
        ("destination_canonical_service", workload.clone()),
        ("destination_canonical_revision", revision.clone()),
        ("request_protocol", "http".to_owned()),
    ]
}

fn nginx(names: &Names, part: Part) -> Pairs {
    let Names { namespace, service, .. } = names;
    let canary = if part == Part::Canary { names.joined("-") } else { String::new() };
    vec![
        ("namespace", namespace.clone()),
        ("exported_namespace", namespace.clone()),
        ("ingress", names.workload.clone()),
        ("service", service.clone()),
        ("exported_service", service.clone()),
        ("canary", canary),
    ]
}

fn linkerd(names: &Names) -> Pairs {
    vec![
        ("direction", "inbound".to_owned()),
        ("namespace", names.namespace.clone()),
        ("deployment", names.workload.clone()),
        ("rollout", names.workload.clone()),
        ("service", names.service.clone()),
        (
            "authority",
            format!("{}.{}.svc.cluster.local:{}", names.service, names.namespace, names.port),
        ),
        ("rollouts_pod_template_hash", names.revision.clone()),
    ]
}

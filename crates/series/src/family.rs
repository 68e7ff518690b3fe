mod labels;

use tidegate_promql::Labels;
use tidegate_traffic::LATENCY_BOUNDS;

use crate::row::{Measure, RowKey};

/// Series of one name.
#[derive(Debug)]
pub struct Family {
    /// The metric's name.
    pub name: &'static str,
    /// What it tells, in one line.
    pub help: &'static str,
    /// What its numbers are.
    pub kind: FamilyKind,
    counts: Counts,
    dialect: Dialect,
}

/// What the numbers of a family are, as Prometheus names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// It only ever grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// One of the three parts of a histogram.
    Histogram,
}

/// Which counts of a row a family shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Requests,
    /// Requests without the label that says how they ended.
    AllRequests,
    /// Requests by the class of their status.
    Classes,
    Within,
    Time,
    Answered,
    InFlight,
}

/// Whose names and labels a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Own,
    Istio,
    Nginx,
    Traefik,
    Envoy,
    Linkerd,
}

impl Dialect {
    /// Times are in seconds, or in milliseconds.
    fn unit(self) -> f64 {
        match self {
            Self::Own | Self::Nginx | Self::Traefik => 1.0,
            Self::Istio | Self::Envoy | Self::Linkerd => 1e3,
        }
    }
}

const fn family(
    name: &'static str,
    kind: FamilyKind,
    counts: Counts,
    dialect: Dialect,
    help: &'static str,
) -> Family {
    Family { name, help, kind, counts, dialect }
}

const REQUESTS: &str = "Requests that ended, by how";
const TIMES: &str = "Time to the head of the answer, or to the client's leaving";

/// Three families that are one histogram.
macro_rules! histogram {
    ($name:literal, $dialect:expr) => {
        [
            family(
                concat!($name, "_bucket"),
                FamilyKind::Histogram,
                Counts::Within,
                $dialect,
                TIMES,
            ),
            family(
                concat!($name, "_count"),
                FamilyKind::Histogram,
                Counts::Answered,
                $dialect,
                TIMES,
            ),
            family(concat!($name, "_sum"), FamilyKind::Histogram, Counts::Time, $dialect, TIMES),
        ]
    };
}

const OWN_TIMES: [Family; 3] = histogram!("tidegate_router_latency_seconds", Dialect::Own);
const ISTIO_TIMES: [Family; 3] = histogram!("istio_request_duration_milliseconds", Dialect::Istio);
const NGINX_TIMES: [Family; 3] =
    histogram!("nginx_ingress_controller_request_duration_seconds", Dialect::Nginx);
const TRAEFIK_TIMES: [Family; 3] =
    histogram!("traefik_service_request_duration_seconds", Dialect::Traefik);
const ENVOY_TIMES: [Family; 3] = histogram!("envoy_cluster_upstream_rq_time", Dialect::Envoy);
const LINKERD_TIMES: [Family; 3] = histogram!("response_latency_ms", Dialect::Linkerd);

const fn counter(name: &'static str, counts: Counts, dialect: Dialect) -> Family {
    family(name, FamilyKind::Counter, counts, dialect, REQUESTS)
}

/// All families, Tidegate's own first.
pub static FAMILIES: &[&[Family]] = &[
    &[counter("tidegate_router_requests_total", Counts::Requests, Dialect::Own)],
    &OWN_TIMES,
    &[family(
        "tidegate_router_in_flight",
        FamilyKind::Gauge,
        Counts::InFlight,
        Dialect::Own,
        "Requests being answered",
    )],
    &[counter("istio_requests_total", Counts::Requests, Dialect::Istio)],
    &ISTIO_TIMES,
    &[counter("nginx_ingress_controller_requests", Counts::Requests, Dialect::Nginx)],
    &NGINX_TIMES,
    &[counter("traefik_service_requests_total", Counts::Requests, Dialect::Traefik)],
    &TRAEFIK_TIMES,
    &[
        counter("envoy_cluster_upstream_rq", Counts::Requests, Dialect::Envoy),
        counter("envoy_cluster_upstream_rq_xx", Counts::Classes, Dialect::Envoy),
        counter("envoy_cluster_upstream_rq_total", Counts::AllRequests, Dialect::Envoy),
    ],
    &ENVOY_TIMES,
    &[
        counter("request_total", Counts::AllRequests, Dialect::Linkerd),
        counter("response_total", Counts::Requests, Dialect::Linkerd),
    ],
    &LINKERD_TIMES,
];

impl Family {
    /// The labels under which it shows a count of a row, without its name; none where it does not.
    pub(crate) fn labels(&self, row: &RowKey, measure: &Measure) -> Vec<Labels> {
        let of_measure = match (self.counts, measure) {
            (Counts::Requests, Measure::Requests(outcome)) => {
                match labels::outcome(self.dialect, *outcome) {
                    Some(labels) => labels,
                    None => return Vec::new(),
                }
            }
            (Counts::Classes, Measure::Requests(outcome)) => labels::class(*outcome),
            (Counts::AllRequests, Measure::Requests(_)) | (Counts::Time, Measure::Time) => {
                Vec::new()
            }
            (Counts::Answered, Measure::Within(index)) if *index == LATENCY_BOUNDS.len() => {
                Vec::new()
            }
            (Counts::Within, Measure::Within(index)) => {
                vec![("le", labels::bound(*index, self.dialect.unit()))]
            }
            (Counts::InFlight, Measure::InFlight(replica)) => {
                vec![("replica", replica.to_string())]
            }
            _ => return Vec::new(),
        };
        labels::row(self.dialect, row)
            .into_iter()
            .map(|of_row| Labels::new(of_row.into_iter().chain(of_measure.iter().cloned())))
            .collect()
    }

    /// What a count is in the family's unit.
    pub(crate) fn scale(&self) -> f64 {
        if self.counts == Counts::Time { self.dialect.unit() } else { 1.0 }
    }
}

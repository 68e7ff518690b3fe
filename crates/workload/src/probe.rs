use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::PortRef;

/// How a container is asked whether it has started, is ready, or is alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What is done.
    pub action: ProbeAction,
    /// Wait this long after the start before the first try. Default 0 s.
    pub initial_delay: Duration,
    /// The time between two tries. Default 10 s, at least 1 s.
    pub period: Duration,
    /// A try that takes longer has failed. Default 1 s.
    pub timeout: Duration,
    /// Successes in a row until it counts as passing. Default 1.
    pub success_threshold: u32,
    /// Failures in a row until it counts as failing. Default 3.
    pub failure_threshold: u32,
    /// A grace period of the probe's own, for the stop that a failure causes.
    pub termination_grace: Option<Duration>,
}

/// What a probe, or a hook, does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeAction {
    /// A GET; a status of 200 to 399 passes.
    Http {
        /// The path, with its query.
        path: String,
        /// The port, by number or by name.
        port: PortRef,
        /// The host name to connect to; the replica's own address when absent.
        host: Option<String>,
        /// Header fields to send.
        headers: BTreeMap<String, String>,
        /// Whether it is HTTPS (whose certificate is not checked, as in Kubernetes).
        tls: bool,
    },
    /// A TCP connection that opens passes.
    Tcp {
        /// The port, by number or by name.
        port: PortRef,
        /// The host name to connect to; the replica's own address when absent.
        host: Option<String>,
    },
    /// `Check` of `grpc.health.v1.Health` without TLS; the answer `SERVING` passes.
    Grpc {
        /// The port.
        port: u16,
        /// Of which service; empty for the server as a whole.
        service: String,
    },
    /// A command in the container's folder and environment; exit code 0 passes.
    Exec {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A pause; only as a `preStop` hook.
    Sleep {
        /// How long.
        duration: Duration,
    },
}

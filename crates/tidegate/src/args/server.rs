use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use tidegate_webhook::Forge;

use crate::args::{OidcArgs, TlsArgs};

/// How to run the control plane.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Where to listen: on loopback, or with --tls-cert anywhere; port 0 takes any free one.
    /// DIR/server.json says which
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7420")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// A file that says which program stands for an image
    #[arg(long, value_name = "FILE")]
    pub(crate) image_map: Option<PathBuf>,
    /// Keep the state in this `PostgreSQL` database, as postgres://USER@HOST/DATABASE?sslmode=verify-full,
    /// not in the data folder; the password is PGPASSWORD, or in ~/.pgpass. Several servers may name
    /// one: the last to start leads, and the one before it ends (exit code 6)
    #[arg(long, value_name = "URL")]
    #[expect(clippy::doc_markdown, reason = "help shows an address as it is typed")]
    pub(crate) store: Option<String>,
    /// Wait until no server leads at the database any more, then lead
    #[arg(long)]
    pub(crate) standby: bool,
    /// What runs replicas. With auto, those whose images are all files or known to an image map are
    /// processes, and the others containers where an engine was found
    #[arg(long, value_name = "KIND", default_value = "auto")]
    pub(crate) runtime: RuntimeKind,
    /// A program that measures, or takes a step, where a manifest names this plugin; may be given
    /// several times
    #[arg(long, value_name = "NAME=PROGRAM", value_parser = plugin)]
    pub(crate) plugin: Vec<(String, PathBuf)>,
    /// A canary configuration of Kayenta, or a folder of them: analyses that name one are judged by
    /// this server and need no Kayenta; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) canary_configs: Vec<PathBuf>,
    /// The socket of the Docker or Podman engine [default: that of `DOCKER_HOST`, else
    /// /run/docker.sock, /run/podman/podman.sock, or that of the user]
    #[arg(long, value_name = "unix://PATH")]
    pub(crate) engine: Option<String>,
    /// What carries the traffic. Another one than the one that runs is had after `tidegate down`
    #[arg(long, value_name = "KIND", default_value = "builtin")]
    pub(crate) router: RouterKind,
    /// The program of nginx or `HAProxy` [default: the one in `PATH`, else in /usr/sbin]
    #[arg(long, value_name = "PATH")]
    pub(crate) router_program: Option<PathBuf>,
    /// Let the router that it starts serve Prometheus metrics here, under /metrics
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Ask for the token also where `PromQL` and /metrics are served; they tell counts and times. It is
    /// always asked for where other machines can come
    #[arg(long)]
    pub(crate) metrics_with_token: bool,
    /// Show everybody, without a token, how the services are that are annotated for it, at /status under
    /// this name
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "Services")]
    pub(crate) status_page: Option<String>,
    /// Let the router that it starts write a line of JSON for each request here
    #[arg(long, value_name = "FILE")]
    pub(crate) access_log: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) oidc: OidcArgs,
    /// Take webhooks of github, gitlab or bitbucket at /v1/webhooks/FORGE that are signed with the
    /// secret in this file; may be given several times, also for one forge while its secret changes
    #[arg(long, value_name = "FORGE=FILE", value_parser = webhook_secret)]
    pub(crate) webhook_secret: Vec<(Forge, PathBuf)>,
    /// The `ConfigMap` and Secret of notifications, as Argo Rollouts has them, in a file; may be given several
    /// times. Without it those count that are applied
    #[arg(long, value_name = "FILE")]
    pub(crate) notifications: Vec<PathBuf>,
    /// The namespace whose `ConfigMap` `argo-rollouts-notification-configmap` and Secret
    /// `argo-rollouts-notification-secret` are the settings of notifications
    #[arg(
        long,
        value_name = "NAME",
        default_value = "argo-rollouts",
        conflicts_with = "notifications"
    )]
    pub(crate) notifications_namespace: String,
    /// How to write the log on standard error; `TIDEGATE_LOG=debug` writes more of it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// A forge and the file of a secret.
fn webhook_secret(text: &str) -> Result<(Forge, PathBuf), String> {
    let (forge, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("it is a forge and the file of a secret, such as github=./webhook-secret")?;
    let forge = forge.parse().map_err(|error: tidegate_webhook::UnknownForge| error.to_string())?;
    Ok((forge, PathBuf::from(file)))
}

/// A plugin's name and its program, by a path from here on.
fn plugin(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, program)) if !name.is_empty() && !program.is_empty() => {
            let program = std::path::absolute(program).map_err(|error| error.to_string())?;
            Ok((name.to_owned(), program))
        }
        _ => {
            Err("it is the name of a plugin and its program, such as acme/k6=./k6-plugin"
                .to_owned())
        }
    }
}

/// What runs replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RuntimeKind {
    /// By the names of the images
    Auto,
    /// Processes of this machine
    Process,
    /// Containers of an engine on this machine
    Container,
}

/// What carries the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouterKind {
    /// Tidegate's own router
    Builtin,
    /// nginx, configured and reloaded by Tidegate
    Nginx,
    /// `HAProxy`, configured by Tidegate and steered over its runtime API
    Haproxy,
}

impl RouterKind {
    /// What a router of this kind says it is.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Nginx => tidegate_router_nginx::KIND,
            Self::Haproxy => tidegate_router_haproxy::KIND,
        }
    }
}

/// How to write the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object for each line
    Json,
}

/// How to run the data plane.
#[derive(Debug, Args)]
pub(crate) struct RouterArgs {
    /// What carries the traffic
    #[arg(long, value_name = "KIND", default_value = "builtin")]
    pub(crate) router: RouterKind,
    /// The program of nginx or `HAProxy` [default: the one in `PATH`, else in /usr/sbin]
    #[arg(long, value_name = "PATH")]
    pub(crate) router_program: Option<PathBuf>,
    /// Where `GET /metrics` answers in Prometheus' format; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<SocketAddr>,
    /// A file that takes one JSON line for each request
    #[arg(long, value_name = "FILE")]
    pub(crate) access_log: Option<PathBuf>,
    /// How to write the log on standard error; `TIDEGATE_LOG=debug` writes more of it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Take the place of the router that runs in this folder: its sockets without a connection
    /// refused, its counts; it ends what it has. When this one does not come up, that one goes on
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Become the leader of a new session, so that no terminal ends it
    #[arg(long, hide = true)]
    pub(crate) detach: bool,
}

/// How to show it.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Leave everything running at the end, and say what to try next
    #[arg(long)]
    pub(crate) keep: bool,
    /// The sample service's program [default: tidegate-sample beside this program]
    #[arg(long, value_name = "PATH")]
    pub(crate) sample: Option<PathBuf>,
}

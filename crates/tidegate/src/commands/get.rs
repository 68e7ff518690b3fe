use std::process::ExitCode;

use serde_json::Value;
use tidegate_controller::Kind;

use crate::{
    args::{Format, GetArgs, Global},
    client::{Client, escape},
    commands::{delete::parse_kind, get_table::table},
    error::CliError,
    output::Output,
    times,
};

/// Shows resources.
pub(crate) async fn run(global: &Global, args: &GetArgs) -> Result<ExitCode, CliError> {
    let (kind, name) = match args.kind.split_once('/') {
        Some((kind, name)) if args.name.is_none() && !args.all_namespaces => (kind, Some(name)),
        _ => (args.kind.as_str(), args.name.as_deref()),
    };
    let kind = parse_kind(kind)?;
    let client = Client::find(global)?;
    let namespace = (!args.all_namespaces).then_some(global.namespace.as_str());
    let document: Value = client.get(&path_of(kind, namespace, name)).await?;
    let mut output = Output::new(global);
    output.data(&document, |output| {
        let items = match document.get("items").and_then(Value::as_array) {
            Some(items) => items.clone(),
            None => vec![document.clone()],
        };
        if items.is_empty() {
            let place = namespace.map_or(String::new(), |name| format!(" in namespace {name}"));
            crate::output::tell(&format!("No {}{place}.\n", kind.plural()));
            return Ok(());
        }
        let table = table(kind, &items, output.format == Format::Wide, times::now());
        let table = if namespace.is_some() || kind.is_cluster() {
            table.without("NAMESPACE")
        } else {
            table
        };
        output.line(table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The address of a kind's resources, or of one of them.
pub(crate) fn path_of(kind: Kind, namespace: Option<&str>, name: Option<&str>) -> String {
    let group = match kind {
        Kind::Rollout
        | Kind::Experiment
        | Kind::AnalysisRun
        | Kind::AnalysisTemplate
        | Kind::ClusterAnalysisTemplate => "/apis/argoproj.io/v1alpha1",
        Kind::Deployment => "/apis/apps/v1",
        Kind::Service | Kind::ConfigMap | Kind::Secret => "/api/v1",
    };
    let namespace = namespace.filter(|_| !kind.is_cluster());
    let namespace = namespace.map(|it| format!("/namespaces/{}", escape(it))).unwrap_or_default();
    let name = name.map(|it| format!("/{}", escape(it))).unwrap_or_default();
    format!("{group}{namespace}/{}{name}", kind.plural())
}

//! What people ask of an analysis run that was applied by itself.

use std::process::ExitCode;

use serde_json::json;

use crate::{
    args::{AnalysisRunCommand, Global},
    client::{Client, escape},
    error::CliError,
    output::Output,
};

/// Runs a command about an analysis run.
pub(crate) async fn run(
    global: &Global,
    command: &AnalysisRunCommand,
) -> Result<ExitCode, CliError> {
    let AnalysisRunCommand::Terminate(args) = command;
    let (namespace, name) = (escape(&global.namespace), escape(&args.name));
    let path = format!("/v1/namespaces/{namespace}/analysisruns/{name}/terminate");
    Client::find(global)?.post(&path, &json!({})).await?;
    Output::new(global).line(format!("analysisrun/{} terminated", args.name))?;
    Ok(ExitCode::SUCCESS)
}

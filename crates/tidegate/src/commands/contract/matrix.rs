use std::process::ExitCode;

use serde::Serialize;
use tidegate_contract::{
    Decision, Deployment, Hindrance, Integration, Matrix, Needed, can_i_deploy as decide,
};
use tidegate_provider::{Entry, KeptError};
use tidegate_units::Timestamp;

use super::{contracts, file};
use crate::{
    args::{CanIDeployArgs, Global, MatrixArgs, PublishArgs, RecordDeploymentArgs},
    error::{CliError, ErrorKind},
    exit,
    output::Output,
    table::Table,
    times::now,
};

/// An error of the file.
pub(super) fn failed(problem: &KeptError) -> CliError {
    CliError::new(ErrorKind::Unreadable, "the matrix is not to be had").because(problem)
}

/// Writes down the contracts of a version.
pub(super) fn publish(global: &Global, args: &PublishArgs) -> Result<ExitCode, CliError> {
    let at = now();
    let entries: Vec<Entry> = contracts(&args.pacts)?
        .into_iter()
        .map(|known| {
            Entry::Pact(Needed {
                consumer: known.pact.consumer,
                version: args.consumer_version.clone(),
                provider: known.pact.provider,
                pact: known.hash,
                branch: args.branch.clone(),
                tags: args.tags.clone(),
                at,
            })
        })
        .collect();
    file(global)?.add(&entries).map_err(|problem| failed(&problem))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes down what runs where.
pub(super) fn record(global: &Global, args: &RecordDeploymentArgs) -> Result<ExitCode, CliError> {
    let deployment = Deployment {
        pacticipant: args.pacticipant.clone(),
        version: args.version.clone(),
        environment: args.environment.clone(),
        at: now(),
    };
    file(global)?.add(&[Entry::Deployment(deployment)]).map_err(|problem| failed(&problem))?;
    Ok(ExitCode::SUCCESS)
}

/// A version of a consumer beside a version of its provider.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    consumer: String,
    consumer_version: String,
    provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    environments: Vec<String>,
}

/// Shows the matrix.
pub(super) fn show(global: &Global, args: &MatrixArgs) -> Result<ExitCode, CliError> {
    let matrix = file(global)?.load().map_err(|problem| failed(&problem))?;
    let asked = |needed: &&Needed| {
        let name = args.pacticipant.as_deref();
        name.is_none_or(|name| needed.consumer == name || needed.provider == name)
    };
    let rows: Vec<Row> =
        matrix.needed.iter().filter(asked).flat_map(|needed| rows(&matrix, needed)).collect();
    Output::new(global).data(&rows, |output| {
        let mut table = Table::new([
            "CONSUMER",
            "VERSION",
            "PROVIDER",
            "VERSION",
            "VERIFIED",
            "AT",
            "ENVIRONMENTS",
        ]);
        for row in &rows {
            let verdict = match row.success {
                Some(true) => "yes",
                Some(false) => "failed",
                None => "no",
            };
            table.row(vec![
                row.consumer.clone(),
                row.consumer_version.clone(),
                row.provider.clone(),
                row.provider_version.clone().unwrap_or_default(),
                verdict.to_owned(),
                row.at.map(|at| at.to_string()).unwrap_or_default(),
                row.environments.join(", "),
            ]);
        }
        output.line(table)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn rows(matrix: &Matrix, needed: &Needed) -> Vec<Row> {
    let of = |it: &&tidegate_contract::Verification| {
        it.consumer == needed.consumer && it.provider == needed.provider && it.pact == needed.pact
    };
    let mut versions: Vec<&str> =
        matrix.verifications.iter().filter(of).map(|it| it.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let mut environments: Vec<String> =
        matrix.deployments.iter().map(|it| it.environment.clone()).collect();
    environments.sort_unstable();
    environments.dedup();
    environments
        .retain(|it| matrix.deployed(&needed.consumer, it) == Some(needed.version.as_str()));
    let row = |version: Option<&str>| {
        let last = version.and_then(|version| matrix.last(needed, version));
        Row {
            consumer: needed.consumer.clone(),
            consumer_version: needed.version.clone(),
            provider: needed.provider.clone(),
            provider_version: version.map(str::to_owned),
            success: last.map(|last| last.success),
            at: last.map(|last| last.at),
            environments: environments.clone(),
        }
    };
    if versions.is_empty() {
        return vec![row(None)];
    }
    versions.into_iter().map(|version| row(Some(version))).collect()
}

/// Tells whether a version may be deployed.
pub(super) fn can_i_deploy(global: &Global, args: &CanIDeployArgs) -> Result<ExitCode, CliError> {
    let matrix = file(global)?.load().map_err(|problem| failed(&problem))?;
    let decision = decide(&matrix, &args.pacticipant, &args.version, &args.to);
    Output::new(global).data(&decision, |output| told(output, args, &decision))?;
    Ok(ExitCode::from(if decision.deployable { exit::OK } else { exit::FAILED }))
}

fn told(output: &mut Output, args: &CanIDeployArgs, decision: &Decision) -> Result<(), CliError> {
    let verb = if decision.deployable { "may" } else { "may not" };
    output
        .line(format!("{} {} {verb} be deployed to {}", args.pacticipant, args.version, args.to))?;
    if decision.hindrance.is_some() {
        output.line("  nothing is known of this version: neither a contract nor a verification")?;
    }
    decision.integrations.iter().try_for_each(|it| output.line(format!("  {}", line(it))))
}

fn line(it: &Integration) -> String {
    let (consumer, version, provider) = (&it.consumer, &it.consumer_version, &it.provider);
    let beside = it.provider_version.as_deref().unwrap_or("(none)");
    let why = match &it.hindrance {
        None => "verified".to_owned(),
        Some(Hindrance::ProviderNotDeployed) => format!("{provider} does not run there"),
        Some(Hindrance::NotVerified) => "nobody has verified it".to_owned(),
        Some(Hindrance::Failed { at }) => format!("its verification failed at {at}"),
        Some(Hindrance::UnknownVersion) => "the version is not known".to_owned(),
    };
    format!("{consumer} {version} -> {provider} {beside}: {why}")
}

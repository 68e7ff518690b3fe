use std::process::ExitCode;

use tidegate_controller::Kind;
use tidegate_units::ObjectKey;

use crate::{
    args::{DeleteArgs, Global},
    client::Client,
    commands::{apply::refuse, get::path_of},
    error::{CliError, ErrorKind},
    files::{read_all, read_sources},
    output::Output,
};

/// Takes resources away: Rollouts and Experiments first, then what they refer to.
pub(crate) async fn run(global: &Global, args: &DeleteArgs) -> Result<ExitCode, CliError> {
    let mut targets = targets(global, args)?;
    targets.sort_by_key(|(kind, _)| !matches!(kind, Kind::Rollout | Kind::Experiment));
    let client = Client::find(global)?;
    let mut output = Output::new(global);
    let mut missing = Vec::new();
    for (kind, key) in targets {
        let told = format!("{}/{}", kind.as_str().to_ascii_lowercase(), key.name);
        let path = path_of(kind, Some(&key.namespace), Some(&key.name));
        let (path, note) =
            if args.dry_run { (path + "?dryRun=All", " (dry run)") } else { (path, "") };
        if client.delete(&path).await? {
            output.line(format!("{told} deleted{note}"))?;
        } else if !args.ignore_not_found {
            missing.push(format!("{kind} {key}"));
        }
    }
    if missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(CliError::failed(format!("there is no {}", missing.join(", no ")))
        .hint("with --ignore-not-found that is no failure"))
}

fn targets(global: &Global, args: &DeleteArgs) -> Result<Vec<(Kind, ObjectKey)>, CliError> {
    if let Some(kind) = &args.kind {
        if kind.contains('/') {
            let all = std::iter::once(kind).chain(&args.names);
            return all.map(|text| parse_both(global, text)).collect();
        }
        let kind = parse_kind(kind)?;
        if args.names.is_empty() {
            let message = format!("no name of a {kind} is given");
            let hint =
                "write NAME after the kind, or several; or take what is in a file, by -f FILE";
            return Err(CliError::new(ErrorKind::Usage, message).hint(hint));
        }
        let key = |name: &String| (kind, ObjectKey::new(&global.namespace, name));
        return Ok(args.names.iter().map(key).collect());
    }
    let sources = read_sources(&args.filename)?;
    let documents = read_all(&sources).map_err(refuse)?.documents;
    let target = |document: tidegate_manifest::Document| {
        let written = document.manifest.pointer("/metadata/namespace").is_some();
        let key = document.resource.key();
        let cluster = document.resource.kind().is_cluster();
        let key = if written || cluster {
            key.clone()
        } else {
            ObjectKey::new(&global.namespace, &key.name)
        };
        (document.resource.kind(), key)
    };
    Ok(documents.into_iter().map(target).collect())
}

/// Reads `KIND/NAME`.
fn parse_both(global: &Global, text: &str) -> Result<(Kind, ObjectKey), CliError> {
    let Some((kind, name)) = text.split_once('/') else {
        let message = format!("{text:?} is not KIND/NAME, and another one is");
        return Err(CliError::new(ErrorKind::Usage, message).hint("write all of them alike"));
    };
    Ok((parse_kind(kind)?, ObjectKey::new(&global.namespace, name)))
}

/// Reads a kind as people type it.
pub(crate) fn parse_kind(text: &str) -> Result<Kind, CliError> {
    text.parse().map_err(|error: tidegate_controller::UnknownKind| {
        CliError::new(ErrorKind::Usage, error.to_string())
    })
}

use std::process::ExitCode;

use tidegate_api::Done;
use tidegate_controller::Outcome;
use tidegate_manifest::{Document, LeftAlone, Problem, Problems, Reading};

use crate::{
    args::{ApplyArgs, Global},
    client::{Client, escape},
    error::{CliError, ErrorKind},
    files::{Source, read_all, read_sources},
    output::Output,
};

/// Makes resources as they are written: all of them, or none when one cannot be accepted.
pub(crate) async fn run(global: &Global, args: &ApplyArgs) -> Result<ExitCode, CliError> {
    let sources = read_sources(&args.filename)?;
    let Reading { documents, left, notes } = read_all(&sources).map_err(refuse)?;
    if args.strict && !left.is_empty() {
        return Err(refuse(vec![left_over(&left)]));
    }
    if documents.is_empty() && left.is_empty() {
        return Err(CliError::new(ErrorKind::Usage, "there is no resource in what was named")
            .hint("a resource begins with `apiVersion` and `kind`"));
    }
    let mut answer = Vec::new();
    if !documents.is_empty() {
        let client = Client::find(global)?;
        let path = format!("/v1/apply?file={}&dryRun={}", escape(&called(&sources)), args.dry_run);
        let body = one_text(in_namespace(documents, &global.namespace));
        answer = client.post_manifests(&path, body).await?;
    }
    answer.extend(left.into_iter().map(Done::LeftAlone));
    let mut output = Output::new(global);
    output.data(&answer, |output| {
        answer.iter().try_for_each(|done| output.line(told(done, args.dry_run)))?;
        notes.iter().try_for_each(|note| output.line(format!("note: {note}")))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The problems of what is left alone, where nothing may be.
pub(crate) fn left_over(left: &[LeftAlone]) -> Problems {
    Problems { problems: left.iter().map(Problem::of_left).collect(), omitted: 0 }
}

/// The error for files with problems.
pub(crate) fn refuse(problems: Vec<Problems>) -> CliError {
    let count: usize = problems.iter().map(|found| found.problems.len() + found.omitted).sum();
    let plural = if count == 1 { "problem" } else { "problems" };
    CliError::failed(format!("{count} {plural} found; nothing was changed")).problems(problems)
}

/// What the sources are called together.
fn called(sources: &[Source]) -> String {
    match sources {
        [one] => one.name.clone(),
        many => format!("{} files", many.len()),
    }
}

/// All documents as one text. They were read already, so each is sent as JSON, which is YAML: then
/// resources that need each other may stand in different files, and are accepted together.
fn one_text(manifests: Vec<serde_json::Value>) -> String {
    let texts = manifests.into_iter().map(|manifest| format!("---\n{manifest}\n"));
    texts.collect()
}

/// The manifests, those with no namespace in the one that the command line names.
fn in_namespace(documents: Vec<Document>, namespace: &str) -> Vec<serde_json::Value> {
    let place = |document: Document| {
        let cluster = document.resource.kind().is_cluster();
        let mut manifest = document.manifest;
        let metadata = manifest.get_mut("metadata").and_then(serde_json::Value::as_object_mut);
        if let Some(metadata) = metadata
            && !metadata.contains_key("namespace")
            && namespace != "default"
            && !cluster
        {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
        manifest
    };
    documents.into_iter().map(place).collect()
}

fn told(done: &Done, dry_run: bool) -> String {
    let applied = match done {
        Done::Applied(applied) => applied,
        Done::LeftAlone(left) => return format!("{}:{}: left alone: {left}", left.file, left.line),
    };
    let outcome = match applied.outcome {
        Outcome::Created => "created",
        Outcome::Configured => "configured",
        Outcome::Unchanged => "unchanged",
    };
    let kind = applied.kind.as_str().to_ascii_lowercase();
    let note = if dry_run { " (dry run)" } else { "" };
    format!("{kind}/{} {outcome}{note}", applied.key.name)
}

#[cfg(test)]
mod tests {
    use tidegate_controller::{Applied, Kind};
    use tidegate_units::ObjectKey;

    use super::*;

    #[test]
    fn an_outcome_is_told_as_kubectl_tells_it() {
        let applied = |outcome| {
            Done::Applied(Applied {
                kind: Kind::AnalysisTemplate,
                key: ObjectKey::new("default", "fast"),
                outcome,
            })
        };
        assert_eq!(told(&applied(Outcome::Created), false), "analysistemplate/fast created");
        assert_eq!(
            told(&applied(Outcome::Configured), true),
            "analysistemplate/fast configured (dry run)"
        );
    }

    #[test]
    fn documents_of_all_files_become_one_text() {
        let text = one_text(vec![serde_json::json!({"a": 1}), serde_json::json!({"b": "x: y"})]);
        assert_eq!(text, "---\n{\"a\":1}\n---\n{\"b\":\"x: y\"}\n");
    }
}

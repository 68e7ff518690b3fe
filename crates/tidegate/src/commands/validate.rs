use std::process::ExitCode;

use serde::Serialize;
use tidegate_manifest::{Problem, Problems};

use crate::{
    args::{Global, ValidateArgs},
    error::CliError,
    exit,
    files::{read_documents, read_sources},
    output::Output,
};

/// What programs get.
#[derive(Serialize)]
struct Verdict<'a> {
    valid: bool,
    files: usize,
    resources: usize,
    problems: Vec<&'a Problem>,
    /// Problems beyond those that are listed.
    omitted: usize,
}

/// Checks files without a server.
pub(crate) fn run(global: &Global, args: &ValidateArgs) -> Result<ExitCode, CliError> {
    let sources = read_sources(&args.filename)?;
    let (resources, problems) = match read_documents(&sources) {
        Ok(documents) => (documents.len(), Vec::new()),
        Err(problems) => (0, problems),
    };
    let verdict = Verdict {
        valid: problems.is_empty(),
        files: sources.len(),
        resources,
        problems: problems.iter().flat_map(|found| &found.problems).collect(),
        omitted: problems.iter().map(|found| found.omitted).sum(),
    };
    let mut output = Output::new(global);
    output.data(&verdict, |output| {
        for found in &problems {
            let text = output.paint.problems(found);
            output.line(text)?;
        }
        let summary = summary(&verdict, &problems);
        output.line(summary)
    })?;
    Ok(ExitCode::from(if verdict.valid { exit::OK } else { exit::FAILED }))
}

fn summary(verdict: &Verdict<'_>, problems: &[Problems]) -> String {
    let files = counted(verdict.files, "file");
    if verdict.valid {
        return format!("{files}: {}, no problems", counted(verdict.resources, "resource"));
    }
    let found = verdict.problems.len() + verdict.omitted;
    format!("{files}: {} in {}", counted(found, "problem"), counted(problems.len(), "file"))
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

use std::process::ExitCode;

use serde::Serialize;
use tidegate_manifest::{LeftAlone, Problem, Problems, Reading};

use crate::{
    args::{Global, ValidateArgs},
    commands::apply::left_over,
    error::CliError,
    exit,
    files::{read_all, read_sources},
    output::Output,
};

/// What programs get.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict<'a> {
    valid: bool,
    files: usize,
    resources: usize,
    problems: Vec<&'a Problem>,
    /// Problems beyond those that are listed.
    omitted: usize,
    /// Objects of kinds that are not read here.
    left_alone: Vec<LeftAlone>,
    /// What is read in another sense than the file may mean, or needs something of the server.
    notes: Vec<Problem>,
}

/// Checks files without a server.
pub(crate) fn run(global: &Global, args: &ValidateArgs) -> Result<ExitCode, CliError> {
    let sources = read_sources(&args.filename)?;
    let (reading, problems) = match read_all(&sources) {
        Ok(reading) if args.strict && !reading.left.is_empty() => {
            let problems = left_over(&reading.left);
            (reading, vec![problems])
        }
        Ok(reading) => (reading, Vec::new()),
        Err(problems) => (Reading::default(), problems),
    };
    let verdict = Verdict {
        valid: problems.is_empty(),
        files: sources.len(),
        resources: reading.documents.len(),
        problems: problems.iter().flat_map(|found| &found.problems).collect(),
        omitted: problems.iter().map(|found| found.omitted).sum(),
        left_alone: reading.left,
        notes: reading.notes,
    };
    let mut output = Output::new(global);
    output.data(&verdict, |output| {
        for found in &problems {
            let text = output.paint.problems(found);
            output.line(text)?;
        }
        for left in verdict.left_alone.iter().filter(|_| verdict.valid) {
            output.line(format!("{}:{}: left alone: {left}", left.file, left.line))?;
        }
        verdict.notes.iter().try_for_each(|note| output.line(format!("note: {note}")))?;
        let summary = summary(&verdict, &problems);
        output.line(summary)
    })?;
    Ok(ExitCode::from(if verdict.valid { exit::OK } else { exit::FAILED }))
}

fn summary(verdict: &Verdict<'_>, problems: &[Problems]) -> String {
    let files = counted(verdict.files, "file");
    if verdict.valid {
        let left = match verdict.left_alone.len() {
            0 => String::new(),
            some => format!("; {some} left alone"),
        };
        return format!("{files}: {}, no problems{left}", counted(verdict.resources, "resource"));
    }
    let found = verdict.problems.len() + verdict.omitted;
    format!("{files}: {} in {}", counted(found, "problem"), counted(problems.len(), "file"))
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

//! GitHub's workflows, without GitHub.

mod found;

use std::{collections::BTreeSet, process::ExitCode};

use serde::Serialize;
use tidegate_workflow_file::{Outline, Problem, Severity};

use crate::{
    args::{Global, WorkflowCommand, WorkflowListArgs, WorkflowValidateArgs},
    error::CliError,
    exit,
    output::Output,
    paint::Paint,
    table::Table,
};

/// What people ask about workflows.
pub(crate) fn run(global: &Global, command: &WorkflowCommand) -> Result<ExitCode, CliError> {
    match command {
        WorkflowCommand::Validate(args) => validate(global, args),
        WorkflowCommand::List(args) => list(global, args),
        WorkflowCommand::Run(args) => crate::pipeline::run(global, args),
        WorkflowCommand::Actions => crate::pipeline::actions(global),
    }
}

/// What programs get of `validate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    valid: bool,
    files: usize,
    problems: Vec<Problem>,
}

fn validate(global: &Global, args: &WorkflowValidateArgs) -> Result<ExitCode, CliError> {
    let files = found::files(&args.paths)?;
    let mut problems: Vec<Problem> = files.iter().flat_map(|file| file.read().problems).collect();
    if args.strict {
        for problem in &mut problems {
            problem.severity = Severity::Error;
        }
    }
    let valid = problems.iter().all(|problem| problem.severity == Severity::Warning);
    let verdict = Verdict { valid, files: files.len(), problems };
    let mut output = Output::new(global);
    output.data(&verdict, |output| {
        for problem in &verdict.problems {
            let text = shown(problem, output.paint);
            output.line(text)?;
        }
        output.line(summary(&verdict))
    })?;
    Ok(ExitCode::from(if valid { exit::OK } else { exit::FAILED }))
}

/// A problem with its source line, and an empty line.
fn shown(problem: &Problem, paint: Paint) -> String {
    let text = paint.problems(&tidegate_manifest::Problems {
        problems: vec![tidegate_manifest::Problem {
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            field: String::new(),
            message: problem.message.clone(),
            allowed: None,
            hint: problem.hint.clone(),
            source: problem.source.clone(),
            width: problem.width,
        }],
        omitted: 0,
    });
    let text = match problem.severity {
        Severity::Error => text,
        Severity::Warning => text.replacen(&paint.red_bold("error:"), &paint.yellow("warning:"), 1),
    };
    format!("{}\n", text.trim_end())
}

fn summary(verdict: &Verdict) -> String {
    let of = |severity| verdict.problems.iter().filter(move |problem| problem.severity == severity);
    let errors = of(Severity::Error).count();
    let warnings = match of(Severity::Warning).count() {
        0 => String::new(),
        some => format!(", {}", counted(some, "warning")),
    };
    let files = counted(verdict.files, "file");
    if errors == 0 {
        return format!("{files}: no problems{warnings}");
    }
    let broken: BTreeSet<&str> = of(Severity::Error).map(|problem| problem.file.as_str()).collect();
    let broken = counted(broken.len(), "file");
    format!("{files}: {} in {broken}{warnings}", counted(errors, "problem"))
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// What programs get of a workflow of `list`.
#[derive(Serialize)]
struct Listed {
    file: String,
    valid: bool,
    #[serde(flatten)]
    outline: Outline,
}

fn list(global: &Global, args: &WorkflowListArgs) -> Result<ExitCode, CliError> {
    let files = found::files(&args.paths)?;
    let workflows = files.iter().filter(|file| !file.is_action()).map(|file| {
        let reading = file.read();
        Listed {
            file: file.name().to_owned(),
            valid: reading.is_valid(),
            outline: reading.outline(),
        }
    });
    let listed: Vec<Listed> = workflows.collect();
    Output::new(global).data(&listed, |output| {
        let mut table = Table::new(["FILE", "NAME", "EVENTS", "JOBS", "STATE"]);
        for workflow in &listed {
            let jobs = workflow.outline.jobs.iter().map(|job| job.id.as_str());
            table.row(vec![
                workflow.file.clone(),
                workflow.outline.name.clone().unwrap_or_default(),
                workflow.outline.events.join(","),
                jobs.collect::<Vec<_>>().join(","),
                if workflow.valid { "valid" } else { "refused" }.to_owned(),
            ]);
        }
        output.line(table)
    })?;
    Ok(ExitCode::SUCCESS)
}

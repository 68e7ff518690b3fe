//! What is read of workflow and action files, and what is told of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod action;
mod calls;
mod checks;
mod expressions;
mod grammar;
mod injection;
mod limits;
mod models;
mod recorded;
mod tokens;
mod yaml;

use tidegate_workflow_file::{Reading, Severity, read_workflow};

/// What is wrong, one line for each: place and message. Warnings say that they are.
fn told(reading: &Reading) -> Vec<String> {
    let line = |problem: &tidegate_workflow_file::Problem| {
        let kind = if problem.severity == Severity::Warning { "warning: " } else { "" };
        format!("{}:{} {kind}{}", problem.line, problem.column, problem.message)
    };
    reading.problems.iter().map(line).collect()
}

/// Asserts what is told of a workflow.
#[track_caller]
fn check(text: &str, expect: &[&str]) {
    assert_eq!(told(&read_workflow("w.yml", text)), expect, "{text}");
}

/// A workflow with one job, whose lines these are: they begin on line 4.
fn job(lines: &str) -> String {
    format!("on: push\njobs:\n  build:\n{}", indented(lines, 4))
}

/// A workflow with one job on a machine, whose steps these lines are: they begin on line 6.
fn steps(lines: &str) -> String {
    job(&format!("runs-on: ubuntu-latest\nsteps:\n{}", indented(lines, 2)))
}

/// A workflow that these lines start: they begin on line 2.
fn on(lines: &str) -> String {
    format!("on:\n{}jobs:\n  build:\n    runs-on: ubuntu-latest\n", indented(lines, 2))
}

fn indented(lines: &str, by: usize) -> String {
    let blank = " ".repeat(by);
    lines.lines().flat_map(|line| [blank.as_str(), line, "\n"]).collect()
}

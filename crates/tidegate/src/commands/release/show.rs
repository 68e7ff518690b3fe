use tidegate_conventional::{Cause, Why};

use super::plan::{Made, Plan};
use crate::{error::CliError, output::Output};

/// How far it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    No,
    Files,
    Recorded,
    Pushed,
}

impl Done {
    const fn word(self) -> &'static str {
        match self {
            Self::No | Self::Files => "wrote",
            Self::Recorded | Self::Pushed => "file",
        }
    }
}

const NOTHING: &str = "nothing to release: no commit since the last version asks for one";

/// The next versions, and why.
pub(super) fn next(output: &mut Output, plan: &Plan) -> Result<(), CliError> {
    if plan.releases.is_empty() {
        output.line(NOTHING)?;
    }
    for made in &plan.releases {
        head(output, made)?;
        reasons(output, made)?;
    }
    settings(output, plan)
}

fn head(output: &mut Output, made: &Made) -> Result<(), CliError> {
    let planned = &made.planned;
    let name =
        if planned.component == "." { String::new() } else { format!("{} ", planned.component) };
    let from = planned
        .previous
        .as_ref()
        .map_or("the first version".to_owned(), |previous| format!("after {previous}"));
    let cause = match &planned.cause {
        Cause::Changes => String::new(),
        Cause::Dependencies(on) => format!(", because it is made of {}", on.join(", ")),
        Cause::Linked(to) => format!(", to be the same as {to}"),
    };
    output.line(format!("{name}{} ({from}{cause})", planned.version))
}

fn reasons(output: &mut Output, made: &Made) -> Result<(), CliError> {
    for reason in &made.planned.next.reasons {
        let why = match &reason.why {
            Why::Breaking => "breaking".to_owned(),
            Why::Feature => "feature".to_owned(),
            Why::Told => "patch".to_owned(),
            Why::ReleaseAs(version) => format!("as {version}"),
        };
        let short = reason.commit.get(..7).unwrap_or(&reason.commit);
        // A message is another's text.
        let change: String =
            reason.change.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        output.line(format!("  {short:<7}  {why:<8}  {change}"))?;
    }
    Ok(())
}

/// The whole plan, or what was done of it.
pub(super) fn whole(output: &mut Output, plan: &Plan, done: Done) -> Result<(), CliError> {
    next(output, plan)?;
    for file in &plan.files {
        match done {
            Done::No => {
                let diff: String = file
                    .diff()
                    .chars()
                    .map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c })
                    .collect();
                output.line(format!("\n{}", diff.trim_end()))?;
            }
            Done::Files | Done::Recorded | Done::Pushed => {
                output.line(format!("{:<6}  {}", done.word(), file.path))?;
            }
        }
    }
    match done {
        Done::No => would(output, plan),
        Done::Files => Ok(()),
        Done::Recorded | Done::Pushed => recorded(output, plan, done),
    }
}

fn would(output: &mut Output, plan: &Plan) -> Result<(), CliError> {
    if plan.releases.is_empty() {
        return Ok(());
    }
    output.line("")?;
    if let Some(message) = plan.message() {
        output.line(format!("would commit  {message}"))?;
    }
    for tag in plan.releases.iter().filter_map(|made| made.tag.as_ref()) {
        output.line(format!("would tag     {tag}"))?;
    }
    Ok(())
}

fn recorded(output: &mut Output, plan: &Plan, done: Done) -> Result<(), CliError> {
    if let Some(message) = plan.message().filter(|_| !plan.releases.is_empty()) {
        output.line(format!("commit  {message}"))?;
    }
    for tag in plan.releases.iter().filter_map(|made| made.tag.as_ref()) {
        output.line(format!("tagged  {tag}"))?;
    }
    if done == Done::Pushed {
        output.line("pushed")?;
    }
    Ok(())
}

/// Settings that mean nothing here are told, so that nobody relies on them.
fn settings(output: &mut Output, plan: &Plan) -> Result<(), CliError> {
    if plan.without_meaning.is_empty() {
        return Ok(());
    }
    output.line(format!("settings without a meaning here: {}", plan.without_meaning.join(", ")))
}

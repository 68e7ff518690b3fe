//! Scenarios: prose that is run. In a Markdown file, three kinds of fenced blocks mean something:
//!
//! - `yaml file=NAME` (or any language): the block is written into the scenario's folder;
//! - `console`: each line that begins with `$ ` is run by bash there, and what it prints, standard
//!   output and error together, has to be the lines that follow. `[..]` stands for any text within
//!   a line, a line `...` for any lines, and a last line `[exit N]` for exit code N (0 otherwise);
//! - everything else is prose.
//!
//! In place of `{{address}}` and `{{sample}}` stand the address of the service and the program of
//! the sample service, in place of each `{{port}}` another free one.

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tidegate_testkit::ports::free_port;
use tokio::time::timeout;

use crate::House;

/// For one command of a scenario.
const COMMAND_PATIENCE: Duration = Duration::from_mins(2);

/// A step of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    File { name: String, text: String },
    Run { line: usize, command: String, expect: Vec<String> },
}

/// Runs the scenario `text` in a house.
pub async fn run_scenario(house: &House, text: &str) -> anyhow::Result<()> {
    let folder = house.folder().join("scenario");
    std::fs::create_dir_all(&folder)?;
    let text = text
        .replace("{{address}}", &house.address().to_string())
        .replace("{{sample}}", &house.sample().display().to_string());
    let parts = parse(&with_ports(text))?;
    ensure!(parts.iter().any(|part| matches!(part, Part::Run { .. })), "it runs nothing");
    let mut started = Started::default();
    for part in parts {
        match part {
            Part::File { name, text } => std::fs::write(folder.join(name), text)?,
            Part::Run { line, command, expect } => {
                let printed = run(house, &folder, &command, &mut started).await?;
                check(&expect, &printed).with_context(|| format!("line {line}: $ {command}"))?;
            }
        }
    }
    Ok(())
}

/// Free ports in place of `{{port}}`, each another one.
fn with_ports(mut text: String) -> String {
    while text.contains("{{port}}") {
        text = text.replacen("{{port}}", &free_port().to_string(), 1);
    }
    text
}

/// The process groups of the commands that run, or have left something running. What a scenario that
/// fails has left running in the background ends with it.
#[derive(Default)]
struct Started(Vec<Pid>);

impl Drop for Started {
    fn drop(&mut self) {
        for group in &self.0 {
            // It may have ended just now.
            let _ = kill_process_group(*group, Signal::KILL);
        }
    }
}

fn parse(text: &str) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut block = Vec::new();
        loop {
            match lines.next() {
                Some((_, "```")) => break,
                Some(pair) => block.push(pair),
                None => bail!("line {}: the block is not closed", number + 1),
            }
        }
        if info == "console" {
            parts.extend(commands(&block)?);
        } else if let Some((_, name)) = info.split_once(" file=") {
            let text = block.iter().flat_map(|(_, line)| [*line, "\n"]).collect();
            parts.push(Part::File { name: name.to_owned(), text });
        }
    }
    Ok(parts)
}

fn commands(block: &[(usize, &str)]) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (number, line) in block {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.to_owned();
            parts.push(Part::Run { line: number + 1, command, expect: Vec::new() });
        } else if let Some(Part::Run { expect, .. }) = parts.last_mut() {
            expect.push((*line).to_owned());
        } else {
            bail!("line {}: a console block begins with `$ `", number + 1);
        }
    }
    Ok(parts)
}

async fn run(
    house: &House,
    folder: &Path,
    command: &str,
    started: &mut Started,
) -> anyhow::Result<Vec<String>> {
    let path =
        format!("{}:{}", house.bin_folder().display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("TIDEGATE_DATA", house.folder())
        .env("USER", "ada")
        .env("NO_COLOR", "1")
        .envs(house.environment())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = tokio::process::Command::from(bash).spawn()?;
    started.0.extend(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
    let output = timeout(COMMAND_PATIENCE, child.wait_with_output());
    let output = output.await.with_context(|| format!("longer than {COMMAND_PATIENCE:?}"))??;
    // The number of a group that has ended is soon another's, who is not to be killed for it.
    started.0.retain(|group| test_kill_process_group(*group).is_ok());
    let mut lines: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    match output.status.code() {
        Some(0) => {}
        code => lines.push(format!("[exit {}]", code.unwrap_or(-1))),
    }
    Ok(lines)
}

/// Whether what was printed is what was expected.
fn check(expect: &[String], printed: &[String]) -> anyhow::Result<()> {
    if matches_lines(expect, printed) {
        return Ok(());
    }
    bail!("expected:\n{}\n\nprinted:\n{}", expect.join("\n"), printed.join("\n"))
}

fn matches_lines(expect: &[String], printed: &[String]) -> bool {
    match expect.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "..." => (0..=printed.len())
            .any(|skipped| printed.get(skipped..).is_some_and(|left| matches_lines(rest, left))),
        Some((first, rest)) => printed.split_first().is_some_and(|(line, left)| {
            matches_line(first.trim_end(), line) && matches_lines(rest, left)
        }),
    }
}

fn matches_line(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|left| {
            let mut starts = left.char_indices().map(|(at, _)| at).chain([left.len()]);
            starts.any(|at| left.get(at..).is_some_and(|left| matches_line(after, left)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_files_and_commands() {
        let text =
            "words\n```yaml file=a.yaml\na: 1\n```\n```console\n$ echo hi\nhi\n$ true\n```\n";
        let run = |line, command: &str, expect: &[&str]| Part::Run {
            line,
            command: command.to_owned(),
            expect: expect.iter().map(|line| (*line).to_owned()).collect(),
        };
        let file = Part::File { name: "a.yaml".to_owned(), text: "a: 1\n".to_owned() };
        assert_eq!(parse(text).unwrap(), [file, run(6, "echo hi", &["hi"]), run(8, "true", &[])]);
        assert!(parse("```console\nno command\n```").is_err());
        assert!(parse("```console\n$ true").is_err());
    }

    #[test]
    fn what_is_printed_is_compared_with_holes() {
        let check = |expect: &[&str], printed: &[&str], same: bool| {
            let own =
                |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
            assert_eq!(matches_lines(&own(expect), &own(printed)), same, "{expect:?} {printed:?}");
        };
        check(&["a [..] c"], &["a b c"], true);
        check(&["a [..] c"], &["a b d"], false);
        check(&["...", "end"], &["x", "y", "end"], true);
        check(&["...", "end"], &["x", "y"], false);
        check(&["..."], &[], true);
        check(&[], &["x"], false);
        check(&["[..]é[..]"], &["caféx"], true);
    }
}

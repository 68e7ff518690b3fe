//! The reference of the command line as Markdown, from the command line itself.

mod promql;

use std::fmt::Write as _;

use clap::{Arg, Command};

pub(crate) use promql::markdown as promql;

/// A page about `root` and all commands below it; hidden ones are left out.
pub(crate) fn markdown(mut root: Command) -> String {
    root.build();
    let mut page = String::from("# Command line\n");
    section(&mut page, &root, &[]);
    page
}

/// The API as `OpenAPI` has it, as it is committed.
pub(crate) fn openapi() -> String {
    let mut text = tidegate_api::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn section(page: &mut String, command: &Command, above: &[&str]) {
    let mut path = above.to_vec();
    path.push(command.get_name());
    let _ = write!(page, "\n## `{}`\n", path.join(" "));
    if let Some(about) = command.get_long_about().or_else(|| command.get_about()) {
        let _ = write!(page, "\n{about}.\n");
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let _ = write!(page, "\n```text\n{usage}\n```\n");
    let root = above.is_empty();
    let shown = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && (root || !arg.is_global_set()))
        .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
        .collect::<Vec<_>>();
    if !shown.is_empty() {
        let _ = write!(page, "\n| argument | meaning |\n|---|---|\n");
    }
    for arg in shown {
        let _ = writeln!(page, "| `{}` | {} |", spelled(arg), meaning(arg));
    }
    if let Some(after) = command.get_after_help().filter(|_| root) {
        let _ = write!(page, "\n```text\n{after}\n```\n");
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        section(page, below, &path);
    }
}

/// The argument as it is typed; `|` would end the cell of the table.
fn spelled(arg: &Arg) -> String {
    let text = arg.to_string().replace('|', "\\|");
    match arg.get_short() {
        Some(short) => format!("-{short}, {text}"),
        None => text,
    }
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('\n', " ");
    let mut text = help.replace('|', "\\|");
    let values = arg.get_possible_values();
    let flag = !arg.get_action().takes_values();
    if !flag && !values.is_empty() {
        let names = values.iter().map(|value| format!("`{}`", value.get_name()));
        let _ = write!(text, "; one of {}", names.collect::<Vec<_>>().join(", "));
    }
    let defaults = arg.get_default_values();
    if !flag && !defaults.is_empty() {
        let names = defaults.iter().map(|value| format!("`{}`", value.to_string_lossy()));
        let _ = write!(text, "; by default {}", names.collect::<Vec<_>>().join(", "));
    }
    text
}

use std::process::ExitCode;

use tidegate_api::RevisionDiff;

use crate::{
    args::{DiffArgs, Global},
    client::Client,
    commands::change::rollout_path,
    error::CliError,
    output::Output,
    paint::Paint,
};

/// Shows what two revisions of a rollout differ in.
pub(crate) async fn run(global: &Global, args: &DiffArgs) -> Result<ExitCode, CliError> {
    let asked = [("from", args.from), ("to", args.to)].into_iter();
    let asked = asked.filter_map(|(name, number)| Some(format!("{name}={}", number?)));
    let path = rollout_path(global, &args.name, "diff");
    let path = format!("{path}?{}", asked.collect::<Vec<_>>().join("&"));
    let diff: RevisionDiff = Client::find(global)?.get(&path).await?;
    Output::new(global).data(&diff, |output| {
        if diff.changes.is_empty() {
            let (from, to) = (diff.from.number, diff.to.number);
            return output.line(format!("revisions {from} and {to} have the same pod template"));
        }
        let paint = output.paint;
        diff.text.lines().try_for_each(|line| output.line(painted(paint, line)))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A line of a unified diff as terminals show it.
fn painted(paint: Paint, line: &str) -> String {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => paint.bold(line),
        [b'+', ..] => paint.green(line),
        [b'-', ..] => paint.red(line),
        [b'@', ..] => paint.cyan(line),
        _ => line.to_owned(),
    }
}

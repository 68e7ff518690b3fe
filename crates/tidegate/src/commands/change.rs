//! What people ask of a rollout.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use tidegate_api::{AbortWish, ImageWish, OverrideWish, UndoWish};
use tidegate_controller::{Applied, Outcome};

use crate::{
    args::{AbortArgs, Global, ImageArgs, NameArgs, OverrideArgs, PromoteArgs, UndoArgs},
    client::{Answer, Client, escape},
    error::CliError,
    output::Output,
};

/// Goes on from a pause, or skips all that is left.
pub(crate) async fn promote(global: &Global, args: &PromoteArgs) -> Result<ExitCode, CliError> {
    let (action, done) =
        if args.full { ("promote-full", "fully promoted") } else { ("promote", "promoted") };
    ask(global, &args.name, action, &json!({})).await?;
    tell(global, &args.name, done)
}

/// Holds it where it is.
pub(crate) async fn pause(global: &Global, args: &NameArgs) -> Result<ExitCode, CliError> {
    ask(global, &args.name, "pause", &json!({})).await?;
    tell(global, &args.name, "paused")
}

/// Undoes a pause by hand.
pub(crate) async fn resume(global: &Global, args: &NameArgs) -> Result<ExitCode, CliError> {
    ask(global, &args.name, "resume", &json!({})).await?;
    tell(global, &args.name, "resumed")
}

/// Takes it back.
pub(crate) async fn abort(global: &Global, args: AbortArgs) -> Result<ExitCode, CliError> {
    ask(global, &args.name, "abort", &AbortWish { reason: args.reason }).await?;
    tell(global, &args.name, "aborted")
}

/// Tries an aborted revision again.
pub(crate) async fn retry(global: &Global, args: &NameArgs) -> Result<ExitCode, CliError> {
    ask(global, &args.name, "retry", &json!({})).await?;
    tell(global, &args.name, "retried")
}

/// Lets a rule no longer count.
pub(crate) async fn override_rule(
    global: &Global,
    args: OverrideArgs,
) -> Result<ExitCode, CliError> {
    let done = format!("rule {} overridden", args.rule);
    let wish = OverrideWish { rule: args.rule, reason: args.reason };
    ask(global, &args.name, "override", &wish).await?;
    tell(global, &args.name, &done)
}

/// Goes back to an earlier revision.
pub(crate) async fn undo(global: &Global, args: &UndoArgs) -> Result<ExitCode, CliError> {
    let wish = UndoWish { to_revision: args.to_revision };
    let answer = ask(global, &args.name, "undo", &wish).await?;
    tell_change(global, &args.name, &answer, "undone")
}

/// Replaces all replicas.
pub(crate) async fn restart(global: &Global, args: &NameArgs) -> Result<ExitCode, CliError> {
    let answer = ask(global, &args.name, "restart", &json!({})).await?;
    tell_change(global, &args.name, &answer, "restarts")
}

/// Gives containers another image.
pub(crate) async fn set_image(global: &Global, args: ImageArgs) -> Result<ExitCode, CliError> {
    let images = args.images.into_iter().map(|change| (change.container, change.image));
    let wish = ImageWish { images: images.collect() };
    let answer = ask(global, &args.name, "set-image", &wish).await?;
    tell_change(global, &args.name, &answer, "image updated")
}

async fn ask<B: Serialize + Sync>(
    global: &Global,
    name: &str,
    action: &str,
    wish: &B,
) -> Result<Answer, CliError> {
    Client::find(global)?.post(&rollout_path(global, name, action), wish).await
}

fn tell_change(
    global: &Global,
    name: &str,
    answer: &Answer,
    done: &str,
) -> Result<ExitCode, CliError> {
    let applied: Applied = answer.json()?;
    tell(global, name, if applied.outcome == Outcome::Unchanged { "unchanged" } else { done })
}

fn tell(global: &Global, name: &str, done: &str) -> Result<ExitCode, CliError> {
    Output::new(global).line(format!("rollout/{name} {done}"))?;
    Ok(ExitCode::SUCCESS)
}

/// The command that shows a rollout, for hints.
pub(crate) fn get_command(global: &Global, name: &str) -> String {
    let namespace = match global.namespace.as_str() {
        "default" => String::new(),
        other => format!(" -n {other}"),
    };
    format!("tidegate rollout get {name}{namespace}")
}

/// The address of something about a rollout.
pub(crate) fn rollout_path(global: &Global, name: &str, what: &str) -> String {
    format!("/v1/namespaces/{}/rollouts/{}/{what}", escape(&global.namespace), escape(name))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Cli;

    use super::get_command;

    #[test]
    fn a_hint_finds_the_rollout_that_it_speaks_of() {
        let check = |line: &[&str], expect: &str| {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(get_command(&cli.global, "web"), expect);
        };
        check(&["tidegate", "down"], "tidegate rollout get web");
        check(&["tidegate", "down", "-n", "shop"], "tidegate rollout get web -n shop");
    }
}

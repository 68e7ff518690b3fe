//! What people ask of a rollout.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use tidegate_api::{AbortWish, Foreseen, ImageWish, OverrideWish, UndoWish};
use tidegate_controller::{Applied, Outcome};

use crate::{
    args::{AbortArgs, ActArgs, Global, ImageArgs, OverrideArgs, PromoteArgs, UndoArgs},
    client::{Answer, Client, escape},
    error::CliError,
    output::Output,
};

/// Goes on from a pause, or skips all that is left.
pub(crate) async fn promote(global: &Global, args: &PromoteArgs) -> Result<ExitCode, CliError> {
    let act = &args.act;
    let (action, done) =
        if args.full { ("promote-full", "fully promoted") } else { ("promote", "promoted") };
    let answer = ask(global, act, action, &json!({})).await?;
    tell(global, act, &answer, done)
}

/// Holds it where it is.
pub(crate) async fn pause(global: &Global, act: &ActArgs) -> Result<ExitCode, CliError> {
    let answer = ask(global, act, "pause", &json!({})).await?;
    tell(global, act, &answer, "paused")
}

/// Undoes a pause by hand.
pub(crate) async fn resume(global: &Global, act: &ActArgs) -> Result<ExitCode, CliError> {
    let answer = ask(global, act, "resume", &json!({})).await?;
    tell(global, act, &answer, "resumed")
}

/// Takes it back.
pub(crate) async fn abort(global: &Global, args: AbortArgs) -> Result<ExitCode, CliError> {
    let answer = ask(global, &args.act, "abort", &AbortWish { reason: args.reason }).await?;
    tell(global, &args.act, &answer, "aborted")
}

/// Tries an aborted revision again.
pub(crate) async fn retry(global: &Global, act: &ActArgs) -> Result<ExitCode, CliError> {
    let answer = ask(global, act, "retry", &json!({})).await?;
    tell(global, act, &answer, "retried")
}

/// Lets a rule no longer count.
pub(crate) async fn override_rule(
    global: &Global,
    args: OverrideArgs,
) -> Result<ExitCode, CliError> {
    let done = format!("rule {} overridden", args.rule);
    let wish = OverrideWish { rule: args.rule, reason: args.reason };
    let answer = ask(global, &args.act, "override", &wish).await?;
    tell(global, &args.act, &answer, &done)
}

/// Goes back to an earlier revision.
pub(crate) async fn undo(global: &Global, args: &UndoArgs) -> Result<ExitCode, CliError> {
    let wish = UndoWish { to_revision: args.to_revision };
    let answer = ask(global, &args.act, "undo", &wish).await?;
    tell_change(global, &args.act, &answer, "undone")
}

/// Replaces all replicas.
pub(crate) async fn restart(global: &Global, act: &ActArgs) -> Result<ExitCode, CliError> {
    let answer = ask(global, act, "restart", &json!({})).await?;
    tell_change(global, act, &answer, "restarts")
}

/// Gives containers another image.
pub(crate) async fn set_image(global: &Global, args: ImageArgs) -> Result<ExitCode, CliError> {
    let images = args.images.into_iter().map(|change| (change.container, change.image));
    let wish = ImageWish { images: images.collect() };
    let answer = ask(global, &args.act, "set-image", &wish).await?;
    tell_change(global, &args.act, &answer, "image updated")
}

async fn ask<B: Serialize + Sync>(
    global: &Global,
    act: &ActArgs,
    action: &str,
    wish: &B,
) -> Result<Answer, CliError> {
    let path = rollout_path(global, &act.name, action);
    let path = if act.dry_run { format!("{path}?dryRun=All") } else { path };
    Client::find(global)?.post(&path, wish).await
}

fn tell_change(
    global: &Global,
    act: &ActArgs,
    answer: &Answer,
    done: &str,
) -> Result<ExitCode, CliError> {
    if act.dry_run {
        return tell(global, act, answer, done);
    }
    let applied: Applied = answer.json()?;
    let unchanged = applied.outcome == Outcome::Unchanged;
    tell(global, act, answer, if unchanged { "unchanged" } else { done })
}

fn tell(global: &Global, act: &ActArgs, answer: &Answer, done: &str) -> Result<ExitCode, CliError> {
    let name = &act.name;
    let line = if act.dry_run {
        let foreseen: Foreseen = answer.json()?;
        foreseen_line(name, done, &foreseen)
    } else {
        format!("rollout/{name} {done}")
    };
    Output::new(global).line(line)?;
    Ok(ExitCode::SUCCESS)
}

fn foreseen_line(name: &str, done: &str, foreseen: &Foreseen) -> String {
    let words: Vec<_> = foreseen.entries.iter().map(|entry| entry.what.as_str()).collect();
    if words.is_empty() {
        return format!("rollout/{name} unchanged (dry run)");
    }
    format!("rollout/{name} {done} (dry run); the ledger would say: {}", words.join(", "))
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

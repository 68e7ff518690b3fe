use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use tidegate_api::{AbortWish, ImageWish, UndoWish};
use tidegate_controller::{Applied, Outcome};

use crate::{
    args::{Global, ImageChange, RolloutCommand},
    client::{Client, escape},
    error::CliError,
    output::Output,
};

/// Asks something of a rollout.
pub(crate) async fn run(global: &Global, command: RolloutCommand) -> Result<ExitCode, CliError> {
    let asked = Asked { client: Client::find(global)?, global };
    let nothing = json!({});
    match command {
        RolloutCommand::Promote(args) if args.full => {
            asked.act(&args.name, "promote-full", &nothing, "fully promoted").await
        }
        RolloutCommand::Promote(args) => {
            asked.act(&args.name, "promote", &nothing, "promoted").await
        }
        RolloutCommand::Pause(args) => asked.act(&args.name, "pause", &nothing, "paused").await,
        RolloutCommand::Resume(args) => asked.act(&args.name, "resume", &nothing, "resumed").await,
        RolloutCommand::Retry(args) => asked.act(&args.name, "retry", &nothing, "retried").await,
        RolloutCommand::Abort(args) => {
            let wish = AbortWish { reason: args.reason };
            asked.act(&args.name, "abort", &wish, "aborted").await
        }
        RolloutCommand::Undo(args) => {
            let wish = UndoWish { to_revision: args.to_revision };
            asked.change(&args.name, "undo", &wish, "undone").await
        }
        RolloutCommand::Restart(args) => {
            asked.change(&args.name, "restart", &nothing, "restarts").await
        }
        RolloutCommand::SetImage(args) => {
            let wish = ImageWish { images: args.images.into_iter().map(pair).collect() };
            asked.change(&args.name, "set-image", &wish, "image updated").await
        }
        RolloutCommand::Get(_)
        | RolloutCommand::Status(_)
        | RolloutCommand::Watch(_)
        | RolloutCommand::History(_) => Ok(ExitCode::SUCCESS),
    }
}

fn pair(change: ImageChange) -> (String, String) {
    (change.container, change.image)
}

struct Asked<'a> {
    client: Client,
    global: &'a Global,
}

impl Asked<'_> {
    async fn act<B: Serialize + Sync>(
        &self,
        name: &str,
        action: &str,
        wish: &B,
        done: &str,
    ) -> Result<ExitCode, CliError> {
        self.client.post(&rollout_path(self.global, name, action), wish).await?;
        self.tell(name, done)
    }

    async fn change<B: Serialize + Sync>(
        &self,
        name: &str,
        action: &str,
        wish: &B,
        done: &str,
    ) -> Result<ExitCode, CliError> {
        let answer = self.client.post(&rollout_path(self.global, name, action), wish).await?;
        let applied: Option<Applied> = serde_json::from_slice(&answer.body).ok();
        let unchanged = applied.is_some_and(|applied| applied.outcome == Outcome::Unchanged);
        self.tell(name, if unchanged { "unchanged" } else { done })
    }

    fn tell(&self, name: &str, done: &str) -> Result<ExitCode, CliError> {
        Output::new(self.global).line(format!("rollout/{name} {done}"))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The address of something about a rollout.
pub(crate) fn rollout_path(global: &Global, name: &str, what: &str) -> String {
    format!("/v1/namespaces/{}/rollouts/{}/{what}", escape(&global.namespace), escape(name))
}

use std::process::ExitCode;

use tidegate_controller::RolloutView;
use tidegate_rollout::Phase;
use tokio::time::{Instant, sleep_until};

use crate::{
    args::{Format, Global, StatusArgs},
    client::Client,
    commands::{
        change::{get_command, rollout_path},
        follow::Follow,
    },
    error::{CliError, ErrorKind},
    exit,
    output::Output,
    view::summary,
};

/// Waits until a rollout is healthy or degraded, and tells how it goes on.
pub(crate) async fn run(global: &Global, args: &StatusArgs) -> Result<ExitCode, CliError> {
    let mut output = Output::new(global);
    if !args.watch {
        let client = Client::find(global)?;
        let view: RolloutView = client.get(&rollout_path(global, &args.name, "view")).await?;
        return end(&view, "", &mut output);
    }
    if args.timeout.is_zero() {
        return wait(global, args, &mut output).await;
    }
    let deadline = Instant::now() + args.timeout;
    tokio::select! {
        ended = wait(global, args, &mut output) => ended,
        () = sleep_until(deadline) => {
            let message = format!(
                "the rollout {} was neither healthy nor degraded after {:?}",
                args.name, args.timeout
            );
            Err(CliError::new(ErrorKind::TimedOut, message)
                .hint(format!("`{}` shows what it waits for", get_command(global, &args.name))))
        }
    }
}

async fn wait(
    global: &Global,
    args: &StatusArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let mut follow = Follow::begin(global, &args.name).await?;
    let mut told = String::new();
    while let Some(view) = follow.next().await? {
        if matches!(view.report.phase, Phase::Healthy | Phase::Degraded) {
            return end(&view, &told, output);
        }
        let line = summary(&view);
        if line != told && matches!(output.format, Format::Table | Format::Wide) {
            output.line(&line)?;
            told = line;
        }
    }
    Err(CliError::failed(format!("the rollout {} was deleted", args.name)))
}

/// Tells how it stands at the end, unless that was `told`, and which Services users cannot reach.
fn end(view: &RolloutView, told: &str, output: &mut Output) -> Result<ExitCode, CliError> {
    output.data(view, |output| {
        let line = summary(view);
        if line != told {
            output.line(line)?;
        }
        let noted = view.services.iter().filter_map(|it| it.note.as_ref().map(|note| (it, note)));
        for (service, note) in noted {
            output.line(format!("service {}: {note}", service.service.name))?;
        }
        Ok(())
    })?;
    let degraded = view.report.phase == Phase::Degraded;
    Ok(ExitCode::from(if degraded { exit::FAILED } else { exit::OK }))
}

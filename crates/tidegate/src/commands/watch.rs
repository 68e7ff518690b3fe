use std::process::ExitCode;

use tidegate_controller::RolloutView;

use crate::{
    args::{Global, NameArgs, WatchArgs},
    client::Client,
    commands::{change::rollout_path, follow::Follow},
    error::CliError,
    output::Output,
    times,
    view::{Screen, Wish, changes, still},
};

/// Shows a rollout once.
pub(crate) async fn show(global: &Global, args: &NameArgs) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let view: RolloutView = client.get(&rollout_path(global, &args.name, "view")).await?;
    let mut output = Output::new(global);
    output.data(&view, |output| {
        let text = still(&view, times::now(), output.paint);
        output.line(text)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Follows a rollout until it is gone or the person quits.
pub(crate) async fn run(global: &Global, args: &WatchArgs) -> Result<ExitCode, CliError> {
    let mut follow = Follow::begin(global, &args.name).await?;
    let mut output = Output::new(global);
    if args.no_tui || !output.is_terminal() {
        plain(&mut follow, &mut output).await?;
    } else {
        // The screen writes to standard output too, and must not wait for this lock.
        drop(output);
        live(&mut follow).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn plain(follow: &mut Follow<'_>, output: &mut Output) -> Result<(), CliError> {
    let mut before = None;
    while let Some(view) = follow.next().await? {
        for line in changes(before.as_ref(), &view) {
            output.line(format!("{} {line}", view.at))?;
        }
        before = Some(view);
    }
    output.line("the rollout was deleted")
}

async fn live(follow: &mut Follow<'_>) -> Result<(), CliError> {
    let mut screen = Screen::open()?;
    let mut latest = None;
    loop {
        tokio::select! {
            view = follow.next() => match view? {
                Some(view) => latest = Some(view),
                None => return Ok(()),
            },
            wish = screen.wish() => match wish {
                Wish::Quit => return Ok(()),
                // A second passed (countdowns) or the window has another size.
                Wish::Redraw => {}
            },
        }
        if let Some(view) = &latest {
            screen.draw(view, times::now())?;
        }
    }
}

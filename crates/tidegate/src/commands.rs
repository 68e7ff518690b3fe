//! What each command does.

mod access;
mod analysis_run;
mod apply;
mod backup;
mod change;
mod contract;
mod delete;
mod diff;
mod dora;
mod experiment;
mod exported;
mod follow;
mod get;
mod get_table;
mod history;
mod judge;
mod ledger;
mod logs;
mod notify;
mod release;
mod replay;
mod report;
mod shadow;
mod status;
mod validate;
mod version;
mod watch;
mod workflow;

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::{
    args::{Cli, Command, CompletionsArgs, ReferencePage, RolloutCommand},
    demo,
    error::CliError,
    output::Output,
    reference, server,
};

/// Runs what the command line says.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let Cli { global, command } = cli;
    match command {
        Command::Apply(args) => wait(apply::run(&global, &args)),
        Command::Delete(args) => wait(delete::run(&global, &args)),
        Command::Get(args) => wait(get::run(&global, &args)),
        Command::Rollout(command) => wait(rollout(&global, command)),
        Command::AnalysisRun(command) => wait(analysis_run::run(&global, &command)),
        Command::Experiment(command) => wait(experiment::run(&global, &command)),
        Command::Logs(args) => wait(logs::run(&global, &args)),
        Command::Validate(args) => validate::run(&global, &args),
        Command::Workflow(command) => workflow::run(&global, &command),
        Command::Judge(args) => judge::run(&global, &args),
        Command::Release(command) => release::run(&global, &command),
        Command::Contract(command) => wait(contract::run(&global, &command)),
        Command::Replay(args) => wait(replay::run(&global, &args)),
        Command::Server(args) => server::run(&global, &args),
        Command::Router(args) => server::run_router(&global, &args),
        Command::Down => server::down(&global),
        Command::Demo(args) => demo::run(&global, &args),
        Command::Ledger(command) => ledger::run(&global, &command),
        Command::Dora(args) => dora::run(&global, &args),
        Command::Report(command) => report::run(&global, &command),
        Command::Notify(command) => wait(notify::run(&global, command)),
        Command::Access(command) => wait(access::run(&global, command)),
        Command::CanI(args) => wait(access::can_i(&global, &args)),
        Command::Whoami => wait(access::whoami(&global)),
        Command::SignIn => wait(access::sign_in(&global)),
        Command::Backup(args) => backup::run(&global, &args),
        Command::Restore(args) => backup::restore(&global, &args),
        Command::Verify(args) => backup::verify(&global, &args),
        Command::Completions(args) => completions(&global, &args),
        Command::Version => wait(version::run(&global)),
        Command::InternalExec(_) => Ok(tidegate_runtime_process::launcher_main()),
        Command::InternalReference(args) => {
            let text = match args.page {
                ReferencePage::Cli => reference::markdown(Cli::command()),
                ReferencePage::ExitCodes => crate::exit::markdown(),
                ReferencePage::Fields => tidegate_manifest::field_reference(),
                ReferencePage::Promql => reference::promql(),
                ReferencePage::Openapi => reference::openapi(),
            };
            Output::new(&global).bytes(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn rollout(
    global: &crate::args::Global,
    command: RolloutCommand,
) -> Result<ExitCode, CliError> {
    match command {
        RolloutCommand::Get(args) => watch::show(global, &args).await,
        RolloutCommand::Status(args) => status::run(global, &args).await,
        RolloutCommand::Watch(args) => watch::run(global, &args).await,
        RolloutCommand::History(args) => history::run(global, &args).await,
        RolloutCommand::Diff(args) => diff::run(global, &args).await,
        RolloutCommand::Shadow(args) => shadow::run(global, &args).await,
        RolloutCommand::Promote(args) => change::promote(global, &args).await,
        RolloutCommand::Pause(args) => change::pause(global, &args).await,
        RolloutCommand::Resume(args) => change::resume(global, &args).await,
        RolloutCommand::Abort(args) => change::abort(global, args).await,
        RolloutCommand::Retry(args) => change::retry(global, &args).await,
        RolloutCommand::Undo(args) => change::undo(global, &args).await,
        RolloutCommand::Override(args) => change::override_rule(global, args).await,
        RolloutCommand::Restart(args) => change::restart(global, &args).await,
        RolloutCommand::SetImage(args) => change::set_image(global, args).await,
    }
}

/// Runs a command of a client: one thread is plenty.
fn wait<T>(command: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed("no event loop could be started").because(&error))?
        .block_on(command)
}

fn completions(global: &crate::args::Global, args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tidegate", &mut script);
    Output::new(global).bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}

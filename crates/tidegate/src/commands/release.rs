//! The next version of a repository, and what it takes to release it.
//!
//! Everything is planned from what is committed and tagged, never from the files of the work tree: whoever is interrupted
//! and does it again plans the same, and finds part of it done.

mod files;
mod plan;
mod settings;
mod show;
mod standing;
mod write;

use std::process::ExitCode;

use crate::{
    args::{ChangeArgs, Global, PushArgs, ReleaseArgs, ReleaseCommand},
    error::CliError,
    output::Output,
};
use plan::{Part, Plan};

/// Does what is asked about the next version.
pub(crate) fn run(global: &Global, command: &ReleaseCommand) -> Result<ExitCode, CliError> {
    match command {
        ReleaseCommand::Next(args) => next(global, args),
        ReleaseCommand::Changelog(args) => change(global, args, Part::Changelog),
        ReleaseCommand::Bump(args) => change(global, args, Part::Versions),
        ReleaseCommand::Tag(args) => record(global, args, Write::Nothing),
        ReleaseCommand::Make(args) => record(global, args, Write::Files),
    }
}

/// Whether files are written before they are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Nothing,
    Files,
}

fn next(global: &Global, args: &ReleaseArgs) -> Result<ExitCode, CliError> {
    let plan = Plan::make(args)?;
    Output::new(global).data(&plan.told(), |output| show::next(output, &plan))?;
    Ok(ExitCode::SUCCESS)
}

fn change(global: &Global, args: &ChangeArgs, part: Part) -> Result<ExitCode, CliError> {
    let plan = Plan::make(&args.of)?.only(part);
    write::refuse_foreign_changes(&plan)?;
    if !args.dry_run {
        write::files(&plan)?;
    }
    let done = if args.dry_run { show::Done::No } else { show::Done::Files };
    Output::new(global).data(&plan.told(), |output| show::whole(output, &plan, done))?;
    Ok(ExitCode::SUCCESS)
}

fn record(global: &Global, args: &PushArgs, write: Write) -> Result<ExitCode, CliError> {
    let of = &args.change;
    let plan = Plan::make(&of.of)?;
    write::refuse_foreign_changes(&plan)?;
    if !of.dry_run {
        if write == Write::Files {
            write::files(&plan)?;
        }
        write::record(&plan)?;
        if args.push {
            write::push(&plan, &of.of.remote)?;
        }
    }
    let done = match (of.dry_run, args.push) {
        (true, _) => show::Done::No,
        (false, false) => show::Done::Recorded,
        (false, true) => show::Done::Pushed,
    };
    Output::new(global).data(&plan.told(), |output| show::whole(output, &plan, done))?;
    Ok(ExitCode::SUCCESS)
}

//! Takes a change to all of its users, and takes it back by itself when it hurts.
//!
//! The one program: command line, settings, wiring, and the one place where an error is written.
//! Invariant: it decides nothing about a rollout; it carries words between people and the crates
//! that do.

mod args;
mod client;
mod commands;
mod database;
mod demo;
mod error;
mod exit;
mod files;
mod kept;
mod open_files;
mod output;
mod paint;
mod pipeline;
mod place;
mod reference;
mod server;
mod table;
mod times;
mod view;

use std::{io, process::ExitCode};

use clap::Parser as _;

use crate::{args::Cli, paint::Paint};

/// The word that makes this program the launcher of the process runtime.
const LAUNCHER: &str = "internal-exec";

/// The word that makes this program the keeper of a job.
const JOB_KEEPER: &str = "internal-job";

fn main() -> ExitCode {
    // Before all else: the launcher becomes a container's process, so nothing may be open or
    // running in it, and its arguments are none of the command line's.
    if std::env::args_os().nth(1).is_some_and(|word| word == LAUNCHER) {
        open_files::restore(std::env::args_os().nth(2).as_deref());
        return tidegate_runtime_process::launcher_main();
    }
    if std::env::args_os().nth(1).is_some_and(|word| word == JOB_KEEPER) {
        return tidegate_runtime_process::job_keeper_main(
            std::env::args_os().nth(2).map(Into::into),
        );
    }
    let cli = Cli::parse();
    let paint = Paint::of(cli.global.color, &io::stderr());
    commands::run(cli).unwrap_or_else(|error| {
        output::tell(&error.render(paint));
        ExitCode::from(&error)
    })
}

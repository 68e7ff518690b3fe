//! `cargo xtask torture`.
#![expect(clippy::print_stdout, reason = "a program whose output is what it saw")]

use std::process::ExitCode;

use clap::Parser as _;
use tidegate_torture::{Entered, Settings, be_init, enter, run};

fn main() -> anyhow::Result<ExitCode> {
    let settings = Settings::parse();
    if settings.init {
        return be_init();
    }
    if !settings.inside && !settings.script {
        return match enter(&settings)? {
            Entered::Ended(code) => Ok(code),
            Entered::Refused(why) => {
                println!("torture: left out: {why}");
                Ok(if settings.may_be_left_out { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
        };
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(settings))
}

use std::process::Command;

use anyhow::Result;

use crate::shell::{cargo, run};

/// The short form that CI runs: five years and a half, a day at a time.
const SHORT: [&str; 2] = ["--seeds", "2000"];

/// Builds the simulated world and lives in it.
pub(crate) fn start(arguments: &[&str]) -> Result<()> {
    run(&mut built(arguments))
}

/// The short form.
pub(crate) fn short() -> Command {
    built(&SHORT)
}

fn built(arguments: &[&str]) -> Command {
    let build = ["run", "--quiet", "--profile", "sim", "-p", "tidegate-sim", "--"];
    cargo(&[&build, arguments].concat())
}

use std::process::Command;

use anyhow::Result;

use crate::{
    packages::{self, Need},
    shell::{cargo, run, target},
};

/// The short form that CI runs: a seed and so many rounds, which hold each kind of fault and of
/// revision. It takes a minute; all of it is done however busy the machine is.
pub(crate) const SHORT: [&str; 7] =
    ["--seed", "6", "--rounds", "4", "--rate", "20", "--may-be-left-out"];

/// Builds the programs and tortures them.
pub(crate) fn start(arguments: &[&str]) -> Result<()> {
    packages::install(Need::Tests)?;
    run(&mut cargo(&[
        "build",
        "-p",
        "tidegate",
        "-p",
        "tidegate-sample",
        "-p",
        "tidegate-torture",
    ]))?;
    run(&mut built(arguments))
}

/// The short form, on programs that are built.
pub(crate) fn short() -> Command {
    built(&SHORT)
}

fn built(arguments: &[&str]) -> Command {
    let mut command = Command::new(target().join("debug/tidegate-torture"));
    command.args(arguments);
    command
}

use std::process::Command;

use anyhow::Result;

use crate::{
    packages::{self, Need},
    shell::{cargo, run, target},
};

/// The short form: a seed and so many rounds, which hold each kind of fault and of revision. It takes
/// a minute on a machine that is not busy.
pub(crate) const SHORT: [&str; 9] =
    ["--seed", "6", "--rounds", "4", "--minutes", "1", "--rate", "20", "--may-be-left-out"];

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
    run(Command::new(target().join("debug/tidegate-torture")).args(arguments))
}

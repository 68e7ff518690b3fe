use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context as _, Result};

use crate::shell::{cargo, run, target};

/// Builds what the demonstration runs and becomes it.
pub(crate) fn start(arguments: &[&str]) -> Result<()> {
    run(&mut cargo(&["build", "--release", "-p", "tidegate", "-p", "tidegate-sample"]))?;
    let built = target().join("release");
    let error = Command::new(built.join("tidegate"))
        .arg("demo")
        .arg("--sample")
        .arg(built.join("tidegate-sample"))
        .args(arguments)
        .exec();
    Err(error).context("cannot start the demonstration")
}

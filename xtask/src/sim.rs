use std::process::Command;

use anyhow::Result;

use crate::shell::{cargo, run};

/// The short form that CI runs: five years and a half, a day at a time.
const SHORT: [&str; 2] = ["--seeds", "2000"];
/// In so many seeds each mistake that can be planted has to be found.
const PLANTED: [&str; 3] = ["--planted", "--seeds", "200"];

/// Builds the simulated world and lives in it.
pub(crate) fn start(arguments: &[&str]) -> Result<()> {
    run(&mut built(arguments))
}

/// The short form.
pub(crate) fn short() -> Command {
    built(&SHORT)
}

/// Looks for each mistake that can be planted.
pub(crate) fn planted() -> Command {
    built(&PLANTED)
}

/// Mistakes can be planted in a build for that alone.
fn built(arguments: &[&str]) -> Command {
    let build = ["run", "--quiet", "--profile", "sim", "-p", "tidegate-sim"];
    let planted = arguments.iter().any(|one| one.starts_with("--planted"));
    let features: &[&str] = if planted { &["--features", "planted"] } else { &[] };
    cargo(&[&build, features, &["--"], arguments].concat())
}

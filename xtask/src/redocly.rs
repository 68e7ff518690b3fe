//! Redocly reads the description of the API as others' tools do.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{is_installed, root, run};

/// Holds the committed `OpenAPI` to Redocly's recommended rules, in the version that its lock file says.
pub(crate) fn check() -> Result<()> {
    if !is_installed("npm") {
        bail!("Redocly runs on Node 20.19 or later with npm");
    }
    run(npm(&["ci"]).arg("--silent"))?;
    run(&mut npm(&["run", "--silent", "lint"]))
}

/// npm in the folder of its rules. Redocly asks nobody whether there is a newer one, and tells nobody that it ran.
fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(root().join("xtask/redocly"));
    command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    command
}

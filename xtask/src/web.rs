use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{is_installed, root, run, target};

/// Builds the page: what it is made of, the API's types, its own types and tests, and then `web/dist`,
/// which the next build of Tidegate embeds.
///
/// The API's types are made anew each time, of the description of the API that "generated pages" compares with the code:
/// they are never older than it, and a page that it no longer fits fails here.
pub(crate) fn build() -> Result<()> {
    if !is_installed("npm") {
        bail!(
            "the page is built by Node 20.19 or later with npm; Tidegate without it serves a plain page"
        );
    }
    run(&mut npm(&["ci"]))?;
    for script in ["generate", "check", "unit", "build"] {
        run(&mut npm(&["run", "--silent", script]))?;
    }
    Ok(())
}

/// Runs the tests of the page in a real browser, against the programs that were built last.
pub(crate) fn browse() -> Result<()> {
    run(&mut npm(&["run", "--silent", "e2e"]))
}

/// Makes the pictures of `docs/src/img` anew, of a real server and real releases.
pub(crate) fn picture() -> Result<()> {
    run(&mut npm(&["run", "--silent", "screenshots"]))
}

/// npm in `web/`, with `arguments`; its scripts find Tidegate's programs below `CARGO_TARGET_DIR`.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(root().join("web")).env("CARGO_TARGET_DIR", target());
    command
}

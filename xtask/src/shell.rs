use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    // As it runs, not as it was built: two clones may share what is built.
    let built_from = || env!("CARGO_MANIFEST_DIR").into();
    let mut root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built_from));
    root.pop();
    root
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    // Relative to the root, as cargo run from the root takes it.
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A program that is to run in the root of the repository.
pub(crate) fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// The cargo that started this, with arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let name = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    program(&name, arguments)
}

/// Runs a command to its end. It must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line(command));
    }
    Ok(())
}

/// What a command writes to its standard output. It must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}\n{errors}", line(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a program is found in `PATH`.
pub(crate) fn is_installed(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

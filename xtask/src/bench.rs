use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use crate::{
    packages::{self, Need},
    shell::{cargo, program, root, run as run_command},
};

/// Says which benchmarks there are.
pub(crate) fn list() -> Result<()> {
    for (name, script) in scripts()? {
        println!("{name}: {}", script.strip_prefix(root())?.display());
    }
    for name in crates()? {
        println!("{name}: cargo bench -p tidegate-{name}");
    }
    Ok(())
}

/// Runs a script of `benches/` or, without one of that name, the benchmarks of a crate.
pub(crate) fn run(name: &str, arguments: &[&str]) -> Result<()> {
    if let Some((_, script)) = scripts()?.into_iter().find(|(found, _)| found == name) {
        packages::install(Need::Benchmarks)?;
        return run_command(&mut program(&script.to_string_lossy(), arguments));
    }
    if !crates()?.iter().any(|found| found == name) {
        bail!("there is no benchmark `{name}`; `cargo xtask bench` says which there are");
    }
    let package = format!("tidegate-{name}");
    run_command(&mut cargo(&[&["bench", "-p", &package, "--benches", "--"], arguments].concat()))
}

/// The scripts `benches/NAME/run.py` and `run.sh`, by their names.
fn scripts() -> Result<Vec<(String, PathBuf)>> {
    let folder = root().join("benches");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut scripts = Vec::new();
    for name in names(&folder, Path::is_dir)? {
        let candidates = ["run.py", "run.sh"].map(|script| folder.join(&name).join(script));
        if let Some(script) = candidates.into_iter().find(|path| path.is_file()) {
            scripts.push((name, script));
        }
    }
    Ok(scripts)
}

fn crates() -> Result<Vec<String>> {
    names(&root().join("crates"), |path| path.join("benches").is_dir())
}

fn names(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        if wanted(&file.path()) {
            names.push(file.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

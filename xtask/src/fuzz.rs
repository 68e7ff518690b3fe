//! Foreign input, made up by coverage, for every parser that meets some.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, output, program, root, run};

/// Coverage as libFuzzer reads it, which stable compilers can give.
const FLAGS: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Ccodegen-units=1",
];
/// Longer than most files of a team, short enough for thousands of runs a second.
const LONGEST: &str = "-max_len=16384";
/// Nothing that a person gives may take longer, in seconds.
const SLOWEST: &str = "-timeout=10";
/// Nor more memory, in MiB.
const LARGEST: &str = "-rss_limit_mb=1024";

/// Runs the targets that are named, or all of them one after the other, for `--seconds` each (60 by
/// default). What is found is in `fuzz/artifacts`, and fails.
pub(crate) fn start(arguments: &[&str]) -> Result<()> {
    let mut seconds = 60_u32;
    let mut named = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match *word {
            "--seconds" => {
                let given = words.next().context("--seconds needs a number")?;
                seconds = given.parse().with_context(|| format!("--seconds {given}"))?;
            }
            name => named.push(name.to_owned()),
        }
    }
    let all = targets()?;
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        bail!("there is no target `{unknown}`; there are {}", all.join(", "));
    }
    let chosen = if named.is_empty() { all } else { named };
    let host = host()?;
    build(&host, &chosen)?;
    let failed: Vec<_> =
        chosen.iter().filter(|target| !holds(&host, target, seconds)).map(String::as_str).collect();
    if failed.is_empty() {
        return Ok(());
    }
    bail!("found something in {}: see fuzz/artifacts", failed.join(", "))
}

fn folder() -> PathBuf {
    root().join("fuzz")
}

fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder().join("targets"))? {
        let name = file?.path().file_stem().map(|name| name.to_string_lossy().into_owned());
        names.extend(name);
    }
    names.sort();
    Ok(names)
}

/// The machine that this runs on, as the compiler calls it.
fn host() -> Result<String> {
    let told = output(&mut program("rustc", &["-vV"]))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

fn built_to() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| folder().join("target"), PathBuf::from)
        .join("fuzz")
}

/// For a target that is named, so that build scripts are built without the flags.
fn build(host: &str, targets: &[String]) -> Result<()> {
    let manifest = folder().join("Cargo.toml");
    let mut command = cargo(&["build", "--release", "--target", host, "--manifest-path"]);
    command.arg(manifest);
    for target in targets {
        command.args(["--bin", target]);
    }
    command.env("CARGO_TARGET_DIR", built_to()).env("RUSTFLAGS", FLAGS.join(" "));
    run(&mut command)
}

/// Whether nothing was found in so many seconds.
fn holds(host: &str, target: &str, seconds: u32) -> bool {
    let corpus = folder().join("corpus").join(target);
    let artifacts = folder().join("artifacts").join(target);
    let made = fs::create_dir_all(&corpus).and_then(|()| fs::create_dir_all(&artifacts));
    if let Err(problem) = made {
        eprintln!("{}: {problem}", corpus.display());
        return false;
    }
    let mut command = Command::new(built_to().join(host).join("release").join(target));
    command.arg(&corpus).args(seeds(target)).args([LONGEST, SLOWEST, LARGEST]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(["-print_final_stats=1", "-verbosity=1"]);
    match run(&mut command) {
        Ok(()) => true,
        Err(problem) => {
            eprintln!("{problem:#}");
            false
        }
    }
}

/// What it begins with: what the project has of its format.
fn seeds(target: &str) -> Vec<PathBuf> {
    let own = folder().join("seeds").join(target);
    let examples = root().join("examples");
    let written = (target == "manifest").then_some(examples);
    written.into_iter().chain([own]).filter(|folder| folder.is_dir()).collect()
}

use std::{process::Command, time::Instant};

use anyhow::{Result, bail};

use crate::{
    packages::{self, Need},
    redocly, reference, schemathesis,
    shell::{self, cargo, is_installed, program},
    sim, tally, torture, web,
};

/// What to do about a checker that is not installed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tools {
    /// Leave it out, and say so: building it takes longer than all the rest.
    AsInstalled,
    /// Build it first.
    Install,
}

/// Runs every stage, also after one has failed, so that one run tells all there is to mend.
fn run_all(stages: Vec<(&str, Stage)>) -> Result<()> {
    let mut failed = Vec::new();
    for (name, stage) in stages {
        eprintln!("== {name}");
        let started = Instant::now();
        let outcome = stage();
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => eprintln!("== {name}: ok, {seconds:.1} s"),
            Err(error) => {
                eprintln!("== {name}: FAILED, {seconds:.1} s: {error:#}");
                failed.push(name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

type Stage = Box<dyn FnOnce() -> Result<()>>;

/// Everything that CI runs.
pub(crate) fn run(tools: Tools) -> Result<()> {
    run_all(vec![
        ("packages", Box::new(|| packages::install(Need::Tests))),
        ("format", command(cargo(&["fmt", "--all", "--check"]))),
        (
            "lints",
            command(cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
        ),
        ("layers, licences", command(cargo(&["test", "--quiet", "-p", "xtask"]))),
        (
            "cargo-deny",
            checker(
                tools,
                "cargo-deny",
                cargo(&["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]),
            ),
        ),
        ("advisories", Box::new(move || advisories(tools))),
        ("typos", checker(tools, "typos", program("typos", &[]))),
        // Before the build, which embeds it.
        ("page", Box::new(web::build)),
        // The end-to-end tests run binaries of several packages.
        ("build", command(cargo(&["build", "--workspace", "--bins"]))),
        ("browser", Box::new(web::browse)),
        ("schemathesis", Box::new(schemathesis::check)),
        ("generated pages", Box::new(reference::check)),
        ("openapi", Box::new(redocly::check)),
        ("tests", Box::new(tally::test_workspace)),
        ("simulation", command(sim::short())),
        ("planted mistakes", command(sim::planted())),
        ("torture", command(torture::short())),
    ])
}

fn command(mut command: Command) -> Stage {
    Box::new(move || shell::run(&mut command))
}

fn checker(tools: Tools, name: &'static str, check: Command) -> Stage {
    Box::new(move || {
        if !is_installed(name) {
            if tools == Tools::AsInstalled {
                eprintln!(
                    "{name} is not installed: left out; `cargo xtask test --full` installs it"
                );
                return Ok(());
            }
            let package = if name == "typos" { "typos-cli" } else { name };
            shell::run(&mut cargo(&["install", "--locked", package]))?;
        }
        command(check)()
    })
}

/// Looks for known holes in what is built in, where the database of them can be had.
fn advisories(tools: Tools) -> Result<()> {
    let fetched =
        is_installed("cargo-deny") && shell::run(&mut cargo(&["deny", "fetch", "db"])).is_ok();
    if fetched {
        return shell::run(&mut cargo(&["deny", "--offline", "check", "advisories"]));
    }
    if tools == Tools::Install {
        bail!("the database of advisories could not be fetched");
    }
    eprintln!("the database of advisories could not be fetched: left out");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    #[test]
    fn every_stage_runs_and_each_failure_is_named() {
        let ran = Rc::new(RefCell::new(Vec::new()));
        let stage = |name: &'static str, outcome: fn() -> Result<()>| -> (&'static str, Stage) {
            let ran = Rc::clone(&ran);
            (name, Box::new(move || (ran.borrow_mut().push(name), outcome()).1))
        };
        let stages = vec![
            stage("first", || bail!("no")),
            stage("second", || Ok(())),
            stage("third", || bail!("nor this")),
        ];
        let error = run_all(stages).unwrap_err();
        assert_eq!(error.to_string(), "failed: first, third");
        assert_eq!(*ran.borrow(), ["first", "second", "third"]);
    }

    #[test]
    fn a_command_that_fails_fails_its_stage() {
        assert!(command(program("true", &[]))().is_ok());
        let error = command(program("false", &[]))().unwrap_err().to_string();
        assert!(error.starts_with("false ended with"), "{error}");
        let error = command(program("no-such-program", &[]))().unwrap_err().to_string();
        assert_eq!(error, "cannot start no-such-program");
    }

    #[test]
    fn a_checker_that_is_not_installed_is_left_out() {
        let absent = checker(Tools::AsInstalled, "no-such-program", program("false", &[]));
        assert!(absent().is_ok());
        let there = checker(Tools::AsInstalled, "sh", program("false", &[]));
        assert!(there().is_err());
    }
}

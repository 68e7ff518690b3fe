//! What needs more than one cargo command.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "it talks to a developer's terminal"
)]

mod bench;
mod demo;
mod fuzz;
mod packages;
mod redocly;
mod reference;
mod schemathesis;
mod shell;
mod sim;
mod suite;
mod tally;
mod torture;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask TASK

  test [--full]     everything that CI runs: formatting, lints, layers, licences, spelling, generated
                    pages, all tests; --full first installs cargo-deny and typos where they are missing
  demo [ARGS...]    builds Tidegate and its sample service for release and runs `tidegate demo ARGS`
  torture [ARGS...] kills, stops and starves the real programs under load, by a script that a seed
                    decides, and looks whether everything held; --short for a minute of all of it,
                    --help for more
  sim [ARGS...]     lets the control plane release in a simulated world, a life for each seed; sim --planted
                    plants mistakes and looks whether they are found; sim --help says more
  fuzz [TARGET...]  makes up input for every parser of foreign text, by coverage, --seconds N for each
  bench [NAME]      runs the benchmark NAME; without a name, says which there are
  redocly           holds the committed OpenAPI to Redocly's recommended rules; Redocly comes from npm
  schemathesis      asks a real server all that its OpenAPI says, after a build; Schemathesis comes from PyPI
  web               builds the page: needs Node; the next build of Tidegate embeds it
  screenshots       makes the pictures of the page anew; after `web` and a build, with Chromium
  docs [--check]    writes the generated pages of docs/; --check only compares";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => suite::run(suite::Tools::AsInstalled),
        ["test", "--full"] => suite::run(suite::Tools::Install),
        ["demo", rest @ ..] => demo::start(rest),
        ["torture", "--short"] => torture::start(&torture::SHORT),
        ["torture", rest @ ..] => torture::start(rest),
        ["sim", rest @ ..] => sim::start(rest),
        ["fuzz", rest @ ..] => fuzz::start(rest),
        ["bench"] => bench::list(),
        ["bench", name, rest @ ..] => bench::run(name, rest),
        ["redocly"] => redocly::check(),
        ["schemathesis"] => schemathesis::check(),
        ["web"] => web::build(),
        ["screenshots"] => web::picture(),
        ["docs"] => reference::write(),
        ["docs", "--check"] => reference::check(),
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("there is no task `{}`\n\n{USAGE}", words.join(" ")),
    }
}

use std::path::PathBuf;

use clap::Parser;

/// Kills, stops and starves the real programs under load, by a script that a seed decides, and looks
/// from outside whether everything held.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask torture")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Settings {
    /// The script's seed; without it one is drawn, and printed
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many rounds; a round takes some 20 s
    #[arg(long, default_value_t = 20)]
    pub rounds: u32,
    /// No further round begins after so many minutes
    #[arg(long)]
    pub minutes: Option<u64>,
    /// Requests a second to each application
    #[arg(long, default_value_t = 50.0)]
    pub rate: f64,
    /// Applications that are released at the same time
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub apps: u32,
    /// Print the script alone
    #[arg(long)]
    pub script: bool,
    /// Only these faults, by the names that --script prints; may be given several times
    #[arg(long, value_name = "FAULT")]
    pub only: Vec<String>,
    /// Print everything as it happens, not what went wrong alone
    #[arg(long, short)]
    pub verbose: bool,
    /// Where the logs are kept; without it they are kept in a new folder, if something went wrong
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Succeed where this machine allows no namespaces, and say so
    #[arg(long)]
    pub may_be_left_out: bool,
    /// It runs in a world of its own already
    #[arg(long, hide = true)]
    pub inside: bool,
    /// It is to be that world's first process
    #[arg(long, hide = true)]
    pub init: bool,
    /// The folder of that world
    #[arg(long, hide = true, default_value = ".")]
    pub base: PathBuf,
}

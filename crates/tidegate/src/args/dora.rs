use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tidegate_dora::{Grouping, Span};
use tidegate_units::Timestamp;

use super::OfflineArgs;

/// Which deployments to look at.
#[derive(Debug, Args)]
pub(crate) struct DoraArgs {
    /// Only those of this rollout
    pub(crate) name: Option<String>,
    /// In all namespaces
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// How far back, such as 30d, 4w or 12h
    #[arg(long, value_name = "SPAN", default_value_t = Span::USUAL)]
    pub(crate) window: Span,
    /// As it was at this moment, such as 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
    /// Show them for each environment or application, too
    #[arg(long, value_name = "WHAT", default_value = "none")]
    pub(crate) by: ByArg,
    /// How many deployments to list with each number; all of them are counted
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    pub(crate) limit: usize,
    /// Read an exported ledger, or - for standard input, in place of a server's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["offline", "store"])]
    pub(crate) from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: OfflineArgs,
}

/// By what to tell deployments apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByArg {
    // Not at all.
    None,
    // By namespace.
    Environment,
    // By namespace and rollout.
    Application,
}

impl From<ByArg> for Grouping {
    fn from(by: ByArg) -> Self {
        match by {
            ByArg::None => Self::None,
            ByArg::Environment => Self::Environment,
            ByArg::Application => Self::Application,
        }
    }
}

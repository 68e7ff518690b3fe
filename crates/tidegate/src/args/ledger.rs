use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use tidegate_ledger::Head;

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Check that no entry was altered, removed, added or moved (exit code 1 if one was)
    Verify(VerifyArgs),
    /// Print the last entries
    Show(ShowArgs),
    /// Write all entries as JSON lines, which anyone can check without Tidegate, or as CSV
    Export(ExportArgs),
}

/// Where to read.
#[derive(Clone, Debug, Args)]
pub(crate) struct OfflineArgs {
    /// Read the data folder itself, or the database that has its state, even if a server runs
    #[arg(long)]
    pub(crate) offline: bool,
    /// Read this `PostgreSQL` database itself [default: `$TIDEGATE_STORE`, else the one that the data folder
    /// notes]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
}

/// What to check against.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) place: OfflineArgs,
    /// A head that an earlier verify printed: the ledger must still hold it
    #[arg(long, value_name = "SEQUENCE:HASH", value_parser = head)]
    pub(crate) head: Option<Head>,
    /// Check an exported ledger, or - for standard input, in place of a server's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["offline", "store"])]
    pub(crate) from: Option<PathBuf>,
}

/// Which entries to print.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) place: OfflineArgs,
    /// Only those about this rollout or other resource
    pub(crate) name: Option<String>,
    /// How many of the last ones; 0 for all
    #[arg(long, value_name = "ENTRIES", default_value_t = 20)]
    pub(crate) tail: usize,
}

/// Where to write.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) place: OfflineArgs,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// As what: JSON lines, or a table for spreadsheets
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub(crate) format: ExportFormat,
}

/// As what entries are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    // An object of JSON on each line.
    Json,
    // RFC 4180.
    Csv,
}

pub(super) fn head(text: &str) -> Result<Head, &'static str> {
    const WRONG: &str = "a head is written SEQUENCE:HASH, as `tidegate ledger verify` prints it";
    let (sequence, hash) = text.split_once(':').ok_or(WRONG)?;
    Ok(Head {
        sequence: sequence.parse().map_err(|_| WRONG)?,
        hash: hash.parse().map_err(|_| WRONG)?,
    })
}

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tidegate_ledger::Head;
use tidegate_units::Timestamp;

use super::ledger::head;

/// What to back up, and for whom.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BackupArgs {
    /// The file to write; a folder, for one in it that is named after the time; or - for standard
    /// output
    #[arg(value_name = "FILE", required = true)]
    pub(crate) to: Option<PathBuf>,
    /// Encrypt it for the holder of the secret half of this public key, age1...; may be repeated
    #[arg(short, long, value_name = "KEY")]
    pub(crate) recipient: Vec<String>,
    /// The same for each key of a file, one a line; may be repeated
    #[arg(short = 'R', long, value_name = "FILE")]
    pub(crate) recipients_file: Vec<PathBuf>,
    /// Encrypt it with the passphrase in a file [default: `$TIDEGATE_BACKUP_PASSPHRASE`]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipient", "recipients_file"])]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Do not encrypt it: whoever has the file has every secret in it
    #[arg(long, conflicts_with_all = ["recipient", "recipients_file", "passphrase_file"])]
    pub(crate) unencrypted: bool,
    /// Back up this `PostgreSQL` database [default: `$TIDEGATE_STORE`, else the one that the data folder notes, else
    /// the data folder]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a key for backups: its secret half is written to a file, its public half is printed
    Keygen(KeygenArgs),
}

/// Where to keep it.
#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// The file for the secret half
    #[arg(value_name = "FILE")]
    pub(crate) to: PathBuf,
}

/// What opens a backup.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// A file with the secret half of a key that the backup is encrypted for; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(crate) identity: Vec<PathBuf>,
    /// The file with the passphrase of the backup [default: `$TIDEGATE_BACKUP_PASSPHRASE`]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// What to restore.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(crate) from: PathBuf,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    /// Restore what there was when the ledger ended with this entry; entries that were written as one
    /// are restored as one, so it may be an earlier one
    #[arg(long, value_name = "SEQUENCE", conflicts_with = "to_time")]
    pub(crate) to: Option<u64>,
    /// Restore what there was at this time, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) to_time: Option<Timestamp>,
    /// Restore into this `PostgreSQL` database [default: `$TIDEGATE_STORE`, else the data folder]. It has to be empty
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Restore in place of the store that the data folder has, or notes: that is moved into
    /// DIR/before-restore-TIME. A database is never written over
    #[arg(long)]
    pub(crate) replace: bool,
}

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The backup [default: what the server keeps]
    #[arg(value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    /// Check this `PostgreSQL` database [default: `$TIDEGATE_STORE`, else the one that the data folder notes, else the
    /// data folder]
    #[arg(long, value_name = "URL", conflicts_with = "backup")]
    pub(crate) store: Option<String>,
    /// A head that was printed earlier: the ledger must still hold it
    #[arg(long, value_name = "SEQUENCE:HASH", value_parser = head)]
    pub(crate) head: Option<Head>,
}

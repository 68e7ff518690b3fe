mod restore;
mod seal;
mod target;
mod verify;

use std::{
    ffi::OsStr,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;
use tidegate_backup::{
    BackupError, BackupWriter, Change, Counts, FORMAT, Manifest, NewFile, NewKey, Seal,
};
use tidegate_ledger::Head;
use tidegate_ports::{Changed, Clock as _, StoreError, VerifyError};
use tidegate_units::Timestamp;

pub(crate) use restore::run as restore;
pub(crate) use verify::run as verify;

use crate::{
    args::{BackupArgs, BackupCommand, Format, Global, KeygenArgs},
    error::{CliError, ErrorKind},
    kept::Kept,
    output::{Output, tell, text_of},
    place::Place,
    server::SystemClock,
};

/// Backs up what a server keeps, with the server at work or none.
pub(crate) fn run(global: &Global, args: &BackupArgs) -> Result<ExitCode, CliError> {
    if let Some(BackupCommand::Keygen(args)) = &args.command {
        return keygen(global, args);
    }
    let seal = seal::of(args)?;
    let place = local(global, "backup")?;
    let kept = Kept::open(&place, args.store.as_deref())?;
    let source = Source { kept, place, at: SystemClock.now() };
    let to = args.to.as_deref().unwrap_or(Path::new("-"));
    let made = if to == OsStr::new("-") {
        let out = BufWriter::new(io::stdout().lock());
        let (made, mut out) = source.write(&seal, out)?;
        out.flush().map_err(|error| crate::output::cannot(&error))?;
        made
    } else {
        let path = named(to, source.at);
        let file = NewFile::create(&path).map_err(|error| not_made(&error))?;
        let (made, out) = source.write(&seal, BufWriter::with_capacity(1 << 16, file))?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error);
        file.map_err(|error| not_made(&error))?.finish().map_err(|error| not_made(&error))?;
        Made { file: Some(path), ..made }
    };
    show(global, &made, to == OsStr::new("-"))?;
    Ok(ExitCode::SUCCESS)
}

/// The data folder on this machine: what is read and written there is not the server's to hand out.
fn local(global: &Global, command: &str) -> Result<Place, CliError> {
    if global.server.is_some() {
        let why = format!("--server has no meaning for `{command}`, which reads the data folder");
        return Err(CliError::new(ErrorKind::Usage, why).hint("run it on the server's machine"));
    }
    Place::find(global)
}

/// The file itself, or one in that folder which is named after the time.
fn named(to: &Path, at: Timestamp) -> PathBuf {
    if to.is_dir() {
        let time = at.whole_seconds().replace(['-', ':'], "");
        return to.join(format!("tidegate-{time}.backup"));
    }
    to.to_owned()
}

fn not_made(error: &dyn std::error::Error) -> CliError {
    CliError::failed("no backup was made").because(error)
}

/// What is backed up.
struct Source {
    kept: Kept,
    place: Place,
    at: Timestamp,
}

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    /// None on standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    taken_at: Timestamp,
    encryption: seal::Encryption,
    head: Head,
    reaches_back_to: u64,
    counts: Counts,
}

impl Source {
    fn write<W: Write>(&self, seal: &Seal, out: W) -> Result<(Made, W), CliError> {
        let snapshot = self.kept.snapshot().map_err(|error| not_made(&error))?;
        let facts = snapshot.facts();
        let counts = Counts {
            documents: facts.documents,
            changes: facts.changes,
            entries: facts.head.sequence,
        };
        let manifest = Manifest {
            format: FORMAT,
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            schema: facts.schema,
            taken_at: self.at,
            head: facts.head,
            reaches_back_to: facts.reaches_back_to,
            counts,
        };
        let token = self.token()?;
        let made = Made {
            file: None,
            taken_at: self.at,
            encryption: seal::Encryption::of(seal),
            head: facts.head,
            reaches_back_to: manifest.reaches_back_to,
            counts,
        };
        let mut progress = Progress::of(counts);
        let written = (|| {
            let mut writer = BackupWriter::begin(out, seal, manifest, token.as_deref())?;
            snapshot.documents::<NotMade>(|object| {
                progress.step();
                Ok(writer.document(&object)?)
            })?;
            snapshot.changes::<NotMade>(|changed| {
                progress.step();
                let Changed { before, after, kind, key, body } = changed;
                Ok(writer.change(&Change { before, after, kind, key, body })?)
            })?;
            snapshot.entries::<NotMade>(|entry| {
                progress.step();
                Ok(writer.entry(&entry)?)
            })?;
            Ok::<_, NotMade>(writer.finish()?)
        })();
        progress.end();
        Ok((made, written.map_err(|error| not_made(&error))?))
    }

    /// What clients show to the server.
    fn token(&self) -> Result<Option<Vec<u8>>, CliError> {
        match std::fs::read(self.place.token_file()) {
            Ok(token) => Ok(Some(token)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(not_made(&error)),
        }
    }
}

/// Why one was not made: what was read, or what was written.
#[derive(Debug, thiserror::Error)]
enum NotMade {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the ledger is broken: {0}")]
    Ledger(#[from] VerifyError),
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Tells whoever waits at a terminal how far it is.
struct Progress {
    done: u64,
    of: u64,
    shown: bool,
    wanted: bool,
}

/// So many lines are read in some tenths of a second.
const TELL_EVERY: u64 = 1 << 15;

impl Progress {
    fn of(counts: Counts) -> Self {
        let of = counts.documents + counts.changes + counts.entries;
        let wanted = io::IsTerminal::is_terminal(&io::stderr());
        Self { done: 0, of, shown: false, wanted }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.wanted && self.done.is_multiple_of(TELL_EVERY) {
            self.shown = true;
            tell(&format!("\r{} % of {} lines", self.done * 100 / self.of.max(1), self.of));
        }
    }

    fn end(&mut self) {
        if self.shown {
            tell("\r\x1b[K");
        }
    }
}

/// A head as it is given back to `--head`.
fn head_text(head: Head) -> String {
    format!("{}:{}", head.sequence, head.hash)
}

fn counts_text(counts: Counts) -> String {
    format!("{} documents and {} ledger entries", counts.documents, counts.entries)
}

/// On standard output, or beside it where that holds the backup itself.
fn show(global: &Global, made: &Made, beside: bool) -> Result<(), CliError> {
    let lines = [
        match &made.file {
            Some(file) => format!("backup {} made, {}", file.display(), made.encryption),
            None => format!("backup made, {}", made.encryption),
        },
        counts_text(made.counts),
        format!("head {}", head_text(made.head)),
    ];
    if beside {
        let text = text_of(made, global.output)?.unwrap_or_else(|| lines.join("\n"));
        tell(&format!("{text}\n"));
        return Ok(());
    }
    Output::new(global).data(made, |output| lines.iter().try_for_each(|line| output.line(line)))
}

fn keygen(global: &Global, args: &KeygenArgs) -> Result<ExitCode, CliError> {
    let made = NewKey::make();
    let written = NewFile::create(&args.to).and_then(|mut file| {
        let what = || format!("{} cannot be written", args.to.display());
        let write = file.write_all(made.secret.as_bytes());
        write.map_err(|error| BackupError::Io { what: what(), error })?;
        file.finish()
    });
    written.map_err(|error| CliError::failed("no key was made").because(&error))?;
    let mut output = Output::new(global);
    if matches!(global.output, Format::Table | Format::Wide) {
        tell("keep the file away from this machine: without it no backup can be opened\n");
    }
    let shown = serde_json::json!({ "publicKey": made.public, "file": args.to });
    output.data(&shown, |output| output.line(&made.public))?;
    Ok(ExitCode::SUCCESS)
}

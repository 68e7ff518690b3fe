//! Whether all of a data folder, a database or a backup is there and in order.

use std::{fs::File, io::BufReader, path::Path, process::ExitCode};

use serde::Serialize;
use tidegate_backup::{BackupError, Counts, Item, Keys, Manifest, read};
use tidegate_controller::{Agreement, DocumentError};
use tidegate_ledger::{Broken, Head};
use tidegate_ports::{StoreError, StoredObject, VerifyError};
use tidegate_units::Timestamp;

use super::{counts_text, head_text, local, seal};
use crate::{
    args::{CheckArgs, Global},
    error::CliError,
    exit,
    kept::{Kept, Moment},
    output::Output,
};

/// What is found out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    /// Whether all is there and in order.
    holds: bool,
    /// What was checked.
    checked: String,
    /// Of a backup: when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_at: Option<Timestamp>,
    head: Head,
    /// The documents can be had as they were at any position from this one on.
    #[serde(skip_serializing_if = "Option::is_none")]
    reaches_back_to: Option<u64>,
    counts: Counts,
    /// What is wrong, a sentence each.
    problems: Vec<String>,
}

/// Checks a backup, or else what a server keeps.
pub(crate) fn run(global: &Global, args: &CheckArgs) -> Result<ExitCode, CliError> {
    let verdict = match &args.backup {
        Some(path) => backup(path, &seal::keys(&args.keys)?, args.head)?,
        None => kept(global, args)?,
    };
    let mut output = Output::new(global);
    output.data(&verdict, |output| {
        for problem in &verdict.problems {
            let word = output.paint.red_bold("problem:");
            output.line(format!("{word} {problem}"))?;
        }
        let word = if verdict.holds {
            output.paint.green("holds")
        } else {
            output.paint.red_bold("does not hold")
        };
        output.line(format!("{} {word}: {}", verdict.checked, counts_text(verdict.counts)))?;
        output.line(format!("head {}", head_text(verdict.head)))
    })?;
    Ok(ExitCode::from(if verdict.holds { exit::OK } else { exit::FAILED }))
}

/// What was read, to be judged when all of it was.
#[derive(Default)]
pub(super) struct Seen {
    agreement: Agreement,
    documents: Vec<StoredObject>,
    /// The head that somebody kept, until it has been passed.
    expected: Option<Head>,
    rewritten: Option<Broken>,
    counts: Counts,
    /// The time up to which entries count, and the last of them.
    pub(super) until: Option<Timestamp>,
    pub(super) last: u64,
}

impl Seen {
    pub(super) fn new(expected: Option<Head>) -> Self {
        Self { expected, ..Self::default() }
    }

    pub(super) fn document(&mut self, object: StoredObject) {
        self.counts.documents += 1;
        self.documents.push(object);
    }

    pub(super) fn entry(&mut self, entry: &tidegate_ledger::Entry) {
        self.counts.entries += 1;
        if self.until.is_none_or(|until| entry.draft.at <= until) {
            self.last = entry.sequence;
        }
        self.agreement.see(entry);
        if let Some(expected) = self.expected.filter(|one| one.sequence == entry.sequence) {
            self.expected = None;
            if entry.hash != expected.hash {
                self.rewritten = Some(Broken::Rewritten { expected, found: entry.hash });
            }
        }
    }

    /// Takes in all of a store, as it is at one moment.
    pub(super) fn all(&mut self, moment: &Moment<'_>) -> Result<(), Stopped> {
        moment.documents::<Stopped>(|object| {
            self.document(object);
            Ok(())
        })?;
        moment.entries::<Stopped>(|entry| {
            self.entry(&entry);
            Ok(())
        })?;
        moment.changes::<Stopped>(|_| {
            self.counts.changes += 1;
            Ok(())
        })
    }

    /// What is wrong with all that was seen of a ledger that ends at `head`.
    pub(super) fn problems(&mut self, head: Head) -> Vec<String> {
        let missing = self.expected.filter(|expected| expected.sequence > 0);
        let cut = missing.map(|expected| Broken::Truncated { expected, found: head });
        let mut problems: Vec<_> =
            self.rewritten.take().into_iter().chain(cut).map(|broken| broken.to_string()).collect();
        match self.agreement.with(std::mem::take(&mut self.documents)) {
            Ok(differing) => problems.extend(differing),
            Err(error) => problems.push(unreadable(&error)),
        }
        problems
    }
}

fn unreadable(error: &DocumentError) -> String {
    error.to_string()
}

fn kept(global: &Global, args: &CheckArgs) -> Result<Verdict, CliError> {
    let kept = Kept::open(&local(global, "verify")?, args.store.as_deref())?;
    let cannot = |error: &dyn std::error::Error| {
        CliError::failed(format!("{kept} cannot be read")).because(error)
    };
    let moment = kept.snapshot().map_err(|error| cannot(&error))?;
    let (head, reaches_back_to) = (moment.facts().head, Some(moment.facts().reaches_back_to));
    let mut seen = Seen::new(args.head);
    let read = seen.all(&moment);
    let counts = seen.counts;
    let problems = match read {
        Ok(()) => seen.problems(head),
        Err(Stopped::Store(StoreError::Damaged(why))) => vec![why],
        Err(Stopped::Ledger(VerifyError::Broken { broken, .. })) => vec![broken.to_string()],
        Err(Stopped::Store(error) | Stopped::Ledger(VerifyError::Store(error))) => {
            return Err(cannot(&error));
        }
    };
    let (checked, holds, taken_at) = (kept.to_string(), problems.is_empty(), None);
    Ok(Verdict { holds, checked, taken_at, head, reaches_back_to, counts, problems })
}

/// Why reading a store came to an end.
#[derive(Debug)]
pub(super) enum Stopped {
    Store(StoreError),
    Ledger(VerifyError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<VerifyError> for Stopped {
    fn from(error: VerifyError) -> Self {
        Self::Ledger(error)
    }
}

fn backup(path: &Path, keys: &Keys, expected: Option<Head>) -> Result<Verdict, CliError> {
    let checked = path.display().to_string();
    let mut seen = Seen::new(expected);
    match read_into(path, keys, &mut seen) {
        Ok(manifest) => {
            let problems = seen.problems(manifest.head);
            let (holds, taken_at) = (problems.is_empty(), Some(manifest.taken_at));
            let (head, counts) = (manifest.head, manifest.counts);
            let reaches_back_to = Some(manifest.reaches_back_to);
            Ok(Verdict { holds, checked, taken_at, head, reaches_back_to, counts, problems })
        }
        Err(error @ (BackupError::Damaged(_) | BackupError::Broken(_))) => {
            let (problems, counts) = (vec![error.to_string()], seen.counts);
            let (head, taken_at, reaches_back_to) = (Head::default(), None, None);
            Ok(Verdict { holds: false, checked, taken_at, head, reaches_back_to, counts, problems })
        }
        Err(error) => Err(refused(path, &error)),
    }
}

/// Reads a backup to its end.
pub(super) fn read_into(
    path: &Path,
    keys: &Keys,
    seen: &mut Seen,
) -> Result<Manifest, BackupError> {
    let what = format!("{} cannot be read", path.display());
    let file = File::open(path).map_err(|error| BackupError::Io { what, error })?;
    read(BufReader::with_capacity(1 << 16, file), keys, |item| {
        match item {
            Item::Document(object) => seen.document(object),
            Item::Entry(entry) => seen.entry(&entry),
            Item::Manifest(_) | Item::Token(_) | Item::Change(_) => {}
        }
        Ok(())
    })
}

/// A backup that cannot be opened, or is none.
pub(super) fn refused(path: &Path, error: &BackupError) -> CliError {
    let told = CliError::failed(format!("{} is not read", path.display())).because(error);
    match error {
        BackupError::Key(_) => told.hint(
            "name the file with the secret key with --identity, or that with the passphrase with \
             --passphrase-file",
        ),
        _ => told,
    }
}

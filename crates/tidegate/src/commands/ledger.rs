use std::{
    collections::VecDeque,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::ExitCode,
};

use serde::Deserialize as _;
use serde_json::Value;
use tidegate_analysis::Decision;
use tidegate_api::{LEDGER_PAGE_LIMIT, LedgerPage, LedgerVerdict};
use tidegate_ledger::{CSV_HEADER, Entry, Head, Verifier, csv_record};
use tidegate_ports::VerifyError;

use crate::{
    args::{
        ExportArgs, ExportFormat, Format, Global, LedgerCommand, OfflineArgs, ShowArgs, VerifyArgs,
    },
    client::Client,
    commands::{exported::each_line, wait},
    error::{CliError, ErrorKind},
    exit,
    kept::Kept,
    output::Output,
    place::Place,
    table::Table,
    view::cut,
};

/// Reads the ledger: from the server, or from what it keeps when none runs.
pub(crate) fn run(global: &Global, command: &LedgerCommand) -> Result<ExitCode, CliError> {
    match command {
        LedgerCommand::Verify(args) => verify(global, args),
        LedgerCommand::Show(args) => show(global, args),
        LedgerCommand::Export(args) => export(global, args),
    }
}

/// Where entries come from.
pub(super) enum Ledger {
    Server(Client),
    Kept(Kept),
}

impl Ledger {
    pub(super) fn open(global: &Global, place: &OfflineArgs) -> Result<Self, CliError> {
        let store = place.store.as_deref();
        let kept = || Ok(Self::Kept(Kept::open(&Place::find(global)?, store)?));
        if place.offline || store.is_some() {
            return kept();
        }
        let client = match Client::find_now(global) {
            Ok(client) => client,
            Err(error) if error.kind() == ErrorKind::Unreachable && global.server.is_none() => {
                return kept();
            }
            Err(error) => return Err(error),
        };
        if global.server.is_none() && !client.endpoint().is_open() {
            return kept();
        }
        Ok(Self::Server(client))
    }

    /// The entries that come next, and after which to go on; that stays the same at the end.
    fn page(&self, after: u64) -> Result<LedgerPage, CliError> {
        match self {
            Self::Kept(kept) => {
                let entries = kept.entries(after, LEDGER_PAGE_LIMIT).map_err(|error| {
                    CliError::failed("the ledger cannot be read").because(&error)
                })?;
                let next = entries.last().map_or(after, |entry| entry.sequence);
                Ok(LedgerPage { entries, next })
            }
            Self::Server(client) => {
                let path = format!("/v1/ledger?after={after}&limit={LEDGER_PAGE_LIMIT}");
                wait(async { client.get(&path).await })
            }
        }
    }

    /// Every entry, oldest first.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(Entry) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let mut after = 0;
        loop {
            // A page may be empty where one does not see what is in it.
            let LedgerPage { entries, next } = self.page(after)?;
            entries.into_iter().try_for_each(&mut visit)?;
            if next == after {
                return Ok(());
            }
            after = next;
        }
    }
}

fn verify(global: &Global, args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let verdict = match &args.from {
        Some(path) => exported(path, args.head)?,
        None => known(global, args)?,
    };
    let mut output = Output::new(global);
    output.data(&verdict, |output| tell(output, &verdict))?;
    Ok(ExitCode::from(if verdict.holds { exit::OK } else { exit::FAILED }))
}

/// Of the server's ledger, or of the one that it keeps.
fn known(global: &Global, args: &VerifyArgs) -> Result<LedgerVerdict, CliError> {
    match Ledger::open(global, &args.place)? {
        Ledger::Server(client) => {
            let asked = args.head.map_or(String::new(), |head| {
                format!("?sequence={}&hash={}", head.sequence, head.hash)
            });
            wait(async { client.get(&format!("/v1/ledger/verify{asked}")).await })
        }
        Ledger::Kept(kept) => LedgerVerdict::of(kept.verify(args.head))
            .map_err(|error| CliError::failed("the ledger cannot be read").because(&error)),
    }
}

fn tell(output: &mut Output, verdict: &LedgerVerdict) -> Result<(), CliError> {
    match &verdict.broken {
        None => {
            let word = output.paint.green("holds");
            output.line(format!("the ledger {word}: {} entries", verdict.entries))?;
            output.line(format!("head {}:{}", verdict.head.sequence, verdict.head.hash))
        }
        Some(broken) => {
            let word = output.paint.red_bold("is broken");
            output.line(format!("the ledger {word}: {broken}"))
        }
    }
}

/// Of an exported ledger, whatever its lines hold.
fn exported(path: &Path, expected: Option<Head>) -> Result<LedgerVerdict, CliError> {
    let mut verifier = Verifier::new(Head::default(), expected);
    let mut broken = None;
    each_line(path, |_, line| {
        if broken.is_none() {
            broken = verifier.take_line(line).err();
        }
        Ok(())
    })?;
    let held = verifier.so_far();
    let broken = broken.map_or_else(|| verifier.finish().err(), Some);
    let outcome = broken
        .map_or(Ok(held), |broken| Err(VerifyError::Broken { held, broken: Box::new(broken) }));
    LedgerVerdict::of(outcome)
        .map_err(|error| CliError::failed("the ledger cannot be read").because(&error))
}

fn show(global: &Global, args: &ShowArgs) -> Result<ExitCode, CliError> {
    let ledger = Ledger::open(global, &args.place)?;
    let limit = if args.tail == 0 { usize::MAX } else { args.tail };
    let mut last = VecDeque::new();
    ledger.each(|entry| {
        let subject = &entry.draft.subject.key;
        let wanted = args
            .name
            .as_deref()
            .is_none_or(|name| *subject.name == *name && *subject.namespace == *global.namespace);
        if wanted {
            if last.len() == limit {
                last.pop_front();
            }
            last.push_back(entry);
        }
        Ok(())
    })?;
    let entries = Vec::from(last);
    let wide = global.output == Format::Wide;
    Output::new(global).data(&entries, |output| output.line(table(&entries, wide)))?;
    Ok(ExitCode::SUCCESS)
}

/// The entries as columns; `wide` with all of the details.
fn table(entries: &[Entry], wide: bool) -> Table {
    let mut table = Table::new(["SEQUENCE", "AT", "WHO", "WHAT", "SUBJECT", "DETAIL"]);
    for entry in entries {
        let draft = &entry.draft;
        table.row(vec![
            entry.sequence.to_string(),
            draft.at.to_string(),
            draft.actor.name().to_owned(),
            draft.what.clone(),
            format!("{} {}", draft.subject.kind, draft.subject.key),
            if wide { draft.detail.to_string() } else { told(&draft.detail) },
        ]);
    }
    table
}

/// So much of an entry's detail fits beside the rest; `-o wide` and `-o json` have all of it.
const DETAIL_WIDTH: usize = 100;

/// What an entry says in words, whole; or else the beginning of its detail.
fn told(detail: &Value) -> String {
    let evidence = detail.get("evidence").and_then(Value::as_object);
    let words = detail
        .pointer("/event/message")
        .or_else(|| detail.get("outcome"))
        .or_else(|| evidence?.values().find_map(|run| run.get("message")))
        .and_then(Value::as_str)
        .filter(|words| !words.is_empty());
    let decided =
        || Some(Decision::deserialize(detail.pointer("/event/decision")?).ok()?.to_string());
    let overridden = || {
        let said = |name: &str| detail.get(name).and_then(Value::as_str);
        Some(format!("{}: {}", said("rule")?, said("reason")?))
    };
    words
        .map(str::to_owned)
        .or_else(decided)
        .or_else(overridden)
        .unwrap_or_else(|| cut(&detail.to_string(), DETAIL_WIDTH))
}

fn export(global: &Global, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let ledger = Ledger::open(global, &args.place)?;
    let head = if args.format == ExportFormat::Csv { CSV_HEADER } else { "" };
    let Some(path) = &args.to else {
        let mut output = Output::new(global);
        output.bytes(head.as_bytes())?;
        ledger.each(|entry| output.bytes(&written(&entry, args.format)?))?;
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |error: std::io::Error| {
        CliError::failed(format!("{} cannot be written", path.display())).because(&error)
    };
    let mut file = BufWriter::new(File::create_new(path).map_err(failed)?);
    file.write_all(head.as_bytes()).map_err(failed)?;
    let mut count = 0_u64;
    ledger.each(|entry| {
        count += 1;
        file.write_all(&written(&entry, args.format)?).map_err(failed)
    })?;
    file.into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    crate::output::tell(&format!("{count} entries written to {}\n", path.display()));
    Ok(ExitCode::SUCCESS)
}

/// An entry with its end of line.
fn written(entry: &Entry, format: ExportFormat) -> Result<Vec<u8>, CliError> {
    if format == ExportFormat::Csv {
        return Ok(csv_record(entry).into_bytes());
    }
    let mut line = serde_json::to_vec(entry)
        .map_err(|error| CliError::failed("an entry cannot be written").because(&error))?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::told;

    #[test]
    fn an_entry_says_why_in_words_and_never_in_half_of_them() {
        let why = "errors: canary 57.1 % of 7, stable 0.0 % of 137; ".repeat(3);
        assert_eq!(told(&json!({"event": {"message": why, "phase": "Failed"}, "run": "a"})), why);
        assert_eq!(told(&json!({"generation": 1, "outcome": why})), why);
        assert_eq!(told(&json!({"evidence": {"a": {"message": why}}})), why);
        let overridden = json!({"rule": "slow", "reason": "cold", "runs": []});
        assert_eq!(told(&overridden), "slow: cold");
        assert_eq!(told(&json!({"evidence": {}, "why": 1})), r#"{"evidence":{},"why":1}"#);
        assert_eq!(told(&json!({"manifest": why})).chars().count(), 100);
    }
}

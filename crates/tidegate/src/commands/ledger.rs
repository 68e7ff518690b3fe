use std::{
    collections::VecDeque,
    fs::File,
    io::{BufWriter, Write as _},
    process::ExitCode,
};

use serde::Deserialize as _;
use serde_json::Value;
use tidegate_analysis::Decision;
use tidegate_api::{LEDGER_PAGE_LIMIT, LedgerPage, LedgerVerdict};
use tidegate_ledger::{Actor, Entry};

use crate::{
    args::{ExportArgs, Format, Global, LedgerCommand, OfflineArgs, ShowArgs, VerifyArgs},
    client::Client,
    commands::wait,
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
enum Ledger {
    Server(Client),
    Kept(Kept),
}

impl Ledger {
    fn open(global: &Global, place: &OfflineArgs) -> Result<Self, CliError> {
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
        if global.server.is_none() && std::net::TcpStream::connect(client.address()).is_err() {
            return kept();
        }
        Ok(Self::Server(client))
    }

    fn page(&self, after: u64) -> Result<Vec<Entry>, CliError> {
        match self {
            Self::Kept(kept) => kept
                .entries(after, LEDGER_PAGE_LIMIT)
                .map_err(|error| CliError::failed("the ledger cannot be read").because(&error)),
            Self::Server(client) => {
                let path = format!("/v1/ledger?after={after}&limit={LEDGER_PAGE_LIMIT}");
                wait(async { client.get::<LedgerPage>(&path).await }).map(|page| page.entries)
            }
        }
    }

    /// Every entry, oldest first.
    fn each(&self, mut visit: impl FnMut(Entry) -> Result<(), CliError>) -> Result<(), CliError> {
        let mut after = 0;
        loop {
            let page = self.page(after)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.sequence;
            page.into_iter().try_for_each(&mut visit)?;
        }
    }
}

fn verify(global: &Global, args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let verdict = match Ledger::open(global, &args.place)? {
        Ledger::Server(client) => {
            let asked = args.head.map_or(String::new(), |head| {
                format!("?sequence={}&hash={}", head.sequence, head.hash)
            });
            wait(async { client.get(&format!("/v1/ledger/verify{asked}")).await })?
        }
        Ledger::Kept(kept) => LedgerVerdict::of(kept.verify(args.head))
            .map_err(|error| CliError::failed("the ledger cannot be read").because(&error))?,
    };
    let mut output = Output::new(global);
    output.data(&verdict, |output| {
        let head = format!("{}:{}", verdict.head.sequence, verdict.head.hash);
        match &verdict.broken {
            None => {
                let word = output.paint.green("holds");
                output.line(format!("the ledger {word}: {} entries", verdict.entries))?;
                output.line(format!("head {head}"))
            }
            Some(broken) => {
                let word = output.paint.red_bold("is broken");
                output.line(format!("the ledger {word}: {broken}"))
            }
        }
    })?;
    Ok(ExitCode::from(if verdict.holds { exit::OK } else { exit::FAILED }))
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
        let who = match &draft.actor {
            Actor::Controller => "controller",
            Actor::Person { name } => name,
        };
        table.row(vec![
            entry.sequence.to_string(),
            draft.at.to_string(),
            who.to_owned(),
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
    let line = |entry: &Entry| {
        let mut line = serde_json::to_vec(entry)
            .map_err(|error| CliError::failed("an entry cannot be written").because(&error))?;
        line.push(b'\n');
        Ok::<_, CliError>(line)
    };
    let Some(path) = &args.to else {
        let mut output = Output::new(global);
        ledger.each(|entry| output.bytes(&line(&entry)?))?;
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |error: std::io::Error| {
        CliError::failed(format!("{} cannot be written", path.display())).because(&error)
    };
    let mut file = BufWriter::new(File::create_new(path).map_err(failed)?);
    let mut count = 0_u64;
    ledger.each(|entry| {
        count += 1;
        file.write_all(&line(&entry)?).map_err(failed)
    })?;
    file.into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    crate::output::tell(&format!("{count} entries written to {}\n", path.display()));
    Ok(ExitCode::SUCCESS)
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

//! Makes a data folder, or what a database has, of a backup.

use std::{fs, io::BufReader, path::PathBuf, process::ExitCode};

use serde::Serialize;
use serde_json::json;
use tidegate_backup::{BackupError, Counts, Item, Keys, Manifest, read};
use tidegate_controller::Restoration;
use tidegate_ledger::{Actor, Draft, Head, Subject};
use tidegate_ports::{Clock as _, StoreError};
use tidegate_store_postgres::{Address, RebuildError};
use tidegate_units::{ObjectKey, Timestamp};

use super::{
    counts_text, head_text, local, seal,
    target::{NoToken, NotFinished, Target, keep_token},
    verify::{Seen, read_into, refused},
};
use crate::{
    args::{Global, RestoreArgs},
    client::user_name,
    database,
    error::CliError,
    kept::Site,
    output::Output,
    place::Place,
    server::SystemClock,
};

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    data: PathBuf,
    /// Where it was not restored into the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// When the backup was made.
    taken_at: Timestamp,
    /// Where the backup's ledger ends.
    backup: Head,
    /// Up to which entry of it there is everything now.
    position: u64,
    /// Where the restored one does: one entry says that it was restored.
    head: Head,
    counts: Counts,
    /// Where what was there was moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    put_aside: Option<PathBuf>,
}

/// Restores a backup into a folder or a database that has no store.
pub(crate) fn run(global: &Global, args: &RestoreArgs) -> Result<ExitCode, CliError> {
    let place = local(global, "restore")?;
    let keys = seal::keys(&args.keys)?;
    let target = Target::of(&place, args)?;
    // All of it is read before anything is made: what is damaged at its end is not restored up to there.
    let wanted = check(args, &keys)?;
    let restored = build(&place, args, &keys, &wanted, &target)?;
    let mut output = Output::new(global);
    output.data(&restored, |output| {
        match &restored.database {
            Some(database) => output.line(format!("restored into {database}"))?,
            None => output.line(format!("restored into {}", restored.data.display()))?,
        }
        output.line(format!(
            "{}, backed up at {}",
            counts_text(restored.counts),
            restored.taken_at
        ))?;
        if restored.position < restored.backup.sequence {
            let (position, end) = (restored.position, restored.backup.sequence);
            output.line(format!("up to entry {position}; entries up to {end} are left out"))?;
        }
        output.line(format!("head {}", head_text(restored.head)))?;
        match &restored.put_aside {
            Some(aside) => output.line(format!("what was there is in {}", aside.display())),
            None => Ok(()),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn not_restored(error: &dyn std::error::Error) -> CliError {
    CliError::failed("nothing was restored").because(error)
}

/// What is to be restored.
struct Wanted {
    manifest: Manifest,
    /// The position of the ledger.
    position: u64,
}

/// Reads all of the backup; only one in which everything is in order is restored.
fn check(args: &RestoreArgs, keys: &Keys) -> Result<Wanted, CliError> {
    let path = &args.from;
    let mut seen = Seen::new(None);
    seen.until = args.to_time;
    let manifest = read_into(path, keys, &mut seen).map_err(|error| refused(path, &error))?;
    if let Some(problem) = seen.problems(manifest.head).first() {
        return Err(CliError::failed(format!("nothing was restored: {problem}"))
            .hint(format!("`tidegate verify {}` tells all that is wrong", path.display())));
    }
    let position = args.to.unwrap_or(seen.last);
    let (begin, end) = (manifest.reaches_back_to, manifest.head.sequence);
    let outside = |why: String, hint: &str| {
        Err(CliError::failed(format!("nothing was restored: {why}")).hint(hint))
    };
    if position > end {
        let why = format!("the backup ends with entry {end}, before {position}");
        return outside(why, "restore a later backup");
    }
    if position < begin {
        let why = format!("the backup goes back to entry {begin}, not to {position}");
        return outside(why, "restore an earlier backup");
    }
    Ok(Wanted { manifest, position })
}

/// Why building came to an end.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Begin(#[from] RebuildError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Token(#[from] NoToken),
    /// All was restored.
    #[error("{0}")]
    Untidy(String),
}

impl From<NotFinished> for Stopped {
    fn from(error: NotFinished) -> Self {
        match error {
            NotFinished::Store(error) => Self::Store(error),
            NotFinished::Untidy(why) => Self::Untidy(why),
        }
    }
}

fn build(
    place: &Place,
    args: &RestoreArgs,
    keys: &Keys,
    wanted: &Wanted,
    target: &Target,
) -> Result<Restored, CliError> {
    let Wanted { manifest: checked, position } = wanted;
    let (mut position, begin) = (*position, checked.reaches_back_to);
    // The documents and what they were come before the ledger.
    let mut went_back = position == checked.head.sequence;
    let built = (|| {
        let mut rebuild = target.begin()?;
        let file = fs::File::open(&args.from);
        let what = || format!("{} cannot be read", args.from.display());
        let file = file.map_err(|error| BackupError::Io { what: what(), error })?;
        let mut token = None;
        let manifest = read::<Stopped>(BufReader::with_capacity(1 << 16, file), keys, |item| {
            match item {
                Item::Document(object) => rebuild.document(&object)?,
                Item::Change(change) => rebuild.change(change)?,
                Item::Entry(entry) => {
                    if !went_back {
                        position = rebuild.go_back(position, begin)?;
                        went_back = true;
                    }
                    rebuild.entry(&entry)?;
                }
                Item::Token(found) => token = Some(found),
                Item::Manifest(_) => {}
            }
            Ok(())
        })?;
        rebuild.reaches_back_to(begin)?;
        if manifest != *checked {
            let why = "it was another one a moment ago".to_owned();
            return Err(BackupError::Damaged(why).into());
        }
        let at = SystemClock.now();
        let restored = Restoration { at, position: Some(position), overtaken: Vec::new() };
        rebuild.document(&restored.document())?;
        if let Some(token) = token {
            keep_token(place, &token)?;
        }
        Ok::<_, Stopped>(rebuild.finish(&entry(&manifest, position, at), target)?)
    })();
    let head = built.map_err(|error| stopped(target, &error))?;
    Ok(Restored {
        data: place.folder().to_owned(),
        database: match &target.site {
            Site::Folder => None,
            Site::Database(address) => Some(address.to_string()),
        },
        taken_at: checked.taken_at,
        backup: checked.head,
        position,
        head,
        counts: checked.counts,
        put_aside: target.aside.clone(),
    })
}

/// What is told of it. Of a database, what can be done.
fn stopped(target: &Target, error: &Stopped) -> CliError {
    if let Stopped::Untidy(_) = error {
        let place =
            target.aside.as_ref().map_or(String::new(), |aside| aside.display().to_string());
        return CliError::failed(
            "all was restored, but what was there before is still in its place",
        )
        .because(error)
        .hint(format!("move state.db* and database.json into {place} before a server starts"));
    }
    let told = not_restored(error);
    let Site::Database(address) = &target.site else { return told };
    if let Stopped::Store(StoreError::Broken(_)) = error {
        return not_known(address, target.aside.is_some()).because(error);
    }
    let mend = match error {
        Stopped::Begin(RebuildError::Occupied) => Some(format!(
            "name an empty database, as createdb makes one; or put the store of {address} aside: \
             psql -c 'ALTER SCHEMA tidegate RENAME TO tidegate_before'"
        )),
        Stopped::Begin(RebuildError::Led { .. } | RebuildError::AtWork) => {
            Some("`tidegate down` ends the servers of a data folder; then restore again".to_owned())
        }
        Stopped::Begin(RebuildError::Store(why)) | Stopped::Store(why) => {
            database::mend(address, why)
        }
        Stopped::Backup(_) | Stopped::Token(_) | Stopped::Untidy(_) => None,
    };
    match mend {
        Some(mend) => told.hint(mend),
        None => told,
    }
}

/// The answer to the very last step was lost.
fn not_known(address: &Address, replaces: bool) -> CliError {
    let aside = if replaces {
        "; what the data folder has of before was not put aside: where the database has the store, move \
         state.db* or database.json away by hand"
    } else {
        ""
    };
    CliError::failed("it is not known whether all was restored, or nothing: the last answer was lost").hint(
        format!(
            "once the database answers, restore again: where all was restored that is refused, with nothing \
             changed, else it is done; `tidegate verify --store '{address}'` says what is there{aside}"
        ),
    )
}

/// What the ledger says of it: from here on it is another one than that which went on.
fn entry(manifest: &Manifest, position: u64, at: Timestamp) -> Draft {
    let (time, end) = (manifest.taken_at.whole_seconds(), manifest.head.sequence);
    Draft {
        at: at.max(manifest.taken_at),
        actor: Actor::Person { name: user_name() },
        subject: Subject { kind: "Store".to_owned(), key: ObjectKey::new("tidegate", "store") },
        what: "Restored".to_owned(),
        detail: json!({
            "backup": { "takenAt": manifest.taken_at, "head": manifest.head },
            "position": position,
            "outcome": format!("up to entry {position} of the backup of {time}, whose ledger ends at entry {end}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Paint;

    #[track_caller]
    fn check(aside: Option<&str>, error: &Stopped, words: &[&str]) {
        let address = Address::parse("postgres://ada@db/tide", |_| None).unwrap();
        let site = Site::Database(Box::new(address));
        let target = Target::for_test(site, aside.map(PathBuf::from));
        let said = stopped(&target, error).render(Paint::Plain);
        for word in words {
            assert!(said.contains(word), "{said} should say {word:?}");
        }
        assert_eq!(said.contains("nothing was restored"), words.is_empty(), "{said}");
    }

    #[test]
    fn that_nothing_was_restored_is_said_only_where_it_is_so() {
        let full = StoreError::Full("no space".to_owned());
        check(None, &Stopped::Store(full), &[]);
        let lost = || Stopped::Store(StoreError::Broken("no answer came to a commit".to_owned()));
        let again = "once the database answers, restore again";
        check(None, &lost(), &["it is not known whether all was restored", again]);
        check(Some("/d/before"), &lost(), &["not put aside", again]);
        let untidy = Stopped::Untidy("database.json cannot be moved".to_owned());
        check(Some("/d/before"), &untidy, &["all was restored, but", "into /d/before"]);
    }
}

//! Makes a data folder of a backup.

use std::{
    fs,
    io::{self, BufReader, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;
use serde_json::json;
use tidegate_backup::{BackupError, Change, Counts, Item, Keys, Manifest, NewFile, read};
use tidegate_controller::Restoration;
use tidegate_ledger::{Actor, Draft, Head, Subject};
use tidegate_ports::{Clock as _, StoreError};
use tidegate_store::{Changed, Present, Reader, Rebuild, has_store};
use tidegate_units::{ObjectKey, Timestamp};

use super::{
    counts_text, head_text, local, seal,
    verify::{self, Seen, read_into, refused},
};
use crate::{
    args::{Global, RestoreArgs},
    client::user_name,
    error::CliError,
    output::Output,
    place::Place,
    server::SystemClock,
};

/// What a data folder may hold where a store is restored: what runs, and what that needs. The server
/// adopts it.
const RUNS: [&str; 14] = [
    "reserve",
    "server.lock",
    "server.json",
    "token",
    "router",
    "router.log",
    "router.log.1",
    "images",
    "logs",
    "volumes",
    "claims",
    "runtime",
    "jobs",
    "containers",
];

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    data: PathBuf,
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

/// Restores a backup into a folder that has no store.
pub(crate) fn run(global: &Global, args: &RestoreArgs) -> Result<ExitCode, CliError> {
    let place = local(global, "restore")?;
    place.refuse_database(
        "a restore",
        "restore the database by PostgreSQL's own means, or restore into an empty folder with --data",
    )?;
    let keys = seal::keys(&args.keys)?;
    let aside = aside(&place, args)?;
    if aside.is_none() {
        refuse_strange(&place)?;
    }
    // All of it is read before anything is made: what is damaged at its end is not restored up to there.
    let wanted = check(args, &keys)?;
    let restored = build(&place, args, &keys, &wanted, aside)?;
    let mut output = Output::new(global);
    output.data(&restored, |output| {
        output.line(format!("restored into {}", restored.data.display()))?;
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

fn not_restored(error: &dyn std::error::Error) -> CliError {
    CliError::failed("nothing was restored").because(error)
}

/// Where a store that is there is to be moved to; refuses it when that was not asked for.
fn aside(place: &Place, args: &RestoreArgs) -> Result<Option<PathBuf>, CliError> {
    let there = has_store(place.folder());
    if there && !args.replace {
        let folder = place.folder().display();
        return Err(CliError::failed(format!("nothing was restored: {folder} has a store")).hint(
            "restore into an empty folder with --data, or in its place with --replace, which keeps \
             it beside the new one",
        ));
    }
    let time = SystemClock.now().whole_seconds().replace(['-', ':'], "");
    Ok(there.then(|| place.folder().join(format!("before-restore-{time}"))))
}

/// Refuses a folder with things in it that are not Tidegate's.
fn refuse_strange(place: &Place) -> Result<(), CliError> {
    let folder = place.folder();
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(not_restored(&error)),
    };
    for entry in found {
        let name = entry.map_err(|error| not_restored(&error))?.file_name();
        let name = name.to_string_lossy();
        let known = RUNS.contains(&&*name)
            || ["state.db-", "restoring", "before-restore-", "token.partial-"]
                .iter()
                .any(|one| name.starts_with(one));
        if !known {
            let folder = folder.display();
            return Err(CliError::failed(format!(
                "nothing was restored: {folder} is neither empty nor a data folder, {name} is in it"
            ))
            .hint("name an empty folder with --data"));
        }
    }
    Ok(())
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
    Store(#[from] StoreError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("the token cannot be written: {0}")]
    Token(io::Error),
}

fn build(
    place: &Place,
    args: &RestoreArgs,
    keys: &Keys,
    wanted: &Wanted,
    aside: Option<PathBuf>,
) -> Result<Restored, CliError> {
    let Wanted { manifest: checked, position } = wanted;
    let (mut position, begin) = (*position, checked.reaches_back_to);
    // The documents and what they were come before the ledger.
    let mut went_back = position == checked.head.sequence;
    let present = aside.as_deref().map_or(Present::Refuse, Present::PutAside);
    let built = (|| {
        let mut rebuild = Rebuild::begin(place.folder(), present)?;
        let file = fs::File::open(&args.from);
        let what = || format!("{} cannot be read", args.from.display());
        let file = file.map_err(|error| BackupError::Io { what: what(), error })?;
        let mut token = None;
        let manifest = read::<Stopped>(BufReader::with_capacity(1 << 16, file), keys, |item| {
            match item {
                Item::Document(object) => rebuild.document(&object)?,
                Item::Change(change) => rebuild.change(&changed(change))?,
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
        rebuild.document(&Restoration { at, position }.document())?;
        if let Some(token) = token {
            keep_token(&place.token_file(), &token)?;
        }
        Ok::<_, Stopped>(rebuild.finish(&entry(&manifest, position, at), in_order)?)
    })();
    let head = built.map_err(|error| not_restored(&error))?;
    Ok(Restored {
        data: place.folder().to_owned(),
        taken_at: checked.taken_at,
        backup: checked.head,
        position,
        head,
        counts: checked.counts,
        put_aside: aside,
    })
}

fn changed(change: Change) -> Changed {
    let Change { before, after, kind, key, body } = change;
    Changed { before, after, kind, key, body }
}

/// Whether what was built agrees with itself, also at an earlier position.
fn in_order(reader: &Reader) -> Result<(), StoreError> {
    let mut seen = Seen::new(None);
    let head = match seen.folder(reader) {
        Ok(head) => head,
        Err(verify::Stopped::Store(error)) => return Err(error),
        Err(verify::Stopped::Ledger(error)) => return Err(StoreError::Damaged(error.to_string())),
    };
    seen.problems(head).into_iter().next().map_or(Ok(()), |why| Err(StoreError::Damaged(why)))
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

/// The token of the backup, where the folder has none: what clients hold fits the one that is there.
/// Half of one would be nobody's, so it is there whole or not at all.
fn keep_token(path: &Path, token: &[u8]) -> Result<(), Stopped> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let mut file = NewFile::create(path)?;
    file.write_all(token).map_err(Stopped::Token)?;
    Ok(file.finish()?)
}

use std::{io::Write, path::Path, sync::mpsc, thread};

use rusqlite::{Connection, OpenFlags};
use tidegate_ledger::{Broken, Entry, Head, Kept, Summary, Verifier};
use tidegate_ports::{StoreError, StoredObject, StoredText, VerifyError};

use crate::{document, failure::failed, folder::database_in, ledger, schema, wal};

/// So many entries are read at a time. Between two pages no snapshot is held, so the write-ahead
/// log can be folded in while a long ledger is read.
const PAGE: usize = 4096;

/// So many of them wait to be checked at most: some megabytes.
const PAGES_AHEAD: usize = 2;

/// Reads a data folder, with a server at work in it or none.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
}

/// Opens the data folder `folder` to read it. Takes no lock and changes nothing.
///
/// Errors: [`StoreError::TooNew`], and [`StoreError::Failed`] when there is no store or it has an
/// older schema, which only a server brings up to date.
pub fn read_only(folder: &Path) -> Result<Reader, StoreError> {
    let path = database_in(folder);
    let what = format!("cannot open {}", path.display());
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| failed(&what, error))?;
    schema::inspect(&connection)?;
    wal::check(&path)?;
    Ok(Reader { connection })
}

impl Reader {
    /// Every document, by kind and key.
    pub fn documents(&self) -> Result<Vec<StoredObject>, StoreError> {
        document::all(&self.connection)
    }

    /// The same as text.
    pub(crate) fn texts(&self) -> Result<Vec<StoredText>, StoreError> {
        document::texts(&self.connection)
    }

    /// Ledger entries after a sequence number, oldest first, at most `limit` of them.
    pub fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let kept = ledger::kept(&self.connection, after, limit)?;
        kept.iter().map(ledger::read).collect()
    }

    /// Where the ledger ends.
    pub fn head(&self) -> Result<Head, StoreError> {
        ledger::head(&self.connection)
    }

    /// Checks the whole ledger, and that it reaches `expected`, a head that was kept elsewhere.
    /// That it reaches the end that the folder itself notes is checked always.
    pub fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        // Read first: entries that come while the chain is read only make it longer.
        let noted = self.head()?;
        let verifier = Verifier::new(Head::default(), expected);
        let verifier = self.check_all(verifier, noted)?;
        let held = verifier.so_far();
        let broken = |broken| broken_after(held, broken);
        let summary = verifier.finish().map_err(broken)?;
        if summary.head.sequence < noted.sequence {
            return Err(broken(Broken::Truncated { expected: noted, found: summary.head }));
        }
        Ok(summary)
    }

    /// Reads here and checks beside it, each of which takes about as long as the other.
    fn check_all(&self, mut verifier: Verifier, noted: Head) -> Result<Verifier, VerifyError> {
        thread::scope(|scope| {
            let (pages, read) = mpsc::sync_channel::<Vec<Kept>>(PAGES_AHEAD);
            let checking = scope.spawn(move || {
                for page in read {
                    page.iter().try_for_each(|kept| check(&mut verifier, kept, noted))?;
                }
                Ok(verifier)
            });
            // Nobody takes a page any more once something does not hold: that is told below.
            let reading = each_page(&self.connection, |page| pages.send(page).is_ok());
            drop(pages);
            let checked = checking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            reading?;
            checked
        })
    }

    /// Writes the ledger as JSON lines, oldest first, and says how many.
    /// [`tidegate_ledger`]'s page says how an outsider checks them.
    pub fn export(&self, out: &mut dyn Write) -> Result<u64, StoreError> {
        let mut written = 0;
        each_kept(&self.connection, |kept| {
            let cannot = |why: std::io::Error| failed("cannot write the export", why);
            serde_json::to_writer(&mut *out, &ledger::read(kept)?)
                .map_err(|error| cannot(error.into()))?;
            out.write_all(b"\n").map_err(cannot)?;
            written += 1;
            Ok::<_, StoreError>(())
        })?;
        Ok(written)
    }
}

/// Every entry as it is kept, oldest first, in pages, until one of them is not wanted.
fn each_page(
    connection: &Connection,
    mut wanted: impl FnMut(Vec<Kept>) -> bool,
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let page = ledger::kept(connection, after, PAGE)?;
        match page.last() {
            Some(last) => after = last.sequence,
            None => return Ok(()),
        }
        if !wanted(page) {
            return Ok(());
        }
    }
}

/// Every entry as it is kept, oldest first, a page at a time.
pub(crate) fn each_kept<E: From<StoreError>>(
    connection: &Connection,
    mut visit: impl FnMut(&Kept) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = 0;
    loop {
        let page = ledger::kept(connection, after, PAGE)?;
        page.iter().try_for_each(&mut visit)?;
        match page.last() {
            Some(last) => after = last.sequence,
            None => return Ok(()),
        }
    }
}

/// Checks that the next entry follows what `verifier` has seen, and that it ends where `noted`.
pub(crate) fn check(verifier: &mut Verifier, kept: &Kept, noted: Head) -> Result<(), VerifyError> {
    let held = verifier.so_far();
    verifier.take_kept(kept, noted).map_err(|broken| broken_after(held, broken))
}

fn broken_after(held: Summary, broken: Broken) -> VerifyError {
    VerifyError::Broken { held, broken: Box::new(broken) }
}

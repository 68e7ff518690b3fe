//! The whole ledger, read and checked at the same time.

use tidegate_ledger::{Broken, Head, Kept, Summary, Verifier};
use tidegate_ports::{StoreError, VerifyError};
use tokio::{sync::mpsc, task};

use crate::{copy, leader, session::Session, trouble::Trouble};

/// So many pages wait to be checked: some megabytes.
const PAGES_AHEAD: usize = 4;

/// Checks the whole ledger, that it reaches the end that was noted, and `expected`.
///
/// The entries come as the database's own binary copy, for which it does least, and are checked in another
/// thread while the next ones come.
pub(crate) async fn verify(
    session: &Session,
    expected: Option<Head>,
) -> Result<Summary, VerifyError> {
    // Read first: entries that come while the chain is read only make it longer.
    let noted = leader::read(session).await.map_err(Trouble::told)?.state.head;
    let verifier = Verifier::new(Head::default(), expected);
    let (pages, read) = mpsc::channel(PAGES_AHEAD);
    let checking = task::spawn_blocking(move || check_all(verifier, read, noted));
    let reading = copy::entries(session, &pages).await;
    drop(pages);
    let checked = checking.await.map_err(|error| {
        StoreError::Failed(format!("the ledger was not checked to its end: {error}"))
    })?;
    // What does not hold is told first: nobody takes a page any more after it.
    let verifier = checked?;
    reading.map_err(Trouble::told)?;
    let held = verifier.so_far();
    let summary = verifier.finish().map_err(|broken| broken_after(held, broken))?;
    if summary.head.sequence < noted.sequence {
        let broken = Broken::Truncated { expected: noted, found: summary.head };
        return Err(broken_after(held, broken));
    }
    Ok(summary)
}

fn check_all(
    mut verifier: Verifier,
    mut read: mpsc::Receiver<Vec<Kept>>,
    noted: Head,
) -> Result<Verifier, VerifyError> {
    while let Some(page) = read.blocking_recv() {
        for one in &page {
            let held = verifier.so_far();
            verifier.take_kept(one, noted).map_err(|broken| broken_after(held, broken))?;
        }
    }
    Ok(verifier)
}

pub(crate) fn broken_after(held: Summary, broken: Broken) -> VerifyError {
    VerifyError::Broken { held, broken: Box::new(broken) }
}

use tidegate_ledger::{Digest, Entry, Head, Kept, Verifier};
use tidegate_ports::StoreError;
use tokio_postgres::{Error, Row};

use crate::{
    round::number,
    session::Session,
    trouble::{Trouble, trouble},
};

/// At most `limit` entries after a sequence number, oldest first.
pub(crate) async fn kept(
    session: &Session,
    after: u64,
    limit: usize,
) -> Result<Vec<Kept>, Trouble> {
    let what = "the ledger cannot be read";
    let asked = "SELECT sequence, hash, body FROM tidegate.ledger
        WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = session.rows(what, asked, &[&number(after), &limit]).await?;
    rows.iter().map(|row| one(row).map_err(|error| trouble(what, &error))?).collect()
}

fn one(row: &Row) -> Result<Result<Kept, Trouble>, Error> {
    let (sequence, hash, body): (i64, &[u8], &str) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let sequence = u64::try_from(sequence).unwrap_or(0);
    let hash =
        hash.try_into().map(Digest).map_err(|_| damaged(format!("entry {sequence} has no hash")));
    Ok(match hash {
        Ok(hash) => Ok(Kept { sequence, hash, body: body.as_bytes().to_vec() }),
        Err(error) => Err(error.into()),
    })
}

/// The same, read.
pub(crate) async fn entries(
    session: &Session,
    after: u64,
    limit: usize,
) -> Result<Vec<Entry>, Trouble> {
    let kept = kept(session, after, limit).await?;
    kept.iter().map(|one| read_kept(one).map_err(Trouble::from)).collect()
}

/// The entry, not verified.
pub(crate) fn read_kept(kept: &Kept) -> Result<Entry, StoreError> {
    kept.read().map_err(damaged)
}

/// Whether an entry of this hash is in its place.
pub(crate) async fn has(session: &Session, sequence: u64, hash: &[u8]) -> Result<bool, Trouble> {
    let what = "the ledger cannot be read";
    let asked = "SELECT EXISTS (SELECT FROM tidegate.ledger WHERE sequence = $1 AND hash = $2)";
    session.value(what, asked, &[&number(sequence), &hash]).await
}

/// Checks in constant time that the ledger can be continued: its last entry is whole, follows the
/// one before it and is where the ledger was noted to end.
pub(crate) async fn check_end(session: &Session, head: Head) -> Result<(), Trouble> {
    let before = head.sequence.saturating_sub(1);
    // One more than should be there, so that an entry after the noted end shows.
    let last = kept(session, before.saturating_sub(1), 3).await?;
    let hash = last.iter().find(|one| one.sequence == before).map(|one| one.hash);
    let begin = Head { sequence: before, hash: hash.unwrap_or_default() };
    let mut verifier = Verifier::new(begin, Some(head));
    for one in last.iter().filter(|one| one.sequence > before) {
        verifier.take_kept(one, head).map_err(damaged)?;
    }
    let end = verifier.finish().map_err(damaged)?.head;
    if end == head {
        return Ok(());
    }
    Err(damaged(format!("it goes on after entry {}, its noted end", head.sequence)).into())
}

fn damaged(why: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("the ledger is broken: {why}"))
}

//! The row that every writer locks first: who leads, and where the ledger ends.

use std::time::Duration;

use tidegate_ledger::Head;
use tidegate_ports::StoreError;
use tidegate_units::Epoch;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::{session::Session, trouble::Trouble};

/// What the row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Of whoever leads; 0 before anybody has.
    pub(crate) epoch: Epoch,
    /// How often anything was written.
    pub(crate) commits: u64,
    /// Where the ledger ends.
    pub(crate) head: Head,
}

/// The row, with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) state: State,
    /// Who leads.
    pub(crate) holder: String,
    /// For how long nobody who waits takes the lead.
    pub(crate) left: Duration,
}

/// The times are the database's alone: clocks of machines differ.
const READ: &str = "SELECT epoch, commits, head_sequence, encode(head_hash, 'hex'), holder,
        CASE WHEN lease_until > clock_timestamp()
            THEN least(1e9, extract(epoch FROM lease_until - clock_timestamp())) ELSE 0 END
    FROM tidegate.leader";

/// Reads the row as it is at this moment.
pub(crate) async fn read(session: &Session) -> Result<Leader, Trouble> {
    ask(session, READ, "it cannot be read who leads").await
}

/// Begins a transaction that sees all of one moment, whoever writes meanwhile, and reads the row in it.
pub(crate) async fn hold_on(session: &Session) -> Result<Leader, Trouble> {
    let asked = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {READ}");
    ask(session, &asked, "it cannot be read who leads").await
}

/// Begins a transaction and locks the row: from here to its end nobody else writes, and whoever was
/// in the middle of it has ended.
pub(crate) async fn lock(session: &Session) -> Result<Leader, Trouble> {
    // In one message, so that nothing comes in between. Each statement sees what the one before had
    // to wait for, which a stricter isolation would refuse.
    let asked = format!("BEGIN ISOLATION LEVEL READ COMMITTED; {READ} FOR UPDATE");
    ask(session, &asked, "nothing was written").await
}

/// Ends the transaction and keeps nothing of it.
pub(crate) async fn unlock(session: &Session) -> Result<(), Trouble> {
    session.run("a transaction was not ended", "ROLLBACK").await
}

/// Ends the transaction and keeps all of it. Cut off, it may have been kept or not.
pub(crate) async fn commit(session: &Session) -> Result<(), Trouble> {
    session.run("no answer came to a commit", "COMMIT").await
}

/// Within the transaction: a new epoch begins, and it is `holder`'s.
pub(crate) async fn advance(
    session: &Session,
    epoch: Epoch,
    holder: &str,
    lease: Duration,
) -> Result<(), Trouble> {
    let sql = "UPDATE tidegate.leader SET epoch = $1, holder = $2, commits = commits + 1,
        lease_until = clock_timestamp() + make_interval(secs => $3)";
    let (epoch, lease) = (i64::from(epoch.0), lease.as_secs_f64());
    session.change("the lead was not taken", sql, &[&epoch, &holder, &lease]).await
}

/// Within the transaction, and its end: the lease begins anew. It need not outlive a crash of the
/// database, so nobody waits for its disk.
pub(crate) async fn renew(session: &Session, lease: Duration) -> Result<(), Trouble> {
    let sql = format!(
        "SET LOCAL synchronous_commit = off;
         UPDATE tidegate.leader
             SET lease_until = clock_timestamp() + make_interval(secs => {}); COMMIT",
        lease.as_secs_f64()
    );
    session.run("the lease was not renewed", &sql).await
}

/// Ends the lease of `holder`, if it still is its.
pub(crate) async fn release(session: &Session, holder: &str) -> Result<(), Trouble> {
    let sql = "UPDATE tidegate.leader SET lease_until = '-infinity' WHERE holder = $1";
    session.change("the lease was not given back", sql, &[&holder]).await
}

/// What the row says when it is ours: a name for people, and what no other server has.
pub(crate) fn signature(name: &str) -> Result<String, StoreError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| {
        StoreError::Failed(format!("the kernel gives no random bytes: {error}"))
    })?;
    Ok(format!("{name}#{:016x}", u64::from_le_bytes(random)))
}

async fn ask(session: &Session, asked: &str, what: &str) -> Result<Leader, Trouble> {
    let answered = session.answer(what, session.client.simple_query(asked)).await?;
    let row = answered.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let gone = || StoreError::Damaged("the row of tidegate.leader is gone".to_owned());
    let leader = leader(row.ok_or_else(gone)?);
    Ok(leader.ok_or_else(|| {
        StoreError::Damaged("the row of tidegate.leader is not as it was written".to_owned())
    })?)
}

fn leader(row: &SimpleQueryRow) -> Option<Leader> {
    let head = Head { sequence: row.get(2)?.parse().ok()?, hash: row.get(3)?.parse().ok()? };
    let left: f64 = row.get(5)?.parse().ok()?;
    Some(Leader {
        state: State {
            epoch: Epoch(row.get(0)?.parse().ok()?),
            commits: row.get(1)?.parse().ok()?,
            head,
        },
        holder: row.get(4)?.to_owned(),
        left: Duration::try_from_secs_f64(left).ok()?,
    })
}

/// Which epoch comes after `epoch`, no earlier than `least`.
pub(crate) fn after(epoch: Epoch, least: Epoch) -> Result<Epoch, StoreError> {
    let used = || StoreError::Failed("nobody can lead any more: all epochs are used".to_owned());
    epoch.next().map(|next| next.max(least)).ok_or_else(used)
}

/// What the database turns out to hold after a commit whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// The commit is there.
    Applied,
    /// It is not, and never will be: whoever carried it had the row locked, and has ended.
    NotApplied,
    /// Others have written since. Whether its last entry is in the ledger tells.
    WrittenSince,
    /// What was there before it is not: the database was set back.
    Lost,
}

/// Compares what is `found` with what was there `before` a commit and what would be `after` it.
pub(crate) fn turned(found: State, before: State, after: State) -> Turned {
    if found == after {
        Turned::Applied
    } else if found == before {
        Turned::NotApplied
    } else if found.epoch >= before.epoch && found.commits > before.commits {
        Turned::WrittenSince
    } else {
        Turned::Lost
    }
}

/// Refuses a database that does not have what was acknowledged: a standby that had not got all of it
/// was promoted, or it was restored from a copy.
///
/// `known` is where this leader left it. Nobody else writes in its epoch.
pub(crate) fn check_whole(found: State, known: State) -> Result<(), StoreError> {
    if known.epoch == Epoch::default() || found.epoch > known.epoch || found == known {
        return Ok(());
    }
    Err(StoreError::Broken(lost(found, known)))
}

/// What is told of it.
pub(crate) fn lost(found: State, known: State) -> String {
    format!(
        "the database has lost what it acknowledged: its ledger ends at entry {} in epoch {}, but \
         entry {} was written in epoch {}. A standby that had not got all of it was promoted, or an \
         older copy was put back. Nothing is written on top: bring back the server that has it",
        found.head.sequence, found.epoch, known.head.sequence, known.epoch
    )
}

#[cfg(test)]
mod tests {
    use tidegate_ledger::Digest;

    use super::*;

    fn state(epoch: u32, commits: u64, sequence: u64, hash: u8) -> State {
        let head = Head { sequence, hash: Digest([hash; 32]) };
        State { epoch: Epoch(epoch), commits, head }
    }

    #[test]
    fn what_became_of_a_commit_is_found_out() {
        let (before, after) = (state(5, 10, 20, 1), state(5, 11, 22, 2));
        for (found, expect) in [
            (after, Turned::Applied),
            (before, Turned::NotApplied),
            (state(6, 11, 20, 1), Turned::WrittenSince),
            (state(6, 12, 22, 2), Turned::WrittenSince),
            // Of the same number of commits, but others: it was set back, and went on.
            (state(5, 11, 22, 3), Turned::WrittenSince),
            (state(5, 9, 19, 1), Turned::Lost),
            (state(4, 11, 22, 2), Turned::Lost),
            (state(6, 9, 19, 1), Turned::Lost),
        ] {
            assert_eq!(turned(found, before, after), expect, "{found:?}");
        }
    }

    #[test]
    fn a_database_that_was_set_back_is_refused_and_another_leader_is_not() {
        let known = state(5, 10, 20, 1);
        assert_eq!(check_whole(known, known), Ok(()));
        assert_eq!(check_whole(state(6, 11, 20, 1), known), Ok(()));
        assert_eq!(check_whole(state(5, 9, 19, 1), state(0, 10, 20, 1)), Ok(()));
        for found in [state(5, 9, 19, 1), state(5, 10, 20, 2), state(4, 10, 20, 1)] {
            let error = check_whole(found, known).unwrap_err();
            assert!(error.is_final() && error.to_string().contains("has lost"), "{error}");
        }
    }
}

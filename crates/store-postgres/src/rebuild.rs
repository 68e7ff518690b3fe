use std::time::Duration;

use tidegate_ledger::{Draft, Entry, Head};
use tidegate_ports::{Changed, StoreError, StoredObject};
use tidegate_units::Epoch;
use tokio::time::{Instant, sleep};
use tokio_postgres::types::ToSql;

use crate::{
    Address, PostgresSnapshot, document,
    leader::{self, State, Turned, turned},
    offline::unhurried,
    reader,
    round::{APPEND, Linked, PUT, named, number, texts},
    schema,
    session::{Purpose, Session},
    trouble::Trouble,
};

/// Of the lock that whoever restores into a database has: `TdGr` in ASCII.
const LOCK: i64 = 0x5464_4772;

/// So many bytes are gathered before they are sent, and so many rows.
const BYTES: usize = 1 << 20;
const ROWS: usize = 2048;

/// How long it is asked what became of a commit whose answer was lost, and how often.
const DOUBT: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(500);

/// Whoever restores may not stand still for longer between two statements: until they go on or are
/// cut off, nobody else writes.
const IDLE: Duration = Duration::from_mins(1);

const WHAT: &str = "the store cannot be built";

/// Why no store can be built in a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// It has one.
    #[error("there is a store in the database already; nothing is restored over it")]
    Occupied,
    /// A server leads there, or did so until a moment ago.
    #[error(
        "a server leads in the database ({holder}); end it, and those that stand by (one that was \
         killed leads for {left} s more)"
    )]
    Led {
        /// Which.
        holder: String,
        /// For how many seconds nobody else does.
        left: u64,
    },
    /// Another one is being built there.
    #[error("another restore is at work in this database; wait until it has ended")]
    AtWork,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Trouble> for RebuildError {
    fn from(trouble: Trouble) -> Self {
        Self::Store(trouble.told())
    }
}

/// A store that is built from what was kept of one, in a database that has none.
///
/// All of it is one transaction, in which nobody else writes: until [`Self::commit`] there is nothing
/// of it, and after that all. Whoever led before in an empty database leads no more.
#[derive(Debug)]
pub struct PostgresRebuild {
    address: Address,
    session: Session,
    before: State,
    after: State,
    /// The last position that is wanted.
    until: u64,
    documents: Vec<(String, String, String)>,
    changes: Vec<Changed>,
    entries: Vec<Linked>,
    gathered: usize,
    doubt: Duration,
}

impl PostgresRebuild {
    /// Begins, and makes the tables where there are none; `name` says who restores.
    ///
    /// Errors: [`RebuildError::Occupied`], [`RebuildError::Led`] and [`RebuildError::AtWork`]; and as
    /// [`crate::PostgresStore::open`].
    pub async fn begin(address: Address, name: &str) -> Result<Self, RebuildError> {
        let session = Session::open(&address, &unhurried(), Purpose::Write).await?;
        let limit = IDLE.as_millis();
        let patience = format!(
            "SET idle_in_transaction_session_timeout = {limit}; SET lock_timeout = {limit}"
        );
        session.run(WHAT, &patience).await?;
        // The connection's, so it is gone with whoever has it.
        let lock = "SELECT pg_try_advisory_lock($1)";
        if !session.value::<bool>(WHAT, lock, &[&LOCK]).await? {
            return Err(RebuildError::AtWork);
        }
        if schema::inspect(&session).await? == 0 {
            schema::prepare(&session).await?;
        }
        let found = leader::lock(&session).await?;
        refuse_leader(&found)?;
        refuse_store(&session, found.state).await?;
        let epoch = leader::after(found.state.epoch, Epoch::default())?;
        leader::advance(&session, epoch, name, Duration::ZERO).await?;
        let after = State { epoch, commits: found.state.commits + 1, head: Head::default() };
        Ok(Self {
            address,
            session,
            before: found.state,
            after,
            until: u64::MAX,
            documents: Vec::new(),
            changes: Vec::new(),
            entries: Vec::new(),
            gathered: 0,
            doubt: DOUBT,
        })
    }

    /// For how long it is asked what became of the commit where its answer is lost; a minute else.
    #[must_use]
    pub const fn in_doubt_for(mut self, doubt: Duration) -> Self {
        self.doubt = doubt;
        self
    }

    /// Adds a document.
    pub async fn document(&mut self, object: &StoredObject) -> Result<(), StoreError> {
        let (name, body) = named(&object.into())?;
        self.gathered += body.len();
        self.documents.push((name.0, name.1, body));
        self.flush_if_many().await
    }

    /// Adds what a document was.
    pub async fn change(&mut self, change: &Changed) -> Result<(), StoreError> {
        self.gathered += change.body.as_ref().map_or(0, |body| body.to_string().len());
        self.changes.push(change.clone());
        self.flush_if_many().await
    }

    /// Once all documents are there and what they were, from `begin` on: makes them what they were at
    /// `position`. Entries after that are left out. Says which position it is: what was written as
    /// one is there whole or not at all, so it may be an earlier one.
    ///
    /// Errors: [`StoreError::Failed`] when it is not known any more what they were then.
    pub async fn go_back(&mut self, position: u64, begin: u64) -> Result<u64, StoreError> {
        self.flush().await?;
        let boundary = "SELECT coalesce(min(before), $1) FROM tidegate.change
            WHERE before < $1 AND after > $1";
        let session = &self.session;
        let found: i64 =
            session.value(WHAT, boundary, &[&number(position)]).await.map_err(Trouble::told)?;
        let position = u64::try_from(found).unwrap_or(0);
        if position < begin {
            return Err(StoreError::Failed(format!(
                "what the documents were at entry {position} is not kept: only from entry {begin} on"
            )));
        }
        session.run(WHAT, &undo(position)).await.map_err(Trouble::told)?;
        document::add_sums(session).await.map_err(Trouble::told)?;
        self.until = position;
        Ok(position)
    }

    /// Notes from which position on it is known what the documents were.
    pub async fn reaches_back_to(&mut self, begin: u64) -> Result<(), StoreError> {
        let sql = "UPDATE tidegate.change_begin SET sequence = $1";
        self.session.change(WHAT, sql, &[&number(begin)]).await.map_err(Trouble::told)
    }

    /// Adds an entry of the ledger as it was. Errors: [`StoreError::Damaged`] when it does not follow
    /// the one before or is not what its hash was taken over.
    pub async fn entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        if entry.sequence > self.until {
            return Ok(());
        }
        if self.append(&entry.draft)? != *entry {
            let why = format!("the ledger is broken: entry {} is not as written", entry.sequence);
            return Err(StoreError::Damaged(why));
        }
        self.flush_if_many().await
    }

    /// Adds `last` to the ledger and notes that it ends there. Says where that is. What there is then,
    /// [`Self::contents`] reads once more.
    pub async fn seal(&mut self, last: &Draft) -> Result<Head, StoreError> {
        self.append(last)?;
        self.flush().await?;
        let head = self.after.head;
        let hash = head.hash.0.as_slice();
        let sql = "UPDATE tidegate.leader SET head_sequence = $1, head_hash = $2";
        let noted = self.session.change(WHAT, sql, &[&number(head.sequence), &hash]).await;
        noted.map(|()| head).map_err(Trouble::told)
    }

    /// What was written, as the database gives it back.
    pub async fn contents(&self) -> Result<PostgresSnapshot<'_>, StoreError> {
        PostgresSnapshot::within(&self.session).await.map_err(Trouble::told)
    }

    /// Makes it the store of the database.
    ///
    /// Errors: [`StoreError::Broken`] when the answer was lost and it cannot be found out what became
    /// of it: either all was restored or nothing. With every other nothing was.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self { address, session, before, after, doubt, .. } = self;
        let why = match leader::commit(&session).await {
            Ok(()) => return Ok(()),
            Err(Trouble::Refused(error)) => return Err(error),
            Err(Trouble::Cut(why)) => why,
        };
        drop(session);
        let deadline = Instant::now() + doubt;
        loop {
            match is_there(&address, before, after).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(StoreError::Failed(why)),
                Err(_) if Instant::now() < deadline => sleep(LOOK).await,
                Err(trouble) => {
                    return Err(StoreError::Broken(format!("{why}; {}", trouble.told())));
                }
            }
        }
    }

    fn append(&mut self, draft: &Draft) -> Result<Entry, StoreError> {
        let (entry, linked) = Linked::of(self.after.head, draft)?;
        self.gathered += linked.body.len();
        self.after.head = entry.head();
        self.entries.push(linked);
        Ok(entry)
    }

    async fn flush_if_many(&mut self) -> Result<(), StoreError> {
        let rows = self.documents.len() + self.changes.len() + self.entries.len();
        if self.gathered < BYTES && rows < ROWS {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        self.gathered = 0;
        let documents = std::mem::take(&mut self.documents);
        let text = |of: fn(&(String, String, String)) -> &str| texts(&documents, of);
        let (kinds, keys) = (text(|one| &one.0), text(|one| &one.1));
        let bodies = text(|one| &one.2);
        let sum = |(kind, key, body): &(String, String, String)| document::sum(kind, key, body);
        let sums: Vec<_> = documents.iter().map(sum).collect();
        self.add(PUT, documents.len(), &[&kinds, &keys, &bodies, &sums]).await?;
        let changes = std::mem::take(&mut self.changes);
        self.add_changes(&changes).await?;
        let entries = std::mem::take(&mut self.entries);
        let sequences: Vec<_> = entries.iter().map(|one| number(one.sequence)).collect();
        let hashes: Vec<_> = entries.iter().map(|one| one.hash.as_slice()).collect();
        let bodies = texts(&entries, |one| one.body.as_str());
        self.add(APPEND, entries.len(), &[&sequences, &hashes, &bodies]).await
    }

    async fn add_changes(&self, changes: &[Changed]) -> Result<(), StoreError> {
        let column = |of: fn(&Changed) -> u64| changes.iter().map(of).map(number).collect();
        let (after, before): (Vec<_>, Vec<_>) = (column(|one| one.after), column(|one| one.before));
        let kinds = texts(changes, |one| one.kind.as_str());
        let keys: Vec<_> = changes.iter().map(|one| one.key.to_string()).collect();
        let body = |one: &Changed| one.body.as_ref().map(ToString::to_string);
        let bodies: Vec<_> = changes.iter().map(body).collect();
        let sql = "INSERT INTO tidegate.change (after, kind, key, before, body)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[])";
        self.add(sql, changes.len(), &[&after, &kinds, &keys, &before, &bodies]).await
    }

    async fn add(
        &self,
        sql: &str,
        rows: usize,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<(), StoreError> {
        if rows == 0 {
            return Ok(());
        }
        self.session.change(WHAT, sql, params).await.map_err(Trouble::told)
    }
}

/// Whether a restore is in the database, once whoever carried it has ended.
async fn is_there(address: &Address, before: State, after: State) -> Result<bool, Trouble> {
    let session = Session::open(address, &unhurried(), Purpose::Write).await?;
    let found = leader::lock(&session).await?.state;
    match turned(found, before, after) {
        Turned::Applied => Ok(true),
        Turned::NotApplied | Turned::Lost => Ok(false),
        // By a server that led since, in what was restored or in a database that is as empty as before.
        Turned::WrittenSince => {
            let Head { sequence, hash } = after.head;
            reader::has(&session, sequence, hash.0.as_slice()).await
        }
    }
}

fn refuse_leader(found: &leader::Leader) -> Result<(), RebuildError> {
    if found.left.is_zero() {
        return Ok(());
    }
    let holder = found.holder.split('#').next().unwrap_or_default();
    let left = found.left.as_secs() + 1;
    Err(RebuildError::Led { holder: holder.to_owned(), left })
}

async fn refuse_store(session: &Session, found: State) -> Result<(), RebuildError> {
    let asked = "SELECT EXISTS (SELECT FROM tidegate.document)
        OR EXISTS (SELECT FROM tidegate.ledger) OR EXISTS (SELECT FROM tidegate.change)";
    if found.head == Head::default() && !session.value::<bool>(WHAT, asked, &[]).await? {
        return Ok(());
    }
    Err(RebuildError::Occupied)
}

/// Makes the documents what they were at a position, and forgets what came after it: of several changes
/// of a document the first after the position says what it was there.
fn undo(position: u64) -> String {
    let then = format!(
        "SELECT DISTINCT ON (kind, key) kind, key, body FROM tidegate.change
         WHERE after > {position} ORDER BY kind, key, after"
    );
    format!(
        "DELETE FROM tidegate.document d USING ({then}) AS was
             WHERE d.kind = was.kind AND d.key = was.key;
         INSERT INTO tidegate.document (kind, key, body)
             SELECT kind, key, body FROM ({then}) AS was WHERE body IS NOT NULL;
         DELETE FROM tidegate.change WHERE after > {position}"
    )
}

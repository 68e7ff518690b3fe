//! Batches that go into one transaction, folded into few statements.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_ledger::{Draft, Entry, Head, body, link};
use tidegate_ports::{
    Batch, Committed, StoreError, StoredText, Write, check_depth, check_length, check_text,
};
use tidegate_units::Epoch;
use tokio_postgres::{Statement, types::ToSql};

use crate::{
    document,
    leader::State,
    session::Session,
    trouble::{Trouble, trouble},
};

/// What became of one batch.
pub(crate) type Outcome = Result<Committed, StoreError>;

/// A batch, and in which epoch whoever offers it leads.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) epoch: Epoch,
    pub(crate) batch: Batch,
}

/// Kind and key of a document.
pub(crate) type Name = (String, String);

/// What is to be written, and what is told once it is.
#[derive(Debug)]
pub(crate) struct Round {
    /// What the database holds before it.
    pub(crate) before: State,
    /// And after it.
    pub(crate) after: State,
    /// What became of each batch.
    pub(crate) outcomes: Vec<Outcome>,
    /// What documents become; nothing for those that go.
    documents: BTreeMap<Name, Option<String>>,
    changes: Vec<Change>,
    changed: BTreeSet<(u64, Name)>,
    entries: Vec<Linked>,
    wanted: bool,
}

/// An entry as it is kept: the very text that its hash was taken over.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) body: String,
}

impl Linked {
    /// Links a draft to the chain, within the bounds of what is kept.
    pub(crate) fn of(head: Head, draft: &Draft) -> Result<(Entry, Self), StoreError> {
        let subject = &draft.subject;
        let name = || format!("ledger entry {} of {} {}", draft.what, subject.kind, subject.key);
        check_depth(name, &draft.detail)?;
        let entry = link(head, draft.clone());
        let body = body(entry.sequence, entry.previous, &entry.draft);
        check_length(name, body.len())?;
        let body = String::from_utf8(body)
            .map_err(|error| StoreError::Failed(format!("{}: {error}", name())))?;
        let linked = Self { sequence: entry.sequence, hash: entry.hash.0, body };
        Ok((entry, linked))
    }
}

/// What is kept of a document that changes.
#[derive(Debug)]
struct Change {
    span: (u64, u64),
    name: Name,
    was: Was,
}

/// What a document was.
#[derive(Debug)]
enum Was {
    /// The database knows.
    Stored,
    /// What an earlier batch of this round makes it; nothing where that takes it away.
    Made(Option<String>),
}

impl Was {
    fn made(&self) -> Option<&str> {
        match self {
            Self::Stored | Self::Made(None) => None,
            Self::Made(Some(body)) => Some(body),
        }
    }
}

/// What a row of `tidegate.change` takes beside its body, in bytes.
pub(crate) const ROW: i64 = 64;

impl Round {
    /// Takes what may be written: of the epoch that the database is in, and within the bounds of what is
    /// kept.
    pub(crate) fn of(before: State, offers: &[Offer]) -> Self {
        let mut round = Self {
            before,
            after: before,
            outcomes: Vec::with_capacity(offers.len()),
            documents: BTreeMap::new(),
            changes: Vec::new(),
            changed: BTreeSet::new(),
            entries: Vec::new(),
            wanted: false,
        };
        for Offer { epoch: ours, batch } in offers {
            let theirs = before.epoch;
            let outcome = if *ours == theirs {
                round.take(batch)
            } else {
                Err(StoreError::Fenced { ours: *ours, theirs })
            };
            round.outcomes.push(outcome);
        }
        if round.wanted {
            round.after.commits += 1;
        }
        round
    }

    /// Whether there is anything to write.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// The last entry that it adds.
    pub(crate) fn last_entry(&self) -> Option<(u64, &[u8])> {
        self.entries.last().map(|one| (one.sequence, one.hash.as_slice()))
    }

    fn take(&mut self, batch: &Batch) -> Outcome {
        // Nothing of a batch is taken before all of it is seen to be in order.
        let writes = batch.writes.iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        let mut head = self.after.head;
        let mut linked = Vec::with_capacity(batch.entries.len());
        let mut done = Committed::default();
        for draft in &batch.entries {
            let (entry, kept) = Linked::of(head, draft)?;
            head = entry.head();
            linked.push(kept);
            done.entries.push(entry);
        }
        let span = batch.span(self.after.head.sequence);
        for (name, body) in writes {
            if let Some(span) = span {
                self.keep(span, &name);
            }
            self.documents.insert(name, body);
        }
        self.entries.append(&mut linked);
        self.after.head = head;
        self.wanted |= !batch.writes.is_empty() || !batch.entries.is_empty();
        Ok(done)
    }

    /// Of several changes that end at one position the first counts.
    fn keep(&mut self, span: (u64, u64), name: &Name) {
        if self.changed.insert((span.1, name.clone())) {
            let was = self.documents.get(name).cloned().map_or(Was::Stored, Was::Made);
            self.changes.push(Change { span, name: name.clone(), was });
        }
    }

    /// Writes all of it within the transaction in which the leader's row is locked. Says how many bytes
    /// the kept changes take.
    pub(crate) async fn write(&self, session: &Session, lease: f64) -> Result<i64, Trouble> {
        let with = Statements::of(session).await?;
        // All are sent before the first is answered. None needs what another one did but the first,
        // which reads what documents were: it is sent first, and they are done in turn.
        let (kept, put, deleted, appended, advanced) = tokio::join!(
            biased;
            self.keep_changes(session, with),
            self.put(session, with),
            self.delete(session, with),
            self.append(session, with),
            self.advance(session, with, lease),
        );
        // Whichever failed first says why; those after it say only that the transaction has failed.
        let kept = kept?;
        [put, deleted, appended, advanced].into_iter().collect::<Result<(), _>>()?;
        Ok(kept)
    }

    async fn keep_changes(&self, session: &Session, with: &Statements) -> Result<i64, Trouble> {
        if self.changes.is_empty() {
            return Ok(0);
        }
        let column = |of: fn(&Change) -> i64| self.changes.iter().map(of).collect::<Vec<_>>();
        let text = |of: fn(&Change) -> &str| self.changes.iter().map(of).collect::<Vec<_>>();
        let (before, after) = (column(|one| number(one.span.0)), column(|one| number(one.span.1)));
        let (kinds, keys) = (text(|one| &one.name.0), text(|one| &one.name.1));
        let known: Vec<_> =
            self.changes.iter().map(|one| matches!(one.was, Was::Made(_))).collect();
        let bodies: Vec<_> = self.changes.iter().map(|one| one.was.made()).collect();
        let params: &[&(dyn ToSql + Sync)] =
            &[&after, &kinds, &keys, &before, &known, &bodies, &ROW];
        let row = session.answer(WHAT, session.client.query_one(&with.keep, params)).await?;
        row.try_get(0).map_err(|error| trouble(WHAT, &error))
    }

    async fn put(&self, session: &Session, with: &Statements) -> Result<(), Trouble> {
        let (mut kinds, mut keys, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        let mut sums = Vec::new();
        for ((kind, key), body) in &self.documents {
            if let Some(body) = body {
                sums.push(document::sum(kind, key, body));
                kinds.push(kind);
                keys.push(key);
                bodies.push(body);
            }
        }
        execute(session, &with.put, &[&kinds, &keys, &bodies, &sums], bodies.len()).await
    }

    async fn delete(&self, session: &Session, with: &Statements) -> Result<(), Trouble> {
        let gone = self.documents.iter().filter(|(_, body)| body.is_none());
        let (kinds, keys): (Vec<_>, Vec<_>) = gone.map(|((kind, key), _)| (kind, key)).unzip();
        execute(session, &with.delete, &[&kinds, &keys], kinds.len()).await
    }

    async fn append(&self, session: &Session, with: &Statements) -> Result<(), Trouble> {
        let sequences: Vec<_> = self.entries.iter().map(|one| number(one.sequence)).collect();
        let hashes: Vec<_> = self.entries.iter().map(|one| one.hash.as_slice()).collect();
        let bodies = texts(&self.entries, |one| one.body.as_str());
        execute(session, &with.append, &[&sequences, &hashes, &bodies], bodies.len()).await
    }

    /// What is written says at once that its leader is there.
    async fn advance(
        &self,
        session: &Session,
        with: &Statements,
        lease: f64,
    ) -> Result<(), Trouble> {
        let State { commits, head, .. } = self.after;
        let hash = head.hash.0.as_slice();
        let params: &[&(dyn ToSql + Sync)] =
            &[&number(commits), &number(head.sequence), &hash, &lease];
        execute(session, &with.advance, params, 1).await
    }
}

/// What is told of a statement that failed.
const WHAT: &str = "nothing was written";

async fn execute(
    session: &Session,
    statement: &Statement,
    params: &[&(dyn ToSql + Sync)],
    rows: usize,
) -> Result<(), Trouble> {
    if rows == 0 {
        return Ok(());
    }
    session.answer(WHAT, session.client.execute(statement, params)).await.map(|_| ())
}

/// What a round is written with, as the database has read it once for each connection.
#[derive(Debug)]
pub(crate) struct Statements {
    keep: Statement,
    put: Statement,
    delete: Statement,
    append: Statement,
    advance: Statement,
}

impl Statements {
    async fn of(session: &Session) -> Result<&Self, Trouble> {
        let prepare = |sql: &'static str| async move {
            session.answer(WHAT, session.client.prepare(sql)).await
        };
        let all = async {
            Ok(Self {
                keep: prepare(KEEP).await?,
                put: prepare(PUT).await?,
                delete: prepare(DELETE).await?,
                append: prepare(APPEND).await?,
                advance: prepare(ADVANCE).await?,
            })
        };
        session.statements.get_or_try_init(|| all).await
    }
}

const KEEP: &str = "WITH kept AS (
        INSERT INTO tidegate.change (after, kind, key, before, body)
        SELECT c.after, c.kind, c.key, c.before, CASE WHEN c.known THEN c.body ELSE d.body END
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bool[], $6::text[])
            AS c(after, kind, key, before, known, body)
        LEFT JOIN tidegate.document d ON d.kind = c.kind AND d.key = c.key
        ON CONFLICT DO NOTHING RETURNING body)
    SELECT coalesce(sum(coalesce(octet_length(body), 0) + $7::bigint), 0)::bigint FROM kept";

pub(crate) const PUT: &str = "INSERT INTO tidegate.document (kind, key, body, sum)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, sum = excluded.sum";

const DELETE: &str = "DELETE FROM tidegate.document d
    USING unnest($1::text[], $2::text[]) AS gone(kind, key)
    WHERE d.kind = gone.kind AND d.key = gone.key";

pub(crate) const APPEND: &str = "INSERT INTO tidegate.ledger (sequence, hash, body)
    SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[])";

const ADVANCE: &str = "UPDATE tidegate.leader
    SET commits = $1, head_sequence = $2, head_hash = $3,
        lease_until = CASE WHEN epoch = 0 THEN lease_until
            ELSE clock_timestamp() + make_interval(secs => $4) END";

/// A change as it is written, when it may be.
fn prepare(write: &Write) -> Result<(Name, Option<String>), StoreError> {
    match write {
        Write::Delete { kind, key } => Ok((name(kind, key.to_string())?, None)),
        Write::Put(text) => named(text).map(|(name, body)| (name, Some(body))),
    }
}

/// A document as it is kept, when it may be.
pub(crate) fn named(text: &StoredText) -> Result<(Name, String), StoreError> {
    check_text(text)?;
    Ok((name(&text.kind, text.key.to_string())?, text.body.to_string()))
}

/// A column of texts.
pub(crate) fn texts<T>(rows: &[T], of: impl Fn(&T) -> &str) -> Vec<&str> {
    rows.iter().map(of).collect()
}

/// `PostgreSQL` keeps no zero byte in text. In JSON it is written as an escape.
fn name(kind: &str, key: String) -> Result<Name, StoreError> {
    if kind.contains('\0') || key.contains('\0') {
        let why = format!("{kind:?} {key:?}: a zero byte in a name is not kept");
        return Err(StoreError::Failed(why));
    }
    Ok((kind.to_owned(), key))
}

/// `PostgreSQL`'s integers end at 2^63, which neither a ledger nor a count of commits reaches.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

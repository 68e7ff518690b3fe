use tidegate_ledger::{Entry, Head, Verifier};
use tidegate_ports::{Changed, Facts, StoreError, StoredObject, VerifyError};
use tidegate_units::ObjectKey;
use tokio::sync::mpsc;
use tokio_postgres::{Error, Row};

use crate::{
    copy,
    document::Check,
    leader, reader, schema,
    session::Session,
    trouble::{Trouble, trouble},
    verify::broken_after,
};

/// So many documents are read at a time: each may have 4 MiB, and most have some thousand bytes.
const DOCUMENTS: usize = 256;

/// A database as it was at one moment, whatever a server writes there meanwhile.
///
/// The server is not held up. As long as the transaction is open, the database keeps the rows that were
/// replaced since.
#[derive(Debug)]
pub struct PostgresSnapshot<'a> {
    session: &'a Session,
    facts: Facts,
}

impl<'a> PostgresSnapshot<'a> {
    /// What the transaction of `session` sees, which has to be one that sees all of one moment.
    pub(crate) async fn within(session: &'a Session) -> Result<Self, Trouble> {
        let what = "it cannot be read how much is there";
        let head = leader::read(session).await?.state.head;
        let asked = "SELECT (SELECT count(*) FROM tidegate.document),
            (SELECT count(*) FROM tidegate.change), sequence FROM tidegate.change_begin";
        let rows = session.rows(what, asked, &[]).await?;
        let row = rows.first().ok_or_else(|| {
            StoreError::Damaged("the row of tidegate.change_begin is gone".to_owned())
        })?;
        let count = |column: usize| {
            let found = row.try_get::<_, i64>(column).map_err(|error| trouble(what, &error))?;
            Ok::<_, Trouble>(u64::try_from(found).unwrap_or(0))
        };
        let facts = Facts {
            schema: schema::inspect(session).await?,
            head,
            documents: count(0)?,
            changes: count(1)?,
            reaches_back_to: count(2)?,
        };
        Ok(Self { session, facts })
    }

    /// What it is of.
    pub const fn facts(&self) -> Facts {
        self.facts
    }

    /// Every document, by kind and key. Errors: the first that cannot be read, and `visit`'s.
    pub async fn documents<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(StoredObject) -> Result<(), E>,
    ) -> Result<(), E> {
        let what = "the documents cannot be read";
        let check = Check::of(self.session, self.facts.schema).await;
        let mut check = check.map_err(Trouble::told)?;
        let asked = check.query();
        self.each(what, asked, |row| visit(check.take(row).map_err(Trouble::told)?)).await?;
        Ok(check.finish()?)
    }

    /// What documents were, newest first: undone in this order, they lead back.
    pub async fn changes<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(Changed) -> Result<(), E>,
    ) -> Result<(), E> {
        let asked = "SELECT before, after, kind, key, body FROM tidegate.change
            ORDER BY after DESC, kind, key";
        self.each(CHANGES, asked, |row| visit(change(row).map_err(Trouble::told)?)).await
    }

    /// Every entry of the ledger, oldest first, each checked to follow the one before; and that the
    /// last is where the ledger was noted to end.
    pub async fn entries<E: From<VerifyError> + From<StoreError>>(
        &self,
        mut visit: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let noted = self.facts.head;
        let mut verifier = Verifier::new(Head::default(), Some(noted));
        // Read ahead by a page, while this one is checked.
        let (pages, mut read) = mpsc::channel(1);
        let reading = async move { copy::entries(self.session, &pages).await };
        let checking = async move {
            while let Some(page) = read.recv().await {
                for kept in &page {
                    let held = verifier.so_far();
                    let taken = verifier.take_kept(kept, noted);
                    taken.map_err(|broken| broken_after(held, broken))?;
                    visit(reader::read_kept(kept)?)?;
                }
            }
            Ok::<_, E>(verifier)
        };
        let (reading, checked) = tokio::join!(reading, checking);
        // What does not hold is told first: nothing is read any more after it.
        let verifier = checked?;
        reading.map_err(Trouble::told)?;
        let held = verifier.so_far();
        let summary = verifier.finish().map_err(|broken| broken_after(held, broken))?;
        if summary.head == noted {
            return Ok(());
        }
        let why = format!("the ledger goes on after entry {}, its noted end", noted.sequence);
        Err(StoreError::Damaged(why).into())
    }

    /// Every row that a question has for an answer, some at a time.
    async fn each<E: From<StoreError>>(
        &self,
        what: &str,
        asked: &str,
        mut visit: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let session = self.session;
        let run = |sql: String| async move { session.run(what, &sql).await.map_err(Trouble::told) };
        run(format!("DECLARE tidegate_rows NO SCROLL CURSOR FOR {asked}")).await?;
        let next = format!("FETCH FORWARD {DOCUMENTS} FROM tidegate_rows");
        loop {
            let rows = session.rows(what, &next, &[]).await.map_err(Trouble::told)?;
            rows.iter().try_for_each(&mut visit)?;
            if rows.len() < DOCUMENTS {
                break;
            }
        }
        Ok(run("CLOSE tidegate_rows".to_owned()).await?)
    }
}

const CHANGES: &str = "the changes cannot be read";

fn change(row: &Row) -> Result<Changed, Trouble> {
    type Columns<'a> = (i64, i64, String, &'a str, Option<&'a str>);
    let read = || {
        let (kind, key) = (row.try_get(2)?, row.try_get(3)?);
        Ok::<Columns<'_>, Error>((row.try_get(0)?, row.try_get(1)?, kind, key, row.try_get(4)?))
    };
    let (before, after, kind, key, body) = read().map_err(|error| trouble(CHANGES, &error))?;
    let cannot = |why: String| {
        let what = format!("cannot read what {kind} {key} was before entry {after}: {why}");
        StoreError::Damaged(what)
    };
    let body = body.map(serde_json::from_str).transpose();
    Ok(Changed {
        before: u64::try_from(before).unwrap_or(0),
        after: u64::try_from(after).unwrap_or(0),
        body: body.map_err(|error| cannot(error.to_string()))?,
        key: key.parse::<ObjectKey>().map_err(|error| cannot(error.to_string()))?,
        kind: kind.clone(),
    })
}

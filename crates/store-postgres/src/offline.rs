use std::time::Duration;

use tidegate_ledger::{Entry, Head, Summary};
use tidegate_ports::{StoreError, VerifyError};

use crate::{
    Address, PostgresSnapshot, Times, leader, reader, schema,
    session::{Purpose, Session},
    trouble::Trouble,
    verify,
};

/// For a statement of whoever reads or writes all of a database, and for the time between two: a backup
/// may be written to a slow disk. Longer, and a program that hangs would have the database keep for
/// hours what was replaced since.
pub(crate) const LONG: Duration = Duration::from_mins(10);

/// How long what may take where all of a database is read or written at once.
pub(crate) fn unhurried() -> Times {
    Times { statement: LONG, answer: LONG + Duration::from_mins(1), ..Times::default() }
}

/// Reads a database beside whatever server leads there, or with none. Takes no lock and changes
/// nothing.
#[derive(Debug)]
pub struct PostgresReader {
    session: Session,
}

impl PostgresReader {
    /// Connects to the server of the database that takes writes, else to any: a standby has what had
    /// come to it.
    ///
    /// Errors: [`StoreError::TooNew`], and [`StoreError::Failed`] when the database cannot be reached or
    /// nothing was ever written in it.
    pub async fn open(address: &Address) -> Result<Self, StoreError> {
        let times = unhurried();
        let session = match Session::open(address, &times, Purpose::Write).await {
            Err(Trouble::Cut(_)) => Session::open(address, &times, Purpose::Read).await,
            opened => opened,
        };
        let session = session.map_err(Trouble::told)?;
        if schema::inspect(&session).await.map_err(Trouble::told)? == 0 {
            let why = "nothing was ever written in the database; start a server once";
            return Err(StoreError::Failed(why.to_owned()));
        }
        Ok(Self { session })
    }

    /// Holds on to this moment, in a transaction that ends with the reader; once.
    pub async fn snapshot(&self) -> Result<PostgresSnapshot<'_>, StoreError> {
        leader::hold_on(&self.session).await.map_err(Trouble::told)?;
        PostgresSnapshot::within(&self.session).await.map_err(Trouble::told)
    }

    /// Ledger entries after a sequence number, oldest first, at most `limit` of them.
    pub async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        reader::entries(&self.session, after, limit).await.map_err(Trouble::told)
    }

    /// Checks the whole ledger, and that it reaches `expected`, a head that was kept elsewhere. That
    /// it reaches the end that the database itself notes is checked always.
    pub async fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        verify::verify(&self.session, expected).await
    }
}

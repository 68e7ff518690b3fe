use std::{collections::BTreeSet, future::Future, time::Duration};

use tidegate_ports::StoreError;
use tokio::{sync::OnceCell, task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Config, Error, NoTls, Row,
    types::{FromSql, ToSql},
};

use crate::{
    Address, Times,
    address::Server,
    offline::unhurried,
    round::Statements,
    tls,
    trouble::{Trouble, trouble},
};

/// Why a standby breaks off what is read of it. It says so to who asks at that moment alone.
const CONFLICT: &str = ". It is a standby, which breaks off who still reads what its primary has removed \
     (a conflict with recovery): set hot_standby_feedback = on there, or a longer \
     max_standby_streaming_delay, or read from the primary";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Only a server that takes writes will do.
    Write,
    /// Any will do.
    Read,
}

/// A connection to a server of the database, set up and seen to be fit. Dropped, it is cut, and what
/// was on its way is left to the database.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    task: JoinHandle<()>,
    /// Read by the database when the first round is written.
    pub(crate) statements: OnceCell<Statements>,
    answer: Duration,
    server: String,
    /// Whether it was a standby when it was connected to.
    is_standby: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Connects to the first server of the address that is fit for the purpose.
    pub(crate) async fn open(
        address: &Address,
        times: &Times,
        purpose: Purpose,
    ) -> Result<Self, Trouble> {
        let mut cut = Vec::new();
        let mut refused = None;
        for server in address.servers() {
            match Self::of(address, server, times, purpose).await {
                Ok(session) => return Ok(session),
                Err(Trouble::Cut(why)) => cut.push(why),
                Err(Trouble::Refused(error)) => {
                    refused.get_or_insert(error);
                }
            }
        }
        // What passes may pass; what a server refuses it refuses the next time too.
        match refused {
            Some(error) if cut.is_empty() => Err(Trouble::Refused(error)),
            Some(error) => Err(Trouble::Cut(format!("{}; {error}", cut.join("; ")))),
            None => Err(Trouble::Cut(cut.join("; "))),
        }
    }

    async fn of(
        address: &Address,
        server: &Server,
        times: &Times,
        purpose: Purpose,
    ) -> Result<Self, Trouble> {
        let what = format!("no connection to the database at {server}");
        let config = address.config(server);
        let limit = config.get_connect_timeout().map_or(times.connect, |time| *time);
        let encryption = address.encryption(server);
        let connected = timeout(limit, connect(&config, encryption)).await.map_err(|_| {
            Trouble::Cut(format!("{what}: no answer within {} s", limit.as_secs_f32()))
        })?;
        let (client, task) = connected.map_err(|refused| refused.told(&what))?;
        let (answer, server) = (times.answer, server.to_string());
        let statements = OnceCell::new();
        let mut session = Self { client, task, statements, answer, server, is_standby: false };
        session.set_up(times).await?;
        session.is_standby = session.check(purpose).await?;
        Ok(session)
    }

    /// Which server it is.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// The answer to what is asked, which comes in time or not at all.
    pub(crate) async fn answer<T>(
        &self,
        what: &str,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Trouble> {
        let answered = timeout(self.answer, asked).await.map_err(|_| {
            let (server, limit) = (&self.server, self.answer.as_secs_f32());
            Trouble::Cut(format!("{what}: {server} did not answer within {limit} s"))
        })?;
        answered.map_err(|error| match trouble(what, &error) {
            Trouble::Cut(why) if self.is_standby => Trouble::Cut(why + CONFLICT),
            trouble => trouble,
        })
    }

    /// Statements with nothing to tell.
    pub(crate) async fn run(&self, what: &str, sql: &str) -> Result<(), Trouble> {
        self.answer(what, self.client.batch_execute(sql)).await
    }

    /// The same for what may take long, to which the database has been told to give its time.
    pub(crate) async fn run_long(&self, what: &str, sql: &str) -> Result<(), Trouble> {
        let asked = timeout(unhurried().answer, self.client.batch_execute(sql));
        let answered = asked
            .await
            .map_err(|_| Trouble::Cut(format!("{what}: {} does not answer", self.server)))?;
        answered.map_err(|error| trouble(what, &error))
    }

    /// A statement that changes rows.
    pub(crate) async fn change(
        &self,
        what: &str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<(), Trouble> {
        self.answer(what, self.client.execute(sql, params)).await.map(|_| ())
    }

    /// The rows that a question has for an answer.
    pub(crate) async fn rows(
        &self,
        what: &str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        self.answer(what, self.client.query(sql, params)).await
    }

    /// The one value that a question has for an answer.
    pub(crate) async fn value<T: for<'a> FromSql<'a>>(
        &self,
        what: &str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<T, Trouble> {
        let row = self.answer(what, self.client.query_one(sql, params)).await?;
        row.try_get(0).map_err(|error| trouble(what, &error))
    }

    async fn set_up(&self, times: &Times) -> Result<(), Trouble> {
        let limit = times.statement.as_millis();
        // A connection that is lost in the middle of a transaction must not keep the leader's row
        // locked for longer than a statement may take.
        let settings = format!(
            "SET statement_timeout = {limit}; SET lock_timeout = {limit};
             SET idle_in_transaction_session_timeout = {limit}; SET search_path = pg_catalog"
        );
        self.run("the connection cannot be set up", &settings).await
    }

    /// Whether what this server says is written is on its disk, and is what was written. Says whether
    /// it is a standby.
    async fn check(&self, purpose: Purpose) -> Result<bool, Trouble> {
        let settings = "SELECT name, setting FROM pg_settings WHERE name IN
             ('fsync', 'full_page_writes', 'synchronous_commit', 'transaction_read_only')
             UNION ALL SELECT 'encoding', current_setting('server_encoding')
             UNION ALL SELECT 'standby', pg_is_in_recovery()::text";
        let what = "the settings of the database cannot be read";
        let rows = self.rows(what, settings, &[]).await?;
        let pairs = rows.iter().map(pair).collect::<Result<BTreeSet<_>, _>>();
        let found = pairs.map_err(|error| trouble(what, &error))?;
        let is = |name: &str, value: &str| found.contains(&(name.to_owned(), value.to_owned()));
        let server = &self.server;
        let unfit = |why: String| Err(Trouble::Refused(StoreError::Failed(why)));
        if !is("encoding", "UTF8") {
            return unfit(format!(
                "the database at {server} is not encoded in UTF-8; make one with \
                 CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
            ));
        }
        if purpose == Purpose::Read {
            return Ok(is("standby", "true"));
        }
        if is("standby", "true") {
            return Err(Trouble::Cut(format!(
                "the database at {server} is a standby and takes no writes; name its primary, or \
                 promote it"
            )));
        }
        if is("transaction_read_only", "on") {
            return Err(Trouble::Cut(format!(
                "the database at {server} is set to be read-only (default_transaction_read_only)"
            )));
        }
        if is("fsync", "off") {
            return unfit(format!(
                "the database at {server} runs with fsync=off, and so may lose or damage what it has \
                 acknowledged; set fsync = on"
            ));
        }
        if is("full_page_writes", "off") {
            tracing::warn!(
                server,
                "the database runs with full_page_writes=off: a loss of power may damage it"
            );
        }
        if is("synchronous_commit", "off") {
            self.run("synchronous_commit cannot be set", "SET synchronous_commit = on").await?;
        }
        Ok(false)
    }
}

fn pair(row: &Row) -> Result<(String, String), Error> {
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Why there is no connection.
enum NotConnected {
    Database(Error),
    Tls(String),
}

impl NotConnected {
    fn told(self, what: &str) -> Trouble {
        match self {
            Self::Database(error) => trouble(what, &error),
            Self::Tls(why) => Trouble::Refused(StoreError::Failed(format!("{what}: {why}"))),
        }
    }
}

async fn connect(
    config: &Config,
    encryption: &tls::Encryption,
) -> Result<(Client, JoinHandle<()>), NotConnected> {
    // It is the connection's own task that reads and writes; that it ended is told to whoever asks.
    match tls::connector(encryption).map_err(NotConnected::Tls)? {
        None => {
            let (client, connection) =
                config.connect(NoTls).await.map_err(NotConnected::Database)?;
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        }
        Some(tls) => {
            let (client, connection) = config.connect(tls).await.map_err(NotConnected::Database)?;
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        }
    }
}

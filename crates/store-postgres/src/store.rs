use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tidegate_ledger::{Entry, Head, Summary};
use tidegate_ports::{Batch, Committed, Store, StoreError, StoredObject, VerifyError};
use tidegate_units::Epoch;
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    time::{Instant, sleep, timeout},
};

use crate::{
    Address, Settings, Takeover,
    desk::Desk,
    leader, reader,
    round::{Offer, Outcome},
    schema,
    session::{Purpose, Session},
    trouble::Trouble,
    verify,
};

/// So many batches wait at most; who comes then waits for a place. They go together in one transaction,
/// which is then some megabytes at most.
const QUEUE: usize = 256;
/// Between two attempts to connect, where nothing else waits.
const PAUSE: Duration = Duration::from_millis(250);

/// A database as the store of whichever server leads.
#[derive(Debug)]
pub struct PostgresStore {
    address: Address,
    settings: Settings,
    opened_at: Head,
    reader: Mutex<Option<Arc<Session>>>,
    queue: mpsc::Sender<Work>,
    ended: watch::Receiver<Option<StoreError>>,
    head: watch::Receiver<Head>,
}

enum Work {
    Lead { least: Epoch, reply: oneshot::Sender<Result<Epoch, StoreError>> },
    Load { reply: oneshot::Sender<Result<Vec<StoredObject>, StoreError>> },
    Commit { offer: Offer, reply: oneshot::Sender<Outcome> },
    Release { reply: oneshot::Sender<Result<(), StoreError>> },
}

impl PostgresStore {
    /// Connects to the database, and makes the schema where there is none. One of an earlier version is
    /// brought up to date when this server takes the lead.
    ///
    /// Has to be called in a tokio runtime, in which the writer then runs.
    ///
    /// Errors: [`StoreError::TooNew`], [`StoreError::Damaged`] also when only the end of the ledger is
    /// broken, and [`StoreError::Failed`] when the database cannot be reached, takes no writes, or
    /// does not keep what it acknowledges.
    pub async fn open(address: Address, settings: Settings) -> Result<Self, StoreError> {
        let deadline = Instant::now() + settings.times.patience;
        let (session, opened_at) = loop {
            match Self::begin(&address, &settings).await {
                Ok(begun) => break begun,
                Err(Trouble::Cut(why)) if settings.takeover == Takeover::WhenFree => {
                    tracing::warn!(why, "waiting for the database");
                }
                Err(Trouble::Cut(_)) if Instant::now() < deadline => {}
                Err(trouble) => return Err(trouble.told()),
            }
            sleep(PAUSE).await;
        };
        let (end, ended) = watch::channel(None);
        let (reach, head) = watch::channel(opened_at);
        let desk = Desk::new(address.clone(), settings.clone(), session, (end, reach))?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(work(desk, waiting, settings.times.renew));
        Ok(Self { address, settings, opened_at, reader: Mutex::default(), queue, ended, head })
    }

    async fn begin(address: &Address, settings: &Settings) -> Result<(Session, Head), Trouble> {
        let session = Session::open(address, &settings.times, Purpose::Write).await?;
        if schema::inspect(&session).await? == 0 {
            schema::prepare(&session).await?;
        }
        let head = leader::hold_on(&session).await?.state.head;
        reader::check_end(&session, head).await?;
        leader::unlock(&session).await?;
        tracing::info!(server = session.server(), "connected to the database");
        Ok((session, head))
    }

    /// Where the ledger ended when the store was opened.
    pub const fn opened_at(&self) -> Head {
        self.opened_at
    }

    /// Where this leader knows the ledger to end.
    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// Where the database is.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Returns when this server leads no more: another one does, or the database is not what it was.
    /// Whoever runs the server should end it then.
    pub async fn ended(&self) -> StoreError {
        let mut ended = self.ended.clone();
        let why = ended.wait_for(Option::is_some).await;
        why.ok().and_then(|why| why.clone()).unwrap_or_else(gone)
    }

    /// Gives the lead back, so that a server that waits for it leads at once. Nothing is written after
    /// that.
    pub async fn release(&self) {
        let given = timeout(self.settings.times.connect, self.ask(|reply| Work::Release { reply }));
        if given.await.is_err() {
            tracing::debug!("the lease was not given back in time, and will run out");
        }
    }

    async fn ask<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Work,
    ) -> Result<T, StoreError> {
        let (reply, outcome) = oneshot::channel();
        self.queue.send(work(reply)).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }

    /// The connection that is read over, beside the writer's.
    async fn reading(&self) -> Result<Arc<Session>, Trouble> {
        let mut kept = self.reader.lock().await;
        if let Some(session) = kept.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let times = &self.settings.times;
        let session = Arc::new(Session::open(&self.address, times, Purpose::Write).await?);
        *kept = Some(Arc::clone(&session));
        Ok(session)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn lead(&self, least: Epoch) -> Result<Epoch, StoreError> {
        self.ask(|reply| Work::Lead { least, reply }).await
    }

    /// Over the writer's connection: what is loaded is what the next batch changes, whichever servers
    /// the database has.
    async fn load(&self) -> Result<Vec<StoredObject>, StoreError> {
        self.ask(|reply| Work::Load { reply }).await
    }

    async fn commit(&self, epoch: Epoch, batch: Batch) -> Result<Committed, StoreError> {
        let offer = Offer { epoch, batch };
        self.ask(|reply| Work::Commit { offer, reply }).await
    }

    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let deadline = Instant::now() + self.settings.times.patience;
        loop {
            let read = match self.reading().await {
                Ok(session) => reader::entries(&session, after, limit).await,
                Err(trouble) => Err(trouble),
            };
            match read {
                Ok(entries) => return Ok(entries),
                Err(Trouble::Cut(_)) if Instant::now() < deadline => {}
                Err(trouble) => return Err(trouble.told()),
            }
            *self.reader.lock().await = None;
            sleep(PAUSE).await;
        }
    }

    async fn head(&self) -> Result<u64, StoreError> {
        Ok(Self::head(self).sequence)
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        // A connection of its own: a long ledger takes seconds, and nobody else is to wait for it.
        let times = &self.settings.times;
        let deadline = Instant::now() + times.patience;
        let session = loop {
            match Session::open(&self.address, times, Purpose::Write).await {
                Ok(session) => break session,
                Err(Trouble::Cut(_)) if Instant::now() < deadline => sleep(PAUSE).await,
                Err(trouble) => return Err(trouble.told().into()),
            }
        };
        verify::verify(&session, expected).await
    }
}

fn gone() -> StoreError {
    StoreError::Broken("the writer of the store has ended; start the server again".to_owned())
}

/// Group commit: while one transaction is on its way others gather, and go together. When nobody has
/// anything to write the lease is renewed. Once nobody can ask for anything, what waits is finished
/// and the lead given back.
async fn work(mut desk: Desk, mut waiting: mpsc::Receiver<Work>, renew: Duration) {
    let mut round = Vec::with_capacity(QUEUE);
    loop {
        match timeout(renew, waiting.recv_many(&mut round, QUEUE)).await {
            Ok(0) => return desk.release().await,
            Ok(_) => do_all(&mut desk, &mut round).await,
            Err(_) => desk.renew().await,
        }
    }
}

async fn do_all(desk: &mut Desk, round: &mut Vec<Work>) {
    let (mut offers, mut replies) = (Vec::new(), Vec::new());
    for work in round.drain(..) {
        if let Work::Commit { offer, reply } = work {
            offers.push(offer);
            replies.push(reply);
            continue;
        }
        settle(desk, &mut offers, &mut replies).await;
        // Who no longer listens is served all the same.
        match work {
            Work::Commit { .. } => {}
            Work::Lead { least, reply } => drop(reply.send(desk.lead(least).await)),
            Work::Load { reply } => drop(reply.send(desk.load().await)),
            Work::Release { reply } => {
                desk.release().await;
                drop(reply.send(Ok(())));
            }
        }
    }
    settle(desk, &mut offers, &mut replies).await;
}

async fn settle(
    desk: &mut Desk,
    offers: &mut Vec<Offer>,
    replies: &mut Vec<oneshot::Sender<Outcome>>,
) {
    let outcomes = desk.commit(offers).await;
    for (reply, outcome) in replies.drain(..).zip(outcomes) {
        // Who no longer listens has been written all the same.
        drop(reply.send(outcome));
    }
    offers.clear();
}

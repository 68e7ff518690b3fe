use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use async_trait::async_trait;
use rusqlite::Connection;
use tidegate_ledger::{Entry, Head, Summary};
use tidegate_ports::{Batch, Committed, Store, StoreError, StoredObject, StoredText, VerifyError};
use tidegate_units::Epoch;
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    Reader, checkpoint,
    desk::{Desk, Offer, Outcome},
    failure::{broken, failed},
    folder::Folder,
    read_only,
    reserve::Reserve,
    schema, wal,
};

/// So many batches wait at most; who comes then waits for a place. An fsync takes milliseconds, so
/// this is about one second of work on a slow disk if each went alone, and one transaction if not.
const QUEUE: usize = 256;

/// The store of one data folder. While it lives, no other server can open the folder.
#[derive(Debug)]
pub struct SqliteStore {
    reader: Arc<Mutex<Reader>>,
    opened_at: Head,
    writer: Writer,
    // After the writer: the folder is given back when nothing writes there any more.
    folder: Folder,
}

enum Work {
    Lead { least: Epoch, reply: oneshot::Sender<Result<Epoch, StoreError>> },
    Commit { offer: Offer, reply: oneshot::Sender<Outcome> },
}

impl SqliteStore {
    /// Opens the store in `folder`, which is made if it is not there, and brings it to this
    /// version's schema.
    ///
    /// Errors: [`StoreError::Locked`] with the pid of a server that works there,
    /// [`StoreError::TooNew`], [`StoreError::Damaged`] also when only the end of the ledger is
    /// broken, and [`StoreError::Full`] or [`StoreError::Failed`] when the disk fails. The whole ledger is not read: see [`Reader::verify`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let held = Folder::hold(folder)?;
        let reserve = Reserve::keep(folder);
        let path = held.database()?;
        // Before SQLite reads it: what it takes for the end of the log it writes over.
        wal::check(&path)?;
        let mut connection =
            Connection::open(path).map_err(|error| failed("cannot open state.db", error))?;
        schema::prepare(&mut connection)?;
        // What a crash broke off in the log goes: behind what the next one breaks off it would look as if
        // commits were lost. A disk that is full is no reason not to start.
        if let Err(error) = checkpoint::empty(&connection) {
            tracing::warn!(%error, "state.db-wal stays as it was found");
        }
        let desk = Desk::new(connection, reserve)?;
        Ok(Self {
            reader: Arc::new(Mutex::new(read_only(folder)?)),
            opened_at: desk.head(),
            writer: Writer::start(desk)?,
            folder: held,
        })
    }

    /// Where the ledger ended when the store was opened.
    pub fn opened_at(&self) -> Head {
        self.opened_at
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Arc::clone(&self.reader);
        // A reader changes nothing, so one that panicked left nothing half done.
        spawn_blocking(move || query(&reader.lock().unwrap_or_else(PoisonError::into_inner)))
            .await
            .map_err(|error| failed("cannot read the store", error))?
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self) -> Result<Vec<StoredObject>, StoreError> {
        self.read(Reader::documents).await
    }

    async fn load_texts(&self) -> Result<Vec<StoredText>, StoreError> {
        self.read(Reader::texts).await
    }

    /// Nobody is waited for: who has the folder has it alone.
    async fn lead(&self, least: Epoch) -> Result<Epoch, StoreError> {
        self.writer.ask(|reply| Work::Lead { least, reply }).await
    }

    async fn commit(&self, epoch: Epoch, batch: Batch) -> Result<Committed, StoreError> {
        let offer = Offer { epoch, batch };
        self.writer.ask(|reply| Work::Commit { offer, reply }).await
    }

    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.read(move |reader| reader.entries(after, limit)).await
    }

    async fn head(&self) -> Result<u64, StoreError> {
        self.read(|reader| reader.head().map(|head| head.sequence)).await
    }

    async fn verify(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        // A reader of its own: a long ledger takes seconds, and nobody else is to wait for it.
        let folder = self.folder.path().to_owned();
        spawn_blocking(move || read_only(&folder)?.verify(expected))
            .await
            .map_err(|error| failed("cannot read the store", error))?
    }
}

/// The thread that owns the [`Desk`]. Dropped, it finishes what waits, then ends.
#[derive(Debug)]
struct Writer {
    queue: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(desk: Desk) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let cannot = |error: std::io::Error| failed("cannot start the writer", error);
        let timer = runtime::Builder::new_current_thread().enable_time().build().map_err(cannot)?;
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work(desk, waiting, &timer))
            .map_err(cannot)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    async fn ask<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Work,
    ) -> Result<T, StoreError> {
        let gone = || broken("the writer has ended", "start the server again");
        let (reply, outcome) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(work(reply)).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of the store panicked");
        }
    }
}

/// Group commit: while one transaction is on its way to the disk others gather, and go together.
fn work(mut desk: Desk, mut waiting: mpsc::Receiver<Work>, timer: &runtime::Runtime) {
    let mut round = Vec::with_capacity(QUEUE);
    while timer.block_on(gather(&mut waiting, &mut round, desk.tend_in())) {
        let (mut offers, mut replies) = (Vec::new(), Vec::new());
        for work in round.drain(..) {
            match work {
                Work::Commit { offer, reply } => {
                    offers.push(offer);
                    replies.push(reply);
                }
                Work::Lead { least, reply } => {
                    settle(&mut desk, &mut offers, &mut replies);
                    let _ = reply.send(desk.lead(least));
                }
            }
        }
        settle(&mut desk, &mut offers, &mut replies);
        desk.tend();
    }
}

fn settle(desk: &mut Desk, offers: &mut Vec<Offer>, replies: &mut Vec<oneshot::Sender<Outcome>>) {
    for (reply, outcome) in replies.drain(..).zip(desk.commit(offers)) {
        // Who no longer listens has been written all the same.
        let _ = reply.send(outcome);
    }
    offers.clear();
}

/// Waits for work, no longer than `at_most`. False when none will come any more.
async fn gather(
    waiting: &mut mpsc::Receiver<Work>,
    round: &mut Vec<Work>,
    at_most: Option<Duration>,
) -> bool {
    let arrived = waiting.recv_many(round, QUEUE);
    match at_most {
        None => arrived.await > 0,
        Some(wait) => timeout(wait, arrived).await.map_or(true, |count| count > 0),
    }
}

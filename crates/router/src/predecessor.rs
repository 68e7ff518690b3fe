//! The new router's part of a hand-over: it takes the sockets of the one that runs, and adds what that
//! one still counts.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs::File,
    io,
    net::{SocketAddr, TcpListener},
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    rc::Rc,
    time::Duration,
};

use tidegate_steering as steering;
use tidegate_traffic::{RouteTable, TrafficReading};
use tokio::{
    io::AsyncWriteExt as _,
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    sync::{Mutex, Notify},
    time::timeout,
};

use crate::{
    control::Control,
    passing::{self, FromNew, FromOld, LANGUAGE, Offer},
    shared::wall_clock,
    successor::read,
};

/// Time for the old router to say what is next: it does so in milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for the old router to follow a table; then it is followed without it.
const FOLLOW: Duration = Duration::from_secs(1);

/// What another router has given.
#[derive(Debug)]
pub(crate) struct Inherited {
    /// The lock of the folder, which is never free between the two.
    pub(crate) lock: File,
    /// The socket for metrics.
    pub(crate) metrics: Option<TcpListener>,
    /// The sockets that clients come to.
    pub(crate) sockets: BTreeMap<SocketAddr, TcpListener>,
    stream: UnixStream,
}

/// The router whose place this one took, for as long as it has requests.
#[derive(Clone, Debug)]
pub(crate) struct Predecessor {
    writer: Rc<Mutex<OwnedWriteHalf>>,
    follows: Rc<Notify>,
    gone: Rc<Cell<bool>>,
}

/// Asks the router that runs in `data` for its sockets; none when none runs there that can give them.
pub(crate) fn meet(data: &Path) -> io::Result<Option<Inherited>> {
    let Ok(stream) = UnixStream::connect(steering::handover(data)) else { return Ok(None) };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let offer: Offer = passing::hear(&stream)?;
    if offer.language != LANGUAGE {
        let why = format!("the router that runs hands over in language {}", offer.language);
        return Err(io::Error::other(why));
    }
    let has_metrics = usize::from(offer.metrics.is_some());
    let mut all = passing::take(&stream, 1 + has_metrics + offer.sockets.len())?.into_iter();
    let mut next = || all.next().ok_or(io::ErrorKind::UnexpectedEof);
    let lock = File::from(next()?);
    let metrics = offer.metrics.map(|_| next()).transpose()?.map(socket);
    let sockets = offer.sockets.iter().map(|&at| Ok((at, socket(next()?))));
    let sockets = sockets.collect::<io::Result<_>>()?;
    Ok(Some(Inherited { lock, metrics, sockets, stream }))
}

fn socket(descriptor: OwnedFd) -> TcpListener {
    TcpListener::from(descriptor)
}

/// The connection to the old router, which has said nothing more than its offer.
#[derive(Debug)]
pub(crate) struct Waiting(UnixStream);

impl Inherited {
    /// The connection, once everything else was taken.
    pub(crate) fn split(
        self,
    ) -> (File, Option<TcpListener>, BTreeMap<SocketAddr, TcpListener>, Waiting) {
        (self.lock, self.metrics, self.sockets, Waiting(self.stream))
    }
}

impl Waiting {
    /// Takes the place of the old router: it takes no more connections, and `control` has its table
    /// and counts.
    pub(crate) async fn take_over(self, control: &Rc<Control>) -> io::Result<()> {
        passing::say(&self.0, &FromNew::Ready)?;
        let FromOld::Yours(table, reading) = passing::hear(&self.0)? else {
            return Err(io::Error::other("the router that runs says what nobody asked"));
        };
        control.inherit(*table, *reading).await;
        self.0.set_nonblocking(true)?;
        let (reader, writer) = tokio::net::UnixStream::from_std(self.0)?.into_split();
        let predecessor = Predecessor {
            writer: Rc::new(Mutex::new(writer)),
            follows: Rc::default(),
            gone: Rc::default(),
        };
        control.predecessor.replace(Some(predecessor.clone()));
        tokio::task::spawn_local(listen(Rc::clone(control), reader, predecessor));
        Ok(())
    }
}

/// Adds what the old router counts until it is gone.
async fn listen(control: Rc<Control>, mut reader: OwnedReadHalf, predecessor: Predecessor) {
    let meters = &control.shared.meters;
    while let Ok(said) = read::<FromOld>(&mut reader).await {
        match said {
            FromOld::Counts(reading) | FromOld::Yours(_, reading) => inherit(&control, *reading),
            FromOld::Follows => predecessor.follows.notify_one(),
        }
    }
    meters.inherited_all();
    predecessor.gone.set(true);
    predecessor.follows.notify_one();
    control.predecessor.replace(None);
    tracing::info!("the router whose place this one took has ended");
}

fn inherit(control: &Control, reading: TrafficReading) {
    control.shared.meters.inherit(reading.revisions, wall_clock());
}

impl Predecessor {
    /// Has the requests that it still has follow `table`. Returns when they do, or when it takes too
    /// long.
    pub(crate) async fn follow(&self, table: &RouteTable) {
        self.tell(&FromNew::Table(Box::new(table.clone()))).await;
        let _ = timeout(FOLLOW, self.follows.notified()).await;
    }

    /// Tells it something.
    pub(crate) async fn tell(&self, what: &FromNew) {
        if self.gone.get() {
            return;
        }
        let Ok(bytes) = passing::frame(what) else { return };
        let mut writer = self.writer.lock().await;
        // One that does not listen ends by itself.
        let _ = timeout(FOLLOW, writer.write_all(&bytes)).await;
    }
}

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    path::PathBuf,
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header::CONTENT_TYPE,
    server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::de::DeserializeOwned;
use tidegate_steering::{ClaimError, open_socket, saved};
use tidegate_traffic::{RouteTable, TableChange, Taken, TrafficReading};
use tidegate_units::{Generation, ObjectKey};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{Mutex, Semaphore},
    task::{JoinHandle, spawn_local},
    time::timeout,
};

use crate::{
    listeners::Listeners,
    metrics,
    predecessor::Predecessor,
    routes::Routes,
    scrapes::Scrapes,
    shared::{Leaving, Shared, wall_clock},
};

/// A table of a thousand listeners with a hundred replicas each stays below.
const TABLE_BYTES: usize = 16 * 1024 * 1024;
/// Orders that are carried out at the same time; more wait.
const ORDERS: usize = 32;
/// The same for whoever scrapes metrics, apart from orders: who can reach that address cannot keep
/// anybody from giving an order.
const SCRAPES: usize = 16;
/// Time for one connection to give its order and take the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes orders: new tables and changes of them, and questions about what was measured.
#[derive(Debug)]
pub(crate) struct Control {
    /// What every thread sees.
    pub(crate) shared: Arc<Shared>,
    /// The sockets.
    pub(crate) listeners: Mutex<Listeners>,
    /// The table that is followed, to be changed.
    held: RefCell<Arc<RouteTable>>,
    /// Where the last table is kept.
    pub(crate) table: PathBuf,
    /// Made anew whenever the counts begin at zero.
    epoch: Cell<u64>,
    /// Whether another router gives the answers now: this one takes no more orders.
    handed_over: Cell<bool>,
    /// The router whose place this one took, while it still has requests.
    pub(crate) predecessor: RefCell<Option<Predecessor>>,
    /// Who takes orders.
    orders: RefCell<Option<JoinHandle<()>>>,
    /// Who takes connections for metrics.
    pub(crate) scrapes: RefCell<Option<Scrapes>>,
    /// Connections that may still be taken for orders, and for metrics.
    places: [Arc<Semaphore>; 2],
}

impl Control {
    /// No table yet.
    pub(crate) fn new(shared: Arc<Shared>, listeners: Listeners, table: PathBuf) -> Self {
        Self {
            shared,
            listeners: Mutex::new(listeners),
            held: RefCell::default(),
            table,
            epoch: Cell::new(new_epoch()),
            handed_over: Cell::new(false),
            predecessor: RefCell::default(),
            orders: RefCell::default(),
            scrapes: RefCell::default(),
            places: [ORDERS, SCRAPES].map(|most| Arc::new(Semaphore::new(most))),
        }
    }

    /// Makes new requests follow `table`, unless it is older than the one that they follow.
    /// Opens and closes listeners as it says.
    pub(crate) async fn apply(&self, table: RouteTable) -> Result<Arc<RouteTable>, Generation> {
        let mut listeners = self.listeners.lock().await;
        let holds = self.shared.routes().generation;
        if table.generation < holds {
            return Err(holds);
        }
        Ok(self.follow(table, &mut listeners).await)
    }

    /// Makes new requests follow what comes of the table that they follow; nothing, when it is
    /// another one that is changed.
    async fn change(&self, change: TableChange) -> Option<Arc<RouteTable>> {
        let mut listeners = self.listeners.lock().await;
        let mut table = RouteTable::clone(&self.held.borrow());
        let older = change.generation < table.generation;
        let taken = if older { Taken::NeedsWhole } else { table.change(change) };
        match taken {
            Taken::Yes => Some(self.follow(table, &mut listeners).await),
            Taken::NeedsWhole => None,
        }
    }

    async fn follow(&self, table: RouteTable, listeners: &mut Listeners) -> Arc<RouteTable> {
        self.tell_predecessor(&table).await;
        let routes = Routes::new(&table, &self.shared.meters, wall_clock());
        let wanted: BTreeSet<_> = routes.by_address.keys().copied().collect();
        self.shared.follow(routes);
        let table = Arc::new(table);
        self.held.replace(Arc::clone(&table));
        // Closed first, so that an address that covers a closed one can be had.
        listeners.close(&wanted).await;
        listeners.open(&wanted);
        table
    }

    /// Has requests follow `table` that the router still has whose place this one took.
    async fn tell_predecessor(&self, table: &RouteTable) {
        let predecessor = self.predecessor.borrow().clone();
        if let Some(predecessor) = predecessor {
            predecessor.follow(table).await;
        }
    }

    /// Has requests that are still here follow `table`, which another router listens for.
    pub(crate) async fn follow_after(&self, table: RouteTable) {
        self.tell_predecessor(&table).await;
        self.shared.follow(Routes::new(&table, &self.shared.meters, wall_clock()));
        self.held.replace(Arc::new(table));
    }

    /// Takes no more connections and orders, from now on another router's. Gives what it needs.
    pub(crate) async fn hand_over(&self) -> (RouteTable, TrafficReading) {
        self.handed_over.set(true);
        // An order that is being carried out is carried out first.
        let listeners = self.listeners.lock().await;
        listeners.pause().await;
        drop(listeners);
        self.shared.leave(Leaving::HandedOver);
        if let Some(scrapes) = &*self.scrapes.borrow() {
            scrapes.pause();
        }
        let table = RouteTable::clone(&self.held.borrow());
        (table, self.reading().await)
    }

    /// The other router is gone before it could be relied on: everything is this one's again. What
    /// the other counted is lost, so the counts begin anew.
    pub(crate) async fn take_back(self: &Rc<Self>) {
        self.epoch.set(new_epoch());
        self.shared.leave(Leaving::No);
        self.listeners.lock().await.resume();
        self.handed_over.set(false);
        if let Some(scrapes) = &mut *self.scrapes.borrow_mut() {
            scrapes.resume(self);
        }
    }

    /// Whether another router has taken the place of this one.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.handed_over.get()
    }

    /// Takes orders from now on, at the socket of its folder.
    pub(crate) fn take_orders(self: &Rc<Self>) -> Result<(), ClaimError> {
        let socket = open_socket(&self.shared.settings.data)?;
        let task = spawn_local(serve_orders(Rc::clone(self), socket));
        if let Some(before) = self.orders.replace(Some(task)) {
            before.abort();
        }
        Ok(())
    }

    /// Goes on with what another router held.
    pub(crate) async fn inherit(&self, table: RouteTable, reading: TrafficReading) {
        self.epoch.set(reading.epoch);
        self.shared.meters.inherit(reading.revisions, wall_clock());
        // It is the first one, so it cannot be too old.
        let _ = self.apply(table).await;
        self.shared.meters.resume_comparisons();
        self.listeners.lock().await.drop_inherited();
    }

    /// The last table, for the next start.
    pub(crate) fn keep_held(&self) {
        let held = Arc::clone(&self.held.borrow());
        self.keep(&held);
    }

    /// Keeps `table` for the next start. One that cannot be kept is followed all the same: a
    /// full disk must not keep traffic on a bad revision.
    pub(crate) fn keep(&self, table: &RouteTable) {
        let kept = saved::save(&self.table, table);
        self.shared.table_kept.store(kept.is_ok(), Relaxed);
        if let Err(error) = kept {
            tracing::error!(%error, "the table cannot be kept for the next start");
        }
    }

    /// What was measured until now.
    pub(crate) async fn reading(&self) -> TrafficReading {
        let now = wall_clock();
        TrafficReading {
            at: now,
            epoch: self.epoch.get(),
            generation: self.shared.routes().generation,
            revisions: self.shared.meters.read(now),
            refused: self.refused().await,
        }
    }

    async fn refused(&self) -> BTreeMap<ObjectKey, String> {
        let routes = self.shared.routes();
        let listeners = self.listeners.lock().await;
        let failing = routes.by_address.iter().filter_map(|(&address, route)| {
            let why = listeners.why_not(address)?;
            Some((route.service.clone(), why.to_owned()))
        });
        routes.refused.clone().into_iter().chain(failing).collect()
    }

    async fn answer(self: &Rc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::PUT, "/table") if self.handed_over.get() => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "another router takes the place of this one\n",
            ),
            (&Method::PUT, "/changes") if self.handed_over.get() => text(
                StatusCode::PRECONDITION_FAILED,
                "another router takes the place of this one\n",
            ),
            (&Method::PUT, "/table") => self.put_table(request.into_body()).await,
            (&Method::PUT, "/changes") => self.put_change(request.into_body()).await,
            (&Method::GET, "/table") => json(StatusCode::OK, &**self.held.borrow()),
            (&Method::GET, "/reading") => json(StatusCode::OK, &self.reading().await),
            (&Method::GET, "/healthz") => text(StatusCode::OK, "builtin\n"),
            (&Method::GET, "/build") => text(StatusCode::OK, self.shared.settings.build.clone()),
            (&Method::GET, "/metrics") => text(StatusCode::OK, metrics::render(&self.shared)),
            (_, "/table" | "/changes" | "/reading" | "/healthz" | "/build" | "/metrics") => {
                text(StatusCode::METHOD_NOT_ALLOWED, "not this method\n")
            }
            _ => text(StatusCode::NOT_FOUND, "no such path\n"),
        }
    }

    async fn put_change(self: &Rc<Self>, body: Incoming) -> Response<Full<Bytes>> {
        let change: TableChange = match read(body).await {
            Ok(change) => change,
            Err(refused) => return refused,
        };
        let control = Rc::clone(self);
        let changed = spawn_local(async move {
            let table = control.change(change).await;
            table.is_some_and(|table| {
                control.keep(&table);
                true
            })
        });
        match changed.await {
            Ok(true) => text(StatusCode::OK, ""),
            Ok(false) => text(StatusCode::PRECONDITION_FAILED, "another table is held\n"),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }

    async fn put_table(self: &Rc<Self>, body: Incoming) -> Response<Full<Bytes>> {
        let table: RouteTable = match read(body).await {
            Ok(table) => table,
            Err(refused) => return refused,
        };
        // In a task of its own: whoever sent it may go away, and half a table is none.
        let control = Rc::clone(self);
        let applied = spawn_local(async move {
            let table = control.apply(table).await?;
            control.keep(&table);
            Ok(())
        });
        match applied.await {
            Ok(Ok(())) => text(StatusCode::OK, ""),
            Ok(Err(holds)) => json::<Generation>(StatusCode::CONFLICT, &holds),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

/// Higher than any earlier one, unless the clock was set back.
fn new_epoch() -> u64 {
    u64::try_from(wall_clock().as_millis()).unwrap_or(0)
}

/// What somebody sent, or what to answer when it is none.
async fn read<T: DeserializeOwned>(body: Incoming) -> Result<T, Response<Full<Bytes>>> {
    let bytes = Limited::new(body, TABLE_BYTES).collect().await;
    let bytes = bytes.map_err(|error| text(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()))?;
    serde_json::from_slice(&bytes.to_bytes())
        .map_err(|error| text(StatusCode::BAD_REQUEST, error.to_string()))
}

/// Answers every path, on the Unix socket that only the router's own user can open.
async fn serve_orders(control: Rc<Control>, socket: UnixListener) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => serve(&control, stream, Access::Orders).await,
            Err(error) => pause_after(&error).await,
        }
    }
}

/// Answers `GET /metrics` and `GET /healthz`, on a TCP address.
pub(crate) async fn serve_metrics(control: Rc<Control>, socket: TcpListener) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => serve(&control, stream, Access::Metrics).await,
            Err(error) => pause_after(&error).await,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Orders,
    Metrics,
}

async fn pause_after(error: &std::io::Error) {
    tracing::warn!(%error, "a control connection could not be taken");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

async fn serve(
    control: &Rc<Control>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    access: Access,
) {
    let [orders, scrapes] = &control.places;
    let places = if access == Access::Orders { orders } else { scrapes };
    let Ok(place) = Arc::clone(places).acquire_owned().await else {
        return;
    };
    let control = Rc::clone(control);
    spawn_local(async move {
        let service = service_fn(|request: Request<Incoming>| {
            let control = Rc::clone(&control);
            async move {
                let open = matches!(request.uri().path(), "/metrics" | "/healthz");
                Ok::<_, Infallible>(if open || access == Access::Orders {
                    control.answer(request).await
                } else {
                    text(StatusCode::NOT_FOUND, "no such path\n")
                })
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service);
        // A client that went away is no error of the router's.
        let _ = timeout(PATIENCE, connection).await;
        drop(place);
    });
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn json<T: serde::Serialize>(status: StatusCode, value: &T) -> Response<Full<Bytes>> {
    let Ok(body) = serde_json::to_vec(value) else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "it cannot be written\n");
    };
    let mut response = text(status, body);
    let kind = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

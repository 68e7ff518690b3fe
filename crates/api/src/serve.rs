use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{Router, middleware};
use tidegate_controller::ControlPlane;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    access::refusals::Source,
    browser::{at_our_name, with_security_headers},
    carry::{Carrying, carry},
    connections::Connections,
    limits::GRACE,
    listen::Listener,
    options::Options,
    routes::{Api, routes},
    status,
};

/// How long to wait after an accept that failed, as with no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the API, and the page beside it, until `stop` completes; then lets what was begun end, for
/// two seconds at most.
pub async fn serve(
    listener: impl Listener,
    control: ControlPlane,
    options: Options,
    stop: impl Future<Output = ()>,
) {
    let (stopper, stopping) = watch::channel(false);
    let metrics = options.metrics.clone();
    let page = options.page.clone();
    let api = Api::new(control, options, stopping.clone());
    let telling = tokio::spawn(Arc::clone(&api.notifications).run(stopping.clone()));
    let reading = Arc::clone(&api.deployments).read_ahead(api.control.clone());
    let reading = tokio::spawn(reading);
    let in_the_open = status::routes(api.clone())
        .merge(page.layer(middleware::from_fn_with_state(api.clone(), with_security_headers)))
        .layer(middleware::from_fn_with_state(api.clone(), at_our_name));
    let open = Arc::clone(&api.connections);
    let routes = routes(api, &metrics).merge(in_the_open);
    let mut connections = JoinSet::new();
    tokio::select! {
        () = accept(&listener, (&routes, &open), &stopping, &mut connections) => {}
        () = stop => {}
    }
    drop(listener);
    stopper.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("some clients did not end in time and were cut off");
    }
    // What it was about to deliver is written down, and the next server delivers it.
    telling.abort();
    reading.abort();
}

/// Takes connections for ever. Each is taken at once: those for which there is no room are closed rather than left
/// in the kernel's queue, where those of health checks would wait behind them.
async fn accept<L: Listener>(
    listener: &L,
    (routes, open): (&Router, &Arc<Connections>),
    stopping: &watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
) {
    let mut full = Full::default();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.next().await {
            Ok(arrival) => {
                let source = Source(L::source(&arrival));
                let Some(taken) = open.admit(source) else {
                    full.tell(open);
                    continue;
                };
                let (routes, stopping) = (routes.clone(), stopping.clone());
                let carrying = Carrying { routes, source, taken, stopping };
                connections.spawn(carry(listener.greet(arrival), carrying));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// That there is no room, told now and then.
#[derive(Default)]
struct Full {
    told: Option<tokio::time::Instant>,
}

impl Full {
    fn tell(&mut self, open: &Connections) {
        const EVERY: Duration = Duration::from_mins(1);
        if self.told.is_some_and(|told| told.elapsed() < EVERY) {
            return;
        }
        self.told = Some(tokio::time::Instant::now());
        let (now, refused) = (open.open(), open.counts.refused.load(Relaxed));
        tracing::warn!(
            open = now,
            refused,
            "there is no room for more connections, of all or from one address: some are closed"
        );
    }
}

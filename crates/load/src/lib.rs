//! Steady open-loop HTTP load that counts what happened to every request.
//!
//! Open loop: a request is sent when it is due, whether or not earlier ones were answered, so a
//! slow service cannot hide behind a slow client. Connections are kept alive and used again.

mod client;
mod count;

use std::{net::SocketAddr, sync::Arc, time::Duration};

pub use count::{Answers, Counts, ErrorWindow, MOST_MISSES, Miss};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use crate::{
    client::Client,
    count::{Counter, End},
};

/// Requests that may be under way at once. At 1,000 a second this is 16 s of a service that does
/// not answer; those due beyond it are counted as lost, not queued.
const MOST_UNDER_WAY: usize = 16_384;

/// What is sent, and how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to.
    pub address: SocketAddr,
    /// The path of each GET.
    pub path: String,
    /// Requests per second.
    pub rate: f64,
    /// A request that takes longer is lost.
    pub timeout: Duration,
    /// The header field of the answer by which answers are counted apart.
    pub version_header: &'static str,
}

/// Load that is running.
pub struct Load {
    counter: Arc<Counter>,
    stop: watch::Sender<bool>,
    sender: JoinHandle<()>,
}

impl Load {
    /// Starts sending.
    pub fn start(plan: Plan) -> Self {
        let counter = Arc::new(Counter::default());
        let (stop, stopped) = watch::channel(false);
        let sender = tokio::spawn(send(plan, Arc::clone(&counter), stopped));
        Self { counter, stop, sender }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counter.counts()
    }

    /// Stops sending, waits for the answers that are under way, and returns what was counted.
    pub async fn stop(self) -> Counts {
        // The sender is gone only when it was stopped already.
        let _ = self.stop.send(true);
        let _ = self.sender.await;
        self.counter.counts()
    }
}

async fn send(plan: Plan, counter: Arc<Counter>, mut stopped: watch::Receiver<bool>) {
    let client = Arc::new(Client::new(&plan));
    let begin = Instant::now();
    let mut due: u32 = 0;
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let at = begin + Duration::from_secs_f64(f64::from(due) / plan.rate);
        tokio::select! {
            () = tokio::time::sleep_until(at) => {}
            _ = stopped.changed() => break,
        }
        due += 1;
        counter.sent();
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= MOST_UNDER_WAY {
            let end = End::Broken("too many requests under way".to_owned());
            counter.lost(&end, Duration::ZERO);
            continue;
        }
        let (client, counter) = (Arc::clone(&client), Arc::clone(&counter));
        tasks.spawn(async move { client.send_one(&counter).await });
    }
    while tasks.join_next().await.is_some() {}
}

//! Notifications out: what the ledger says is told to whom annotations and settings name.
//!
//! Invariant: what is to be told is written down in one transaction with how far the ledger was read, and is there until
//! a receiver said that it took it, or it is a dead letter. A server that is killed goes on from there: nothing is lost,
//! and what was told right before may be told twice, under the same id.

mod bringing;
mod counts;
mod dead_letters;
pub(crate) mod handlers;
mod queue;
mod settings;
mod telling;
mod trial;
pub(crate) mod views;

use std::sync::Arc;

use tidegate_controller::{ControlPlane, KeptKind};
use tidegate_ports::{Clock, Courier};
use tokio::sync::watch;

pub use crate::notifications::settings::NotificationSettings;
use crate::notifications::{counts::Counts, queue::Queue, settings::Settings};

/// How far the ledger was read.
const CURSOR: KeptKind = KeptKind::new("NotificationCursor");
/// What is still to be told.
const DELIVERY: KeptKind = KeptKind::new("Notification");
/// What was given up.
const DEAD_LETTER: KeptKind = KeptKind::new("NotificationDeadLetter");
/// What is remembered of a rollout from one entry to the next.
const STATE: KeptKind = KeptKind::new("NotificationState");

/// What tells, and what is known of it.
pub(crate) struct Notifications {
    control: ControlPlane,
    clock: Arc<dyn Clock>,
    courier: Arc<dyn Courier>,
    settings: Settings,
    queue: Queue,
    counts: Counts,
}

impl Notifications {
    pub(crate) fn new(
        control: ControlPlane,
        clock: Arc<dyn Clock>,
        courier: Arc<dyn Courier>,
        settings: NotificationSettings,
    ) -> Self {
        let queue = Queue::open(&control);
        let settings = Settings::new(settings);
        Self { control, clock, courier, settings, queue, counts: Counts::default() }
    }

    /// Tells, until the server stops.
    pub(crate) async fn run(self: Arc<Self>, stopping: watch::Receiver<bool>) {
        let mut ended = stopping;
        tokio::select! {
            () = telling::follow(&self) => {}
            () = bringing::keep(&self) => {}
            // An error means that the server is gone, which is a stop as well.
            _ = ended.wait_for(|stopping| *stopping) => {}
        }
    }

    /// The counts in Prometheus' text format.
    pub(crate) fn exposition(&self) -> String {
        self.counts.exposition(self.queue.len())
    }
}

//! What is read through the ports at the beginning of a tick.

use std::{sync::Arc, time::Duration};

use tidegate_ports::{ReplicaSeen, ReplicaState};
use tidegate_units::Timestamp;

use super::Driver;

/// How often all replicas are looked at, whatever the runtime says has changed. It tells all of it;
/// this is for the day on which it does not.
const LOOK_ANYHOW_EVERY: Duration = Duration::from_secs(30);

impl Driver {
    /// Reads what is due, and marks those for which it may matter.
    pub(super) async fn look(&mut self) {
        let now = self.ports.clock.now();
        self.look_at_replicas(now);
        self.sight.judged = self.index.judged();
        let due = self.looked_at.is_none_or(|at| at.after(self.look_interval()) <= now);
        if !due || self.turns.is_waiting() {
            return;
        }
        self.looked_at = Some(now);
        self.ask_what_is_held(now).await;
        match self.ports.router.read().await {
            Ok(mut reading) => {
                reading.at = self.clock.translate(reading.at);
                if reading.generation != self.table {
                    self.table_confirmed = false;
                    self.check_epoch_of_router(reading.generation);
                }
                self.sight.traffic = Some(Arc::new(reading));
                self.sight.router_answers = true;
            }
            Err(problem) => {
                if self.sight.router_answers {
                    tracing::warn!(%problem, "the router did not answer");
                }
                self.sight.router_answers = false;
                self.table_confirmed = false;
            }
        }
        self.turns.begin(self.index.judging());
    }

    /// Looks at the replicas when the runtime says that there is something to see, and now and then
    /// whatever it says.
    fn look_at_replicas(&mut self, now: Timestamp) {
        let version = *self.replicas_changed.borrow_and_update();
        let (told, until) = self.replicas_seen;
        let recent = |at: Timestamp| now.since(at) < LOOK_ANYHOW_EVERY;
        let recent = self.all_replicas_seen_at.is_some_and(recent);
        if recent && told == version {
            return;
        }
        let mut look = self.ports.runtime.look(if recent { until } else { 0 });
        for replica in look.owners.values_mut().flatten() {
            self.retime(replica);
        }
        self.replicas_seen = (version, look.at);
        if look.whole {
            self.all_replicas_seen_at = Some(now);
        }
        let changed = self.sight.see_replicas(look, self.ports.runtime.obstacles());
        self.dirty.extend(changed);
    }

    /// Puts on this clock what the runtime read from the machine's. `started_at` stays: it is
    /// compared with `restartAt` alone, which was read from the machine's too.
    fn retime(&self, replica: &mut ReplicaSeen) {
        replica.ready_since = replica.ready_since.map(|since| self.clock.translate(since));
        if let ReplicaState::Retiring { since } = &mut replica.state {
            *since = self.clock.translate(*since);
        }
    }
}

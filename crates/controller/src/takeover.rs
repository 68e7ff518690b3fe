//! The first moments of a store that was restored, or went back: what runs was ordered by a future that is
//! lost.
//!
//! The router sends all requests to revisions that this store may not know. It goes on with that
//! until those that the store does know can serve them; only then it is told, and only then what
//! is not wanted any more is drained and ended.

use std::time::Duration;

use tidegate_ports::{ReplicaSeen, Write};
use tidegate_traffic::Listener;
use tidegate_units::{Generation, Owner, OwnerKind, RevisionHash, Timestamp, Weight};

use crate::{Restoration, act::Scale, driver::Driver, sight::is_retiring};

/// So long a revision that does not become ready may hold everything else back: longer than nearly
/// all services take to start, and a release that went wrong can wait for it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// How far the first control plane after a restore is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takeover {
    /// Since this moment it has waited for those that are to serve.
    Waits(Timestamp),
    /// It has waited for long enough: who serves keeps what nobody else can take.
    Late,
    /// It has taken over; that is to be written down.
    Told,
    /// Nothing was restored, or it is long done.
    Done,
}

impl Takeover {
    /// Of a start on a store that is behind what runs, or is not.
    pub(crate) const fn of(is_behind: bool, now: Timestamp) -> Self {
        if is_behind { Self::Waits(now) } else { Self::Done }
    }

    /// What is to be written down, if anything.
    pub(crate) fn writes(self) -> Option<Write> {
        let (kind, key) = (Restoration::KIND.to_owned(), Restoration::key());
        (self == Self::Told).then_some(Write::Delete { kind, key })
    }

    /// That it was.
    pub(crate) fn written(&mut self) {
        if *self == Self::Told {
            *self = Self::Done;
        }
    }
}

impl Driver {
    /// Whether the router is still to follow what it holds.
    pub(crate) fn waits_to_take_over(&mut self) -> bool {
        // What it holds may be more than is known here.
        if self.recall.is_open() {
            return true;
        }
        let since = match self.takeover {
            Takeover::Waits(since) => since,
            // What was kept is written down by now.
            Takeover::Late => {
                self.takeover = Takeover::Told;
                self.overtaken.clear();
                return false;
            }
            Takeover::Told | Takeover::Done => return false,
        };
        // One that does not answer takes no table either.
        let Some(holds) = self.sight.traffic.as_ref().map(|traffic| traffic.generation) else {
            return true;
        };
        let waited = self.ports.clock.now().since(since);
        let late = waited >= PATIENCE;
        if holds != Generation::default() && !late && !self.can_serve() {
            return true;
        }
        if late {
            tracing::warn!(
                seconds = waited.as_secs(),
                "some revisions are not ready yet; the routes of what was restored are followed all the same"
            );
            if !self.overtaken.is_empty() {
                self.takeover = Takeover::Late;
                self.retry_soon();
                return true;
            }
        } else {
            tracing::info!("the routes of what was restored are followed from here on");
        }
        self.takeover = Takeover::Told;
        false
    }

    /// Whether there are as many replicas behind each listener as its rollout wants there.
    fn can_serve(&self) -> bool {
        self.routing.listeners().iter().all(|listener| self.can_serve_at(listener))
    }

    fn can_serve_at(&self, listener: &Listener) -> bool {
        let serving = listener.destinations.iter().filter(|one| one.weight > Weight::ZERO);
        serving.into_iter().all(|one| {
            let wanted = self.wanted(listener.owner_of(one), &one.revision);
            one.endpoints.len() >= wanted.max(1)
        })
    }

    fn wanted(&self, owner: &Owner, revision: &RevisionHash) -> usize {
        let rollouts = &self.world().rollouts;
        let entry = rollouts.get(&owner.key()).filter(|_| owner.kind == OwnerKind::Rollout);
        let record = entry.and_then(|entry| entry.status.revisions.get(revision));
        record.map_or(1, |record| usize::try_from(record.replicas).unwrap_or(usize::MAX))
    }

    /// Whether an order would end replicas that the router may still send requests to.
    pub(crate) fn must_wait(&self, order: &Scale) -> bool {
        let own = self.sight.of(&order.owner).iter();
        let stays = |one: &&ReplicaSeen| one.revision == order.revision && !is_retiring(one);
        let there = || own.filter(stays).count();
        let is_over = match self.takeover {
            Takeover::Waits(_) | Takeover::Late => false,
            Takeover::Told => self.table_confirmed,
            Takeover::Done => true,
        };
        !is_over && usize::try_from(order.replicas).is_ok_and(|replicas| replicas < there())
    }

    /// Orders none of whatever nobody knows, each time that all replicas were looked at: of rollouts
    /// that were made after the backup was.
    pub(crate) fn strangers(&mut self) -> Vec<Scale> {
        let looked = self.all_replicas_seen_at;
        if matches!(self.takeover, Takeover::Waits(_) | Takeover::Late)
            || self.strangers_sought_at == looked
        {
            return Vec::new();
        }
        self.strangers_sought_at = looked;
        // Generations begin at the time in milliseconds, and count up more slowly than it.
        let now = self.ports.clock.now().as_millis();
        let now = Generation(u64::try_from(now).unwrap_or(0));
        let strange = self.sight.replicas.iter().filter(|(owner, _)| !self.world().has(owner));
        let strange: Vec<_> = strange.collect();
        if strange.is_empty() {
            return Vec::new();
        }
        // The clock may have been ahead when they were ordered.
        let taken = self.ports.runtime.taken();
        let generation = |owner| taken.get(owner).copied().unwrap_or_default().max(now);
        let seen = strange.into_iter().flat_map(|(_, replicas)| replicas.iter());
        let mut orders: Vec<_> = seen
            .map(|one| Scale {
                owner: one.owner.clone(),
                revision: one.revision.clone(),
                replicas: 0,
                restart_before: None,
                generation: generation(&one.owner),
            })
            .collect();
        orders.dedup();
        orders
    }
}

//! What follows from the world, kept up as the world changes.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use tidegate_analysis::open_jobs;
use tidegate_traffic::Service;
use tidegate_units::{ObjectKey, Owner, Timestamp};

use crate::{
    runs::Runs,
    selection::Selection,
    shared_map::{Alike, Difference, SharedMap},
    sight::goes_by_counts,
    world::World,
};

/// What is asked of the whole world at each tick, so that no tick has to look at all of it.
///
/// It is a function of the world alone: [`Index::follow`] looks at what differs from the world that
/// it was made of, so nobody has to say what they changed, and nobody can forget to.
#[derive(Clone, Default)]
pub(crate) struct Index {
    of: World,
    /// When each plan is due.
    wakes: SharedMap<(Timestamp, Owner), ()>,
    /// Everything that has open runs.
    judging: SharedMap<Owner, ()>,
    /// The jobs whose ends the open runs may still ask for.
    jobs: SharedMap<Owner, Arc<BTreeSet<String>>>,
    selection: Selection,
    /// How many ports of Services listen on each address.
    listening: SharedMap<SocketAddr, usize>,
    /// The Services that want a port of the node.
    node_ports: SharedMap<(u16, ObjectKey), ()>,
}

impl Index {
    /// Brings it up to date.
    pub(crate) fn follow(&mut self, world: &World) {
        let before = std::mem::replace(&mut self.of, world.clone());
        for one in world.rollouts.since(&before.rollouts) {
            self.wake(&one, Owner::rollout, |entry| entry.latest.wake_at);
            self.runs(&one, Owner::rollout, |entry| {
                (&entry.runs, entry.deleting, goes_by_counts(entry))
            });
            self.selection.rollout_changed(one.key, one.before, one.after, world);
        }
        for one in world.experiments.since(&before.experiments) {
            self.wake(&one, Owner::experiment, |entry| entry.latest.wake_at);
            self.runs(&one, Owner::experiment, |entry| (&entry.runs, entry.deleting, false));
        }
        for one in world.analysis_runs.since(&before.analysis_runs) {
            self.wake(&one, Owner::analysis_run, |entry| entry.wake_at);
            self.runs(&one, Owner::analysis_run, |entry| (&entry.runs, false, false));
        }
        for one in world.services.since(&before.services) {
            let ports = |service: &Service| node_ports(service).collect::<Vec<_>>();
            for number in one.before.map(|it| ports(&it.value)).unwrap_or_default() {
                self.node_ports.remove(&(number, one.key.clone()));
            }
            for number in one.after.map(|it| ports(&it.value)).unwrap_or_default() {
                self.node_ports.insert((number, one.key.clone()), ());
            }
            self.selection.service_changed(one.key, world);
        }
        for one in world.addresses.since(&before.addresses) {
            self.listen(one.before, one.after);
        }
    }

    /// Everything whose plan is due by now.
    pub(crate) fn due(&self, now: Timestamp) -> impl Iterator<Item = Owner> {
        let due = self.wakes.keys().take_while(move |(at, _)| *at <= now);
        due.map(|(_, owner)| owner.clone())
    }

    /// The next moment at which any plan is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.wakes.keys().next().map(|(at, _)| *at)
    }

    /// Everything that has open runs.
    pub(crate) fn judging(&self) -> impl Iterator<Item = Owner> {
        self.judging.keys().cloned()
    }

    /// How many that are.
    pub(crate) fn judged(&self) -> usize {
        self.judging.len()
    }

    /// The jobs whose ends the open runs may still ask for, by whose they are.
    pub(crate) fn jobs(&self) -> &SharedMap<Owner, Arc<BTreeSet<String>>> {
        &self.jobs
    }

    /// Which rollout each Service stands for.
    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// How many ports of Services listen here.
    pub(crate) fn listening(&self, address: &SocketAddr) -> usize {
        self.listening.get(address).copied().unwrap_or_default()
    }

    /// The Services that want a port of the node, in the order of their keys.
    pub(crate) fn wanting(&self, number: u16) -> impl Iterator<Item = &ObjectKey> {
        let all = self.node_ports.from(&(number, ObjectKey::new("", "")));
        all.take_while(move |((of, _), ())| *of == number).map(|((_, key), ())| key)
    }

    /// All of it that does not depend on how the world came to be so.
    #[cfg(debug_assertions)]
    pub(crate) fn facts(&self) -> impl PartialEq + std::fmt::Debug + use<'_> {
        let Self { wakes, judging, jobs, listening, node_ports, selection, .. } = self;
        (wakes, judging, jobs, listening, node_ports, selection.behind(), selection.before())
    }

    fn wake<T>(
        &mut self,
        one: &Difference<'_, ObjectKey, Arc<T>>,
        owner: impl Fn(&ObjectKey) -> Owner,
        wake_at: impl Fn(&T) -> Option<Timestamp>,
    ) {
        let before = one.before.and_then(|entry| wake_at(entry));
        let after = one.after.and_then(|entry| wake_at(entry));
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.wakes.remove(&(at, owner(one.key)));
        }
        if let Some(at) = after {
            self.wakes.insert((at, owner(one.key)), ());
        }
    }

    fn runs<T>(
        &mut self,
        one: &Difference<'_, ObjectKey, Arc<T>>,
        owner: impl Fn(&ObjectKey) -> Owner,
        runs: impl Fn(&T) -> (&Runs, bool, bool),
    ) {
        let owner = owner(one.key);
        let mut jobs = BTreeSet::new();
        let mut is_judged = false;
        if let Some((runs, deleting, counts)) = one.after.map(|entry| runs(entry)) {
            let open = runs.values().filter(|run| !run.ended());
            is_judged = counts || open.clone().next().is_some();
            let open = open.filter(|_| !deleting);
            jobs.extend(open.flat_map(|run| open_jobs(&run.spec, &run.status)));
        }
        if is_judged != self.judging.contains_key(&owner) {
            if is_judged {
                self.judging.insert(owner.clone(), ());
            } else {
                self.judging.remove(&owner);
            }
        }
        if jobs.is_empty() {
            if self.jobs.contains_key(&owner) {
                self.jobs.remove(&owner);
            }
        } else if self.jobs.get(&owner).is_none_or(|known| **known != jobs) {
            self.jobs.insert(owner, Arc::new(jobs));
        }
    }

    fn listen(&mut self, before: Option<&SocketAddr>, after: Option<&SocketAddr>) {
        if let Some(address) = after {
            self.listening.insert(*address, self.listening(address) + 1);
        }
        if let Some(address) = before {
            match self.listening(address) {
                0 | 1 => self.listening.remove(address),
                several => self.listening.insert(*address, several - 1),
            };
        }
    }
}

/// The ports of the node that a Service wants.
pub(crate) fn node_ports(service: &Service) -> impl Iterator<Item = u16> {
    service.ports.iter().filter_map(|port| port.node_port)
}

impl Alike for SocketAddr {
    fn alike(&self, other: &Self) -> bool {
        self == other
    }
}

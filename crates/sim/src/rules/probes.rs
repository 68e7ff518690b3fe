//! Who gets requests when probes fail, and when processes end.

use std::time::Duration;

use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime as _, StoredText};
use tidegate_rollout::RolloutStatus;
use tidegate_traffic::Listener;
use tidegate_units::{Epoch, Owner, ReplicaId, RevisionHash, Weight};

use tokio::time::Instant;

use super::Rules;
use crate::doors::Machine;

/// Whether the router follows what is there is looked at so often: it takes a while to look.
const LOOK_EVERY: Duration = Duration::from_mins(1);

impl Rules {
    /// Whoever leads has looked at the router. What it follows is what is there, as far as that has been
    /// so for a while in which nothing kept the two from each other.
    pub(crate) fn looked(&mut self, epoch: Epoch, troubled: bool, machine: &Machine) {
        let now = Instant::now();
        if troubled {
            self.troubled = Some(now);
        }
        let lag = self.lag();
        let within = |at: Option<Instant>, lag| at.is_some_and(|at| now - at <= lag);
        if epoch != self.leads
            || within(self.looked, LOOK_EVERY)
            || within(self.troubled, lag)
            || within(self.leads_since, lag)
        {
            return;
        }
        self.looked = Some(now);
        let replicas = machine.runtime.replicas();
        if replicas.iter().all(|one| one.state == ReplicaState::Ready) {
            return;
        }
        for listener in &machine.router.table().listeners {
            self.probes_are_weighed(listener, &replicas, machine);
        }
    }

    /// One that fails its probe gets none while another is ready; of those that all fail it, whoever runs
    /// goes on; and nobody is sent to a process that has ended.
    pub(super) fn probes_are_weighed(
        &mut self,
        listener: &Listener,
        replicas: &[ReplicaSeen],
        machine: &Machine,
    ) {
        for one in listener.destinations.iter().filter(|one| one.weight > Weight::ZERO) {
            let owner = listener.owner_of(one);
            let own: Vec<_> = replicas
                .iter()
                .filter(|it| it.owner == *owner && it.revision == one.revision)
                .collect();
            if own.iter().all(|it| it.state == ReplicaState::Ready)
                || !own.iter().all(|it| self.is_settled(&it.id, machine))
            {
                continue;
            }
            let is_listed = |id: &ReplicaId| one.endpoints.iter().any(|it| it.replica == *id);
            let any_ready = own.iter().any(|it| it.state == ReplicaState::Ready);
            for replica in own {
                let (id, listed) = (&replica.id, is_listed(&replica.id));
                let why = match replica.state {
                    ReplicaState::NotReady if any_ready && listed => {
                        "gets requests and fails its probe, while another one is ready"
                    }
                    ReplicaState::NotReady if !any_ready && !listed => {
                        "runs and gets none, while none of its revision passes its probe"
                    }
                    ReplicaState::BackOff | ReplicaState::Starting if listed => {
                        "gets requests, and its process ended"
                    }
                    ReplicaState::Ready if !listed => "is ready and gets no requests",
                    _ => continue,
                };
                self.breaks(format!("{id} {why}"));
            }
        }
    }

    /// Whether whoever decides has seen it as it is now.
    fn is_settled(&self, replica: &ReplicaId, machine: &Machine) -> bool {
        let since = machine.runtime.since(replica);
        since.is_some_and(|since| machine.now().since(since) > self.lag())
    }

    /// Whoever is planned anew keeps no share of which none of its replicas is ready, while as many of the
    /// stable revision are as are asked for.
    pub(crate) fn planned(&mut self, documents: &[StoredText], machine: &Machine) {
        let statuses = documents.iter().filter(|one| one.kind == "RolloutStatus");
        let keys: Vec<_> = statuses.map(|one| one.key.clone()).collect();
        for key in keys {
            let (Some(spec), Some(status)) = (self.specs.get(&key), self.statuses.get(&key)) else {
                continue;
            };
            let Some((current, stable)) = canary(status) else { continue };
            let share = status.route.iter().find(|(it, _)| it == current).map(|(_, share)| *share);
            if share.is_none_or(|share| share == Weight::ZERO)
                || spec.blue_green().is_some()
                || self.is_emptied(&key)
            {
                continue;
            }
            let all = machine.runtime.replicas();
            let owner = Owner::rollout(&key);
            let own = all.iter().filter(|it| {
                it.owner == owner && !matches!(it.state, ReplicaState::Retiring { .. })
            });
            let own: Vec<_> = own.filter(|it| self.is_settled(&it.id, machine)).collect();
            let ready = |of: &_| {
                own.iter()
                    .filter(|it| it.revision == *of && it.state == ReplicaState::Ready)
                    .count()
            };
            let unready = all.iter().filter(|it| it.owner == owner && it.revision == *current);
            let mut unready = unready.peekable();
            let is_unready = unready.peek().is_some()
                && unready.all(|it| {
                    it.state == ReplicaState::NotReady && self.is_settled(&it.id, machine)
                });
            if is_unready && u32::try_from(ready(stable)).is_ok_and(|ready| ready >= spec.replicas)
            {
                let text = format!("{key}: {current} keeps its share, and none of it is ready");
                self.breaks(text);
            }
        }
    }
}

/// Who is on its way, and what serves beside it.
fn canary(status: &RolloutStatus) -> Option<(&RevisionHash, &RevisionHash)> {
    let (current, stable) = (status.current.as_ref()?, status.stable.as_ref()?);
    (current != stable).then_some((current, stable))
}

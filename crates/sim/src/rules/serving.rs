//! Whether whoever gets requests can answer them.

use tidegate_ports::{ReplicaSeen, ReplicaState};
use tidegate_traffic::Listener;
use tidegate_units::{OwnerKind, RevisionHash, Timestamp, Weight};

use super::{Rules, SEEN_BY_THEN};

impl Rules {
    /// A revision of which no replica was ever ready gets nothing of one that has any that are, but
    /// where somebody wants no replicas at all.
    pub(super) fn only_the_ready_gain(
        &mut self,
        listener: &Listener,
        replicas: &[ReplicaSeen],
        now: Timestamp,
    ) {
        let share = |one: &RevisionHash| {
            let own = listener.destinations.iter().find(|it| it.revision == *one);
            own.map_or(Weight::ZERO, |it| it.weight)
        };
        for one in &listener.destinations {
            let owner = listener.owner_of(one);
            let had = |revision: &RevisionHash| {
                let slot = (owner.clone(), revision.clone());
                self.shares.get(&slot).copied().unwrap_or(Weight::ZERO)
            };
            if one.weight <= had(&one.revision) || self.is_emptied(&owner.key()) {
                continue;
            }
            let all = replicas.iter().filter(|it| it.owner == *owner);
            let (own, others): (Vec<_>, Vec<_>) = all.partition(|it| it.revision == one.revision);
            let was_ready =
                own.iter().any(|it| it.state != ReplicaState::Starting || it.restarts > 0);
            let lasting = |it: &&&ReplicaSeen| {
                it.state == ReplicaState::Ready
                    && it.ready_since.is_some_and(|since| now.since(since) > SEEN_BY_THEN)
            };
            let better =
                others.iter().filter(lasting).any(|it| share(&it.revision) < had(&it.revision));
            if !was_ready && better {
                let (share, revision) = (one.weight, &one.revision);
                self.breaks(format!("{share} for {revision}, of which no replica was ever ready"));
            }
        }
    }

    /// Nothing is sent to a replica that was never ready.
    pub(super) fn only_the_ready_are_listed(
        &mut self,
        listener: &Listener,
        replicas: &[ReplicaSeen],
    ) {
        let listed = listener.destinations.iter().flat_map(|one| &one.endpoints);
        for endpoint in listed {
            let never = |one: &&ReplicaSeen| {
                one.id == endpoint.replica
                    && one.state == ReplicaState::Starting
                    && one.restarts == 0
            };
            if replicas.iter().any(|one| never(&one)) {
                let replica = &endpoint.replica;
                self.breaks(format!("{replica} gets requests, and was never ready"));
            }
        }
    }

    /// A revision gets more only of what its replicas carry, as long as another one serves the rest: a
    /// new one by its steps, and the stable one where its replicas went with its share.
    pub(super) fn capacity(
        &mut self,
        listener: &Listener,
        replicas: &[ReplicaSeen],
        now: Timestamp,
    ) {
        let key = listener.owner.key();
        if listener.owner.kind != OwnerKind::Rollout || self.is_emptied(&key) {
            return;
        }
        let (Some(spec), Some(status)) = (self.specs.get(&key), self.statuses.get(&key)) else {
            return;
        };
        let Some(stable) = status.stable.as_ref().filter(|stable| **stable != spec.revision) else {
            return;
        };
        if spec.blue_green().is_some() || status.current.as_ref() != Some(&spec.revision) {
            return;
        }
        let before = self.routes_before.get(&key);
        let had = |revision: &RevisionHash| {
            let told = self.shares.get(&(listener.owner.clone(), revision.clone())).copied();
            let listed = before.into_iter().flatten().find(|(it, _)| it == revision);
            told.max(listed.map(|(_, weight)| *weight)).unwrap_or(Weight::ZERO)
        };
        let serves = |revision: &RevisionHash| {
            replicas.iter().any(|one| {
                one.owner == listener.owner
                    && one.revision == *revision
                    && one.state == ReplicaState::Ready
                    && one.ready_since.is_some_and(|since| now.since(since) > self.lag())
            })
        };
        let is_bound = |revision: &RevisionHash| {
            *revision == spec.revision || (revision == stable && spec.canary().dynamic_stable)
        };
        let bound = listener.destinations.iter().filter(|one| is_bound(&one.revision));
        let over = bound.into_iter().find(|one| {
            let count = u32::try_from(one.endpoints.len()).unwrap_or(u32::MAX);
            let others =
                [stable, &spec.revision].into_iter().any(|it| *it != one.revision && serves(it));
            let needed = one.weight.rounded_up(spec.replicas);
            let rises = one.weight > had(&one.revision);
            // A share that is rounded down to what there is may be finer than a replica.
            let needed = if one.revision == *stable { needed.saturating_sub(1) } else { needed };
            rises && count < needed && others
        });
        if let Some(over) = over {
            let (weight, revision, count) = (over.weight, &over.revision, over.endpoints.len());
            let all = spec.replicas;
            self.breaks(format!("{key}: {weight} for {count} replicas of {revision}, of {all}"));
        }
    }
}

//! What a change of a resource means to others.

use std::{collections::BTreeMap, net::SocketAddr};

use tidegate_traffic::{assign_addresses, assign_one, assign_spare_addresses, loopback};
use tidegate_units::{ObjectKey, Owner};

use crate::{Kind, document, stage::Stage};

impl Stage {
    /// Marks what has to be planned after a change of a resource: what a plan is made of, and no
    /// more, or an apply would cost as much as there are rollouts.
    pub(crate) fn touch(&mut self, kind: Kind, key: &ObjectKey) {
        match kind {
            Kind::Rollout => {
                self.dirty.insert(Owner::rollout(key));
            }
            Kind::Experiment => {
                self.dirty.insert(Owner::experiment(key));
            }
            Kind::AnalysisRun => {
                self.dirty.insert(Owner::analysis_run(key));
            }
            // Whether any stands before a rollout, the index tells: see `follow`.
            Kind::Service => {
                self.readdress_one(key);
                self.touch_experiments(kind, key);
            }
            Kind::AnalysisTemplate | Kind::ClusterAnalysisTemplate => {
                self.touch_experiments(kind, key);
            }
            // They are read when something is started or asked, not when it is planned.
            Kind::Deployment | Kind::ConfigMap | Kind::Secret => {}
        }
    }

    /// Experiments are told whether their analyses and the names of their Services can be used;
    /// rollouts, which Services select the replicas of their experiments.
    fn touch_experiments(&mut self, kind: Kind, key: &ObjectKey) {
        let beside = self.world.experiments.iter();
        let beside = beside.filter(|(it, _)| kind.is_cluster() || it.namespace == key.namespace);
        let owners =
            beside.flat_map(|(_, entry)| entry.rollout().into_iter().chain([entry.owner()]));
        self.dirty.extend(owners);
    }

    /// Gives a Service that was applied or deleted its addresses: by itself if it can be, else with
    /// all others.
    fn readdress_one(&mut self, key: &ObjectKey) {
        self.follow();
        let known: Vec<_> = self
            .world
            .addresses
            .from(&(key.clone(), 0))
            .take_while(|((of, _), _)| of == key)
            .map(|((_, port), address)| (*port, *address))
            .collect();
        let assigned = self.world.services.get(key).and_then(|service| {
            let own = |address: &SocketAddr| known.iter().filter(|(_, it)| it == address).count();
            let others = |address: &SocketAddr| self.index.listening(address) > own(address);
            let reserved = |address: &SocketAddr| {
                *address == loopback(address.port())
                    && self.index.wanting(address.port()).next().is_some()
            };
            assign_one(&service.value, &known, others, reserved)
        });
        let Some(assigned) = assigned else { return self.readdress() };
        for (port, address) in assigned {
            let slot = (key.clone(), port);
            if self.world.addresses.get(&slot) != Some(&address) {
                self.batch.writes.push(document::put_address(&slot, address));
                self.world.addresses.insert(slot, address);
            }
        }
    }

    /// Gives every Service its address: those that were applied first, then those that are made for
    /// experiments.
    pub(crate) fn readdress(&mut self) {
        let services =
            self.world.services.iter().map(|(key, one)| (key.clone(), one.value.clone())).collect();
        let known: BTreeMap<_, _> =
            self.world.addresses.iter().map(|(slot, address)| (slot.clone(), *address)).collect();
        let next = assign_addresses(&services, &known);
        let made = self.world.made_services().into_values().map(|made| made.service);
        let next = assign_spare_addresses(made, &services, next, &known);
        for (slot, address) in &next {
            if known.get(slot) != Some(address) {
                self.batch.writes.push(document::put_address(slot, *address));
                self.world.addresses.insert(slot.clone(), *address);
            }
        }
        for slot in known.keys().filter(|slot| !next.contains_key(slot)) {
            self.batch.writes.push(document::delete_address(slot));
            self.world.addresses.remove(slot);
        }
    }
}

//! Several rollouts behind Services that share labels, ports of the node and names, while people
//! change all of it and the control plane dies in the middle of things.
//!
//! A tick looks at what changed alone. Where assertions are compiled in, as here, it compares each
//! time what that came to with what looking at everything gives: routes, indexes, and that nothing
//! that was not planned had anything to do. So this is where a missed wake-up is found.

use std::{collections::BTreeMap, time::Duration};

use proptest::{collection::vec, prelude::*};
use tidegate_controller::{ControlPlane, Kind, Pace, Refused, Resource, RolloutView};
use tidegate_ledger::verify;
use tidegate_ports::ReplicaState;
use tidegate_rollout::{Command, Phase, RolloutResource};
use tidegate_traffic::Service;
use tidegate_units::{ObjectKey, Weight};

use crate::{
    bench::{Bench, canary_of, in_simulated_time, manifest, rollout, service, sleep},
    metrics::asking,
    severed::Life,
    step_experiments::with_experiment,
};

#[derive(Clone, Debug)]
enum Deed {
    Apply {
        name: &'static str,
        revision: &'static str,
        replicas: u32,
        tries: bool,
        shares: bool,
    },
    Serve {
        name: &'static str,
        selects: Selects,
        port: u16,
        node_port: Option<u16>,
    },
    Template {
        there: bool,
    },
    Delete(Kind, &'static str),
    Command(&'static str, Command),
    Crashes(&'static str),
    StoreFails(u64),
    /// The control plane dies after so many doors, and another one comes.
    Dies(u64),
    Wait(u64),
}

/// What a Service selects: one rollout, those that share a label, or one of those.
#[derive(Clone, Copy, Debug)]
enum Selects {
    Own,
    Shared,
    Both,
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")]
}

fn deed() -> impl Strategy<Value = Deed> {
    let revision = || prop_oneof![Just("v1"), Just("v2"), Just("v3")];
    let selects = prop_oneof![Just(Selects::Own), Just(Selects::Shared), Just(Selects::Both)];
    let node_port = proptest::option::weighted(0.6, prop_oneof![4 => Just(30_500), 1 => Just(81)]);
    let kind = prop_oneof![Just(Kind::Rollout), Just(Kind::Service), Just(Kind::Experiment)];
    let command = prop_oneof![
        Just(Command::Promote),
        Just(Command::PromoteFull),
        Just(Command::Abort { why: None }),
        Just(Command::Retry),
    ];
    prop_oneof![
        6 => (name(), revision(), 0..4_u32, any::<[bool; 2]>()).prop_map(
            |(name, revision, replicas, [tries, shares])| {
                Deed::Apply { name, revision, replicas, tries, shares }
            }
        ),
        5 => (name(), selects, 80..83_u16, node_port).prop_map(
            |(name, selects, port, node_port)| Deed::Serve { name, selects, port, node_port }
        ),
        1 => any::<bool>().prop_map(|there| Deed::Template { there }),
        2 => (kind, name()).prop_map(|(kind, name)| Deed::Delete(kind, name)),
        2 => (name(), command).prop_map(|(name, command)| Deed::Command(name, command)),
        1 => revision().prop_map(Deed::Crashes),
        1 => (1..4_u64).prop_map(Deed::StoreFails),
        3 => (0..40_u64).prop_map(Deed::Dies),
        4 => (0..30_u64).prop_map(Deed::Wait),
    ]
}

fn named(name: &str) -> ObjectKey {
    ObjectKey::new("default", name)
}

fn labels(name: &str, selects: Selects) -> BTreeMap<String, String> {
    let own = [("app".to_owned(), name.to_owned())];
    let shared = [("tier".to_owned(), "front".to_owned())];
    match selects {
        Selects::Own => own.into_iter().collect(),
        Selects::Shared => shared.into_iter().collect(),
        Selects::Both => own.into_iter().chain(shared).collect(),
    }
}

fn one(name: &str, revision: &str, replicas: u32, tries: bool) -> RolloutResource {
    let mut one = if tries { with_experiment(revision, Some("asking")) } else { rollout(revision) };
    one.key = named(name);
    name.clone_into(&mut one.spec.name);
    one.spec.replicas = replicas;
    canary_of(&mut one.spec).default_watch = !tries;
    one
}

struct Fleet {
    bench: Bench,
    life: Life,
}

impl Fleet {
    async fn begin() -> Self {
        let fleet = Self { bench: Bench::empty().await, life: Life::long() }.reborn().await;
        fleet.apply(asking("asking", 2)).await;
        for name in ["a", "b", "c"] {
            fleet.serve(name, Selects::Own, 80, None).await;
            fleet.rollout(name, "v1", 2, false, true).await;
        }
        sleep(5).await;
        fleet
    }

    /// Another control plane, on what there is.
    async fn reborn(mut self) -> Self {
        self.life = Life::long();
        let ports = self.life.through(self.bench.ports());
        self.bench.plane = ControlPlane::start(ports, Pace::default()).await.unwrap();
        self
    }

    async fn act(mut self, deed: Deed) -> Self {
        match deed {
            Deed::Apply { name, revision, replicas, tries, shares } => {
                self.rollout(name, revision, replicas, tries, shares).await;
            }
            Deed::Serve { name, selects, port, node_port } => {
                self.serve(name, selects, port, node_port).await;
            }
            Deed::Template { there: true } => self.apply(asking("asking", 2)).await,
            Deed::Template { there: false } => self.delete(Kind::AnalysisTemplate, "asking").await,
            Deed::Delete(kind, name) => self.delete(kind, name).await,
            Deed::Command(name, command) => self.command(name, command).await,
            Deed::Crashes(revision) => self.bench.runtime.crash(&revision.into()),
            Deed::StoreFails(seconds) => {
                self.bench.store.fail();
                sleep(seconds).await;
                self.bench.store.recover();
                sleep(2).await;
            }
            Deed::Dies(doors) => {
                self.life.ends_after(doors);
                sleep(10).await;
                self = self.reborn().await;
            }
            Deed::Wait(seconds) => sleep(seconds).await,
        }
        self
    }

    async fn rollout(&self, name: &str, revision: &str, replicas: u32, tries: bool, shares: bool) {
        let mut wanted = one(name, revision, replicas, tries);
        let selects = if shares { Selects::Both } else { Selects::Own };
        std::sync::Arc::make_mut(&mut wanted.template).meta.labels = labels(name, selects);
        wanted.selector = labels(name, Selects::Own);
        self.apply(Resource::Rollout(wanted)).await;
    }

    async fn serve(&self, name: &str, selects: Selects, port: u16, node_port: Option<u16>) {
        let mut wanted: Service = service();
        wanted.key = named(name);
        wanted.selector = labels(name, selects);
        wanted.ports[0].port = port;
        wanted.ports[0].node_port = node_port;
        self.apply(Resource::Service(wanted)).await;
    }

    async fn apply(&self, resource: Resource) {
        let manifest = manifest(&resource);
        let answer = self.bench.plane.apply(resource, manifest, "ada", "Applied").await;
        may_make_no_sense(answer.err());
    }

    async fn delete(&self, kind: Kind, name: &str) {
        may_make_no_sense(self.bench.plane.delete(kind, named(name), "ada").await.err());
    }

    async fn command(&self, name: &str, command: Command) {
        may_make_no_sense(self.bench.plane.command(named(name), command, "ada").await.err());
    }

    /// Nobody does anything any more: where everything ends.
    async fn peace(self) {
        self.apply(asking("asking", 2)).await;
        for _ in 0..60 {
            if self.bench.plane.rollouts(None).iter().all(ended) {
                break;
            }
            sleep(10).await;
        }
        sleep(120).await;
        let ledger = self.bench.store.ledger();
        verify(ledger.clone(), None).unwrap();
        assert!(ledger.iter().all(|entry| entry.draft.what != "PlanRefused"));
        for view in self.bench.plane.rollouts(None) {
            assert!(ended(&view) && !view.deleting, "{:#?}", view.report);
            let ready = view.replicas.iter().filter(|one| one.state == ReplicaState::Ready);
            let ready = u32::try_from(ready.count()).unwrap();
            assert_eq!(ready, view.replicas_wanted, "{:#?}", view.report);
            assert_eq!(view.replicas.len(), usize::try_from(ready).unwrap());
            for service in &view.services {
                let table = self.bench.router.table();
                let listener = table.listeners.iter().find(|one| one.service == service.service);
                let stable = view.status.stable.as_ref();
                let full = listener
                    .unwrap()
                    .destinations
                    .iter()
                    .any(|one| one.weight == Weight::FULL && Some(&one.revision) == stable);
                assert!(full || stable.is_none() || ready == 0, "{listener:#?}");
            }
        }
        assert_eq!(self.bench.metrics.open(), 0, "no run is left that asks");
    }
}

fn may_make_no_sense(refused: Option<Refused>) {
    match refused {
        None | Some(Refused::Conflict { .. } | Refused::NotFound { .. }) => {}
        Some(other) => unreachable!("{other}"),
    }
}

fn ended(view: &RolloutView) -> bool {
    view.report.phase == Phase::Healthy || view.report.aborted.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn looking_at_what_changed_comes_to_the_same_as_looking_at_everything(
        deeds in vec(deed(), 1..20),
    ) {
        in_simulated_time(async {
            let mut fleet = Fleet::begin().await;
            for deed in deeds {
                fleet = fleet.act(deed).await;
            }
            fleet.peace().await;
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_says_nothing_is_looked_at_all_the_same() {
    let bench = Bench::with_stable().await;
    bench.runtime.fall_silent();
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    let started = bench.view().at;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    assert!(bench.view().at.since(started) <= Duration::from_secs(35));
}

/// The Services that listen on this port of the node.
fn listening(fleet: &Fleet, port: u16) -> Vec<String> {
    let table = fleet.bench.router.table();
    let there = table.listeners.iter().filter(|one| one.address.port() == port);
    there.map(|one| one.service.name.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_port_of_the_node_is_the_first_services_until_that_lets_it_go() {
    let fleet = Fleet::begin().await;
    fleet.serve("b", Selects::Own, 80, Some(30_500)).await;
    sleep(1).await;
    assert_eq!(listening(&fleet, 30_500), ["b"]);
    fleet.serve("a", Selects::Own, 80, Some(30_500)).await;
    sleep(1).await;
    assert_eq!(listening(&fleet, 30_500), ["a"]);
    fleet.delete(Kind::Service, "a").await;
    sleep(1).await;
    assert_eq!(listening(&fleet, 30_500), ["b"]);
    fleet.delete(Kind::Rollout, "b").await;
    sleep(40).await;
    assert!(listening(&fleet, 30_500).is_empty());
}

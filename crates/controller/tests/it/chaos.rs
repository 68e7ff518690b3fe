//! Anything that people, machines and revisions may do, in any order, against the whole controller:
//! what holds at every moment, and where it ends when peace returns.

use std::{collections::BTreeMap, time::Duration};

use proptest::{collection::vec, prelude::*};
use tidegate_controller::{Refused, Resource, RolloutView};
use tidegate_ledger::verify;
use tidegate_ports::ReplicaState;
use tidegate_rollout::{Command, PauseReason, Phase};
use tidegate_testkit::{Down, Says};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    bench::{
        Bench, analysed, blue_green, canary_of, in_simulated_time, key, manifest, rollout, service,
        sleep,
    },
    metrics::asking,
    routes::with_route,
    step_experiments::with_experiment,
};

#[derive(Clone, Debug)]
enum Deed {
    Apply { revision: &'static str, replicas: u32, asks: bool, routes: bool, tries: bool },
    Metrics(Says),
    Fails(&'static str),
    Works(&'static str),
    Crashes(&'static str),
    Command(Command),
    ControllerDies,
    StoreFails,
    StoreWorks,
    RouterHangs,
    RouterAnswers,
    ClockGoesBack,
    ServiceChanges { port: u16 },
    Wait(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let command = prop_oneof![
        Just(Command::Promote),
        Just(Command::PromoteFull),
        Just(Command::Pause),
        Just(Command::Resume),
        Just(Command::Abort { why: None }),
        Just(Command::Retry),
    ];
    prop_oneof![
        4 => (revision(), 0..5_u32, any::<[bool; 3]>()).prop_map(
            |(revision, replicas, [asks, routes, tries])| {
                Deed::Apply { revision, replicas, asks, routes, tries }
            }
        ),
        3 => says().prop_map(Deed::Metrics),
        2 => revision().prop_map(Deed::Fails),
        1 => revision().prop_map(Deed::Works),
        1 => revision().prop_map(Deed::Crashes),
        4 => command.prop_map(Deed::Command),
        2 => Just(Deed::ControllerDies),
        1 => Just(Deed::StoreFails),
        1 => Just(Deed::StoreWorks),
        1 => Just(Deed::RouterHangs),
        1 => Just(Deed::RouterAnswers),
        1 => Just(Deed::ClockGoesBack),
        1 => (80..83_u16).prop_map(|port| Deed::ServiceChanges { port }),
        4 => (1..30_u64).prop_map(Deed::Wait),
    ]
}

/// How the server of metrics answers: well, badly, late, too late, not at all.
fn says() -> impl Strategy<Value = Says> {
    let number = prop_oneof![Just(1.0), Just(0.5)];
    prop_oneof![
        2 => number.clone().prop_map(Says::Number),
        2 => (number, 1..9_u64).prop_map(|(number, s)| Says::Slowly(number, Duration::from_secs(s))),
        1 => Just(Says::Error("connection refused".to_owned())),
        1 => Just(Says::Nothing),
    ]
}

fn revision() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("v1"), Just("v2"), Just("v3"), Just("v4")]
}

/// A world in which deeds are done.
struct Chaos {
    bench: Bench,
    store_fails: bool,
    router_hangs: bool,
    tables_seen: usize,
    /// Whether what is applied is blue-green, so that no table divides the users.
    blue_green: bool,
}

impl Chaos {
    async fn begin(blue_green: bool) -> Self {
        let bench = Bench::with_stable().await;
        bench.apply(asking("asking", 2)).await;
        Self { bench, store_fails: false, router_hangs: false, tables_seen: 0, blue_green }
    }

    async fn act(mut self, deed: Deed) -> Self {
        match deed {
            Deed::Metrics(says) => self.bench.metrics.says(says),
            Deed::Apply { revision, replicas, asks, routes, tries } => {
                let mut wanted =
                    if asks { analysed(revision, "asking") } else { rollout(revision) };
                if routes {
                    let step = with_route(revision).spec.canary().steps[1].clone();
                    canary_of(&mut wanted.spec).steps.insert(1, step);
                }
                if tries {
                    let wanted = canary_of(&mut wanted.spec);
                    let step = with_experiment(revision, asks.then_some("asking"));
                    wanted.steps.insert(1, step.spec.canary().steps[1].clone());
                }
                if self.blue_green {
                    wanted = blue_green(revision, asks.then_some("asking"));
                }
                wanted.spec.replicas = replicas;
                self.apply(Resource::Rollout(wanted)).await;
            }
            Deed::ServiceChanges { port } => {
                let mut wanted = service();
                wanted.ports[0].port = port;
                self.apply(Resource::Service(wanted)).await;
            }
            Deed::Fails(revision) => self.answers(revision, 0.5),
            Deed::Works(revision) => self.answers(revision, 0.0),
            Deed::Crashes(revision) => self.bench.runtime.crash(&revision.into()),
            Deed::Command(command) => {
                let answer = self.bench.plane.command(key(), command, "ada").await;
                self.may_be_refused(answer.err());
            }
            Deed::ControllerDies => {
                // One that starts reads and writes: with no disk it would end at once.
                if !self.store_fails {
                    self.bench = self.bench.restart().await;
                }
            }
            Deed::StoreFails => {
                self.store_fails = true;
                self.bench.store.fail();
            }
            Deed::StoreWorks => self.store_works(),
            Deed::RouterHangs => {
                self.router_hangs = true;
                self.bench.router.unreachable(Down::Yes);
            }
            Deed::RouterAnswers => self.router_answers(),
            Deed::ClockGoesBack => self.bench.wall.set_back(Duration::from_mins(10)),
            Deed::Wait(seconds) => sleep(seconds).await,
        }
        self
    }

    fn answers(&self, revision: &str, error_rate: f64) {
        self.bench.router.answers(&revision.into(), error_rate, 9_000);
    }

    fn store_works(&mut self) {
        self.store_fails = false;
        self.bench.store.recover();
    }

    fn router_answers(&mut self) {
        self.router_hangs = false;
        self.bench.router.unreachable(Down::No);
    }

    async fn apply(&self, resource: Resource) {
        let manifest = manifest(&resource);
        let answer = self.bench.plane.apply(resource, manifest, "ada", "Applied").await;
        self.may_be_refused(answer.err());
    }

    /// A command may make no sense now; a disk that fails is told.
    fn may_be_refused(&self, refused: Option<Refused>) {
        match refused {
            None | Some(Refused::Conflict { .. }) => {}
            Some(Refused::Unavailable(_)) if self.store_fails => {}
            Some(other) => unreachable!("{other}"),
        }
    }

    /// What holds at every moment.
    fn check(&mut self) {
        let view = self.bench.view();
        assert!(view.violations.is_empty(), "{:?}", view.violations);
        let tables = self.bench.router.history();
        for table in &tables[self.tables_seen..] {
            for listener in &table.listeners {
                let parts = listener.destinations.iter().map(|one| one.weight.parts());
                let sum: u64 = parts.sum();
                assert!([0, Weight::PARTS].contains(&sum), "{sum} in {listener:?}");
                let given = listener.destinations.iter().filter(|one| one.weight > Weight::ZERO);
                assert!(!self.blue_green || given.count() < 2, "divided: {listener:?}");
            }
        }
        self.tables_seen = tables.len();
    }

    async fn peace(&mut self) -> RolloutView {
        self.store_works();
        self.router_answers();
        self.bench.metrics.says(Says::Number(1.0));
        for revision in ["v1", "v2", "v3", "v4"] {
            self.answers(revision, 0.0);
        }
        let answer = self.bench.plane.command(key(), Command::Resume, "ada").await;
        self.may_be_refused(answer.err());
        // What was measured before may leave it to a person, and once more for each analysis.
        for _ in 0..4 {
            self.bench.until("an end", |view| ended(view) || undecided(view)).await;
            if undecided(&self.bench.view()) {
                self.bench.command(Command::Promote).await;
            }
        }
        self.bench.until("an end", ended).await;
        // Replicas that nobody needs have their delay.
        sleep(120).await;
        self.check();
        self.bench.view()
    }
}

fn ended(view: &RolloutView) -> bool {
    let over = view.report.phase == Phase::Healthy || view.report.aborted.is_some();
    over && view.runs.iter().all(|run| run.status.completed_at.is_some())
}

fn undecided(view: &RolloutView) -> bool {
    let held = view.status.pause.map(|pause| pause.reason);
    matches!(held, Some(PauseReason::Inconclusive | PauseReason::InconclusiveExperiment))
}

/// Where it ends.
fn check_end(bench: &Bench, view: &RolloutView) {
    let ledger = bench.store.ledger();
    verify(ledger.clone(), None).unwrap();
    assert!(ledger.iter().all(|entry| entry.draft.what != "PlanRefused"));
    assert_eq!(bench.metrics.open(), 0, "no run is left that asks");
    let mut listeners = bench.router.table().listeners.into_iter();
    assert!(listeners.all(|listener| listener.rules.is_empty()), "no route outlives its rollout");
    for experiment in bench.plane.experiments(None) {
        assert!(experiment.status.phase.is_completed(), "{:#?}", experiment.report);
        assert!(experiment.replicas.is_empty(), "{:?}", experiment.replicas);
    }
    let mut serving: BTreeMap<RevisionHash, u32> = BTreeMap::new();
    for replica in &view.replicas {
        assert_eq!(replica.state, ReplicaState::Ready, "{replica:?}");
        *serving.entry(replica.revision.clone()).or_default() += 1;
    }
    let stable = view.status.stable.clone().filter(|_| view.replicas_wanted > 0);
    let wanted = stable.map(|stable| (stable, view.replicas_wanted)).into_iter().collect();
    assert_eq!(serving, wanted, "{:#?}", view.report);
    if let Some(stable) = &view.status.stable {
        let weight = bench.router.weight(&key(), stable);
        assert!(
            weight == Some(Weight::FULL) || view.replicas_wanted == 0,
            "{weight:?} of {stable}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_it_keeps_its_rules_and_ends_where_it_should(deeds in vec(deed(), 1..24)) {
        lived(false, deeds);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn blue_green_never_divides_the_users_and_ends_where_it_should(deeds in vec(deed(), 1..24)) {
        lived(true, deeds);
    }
}

/// Lives through the deeds.
fn lived(blue_green: bool, deeds: Vec<Deed>) {
    in_simulated_time(async {
        live(Chaos::begin(blue_green).await, deeds).await;
    });
}

async fn live(mut chaos: Chaos, deeds: Vec<Deed>) {
    for deed in deeds {
        chaos = chaos.act(deed).await;
        chaos.check();
        sleep(1).await;
        chaos.check();
    }
    let view = chaos.peace().await;
    check_end(&chaos.bench, &view);
}

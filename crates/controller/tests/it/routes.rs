//! Routes that steps set, from the rollout to the router's table.

use tidegate_controller::Resource;
use tidegate_rollout::{Command, Phase, RolloutResource, Route, RouteKind, Step};
use tidegate_traffic::{RequestMatch, RouteTable};
use tidegate_units::{RevisionHash, Weight};

use crate::bench::{Bench, canary_of, rollout, sleep};

/// The rollout of the bench with a route at 5 % and a pause that waits for a person.
pub(crate) fn with_route(revision: &str) -> RolloutResource {
    let mut rollout = rollout(revision);
    let any = vec![RequestMatch::default()];
    let route = Route { name: "beta".to_owned(), any, kind: RouteKind::Header };
    let canary = canary_of(&mut rollout.spec);
    canary.default_watch = false;
    canary.steps.insert(1, Step::SetRoute(route));
    canary.steps[2] = Step::Pause(None);
    rollout
}

/// The revisions that the rules of a table lead to.
fn led_to(table: &RouteTable) -> Vec<RevisionHash> {
    let rules = table.listeners.iter().flat_map(|listener| &listener.rules);
    rules.map(|rule| rule.then.revision().clone()).collect()
}

async fn routed() -> Bench {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(with_route("v2"))).await;
    bench.until("paused", |view| view.report.phase == Phase::Paused).await;
    assert_eq!(led_to(&bench.router.table()), ["v2".into()]);
    bench
}

#[tokio::test(start_paused = true)]
async fn a_new_control_plane_tells_the_same_routes() {
    let bench = routed().await;
    let bench = bench.restart().await;
    sleep(5).await;
    assert_eq!(led_to(&bench.router.table()), ["v2".into()]);
    assert_eq!(bench.weight("v2"), 5);
}

#[tokio::test(start_paused = true)]
async fn an_abort_takes_the_route_away_in_the_table_that_takes_the_weight_away() {
    let bench = routed().await;
    let tables = bench.router.history().len();
    bench.command(Command::Abort { why: None }).await;
    sleep(2).await;
    for table in &bench.router.history()[tables..] {
        assert_eq!(led_to(table), []);
        let mut parts = table.listeners.iter().flat_map(|listener| &listener.destinations);
        assert!(parts.all(|part| part.revision != "v2".into()));
    }
    assert!(bench.router.history().len() > tables);
}

#[tokio::test(start_paused = true)]
async fn a_revision_whose_replicas_crash_gets_no_requests_past_the_split() {
    let bench = routed().await;
    bench.runtime.crash(&"v2".into());
    // They are back a moment later.
    bench.until("no route", |view| view.status.rules.is_empty()).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(led_to(&bench.router.table()), []);
    bench.until("the route again", |view| !view.status.rules.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn promotion_ends_with_no_route() {
    let bench = routed().await;
    bench.command(Command::Promote).await;
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    sleep(1).await;
    assert_eq!(led_to(&bench.router.table()), []);
    let ledger = bench.store.ledger();
    let told = ledger.iter().filter(|entry| entry.draft.what == "RoutesSet");
    let told: Vec<_> = told.map(|entry| entry.draft.detail["routes"].to_string()).collect();
    assert_eq!(told, ["[\"beta\"]", "[]"]);
}

/// How many replicas of each revision with a share of the requests a table has.
fn endpoints(table: &RouteTable) -> Vec<(String, usize)> {
    let all = table.listeners.iter().flat_map(|listener| &listener.destinations);
    let shared = all.filter(|one| one.weight > Weight::ZERO);
    shared.map(|one| (one.revision.to_string(), one.endpoints.len())).collect()
}

#[tokio::test(start_paused = true)]
async fn of_replicas_that_all_fail_their_probes_those_that_run_go_on_serving() {
    let bench = Bench::with_stable().await;
    let (v1, all) = ("v1".into(), endpoints(&bench.router.table()));
    let [(_, count)] = all[..] else { panic!("{all:?}") };
    assert!(count > 1);
    bench.runtime.unready(&v1, count - 1);
    sleep(3).await;
    assert_eq!(endpoints(&bench.router.table()), [("v1".to_owned(), 1)]);
    bench.runtime.unready(&v1, 1);
    sleep(3).await;
    assert_eq!(endpoints(&bench.router.table()), all);
    bench.runtime.ready_again(&v1);
    sleep(3).await;
    assert_eq!(endpoints(&bench.router.table()), all);
    // Nobody takes a connection of one whose process ended.
    bench.runtime.starts(&v1, None);
    bench.runtime.crash(&v1);
    sleep(3).await;
    assert_eq!(endpoints(&bench.router.table()), [("v1".to_owned(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_canary_whose_replicas_all_fail_their_probes_leaves_the_requests_to_the_stable_one() {
    let bench = routed().await;
    bench.runtime.unready(&"v2".into(), usize::MAX);
    sleep(3).await;
    let table = bench.router.table();
    assert!(endpoints(&table).iter().all(|(revision, _)| revision == "v1"), "{table:?}");
    assert_eq!(led_to(&table), []);
}

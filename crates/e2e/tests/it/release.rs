//! Releases.

use std::time::Duration;

use tidegate_e2e::{
    House, Manifest, Step,
    trials::{promote_and_roll_back, time_to_abort},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_revision_is_taken_back_by_itself_and_nothing_is_lost() {
    let house = House::build().unwrap();
    let trial = time_to_abort(&house, 3, 200.0).await.unwrap();
    assert_eq!(trial.counts.lost, 0, "{:?}", trial.counts);
    assert_eq!(trial.counts.router_failed, 0, "{:?}", trial.counts);
    // The claim is 2 s at p99, measured by tidegate-measure; this bound only tells a broken judge
    // from a busy machine.
    assert!(trial.spans.iter().all(|span| *span < Duration::from_secs(10)), "{:?}", trial.spans);
    let code = house.run(&["rollout", "status", "web", "--watch=false"]).unwrap().status.code();
    assert_eq!(code, Some(1), "an aborted rollout is no success");
    house.tidegate(&["ledger", "verify"]).unwrap();
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_that_hangs_is_taken_back_though_clients_give_up_first() {
    let house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let load = house.load_with_patience(100.0, Duration::from_secs(1));
    house.apply(&Manifest::good("v2").slow(60_000).steps(&[Step::Weight(20), Step::Hold])).unwrap();
    let taken_back = |view: &tidegate_controller::RolloutView| view.status.abort.is_some();
    house.until("taken back", Duration::from_secs(30), taken_back).await.unwrap();
    load.stop().await;
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_and_rollbacks_lose_no_request() {
    let house = House::build().unwrap();
    let trial = promote_and_roll_back(&house, 3, 300.0).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    assert_eq!(trial.counts.settled(), trial.counts.sent);
    let code = house.run(&["rollout", "status", "web", "--watch=false"]).unwrap().status.code();
    assert_eq!(code, Some(1));
    house.tidegate(&["rollout", "undo", "web"]).unwrap();
    house.until_stable("up-2").await.unwrap();
    let code = house.run(&["rollout", "status", "web", "--timeout", "20s"]).unwrap().status.code();
    assert_eq!(code, Some(0));
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_steers_a_rollout_with_the_commands_of_argo() {
    let house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let steps = [Step::Weight(10), Step::Hold, Step::Weight(60), Step::Hold];
    house.apply(&Manifest::good("v2").steps(&steps)).unwrap();
    let patience = Duration::from_secs(30);
    let weight_is = |percent| {
        move |view: &tidegate_controller::RolloutView| {
            view.report.actual_weight.is_some_and(|weight| weight.out_of(100) == percent)
        }
    };
    house.until("10 %", patience, weight_is(10)).await.unwrap();
    house.tidegate(&["rollout", "promote", "web"]).unwrap();
    house.until("60 %", patience, weight_is(60)).await.unwrap();
    house.tidegate(&["rollout", "abort", "web", "--reason", "not today"]).unwrap();
    house.until("0 %", patience, weight_is(0)).await.unwrap();
    house.tidegate(&["rollout", "retry", "web"]).unwrap();
    house.until("10 % again", patience, weight_is(10)).await.unwrap();
    house.tidegate(&["rollout", "promote", "web", "--full"]).unwrap();
    house.until_stable("v2").await.unwrap();
    let before = house.view().unwrap().replicas;
    house.tidegate(&["rollout", "restart", "web"]).unwrap();
    house
        .until("every replica is a new one", patience, |view| {
            let is_new = |id| before.iter().all(|old| old.id != id);
            view.replicas.len() == 3 && view.replicas.iter().all(|one| is_new(one.id.clone()))
        })
        .await
        .unwrap();
    let ledger = house.tidegate(&["ledger", "export"]).unwrap();
    assert!(ledger.contains("not today"), "{ledger}");
    house.end().unwrap();
}

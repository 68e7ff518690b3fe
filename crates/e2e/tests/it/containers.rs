//! The same releases where replicas are containers of a real engine.

use std::{collections::BTreeSet, time::Duration};

use tidegate_controller::RolloutView;
use tidegate_e2e::{House, Manifest, Step, trials::promote_and_roll_back};
use tidegate_ports::RunsAs;

/// An engine takes seconds for what processes do at once.
const PATIENCE: Duration = Duration::from_mins(1);

fn weighs(percent: u32) -> impl Fn(&RolloutView) -> bool {
    move |view| view.report.actual_weight.is_some_and(|weight| weight.out_of(100) == percent)
}

fn count(house: &House) -> usize {
    house.containers().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn containers_come_and_go_under_load_and_no_request_is_lost() {
    let house = House::of_containers(&["first", "up-0", "down-0", "up-1", "down-1"]).unwrap();
    let trial = promote_and_roll_back(&house, 2, 100.0).await.unwrap();
    let counts = trial.counts;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    assert_eq!(counts.settled(), counts.sent);
    for version in ["first", "up-0", "down-0", "up-1", "down-1"] {
        assert!(counts.versions.contains_key(version), "{version}: {counts:?}");
    }
    let view = house.view().unwrap();
    for replica in &view.replicas {
        assert_eq!((replica.restarts, replica.runs_as), (0, RunsAs::Containers), "{replica:#?}");
    }
    let stable =
        view.replicas.iter().filter(|one| Some(&one.revision) == view.status.stable.as_ref());
    let images: Vec<_> = stable.map(|one| one.images["web"].clone()).collect();
    assert_eq!(images, vec![house.image("up-1"); 3]);
    house.tidegate(&["ledger", "verify"]).unwrap();
    assert!(count(&house) >= 3);
    house.tidegate(&["down"]).unwrap();
    assert_eq!(house.containers(), BTreeSet::new());
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_control_plane_finds_stable_and_canary_as_they_were() {
    let mut house = House::of_containers(&["v1", "v2"]).unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let load = house.load(100.0);
    house.apply(&Manifest::good("v2").steps(&[Step::Weight(40), Step::Hold])).unwrap();
    house.until("it has its share", PATIENCE, weighs(40)).await.unwrap();
    let before = house.containers();
    assert!(before.len() > 3, "{before:?}");

    house.kill_server().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    house.start_server().unwrap();
    house.until("it still has it", PATIENCE, weighs(40)).await.unwrap();
    assert_eq!(house.containers(), before, "none was started again");

    // It is also the one that ends them.
    house.tidegate(&["rollout", "abort", "web"]).unwrap();
    house
        .until("the canary is gone", PATIENCE, |view| {
            view.replicas.iter().all(|one| Some(&one.revision) == view.status.stable.as_ref())
        })
        .await
        .unwrap();
    assert!(house.containers().is_subset(&before), "{before:?} -> {:?}", house.containers());
    assert_eq!(count(&house), 3);
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_image_is_taken_back_and_its_containers_go() {
    let house = House::of_containers(&["good", "bad"]).unwrap();
    house.apply(&Manifest::good("good")).unwrap();
    house.until_stable("good").await.unwrap();
    let before = house.containers();
    let load = house.load(100.0);
    let steps = [Step::Weight(20), Step::Hold];
    house.apply(&Manifest::good("bad").failing(0.5).steps(&steps)).unwrap();
    house.until("taken back", PATIENCE, |view| view.status.abort.is_some()).await.unwrap();
    house.until("all is gone", PATIENCE, |view| view.replicas.len() == 3).await.unwrap();
    assert_eq!(house.containers(), before);
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    assert!(counts.versions["bad"].failed > 0, "{counts:?}");
    house.end().unwrap();
}

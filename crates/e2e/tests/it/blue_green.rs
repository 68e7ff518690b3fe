//! Blue-green on real processes.

use std::time::Duration;

use tidegate_controller::RolloutView;
use tidegate_e2e::{House, Manifest};
use tidegate_units::Weight;

const PATIENCE: Duration = Duration::from_secs(40);

/// Whether all users get the revision that is on its way, by the router's word.
fn has_switched(view: &RolloutView) -> bool {
    view.report.actual_weight.is_some_and(|weight| weight == Weight::FULL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switches_there_and_back_under_load_lose_no_request() {
    let house = House::build().unwrap();
    let window = "scaleDownDelaySeconds: 60, abortScaleDownDelaySeconds: 1";
    let by_hand = "scaleDownDelaySeconds: 60, autoPromotionEnabled: false";
    house.apply(&Manifest::good("first").blue_green(window)).unwrap();
    house.until_stable("first").await.unwrap();
    let load = house.load(300.0);
    for round in 0..3 {
        let version = format!("green-{round}");
        house.apply(&Manifest::good(&version).blue_green(window)).unwrap();
        house.until_stable(&version).await.unwrap();
        // The one before stands by: back to it, and forth again.
        house.tidegate(&["rollout", "undo", "web"]).unwrap();
        let before = if round == 0 { "first".to_owned() } else { format!("green-{}", round - 1) };
        house.until_stable(&before).await.unwrap();
        house.apply(&Manifest::good(&version).blue_green(window)).unwrap();
        house.until_stable(&version).await.unwrap();
    }
    house.apply(&Manifest::good("held").blue_green(by_hand)).unwrap();
    let waits = |view: &RolloutView| view.status.message == "BlueGreenPause";
    house.until("it waits", PATIENCE, waits).await.unwrap();
    house.tidegate(&["rollout", "promote", "web"]).unwrap();
    house.until("it took over", PATIENCE, has_switched).await.unwrap();
    house.until_stable("held").await.unwrap();
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    assert_eq!(counts.settled(), counts.sent);
    house.tidegate(&["ledger", "verify"]).unwrap();
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_plane_dies_between_the_switch_and_its_analysis() {
    let mut house = House::build().unwrap();
    house.apply(&Manifest::good("v1").blue_green("scaleDownDelaySeconds: 60")).unwrap();
    house.until_stable("v1").await.unwrap();
    let load = house.load(100.0);
    // The template is not there yet: what cannot be measured is taken back.
    let judged = "postPromotionAnalysis: {templates: [{templateName: missing}]}";
    house.apply(&Manifest::good("v2").blue_green(judged)).unwrap();
    house.kill_server().unwrap();
    house.start_server().unwrap();
    let taken_back = |view: &RolloutView| {
        view.status.abort.is_some()
            && view.report.actual_weight.is_none_or(|weight| weight == Weight::ZERO)
    };
    house.until("taken back", PATIENCE, taken_back).await.unwrap();
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    house.end().unwrap();
}

//! Deaths and ends.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use tidegate_e2e::{House, Manifest, Step, trials::kill_at_random_moments};
use tidegate_rollout::{Abort, AbortReason};
use tidegate_units::Weight;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_plane_may_die_at_any_moment() {
    let mut house = House::build().unwrap();
    let trial = kill_at_random_moments(&mut house, 6, 200.0, 42).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    assert_eq!(trial.restarts, 0);
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_flows_on_with_the_control_plane_dead() {
    let mut house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    house.kill_server().unwrap();
    let load = house.load(200.0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    while load.counts().settled() < 300 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    house.start_server().unwrap();
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_rollout_and_a_house_taken_down_leave_no_process() {
    let house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    let view = house.until_stable("v1").await.unwrap();
    let pids: Vec<u32> = view.replicas.iter().flat_map(|one| one.pids.values().copied()).collect();
    assert_eq!(pids.len(), 3);
    house.tidegate(&["delete", "rollout", "web"]).unwrap();
    for _ in 0..400 {
        if house.view().is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let alive = |pid: &&u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A process whose parent has not yet taken its exit code runs no more.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    assert_eq!(pids.iter().filter(alive).count(), 0, "the replicas are gone");
    let folder = house.folder().to_owned();
    let everything = house.processes();
    assert!(!everything.is_empty(), "server and router still run in {}", folder.display());
    house.end().unwrap();
    assert_eq!(everything.iter().filter(alive).count(), 0, "server and router are gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_in_the_same_folder_is_told_who_is_there() {
    let house = House::build().unwrap();
    let second = house.run(&["server", "--listen", "127.0.0.1:0"]).unwrap();
    assert!(!second.status.success());
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    let pid = house.server_pid().unwrap().to_string();
    assert!(words.contains("is in use by process") && words.contains(&pid), "{words}");
    house.end().unwrap();
}

/// The files of the state, as they are.
fn state(house: &House) -> BTreeMap<PathBuf, Vec<u8>> {
    let names = ["state.db", "state.db-wal", "state.db-shm"];
    let paths = names.map(|name| house.folder().join(name));
    paths.into_iter().filter_map(|path| Some((path.clone(), fs::read(&path).ok()?))).collect()
}

/// All that was written since is lost, as with a disk that acknowledged it and kept none of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_whose_abort_a_disk_lost_is_not_given_users_again() {
    let mut house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    house.apply(&Manifest::good("v2").steps(&[Step::Weight(50), Step::Hold])).unwrap();
    let soon = Duration::from_mins(1);
    let half = Weight::new(50).unwrap();
    house.until("half", soon, |view| view.report.actual_weight == Some(half)).await.unwrap();
    house.kill_server().unwrap();
    let kept = state(&house);
    house.start_server().unwrap();
    house.tidegate(&["rollout", "abort", "web"]).unwrap();
    let nothing = |weight: Option<Weight>| weight == Some(Weight::ZERO);
    house.until("aborted", soon, |view| nothing(view.report.actual_weight)).await.unwrap();
    house.kill_server().unwrap();
    for path in state(&house).keys() {
        fs::remove_file(path).unwrap();
    }
    for (path, bytes) in &kept {
        fs::write(path, bytes).unwrap();
    }

    let load = house.load(100.0);
    house.start_server().unwrap();
    let lost = AbortReason::StoreWentBack { known: half, told: Weight::ZERO };
    let is_taken_back = |abort: &Abort| abort.reason == lost;
    let seen = house.until("taken back", soon, |view| {
        view.status.abort.as_ref().is_some_and(is_taken_back) && nothing(view.report.actual_weight)
    });
    seen.await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let counts = load.stop().await;
    let versions: Vec<_> = counts.versions.keys().map(String::as_str).collect();
    assert_eq!((versions, counts.lost, counts.router_failed), (vec!["v1"], 0, 0), "{counts:?}");
    let said = house.tidegate(&["ledger", "show", "-o", "json"]).unwrap();
    assert!(said.contains("StoreWentBack"), "{said}");
    let told = house.tidegate(&["rollout", "get", "web"]).unwrap();
    assert!(told.contains("the store went back"), "{told}");
    house.end().unwrap();
}

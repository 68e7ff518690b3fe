//! Releases that the real nginx carries.

use std::time::Duration;

use tidegate_e2e::{
    Carrier, House, Manifest,
    trials::{kill_at_random_moments, promote_and_roll_back, time_to_abort},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_revision_behind_nginx_is_taken_back_and_nothing_is_lost() {
    let house = House::behind(Carrier::Nginx).unwrap();
    let trial = time_to_abort(&house, 2, 150.0).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    // What bounds the built-in router in the same test.
    assert!(trial.spans.iter().all(|span| *span < Duration::from_secs(10)), "{:?}", trial.spans);
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_and_rollbacks_behind_nginx_lose_no_request() {
    let house = House::behind(Carrier::Nginx).unwrap();
    let trial = promote_and_roll_back(&house, 2, 150.0).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    assert_eq!(trial.counts.settled(), trial.counts.sent);
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_plane_of_nginx_may_die_at_any_moment() {
    let mut house = House::behind(Carrier::Nginx).unwrap();
    let trial = kill_at_random_moments(&mut house, 3, 150.0, 7).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    assert_eq!(trial.restarts, 0);
    house.end().unwrap();
}

/// The processes of nginx and of its keeper, by what their command lines begin with.
fn pids(house: &House) -> (Vec<u32>, Vec<u32>) {
    let title = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
    let all = house.processes();
    let of = |words: &str| {
        let found = all.iter().filter(|pid| title(pid).is_ok_and(|title| title.contains(words)));
        found.copied().collect()
    };
    (of("nginx: master"), of("\0router\0"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_goes_on_when_its_keeper_is_killed_and_the_next_one_adopts_it() {
    let mut house = House::behind(Carrier::Nginx).unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let load = house.load(150.0);
    let (master, keeper) = pids(&house);
    assert_eq!((master.len(), keeper.len()), (1, 1));
    let status = std::process::Command::new("kill").args(["-9", &keeper[0].to_string()]).status();
    assert!(status.unwrap().success());
    house.apply(&Manifest::good("v2")).unwrap();
    house.until_stable("v2").await.unwrap();
    let (adopted, next) = pids(&house);
    assert_eq!(adopted, master);
    assert!(next.len() == 1 && next != keeper, "{next:?}");

    // A server that would have another router is told who is there.
    house.kill_server().unwrap();
    let other = house.run(&["server", "--listen", "127.0.0.1:0"]).unwrap();
    let words = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(!other.status.success() && words.contains("a router of kind nginx runs"), "{words}");
    house.start_server().unwrap();

    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    house.tidegate(&["down"]).unwrap();
    assert_eq!(pids(&house), (vec![], vec![]));
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_built_in_router_does_is_refused_by_name() {
    let house = House::build().unwrap();
    let refused = |arguments: &[&str]| {
        let all = [["server", "--listen", "127.0.0.1:0"].as_slice(), arguments].concat();
        let output = house.run(&all).unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let words = refused(&["--router", "nginx", "--metrics", "127.0.0.1:0"]);
    assert!(words.contains("--metrics is the built-in router's"), "{words}");
    let words = refused(&["--router", "nginx", "--access-log", "x"]);
    assert!(words.contains("--access-log is the built-in router's"), "{words}");
    let words = refused(&["--router", "nginx", "--router-program", "/no/nginx"]);
    assert!(words.contains("there is no file /no/nginx"), "{words}");
    let words = refused(&["--router-program", "/bin/true"]);
    assert!(words.contains("has no meaning for the built-in router"), "{words}");
    house.end().unwrap();
}

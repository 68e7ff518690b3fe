//! Releases that the real HAProxy carries.

use std::time::Duration;

use tidegate_e2e::{
    Carrier, House, Manifest,
    trials::{kill_at_random_moments, promote_and_roll_back, time_to_abort},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_revision_behind_haproxy_is_taken_back_and_nothing_is_lost() {
    let house = House::behind(Carrier::Haproxy).unwrap();
    let trial = time_to_abort(&house, 2, 150.0).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    // What bounds the built-in router in the same test.
    assert!(trial.spans.iter().all(|span| *span < Duration::from_secs(10)), "{:?}", trial.spans);
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_and_rollbacks_behind_haproxy_lose_no_request() {
    let house = House::behind(Carrier::Haproxy).unwrap();
    let trial = promote_and_roll_back(&house, 2, 150.0).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    assert_eq!(trial.counts.settled(), trial.counts.sent);
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_plane_of_haproxy_may_die_at_any_moment() {
    let mut house = House::behind(Carrier::Haproxy).unwrap();
    let trial = kill_at_random_moments(&mut house, 3, 150.0, 7).await.unwrap();
    assert_eq!((trial.counts.lost, trial.counts.router_failed), (0, 0), "{:?}", trial.counts);
    assert_eq!(trial.restarts, 0);
    house.end().unwrap();
}

/// The processes of HAProxy's masters, whose children have the same command line, and of the keeper.
fn pids(house: &House) -> (Vec<u32>, Vec<u32>) {
    let title = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
    let all = house.processes();
    let of = |words: &str| -> Vec<u32> {
        let found = all.iter().filter(|pid| title(pid).is_ok_and(|title| title.contains(words)));
        found.copied().collect()
    };
    let of_haproxy = of("/haproxy.cfg\0");
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent =
            stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        parent.is_some_and(|parent: u32| of_haproxy.contains(&parent))
    };
    (of_haproxy.iter().copied().filter(|pid| !is_child(pid)).collect(), of("\0router\0"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_goes_on_when_its_keeper_is_killed_and_the_next_one_adopts_it() {
    let mut house = House::behind(Carrier::Haproxy).unwrap();
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
    assert!(!other.status.success() && words.contains("a router of kind haproxy runs"), "{words}");
    house.start_server().unwrap();

    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    house.tidegate(&["down"]).unwrap();
    assert_eq!(pids(&house), (vec![], vec![]));
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_no_haproxy_or_too_old_a_one_is_refused_with_what_to_do() {
    let house = House::build().unwrap();
    let refused = |arguments: &[&str]| {
        let all =
            [["server", "--listen", "127.0.0.1:0", "--router", "haproxy"].as_slice(), arguments];
        let output = house.run(&all.concat()).unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let old = house.folder().join("haproxy-1.8");
    let script = "#!/bin/sh\necho 'HA-Proxy version 1.8.19-1+deb10u3 2020/08/01'\n";
    std::fs::write(&old, script).unwrap();
    let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&old, runs).unwrap();
    let words = refused(&["--router-program", old.to_str().unwrap()]);
    assert!(words.contains("is HAProxy 1.8, and 2.6 is the oldest that can be steered"), "{words}");
    assert!(words.contains("apt-get install haproxy"), "{words}");
    let words = refused(&["--router-program", "/bin/true"]);
    assert!(words.contains("/bin/true does not say that it is HAProxy"), "{words}");
    let words = refused(&["--router-program", "/no/haproxy"]);
    assert!(words.contains("there is no file /no/haproxy"), "{words}");
    let words = refused(&["--metrics", "127.0.0.1:0"]);
    assert!(words.contains("--metrics is the built-in router's"), "{words}");
    house.end().unwrap();
}

//! The state in `PostgreSQL`: servers, and the database itself, die in the middle of a release.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tidegate_e2e::{House, Manifest, Step};
use tidegate_testkit::postgres::Postgres;

/// A canary that takes some seconds, so that there is a middle of it.
const STEPS: [Step; 5] =
    [Step::Weight(20), Step::Pause(2), Step::Weight(50), Step::Pause(2), Step::Weight(80)];

/// For a lease of ten seconds to run out, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A house whose canary `v2` has got some of the users.
async fn in_the_middle(store: &str) -> House {
    let house = House::storing(store).unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    house.apply(&Manifest::good("v2").steps(&STEPS)).unwrap();
    house.until("it has begun", PATIENCE, |view| view.status.step_index >= 1).await.unwrap();
    house
}

/// That the ledger holds, as the server says.
fn check_ledger(house: &House) {
    let told = house.tidegate(&["ledger", "verify"]).unwrap();
    assert!(told.contains("the ledger holds"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_goes_on_with_the_next_server() {
    let server = Postgres::start(&[]);
    let mut house = in_the_middle(&server.url("postgres")).await;
    let load = house.load(100.0);
    house.kill_server().unwrap();
    house.start_server().unwrap();
    house.until_stable("v2").await.unwrap();
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    check_ledger(&house);
    // Nothing of the state is in the folder, and what reads it without the server finds it.
    assert!(!house.folder().join("state.db").exists());
    let said = house.tidegate(&["ledger", "verify", "--offline"]).unwrap();
    assert!(said.contains("the ledger holds"), "{said}");
    assert!(house.tidegate(&["ledger", "show", "--offline"]).unwrap().contains("Promoted"));
    let said = house.tidegate(&["verify"]).unwrap();
    assert!(said.starts_with("postgres://") && said.contains(" holds: "), "{said}");
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_by_takes_over_from_one_that_is_killed() {
    let server = Postgres::start(&[]);
    let mut house = in_the_middle(&server.url("postgres")).await;
    let load = house.load(100.0);
    let standby = house.start_standby().unwrap();
    let begun = Instant::now();
    while !house.log().contains("waiting for the lead") {
        assert!(begun.elapsed() < PATIENCE, "{}", house.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    house.kill_server().unwrap();
    house.succeed_by(standby).unwrap();
    house.until_stable("v2").await.unwrap();
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    check_ledger(&house);
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_takes_the_lead_and_the_first_one_ends() {
    let server = Postgres::start(&[]);
    let store = server.url("postgres");
    let mut first = House::storing(&store).unwrap();
    let second = House::storing(&store).unwrap();
    assert_eq!(first.server_end().unwrap(), Some(6));
    let told = first.log();
    assert!(told.contains("another server leads, in epoch"), "{told}");
    check_ledger(&second);
    second.end().unwrap();
    first.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_goes_on_when_a_standby_of_the_database_is_promoted() {
    let mut primary = Postgres::start(&[]);
    let standby = Postgres::standby_of(&primary, &[]);
    // What is acknowledged is on both, so nothing is lost with one of them.
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.sql("postgres", "SELECT pg_reload_conf()");
    let store = format!(
        "postgres://tidegate@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
        primary.port(),
        standby.port()
    );
    let house = in_the_middle(&store).await;
    let load = house.load(100.0);
    let epochs = "SELECT epoch FROM tidegate.leader";
    let before = primary.sql("postgres", epochs);
    primary.crash();
    standby.promote();
    house.until_stable("v2").await.unwrap();
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    check_ledger(&house);
    assert_eq!(standby.sql("postgres", epochs), before, "the same server led throughout");
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_what_the_folder_has_seen_is_refused() {
    let server = Postgres::start(&[]);
    let (store, other) = (server.database(), server.database());
    let mut house = House::storing(&store).unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    // It is noted each second where the ledger ends.
    tokio::time::sleep(Duration::from_secs(3)).await;
    house.kill_server().unwrap();
    let start = |more: &str| {
        let refused = house.run(&["server", "--listen", "127.0.0.1:0", more]).unwrap();
        (refused.status.code(), String::from_utf8_lossy(&refused.stderr).into_owned())
    };
    let (code, told) = start(&format!("--store={other}"));
    assert!(code == Some(1) && told.contains("which a server of this folder saw"), "{told}");
    let (code, told) = start("--log-format=text");
    assert!(code == Some(1) && told.contains("name it with --store"), "{told}");
    let open = store.replace("tidegate@", "tidegate:s3cret@");
    let (code, told) = start(&format!("--store={open}"));
    assert!(code == Some(2) && told.contains("PGPASSWORD") && !told.contains("s3cret"), "{told}");
    house.start_server().unwrap();
    house.until_stable("v1").await.unwrap();
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_ends_servers_that_wait_and_no_server_of_another_folder() {
    let server = Postgres::start(&[]);
    let url = server.url("postgres");
    let house = House::storing(&url).unwrap();
    let other = tempfile::tempdir().unwrap();
    let data = other.path().to_str().unwrap();
    let standby =
        ["--data", data, "server", "--standby", "--store", &url, "--listen", "127.0.0.1:0"];
    let alone = || house.elsewhere(&standby).stderr(Stdio::null()).spawn().unwrap();
    let down = |folder: &str| {
        let output = house.elsewhere(&["--data", folder, "down"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let waits = |folder: &Path, pid: u32| {
        let begun = Instant::now();
        while !folder.join(format!("waiting/{pid}")).exists() {
            assert!(begun.elapsed() < PATIENCE, "{pid} does not wait");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    // One that was killed has left its file behind: it is nobody's, whoever has its number by now.
    let mut killed = alone();
    waits(other.path(), killed.id());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(down(data).contains("nothing runs"));
    assert!(!other.path().join("waiting").exists());

    // A folder in which nobody serves, and one with a leader whom two of its own wait for.
    let mut far = alone();
    let mut near = [house.start_standby().unwrap(), house.start_standby().unwrap()];
    waits(other.path(), far.id());
    for child in &near {
        waits(house.folder(), child.id());
    }
    let told = down(data);
    assert!(told.contains(&format!("a server that waits (process {})", far.id())), "{told}");
    assert_eq!(far.try_wait().unwrap().and_then(|status| status.code()), Some(0));
    house.tidegate(&["ledger", "verify"]).unwrap();
    let told = down(house.folder().to_str().unwrap());
    assert_eq!(told.matches("a server that waits").count(), 2, "{told}");
    for child in &mut near {
        assert_eq!(child.try_wait().unwrap().and_then(|status| status.code()), Some(0));
    }
    assert!(house.processes().is_empty(), "{:?}", house.processes());
    assert!(!house.folder().join("waiting").exists());
    house.end().unwrap();
}

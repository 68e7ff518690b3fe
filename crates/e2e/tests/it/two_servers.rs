//! Two control planes of one data folder.

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tidegate_e2e::{House, Manifest};

/// What the exit code says of a server whose lead another one has.
const NO_LEAD: i32 = 6;

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn exit_code(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_slept_while_another_took_the_lead_does_nothing_and_ends() {
    let mut house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let load = house.load(100.0);
    let mut old = house.let_go_server().unwrap();
    send(&old, Signal::STOP);

    // A stopped process holds its lock, whatever the time.
    let refused = house.run(&["server", "--listen", "127.0.0.1:0"]).unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains(&format!("is in use by process {}", old.id())), "{words}");
    // Somebody takes it for one that was left behind, and removes the file, and with it the lock.
    // With that of the store alone nothing is won: what runs replicas has one too.
    fs::remove_file(house.folder().join("server.lock")).unwrap();
    let refused = house.run(&["server", "--listen", "127.0.0.1:0"]).unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("another server runs replicas from"), "{words}");
    for lock in ["runtime/lock", "server.lock"] {
        fs::remove_file(house.folder().join(lock)).unwrap();
    }
    house.start_server().unwrap();
    house.apply(&Manifest::good("v2")).unwrap();
    house.until_stable("v2").await.unwrap();
    let ledger = house.tidegate(&["ledger", "export"]).unwrap();
    let pids =
        house.view().unwrap().replicas.iter().map(|one| one.pids.clone()).collect::<Vec<_>>();

    send(&old, Signal::CONT);
    assert_eq!(exit_code(&mut old), Some(NO_LEAD));
    // Nothing was written by it, nothing started or ended, and clients find the new one.
    assert_eq!(house.tidegate(&["ledger", "export"]).unwrap(), ledger);
    house.tidegate(&["ledger", "verify"]).unwrap();
    let after = house.view().unwrap();
    assert_eq!(after.replicas.iter().map(|one| one.pids.clone()).collect::<Vec<_>>(), pids);
    house.apply(&Manifest::good("v3")).unwrap();
    house.until_stable("v3").await.unwrap();
    let counts = load.stop().await;
    assert!(counts.sent > 100);
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    house.end().unwrap();
}

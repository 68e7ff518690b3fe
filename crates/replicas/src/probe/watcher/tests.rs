use tidegate_workload::Container;

use super::*;
use crate::fixtures::{Fake, FakeUnit, container, probe, words};

fn exec(command: &str) -> Probe {
    probe(ProbeAction::Exec { command: words(&[command]) }, 10, 1, 3)
}

/// What is found of a container within an hour, and whether it was to be restarted.
async fn found(container: Container, before: Before) -> (Vec<Finding>, bool) {
    let target = Target::<Fake> { container, assigned: [].into(), unit: FakeUnit };
    let mut found = Vec::new();
    let watched = watch(&target, before, |finding| found.push(finding));
    let restart = tokio::time::timeout(Duration::from_hours(1), watched).await.is_ok();
    found.dedup();
    (found, restart)
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_counts_neither_way() {
    let adopted = Before::Adopted { started: true, ready: true };
    let with = |command: &str| Container {
        readiness: Some(exec(command)),
        liveness: Some(exec(command)),
        ..container("web", &[])
    };
    assert_eq!(found(with("unknown"), adopted).await, (vec![Finding::Started], false));
    assert_eq!(found(with("bad"), adopted).await, (vec![Finding::Started], true));
    let unready = Container { liveness: None, ..with("bad") };
    let why = "readiness probe: \"bad\" cannot be run here".to_owned();
    let told = vec![Finding::Started, Finding::NotReady(why)];
    assert_eq!(found(unready, adopted).await, (told, false));

    // Nor is it a sign that it has started, or that it has not.
    let starting = Container { startup: Some(exec("unknown")), ..container("web", &[]) };
    let why = "startup probe: nobody could ask".to_owned();
    assert_eq!(found(starting, Before::New).await, (vec![Finding::NotReady(why)], false));
}

#[tokio::test(start_paused = true)]
async fn the_longer_a_try_takes_the_longer_is_the_rest_before_the_next() {
    let begin = Instant::now();
    let mut schedule = Schedule::new(&exec("any"), Pace::EagerUntilPassing);
    let mut tries = Vec::new();
    for took in [10, 300, 1_000, 20_000, 10] {
        let counts = schedule.next(false).await;
        tries.push((begin.elapsed().as_millis(), counts));
        tokio::time::sleep(Duration::from_millis(took)).await;
    }
    let expect = [(0, true), (110, false), (1_610, false), (6_610, false), (26_610, true)];
    assert_eq!(tries, expect);
}

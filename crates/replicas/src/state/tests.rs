use tidegate_units::ObjectKey;

use super::*;
use crate::{
    Published,
    fixtures::{Fake, container, port, template},
    ports::assign,
    records::{ContainerRecord, ReplicaRecord},
};

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn container_record(pid: u32) -> ContainerOf<Fake> {
    ContainerRecord {
        spec: Arc::new("web".to_owned()),
        image: Some("sha256:a".to_owned()),
        process: Some(pid),
        restarts: 0,
        failures: 0,
        started: false,
        ready: false,
        passed: None,
    }
}

/// A replica of two containers, whose processes run.
fn replica() -> Replica<Fake> {
    let containers = vec![container("web", &[port(8080, Some("http"))]), container("side", &[])];
    let ports = assign(&containers, &[20_001], Published::Declared);
    let record = ReplicaRecord {
        id: ReplicaId::from("web-r1-x"),
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        revision: RevisionHash::from("r1"),
        started_at: moment(1),
        ready_since: None,
        was_ready: false,
        retired_at: None,
        released: false,
        ports,
        template: Arc::new(template(containers)),
        containers: [
            ("web".to_owned(), container_record(10)),
            ("side".to_owned(), container_record(11)),
        ]
        .into(),
    };
    let mut replica = Replica::new(record);
    for now in replica.containers.values_mut() {
        now.run = Run::Running;
    }
    replica
}

fn set_ready(replica: &mut Replica<Fake>, container: &str, ready: bool, at: i64) {
    replica.record.containers.get_mut(container).unwrap().ready = ready;
    replica.settle(moment(at));
}

fn check(replica: &Replica<Fake>, state: ReplicaState, ready_since: Option<i64>) {
    let seen = replica.seen();
    assert_eq!((seen.state, seen.ready_since), (state, ready_since.map(moment)));
}

#[test]
fn a_replica_is_ready_when_all_its_containers_are() {
    let mut replica = replica();
    check(&replica, ReplicaState::Starting, None);
    set_ready(&mut replica, "web", true, 2);
    check(&replica, ReplicaState::Starting, None);
    set_ready(&mut replica, "side", true, 3);
    check(&replica, ReplicaState::Ready, Some(3));
    set_ready(&mut replica, "side", true, 4);
    check(&replica, ReplicaState::Ready, Some(3));
    set_ready(&mut replica, "web", false, 5);
    check(&replica, ReplicaState::NotReady, None);
    set_ready(&mut replica, "web", true, 6);
    check(&replica, ReplicaState::Ready, Some(6));
}

#[test]
fn a_process_that_was_started_again_has_never_been_ready() {
    let mut replica = replica();
    set_ready(&mut replica, "web", true, 2);
    set_ready(&mut replica, "side", true, 3);
    set_ready(&mut replica, "web", false, 4);
    check(&replica, ReplicaState::NotReady, None);
    // Another control plane knows it by the record alone.
    let mut adopted = Replica::<Fake>::new(replica.record.clone());
    for now in adopted.containers.values_mut() {
        now.run = Run::Running;
    }
    check(&adopted, ReplicaState::NotReady, None);
    for run in [Run::BackOff, Run::Starting, Run::Running] {
        replica.containers.get_mut("web").unwrap().run = run;
        replica.settle(moment(5));
    }
    check(&replica, ReplicaState::Starting, None);
    set_ready(&mut replica, "web", true, 6);
    check(&replica, ReplicaState::Ready, Some(6));
}

#[test]
fn what_is_wanted_of_a_replica_comes_before_how_it_is() {
    let mut replica = replica();
    set_ready(&mut replica, "web", true, 2);
    replica.containers.get_mut("side").unwrap().run = Run::BackOff;
    check(&replica, ReplicaState::BackOff, None);
    replica.record.retired_at = Some(moment(9));
    check(&replica, ReplicaState::Retiring { since: moment(9) }, None);
    replica.record.released = true;
    check(&replica, ReplicaState::Stopping, None);
}

#[test]
fn a_record_tells_what_is_wanted_after_a_restart_of_the_server() {
    let wanted = |retired_at: Option<Timestamp>, released: bool| {
        let record = ReplicaRecord { retired_at, released, ..replica().record };
        *Replica::<Fake>::new(record).wanted.borrow()
    };
    assert_eq!(wanted(None, false), Wanted::Running);
    assert_eq!(wanted(Some(moment(1)), false), Wanted::Retired);
    assert_eq!(wanted(Some(moment(1)), true), Wanted::Gone);
    let mut record = replica().record;
    record.ready_since = Some(moment(7));
    for container in record.containers.values_mut() {
        container.ready = true;
    }
    check(&Replica::<Fake>::new(record), ReplicaState::Ready, Some(7));
}

#[test]
fn only_processes_that_run_are_shown_and_ports_by_both_names() {
    let mut replica = replica();
    replica.containers.get_mut("side").unwrap().run = Run::BackOff;
    let seen = replica.seen();
    assert_eq!(seen.pids, [("web".to_owned(), 10)].into());
    let ports: Vec<String> =
        seen.ports.iter().map(|(name, address)| format!("{name} {address}")).collect();
    assert_eq!(ports, ["8080 127.0.0.1:20001", "http 127.0.0.1:20001"]);
}

#[test]
fn the_message_says_which_container_where_there_are_several() {
    let message = |change: &dyn Fn(&mut Replica<Fake>)| {
        let mut replica = replica();
        change(&mut replica);
        replica.seen().message
    };
    let set = |replica: &mut Replica<Fake>, name: &str, change: &dyn Fn(&mut ContainerNow)| {
        change(replica.containers.get_mut(name).unwrap());
    };
    assert_eq!(message(&|_| {}), None);
    let both = message(&|replica| {
        set(replica, "web", &|now| now.last_end = Some("it ended with exit code 1".to_owned()));
        set(replica, "side", &|now| {
            now.trouble = Some("slow".to_owned());
            now.last_end = Some("hidden by the trouble".to_owned());
            now.warnings = vec!["no limit".to_owned()];
        });
    });
    assert_eq!(
        both.as_deref(),
        Some("side: slow; side: no limit; web: it was started again: it ended with exit code 1")
    );
    let alone = message(&|replica| {
        replica.containers.remove("side");
        set(replica, "web", &|now| now.trouble = Some("slow".to_owned()));
    });
    assert_eq!(alone.as_deref(), Some("slow"));
}

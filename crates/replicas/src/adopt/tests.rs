use tidegate_units::{ObjectKey, Owner, ReplicaId, RevisionHash, Timestamp};

use super::*;
use crate::{
    fixtures::{Fake, container, template},
    records::{ContainerRecord, ReplicaRecord},
};

/// A replica of one container, which has ended since it was written down.
fn replica(started: bool, retired_at: Option<Timestamp>) -> ReplicaOf<Fake> {
    let web = ContainerRecord {
        spec: Arc::new("web".to_owned()),
        image: None,
        process: Some(10),
        restarts: 0,
        failures: 0,
        started,
        ready: started,
        passed: None,
    };
    ReplicaRecord {
        id: ReplicaId::from("web-r1-x"),
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        revision: RevisionHash::from("r1"),
        started_at: Timestamp::default(),
        ready_since: None,
        was_ready: false,
        retired_at,
        released: false,
        ports: BTreeMap::new(),
        template: Arc::new(template(vec![container("web", &[])])),
        containers: [("web".to_owned(), web)].into(),
    }
}

fn check(record: ReplicaOf<Fake>, restarts: u32) {
    let (record, ended) = mark::<Fake>(record, &BTreeMap::new(), "this boot");
    assert_eq!(ended, ["web".to_owned()].into());
    let web = &record.containers["web"];
    assert_eq!((web.restarts, web.process, web.started, web.ready), (restarts, None, false, false));
}

#[test]
fn what_came_up_and_ended_counts_as_started_again() {
    check(replica(true, None), 1);
    check(replica(true, Some(Timestamp::from_millis(1))), 0);
}

/// The last control plane may have ended between writing its process down and letting it run.
#[test]
fn what_is_not_known_to_have_run_does_not() {
    check(replica(false, None), 0);
}

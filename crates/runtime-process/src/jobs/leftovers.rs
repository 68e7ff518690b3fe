//! Processes of jobs, found by what they are marked with: of a job whose keeper is gone.

use std::{collections::BTreeSet, io};

use tidegate_replicas::Carrier as _;
use tidegate_units::ReplicaId;

use crate::{
    carrier::Processes,
    identity::all_pids,
    members::{Marks, Members},
};

/// The name of an attempt of a job.
pub(crate) fn attempt(job: &str, number: u32) -> ReplicaId {
    ReplicaId::from(format!("{job}-{number}"))
}

/// Of which job an attempt is.
pub(crate) fn job_of(attempt: &str) -> Option<&str> {
    let (job, number) = attempt.rsplit_once('-')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(job)
}

/// Ends all processes of the attempts of jobs that `gone` names. Says what does not end.
pub(crate) async fn end(carrier: &Processes, gone: impl Fn(&str) -> bool) -> Result<(), String> {
    let mut attempts: BTreeSet<String> = carrier.places.replicas();
    attempts.extend(marked(&carrier.id).map_err(|error| format!("what runs: {error}"))?);
    attempts.extend(carrier.volume_owners());
    for attempt in attempts.into_iter().filter(|one| job_of(one).is_some_and(&gone)) {
        let groups = carrier.places.procs(&attempt);
        let members = Members { replica: attempt.clone(), container: None, groups };
        members.kill().await.map_err(|error| format!("{attempt}: {error}"))?;
        carrier.places.forget(|name| name != attempt);
        carrier.gone(&ReplicaId::from(attempt)).await;
    }
    Ok(())
}

/// The attempts of jobs of this name of a data folder that have a process. An error is a want of this
/// machine.
fn marked(runtime: &str) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for pid in all_pids()? {
        let ours = Marks::of(pid)?.filter(|marks| marks.runtime.as_deref() == Some(runtime));
        found.extend(ours.map(|marks| marks.replica));
    }
    Ok(found)
}

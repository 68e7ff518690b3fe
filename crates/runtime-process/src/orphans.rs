//! Processes of replicas that no record knows: the record was damaged, or somebody removed it.
//!
//! What they need to be stopped as their template says went with the record. So they are given
//! time to leave the route table, then SIGTERM, and the grace period that Kubernetes gives to who
//! names none, then SIGKILL.

use std::{collections::BTreeSet, io, sync::Arc, time::Duration};

use rustix::process::Signal;
use tidegate_replicas::Shared;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    carrier::Processes,
    identity::all_pids,
    members::{Marks, Members},
};

/// The router is told of the replicas that are there within the first moments of a server; it
/// sends nothing to these from then on.
const LEAVE: Duration = Duration::from_secs(2);
/// From SIGTERM to SIGKILL: `terminationGracePeriodSeconds` where a template names none.
const GRACE: Duration = Duration::from_secs(30);
/// How soon it is looked again where this machine had no file to look with.
const AGAIN: Duration = Duration::from_secs(1);

/// Finds the processes of this data folder that belong to no replica, and ends them. `unreadable`
/// are the replicas whose records could not be read.
pub(crate) async fn end_orphans(shared: Arc<Shared<Processes>>, unreadable: BTreeSet<String>) {
    let orphans = loop {
        let (finder, names) = (Arc::clone(&shared), unreadable.clone());
        match tokio::task::spawn_blocking(move || find(&finder, &names)).await {
            Ok(Ok(orphans)) => break orphans,
            Ok(Err(error)) => tracing::warn!(%error, "it cannot be seen what runs here"),
            Err(error) => tracing::error!(%error, "the look for what runs here failed"),
        }
        tokio::time::sleep(AGAIN).await;
    };
    shared.tell_orphans(orphans.len());
    let mut tasks = JoinSet::new();
    for members in orphans {
        tasks.spawn(end(members));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Ok(replica) = ended {
            shared.carrier().places.forget(|name| name != replica);
        }
        shared.tell_orphans(tasks.len());
    }
}

/// By environment and by control group. Reads as much of `/proc` as there are processes. An error
/// is a want of this machine.
fn find(shared: &Shared<Processes>, unreadable: &BTreeSet<String>) -> io::Result<Vec<Members>> {
    let carrier = shared.carrier();
    let mut found = BTreeSet::new();
    for pid in all_pids()? {
        if let Some(marks) = Marks::of(pid)?
            && is_ours(&marks, &carrier.id, unreadable)
        {
            found.insert(marks.replica);
        }
    }
    found.extend(carrier.places.replicas());
    let mut orphans = Vec::new();
    for replica in found.into_iter().filter(|name| !shared.knows(name)) {
        let groups = carrier.places.procs(&replica);
        let members = Members { replica, container: None, groups };
        // Asked again after it was seen alive: one that is just being made has its groups before it
        // is known, but no process.
        if !members.alive()?.is_empty() && !shared.knows(&members.replica) {
            orphans.push(members);
        }
    }
    Ok(orphans)
}

/// Whether a process was started for this data folder. One of an earlier version does not say for
/// which; then its replica's record must be here. A replica's id is given once.
fn is_ours(marks: &Marks, id: &str, unreadable: &BTreeSet<String>) -> bool {
    match &marks.runtime {
        Some(runtime) => runtime == id,
        None => unreadable.contains(&marks.replica),
    }
}

/// Says of which replica they were.
async fn end(members: Members) -> String {
    let alive = members.alive().into_iter().flatten();
    let pids: Vec<u32> = alive.map(|member| member.identity.pid).collect();
    tracing::warn!(
        replica = members.replica,
        ?pids,
        "processes of a replica that no readable record knows are ended"
    );
    tokio::time::sleep(LEAVE).await;
    let deadline = Instant::now() + GRACE;
    members.signal(Signal::TERM, deadline, |_| true).await;
    members.gone_by(deadline).await;
    while let Err(error) = members.kill().await {
        tracing::error!(replica = members.replica, %error, "cannot be ended");
    }
    tracing::info!(replica = members.replica, "the processes that no record knew have ended");
    members.replica
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_processes_of_this_folder_are_ours() {
        let unreadable = BTreeSet::from(["web-r1-abc".to_owned()]);
        let check = |replica: &str, runtime: Option<&str>, expect| {
            let marks = Marks {
                replica: replica.to_owned(),
                container: None,
                runtime: runtime.map(str::to_owned),
            };
            assert_eq!(is_ours(&marks, "here", &unreadable), expect, "{marks:?}");
        };
        check("web-r1-xyz", Some("here"), true);
        check("web-r1-abc", Some("here"), true);
        check("web-r1-abc", Some("elsewhere"), false);
        check("web-r1-abc", None, true);
        check("web-r1-xyz", None, false);
    }
}

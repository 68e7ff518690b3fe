//! How a container is stopped: its `preStop` hook, SIGTERM, and when the grace period is over,
//! SIGKILL. The hook's time counts against the grace period, as in Kubernetes.

use std::time::Duration;

use rustix::process::Signal;
use tidegate_workload::ProbeAction;
use tokio::time::Instant;

use crate::{identity::ProcessIdentity, members::Members, probe::attempt::Target};

/// What is stopped, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop<'a> {
    /// For the hook.
    pub(crate) target: &'a Target,
    /// All processes of the container.
    pub(crate) members: &'a Members,
    /// The one that was started, the head of its process group.
    pub(crate) leader: &'a ProcessIdentity,
    /// The `preStop` hook.
    pub(crate) hook: Option<&'a ProbeAction>,
    /// From now to SIGKILL.
    pub(crate) grace: Duration,
}

/// After a hook that used up the grace period there is still this much for the process, as the
/// kubelet gives it.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// Stops a container and returns when its processes have ended or the grace period is over. What
/// is left then is for [`Members::kill`]. Says what went wrong with the hook.
pub(crate) async fn stop(order: &Stop<'_>) -> Result<(), String> {
    let deadline = Instant::now() + order.grace;
    let hook = run_hook(order).await;
    let deadline = deadline.max(Instant::now() + LAST_GRACE.min(order.grace));
    let leader = order.leader;
    let as_group = leader.is_alive();
    leader.signal_group(Signal::TERM);
    // Nobody is told twice, for many take a second SIGTERM as a sign of impatience. When the head
    // of the group is gone, so is the group as an address.
    order.members.signal(Signal::TERM, |member| !as_group || member.group != leader.pid);
    order.members.gone_by(deadline).await;
    hook
}

async fn run_hook(order: &Stop<'_>) -> Result<(), String> {
    let Some(action) = order.hook else {
        return Ok(());
    };
    // A process that has ended has nothing to prepare.
    tokio::select! {
        done = order.target.attempt(action, order.grace) => {
            done.map_err(|why| format!("preStop hook: {why}"))
        }
        () = order.leader.ended() => Ok(()),
        () = tokio::time::sleep(order.grace) => {
            Err("preStop hook: it took the whole grace period".to_owned())
        }
    }
}

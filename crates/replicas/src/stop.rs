//! How a container is stopped: its `preStop` hook, SIGTERM, and when the grace period is over,
//! SIGKILL. The hook's time counts against the grace period, as in Kubernetes.

use std::time::Duration;

use tidegate_workload::ProbeAction;
use tokio::time::Instant;

use crate::{Carrier, Running, Unit, probe::attempt::Target};

/// What is stopped, and how.
#[derive(Debug)]
pub(crate) struct Stop<'a, C: Carrier> {
    /// The container.
    pub(crate) target: &'a Target<C>,
    /// What runs.
    pub(crate) running: &'a Running<C>,
    /// The `preStop` hook.
    pub(crate) hook: Option<&'a ProbeAction>,
    /// From now to SIGKILL.
    pub(crate) grace: Duration,
}

/// After a hook that used up the grace period there is still this much for the process, as the
/// kubelet gives it.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// Stops a container and returns when it has ended or the grace period is over. What is left then
/// is for [`Unit::clear`]. Says what went wrong with the hook.
///
/// As the kubelet does it, the hooks of a replica are run at the same time, and the signals are
/// sent to each in its turn, while the grace period, which is one for all of them, lasts.
pub(crate) async fn stop<C: Carrier>(
    order: &Stop<'_, C>,
    turn: impl Future<Output = ()>,
) -> Result<(), String> {
    let deadline = Instant::now() + order.grace;
    let hook = run_hook(order).await;
    tokio::select! {
        () = turn => {}
        _ = order.running.ended() => {}
        () = tokio::time::sleep_until(deadline) => {}
    }
    let deadline = deadline.max(Instant::now() + LAST_GRACE.min(order.grace));
    order.target.unit.terminate(&order.running.process, deadline).await;
    hook
}

async fn run_hook<C: Carrier>(order: &Stop<'_, C>) -> Result<(), String> {
    let Some(action) = order.hook else {
        return Ok(());
    };
    // A process that has ended has nothing to prepare.
    tokio::select! {
        done = order.target.attempt(action, order.grace) => {
            done.map_err(|why| format!("preStop hook: {why}"))
        }
        _ = order.running.ended() => Ok(()),
        () = tokio::time::sleep(order.grace) => {
            Err("preStop hook: it took the whole grace period".to_owned())
        }
    }
}

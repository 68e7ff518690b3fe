//! When probes are tried, and what follows for the container.

use std::time::Duration;

use tidegate_workload::{PortRef, Probe, ProbeAction};
use tokio::time::Instant;

use crate::{Carrier, Published};

use super::{Turn, Verdict, attempt::Target};

/// Until a startup or readiness probe first passes, it is also tried between its periods, this far
/// apart: a service that is up after 300 ms need not wait for its second. It is harmless, since a
/// failure between two periods does not count.
const EAGER: Duration = Duration::from_millis(100);

/// After an eager try comes a rest so many times as long as it took: a command that an engine runs
/// costs it a good part of a second, and what is being started needs that as well.
const REST: u32 = 4;

/// The shortest period; the API of Kubernetes knows only whole seconds.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);

/// What a probe says of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Its startup probe passed, or it has none.
    Started,
    /// It can be given traffic.
    Ready,
    /// It cannot, and why.
    NotReady(String),
}

/// What was known of the container before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing: it was just started.
    New,
    /// It runs since an earlier life of the control plane.
    Adopted {
        /// Whether its startup probe had passed.
        started: bool,
        /// Whether it was ready.
        ready: bool,
    },
}

/// Tries the probes of a container, and tells what it finds, until the container has to be
/// restarted. Never returns else; it is dropped when the container ends.
pub(crate) async fn watch<C: Carrier>(
    target: &Target<C>,
    before: Before,
    mut tell: impl FnMut(Finding) + Send,
) -> (String, Option<Duration>) {
    let (started, ready) = match before {
        Before::New => (false, false),
        Before::Adopted { started, ready } => (started, ready),
    };
    let container = &target.container;
    if !started
        && let Some(probe) = &container.startup
        && let Some(restart) = starting(target, probe, &mut tell).await
    {
        return restart;
    }
    tell(Finding::Started);
    let readiness = readiness(target, ready, tell);
    let liveness = liveness(target);
    tokio::select! {
        // Of both at one moment the restart counts: what is told then is of no use any more.
        biased;
        restart = liveness => restart,
        () = readiness => std::future::pending().await,
    }
}

/// Returns `None` once the startup probe has passed.
async fn starting<C: Carrier>(
    target: &Target<C>,
    probe: &Probe,
    tell: &mut impl FnMut(Finding),
) -> Option<(String, Option<Duration>)> {
    let mut schedule = Schedule::new(probe, Pace::EagerUntilPassing);
    let mut verdict = Verdict::new(false, probe);
    loop {
        let counts = schedule.next(verdict.is_passing()).await;
        match target.attempt(&probe.action, probe.timeout).await {
            Ok(()) => {
                if verdict.take(true) == Some(Turn::Passing) {
                    return None;
                }
            }
            Err(failure) => {
                let why = format!("startup probe: {failure}");
                tell(Finding::NotReady(why.clone()));
                let counts = counts && failure.is_known();
                if counts && verdict.take(false) == Some(Turn::Failing) {
                    return Some((why, probe.termination_grace));
                }
            }
        }
    }
}

/// Without a readiness probe a container is ready at once, as in Kubernetes, unless it has ports:
/// then it is ready when it first accepts a connection on the first of them, since a router would
/// else send it requests before it listens.
async fn readiness<C: Carrier>(target: &Target<C>, ready: bool, mut tell: impl FnMut(Finding)) {
    let Some(probe) = &target.container.readiness else {
        if !ready && let Some(port) = target.container.ports.iter().find(|port| !port.udp) {
            listening(target, &PortRef::Number(port.number), &mut tell).await;
        }
        tell(Finding::Ready);
        return std::future::pending().await;
    };
    let pace = if ready { Pace::Steady } else { Pace::EagerUntilPassing };
    let mut schedule = Schedule::new(probe, pace);
    let mut verdict = Verdict::new(ready, probe);
    loop {
        let counts = schedule.next(verdict.is_passing()).await;
        match target.attempt(&probe.action, probe.timeout).await {
            Ok(()) => {
                if verdict.take(true) == Some(Turn::Passing) {
                    tell(Finding::Ready);
                }
            }
            Err(failure) => {
                let counts = counts && failure.is_known();
                let failing = counts && verdict.take(false) == Some(Turn::Failing);
                if failing || !verdict.is_passing() {
                    tell(Finding::NotReady(format!("readiness probe: {failure}")));
                }
            }
        }
    }
}

async fn listening<C: Carrier>(target: &Target<C>, port: &PortRef, tell: &mut impl FnMut(Finding)) {
    let action = ProbeAction::Tcp { port: port.clone(), host: None };
    while let Err(why) = target.attempt(&action, Duration::from_secs(1)).await {
        let text = match C::PUBLISHED {
            Published::Declared => {
                format!(
                    "nothing listens on its first port yet ({why}); it is told which one as PORT"
                )
            }
            Published::AndProbed => format!(
                "nothing listens on its first port yet ({why}); it must listen on 0.0.0.0 or ::, \
                 since 127.0.0.1 is its own inside the container"
            ),
        };
        tell(Finding::NotReady(text));
        tokio::time::sleep(EAGER).await;
    }
}

async fn liveness<C: Carrier>(target: &Target<C>) -> (String, Option<Duration>) {
    let Some(probe) = &target.container.liveness else {
        return std::future::pending().await;
    };
    let mut schedule = Schedule::new(probe, Pace::Steady);
    let mut verdict = Verdict::new(true, probe);
    loop {
        schedule.next(true).await;
        let answer = target.attempt(&probe.action, probe.timeout).await;
        if answer.as_ref().is_err_and(|failure| !failure.is_known()) {
            continue;
        }
        if verdict.take(answer.is_ok()) == Some(Turn::Failing)
            && let Err(why) = answer
        {
            return (format!("liveness probe: {why}"), probe.termination_grace);
        }
    }
}

/// Whether a probe is tried between its periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Steady,
    EagerUntilPassing,
}

/// The moments at which a probe is tried.
struct Schedule {
    due: Instant,
    period: Duration,
    pace: Pace,
    /// When the last try began: before the first the initial delay is kept in full.
    last: Option<Instant>,
}

impl Schedule {
    fn new(probe: &Probe, pace: Pace) -> Self {
        Self {
            due: Instant::now() + probe.initial_delay,
            period: probe.period.max(SHORTEST_PERIOD),
            pace,
            last: None,
        }
    }

    /// Waits for the next try. Says whether a failure of it counts: it does on the period.
    async fn next(&mut self, passing: bool) -> bool {
        if passing {
            self.pace = Pace::Steady;
        }
        let tried = self.last.map(|last| last.elapsed());
        let soon = tried.map(|took| Instant::now() + EAGER.max(took * REST));
        let early = soon.filter(|soon| self.pace == Pace::EagerUntilPassing && *soon < self.due);
        tokio::time::sleep_until(early.unwrap_or(self.due)).await;
        let now = Instant::now();
        self.last = Some(now);
        if early.is_none() {
            self.due = now + self.period;
        }
        early.is_none()
    }
}

#[cfg(test)]
mod tests;

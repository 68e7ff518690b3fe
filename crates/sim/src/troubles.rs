//! What troubles the machine for a while.

use std::{sync::Arc, time::Duration};

use tidegate_testkit::Says;
use tidegate_units::RevisionHash;
use tokio::time::{Instant, sleep};

use crate::{
    apps::{key, revision},
    doors::Machine,
    life::World,
    script::{App, ClockTrouble, Lie, MetricsTrouble, StoreTrouble},
};

/// Processes.
impl World {
    /// Killed again and again, as long as it gets requests.
    pub(crate) fn out_of_memory(&self, app: App, number: u64, every: Duration, lasts: Duration) {
        let (machine, one) = (Arc::clone(&self.machine), revision(app, number));
        tokio::spawn(async move {
            let end = Instant::now() + lasts;
            let mut carried = 0;
            while Instant::now() < end && !machine.state().peace {
                sleep(every).await;
                let (requests, _) = machine.router.counted(&key(app), &one);
                if requests > carried {
                    machine.note(&format!("out of memory: {one}"));
                    machine.runtime.out_of_memory(&one);
                }
                carried = requests;
            }
        });
    }

    pub(crate) fn deaf(&self, app: App, number: u64, lasts: Duration) {
        let one = revision(app, number);
        self.machine.runtime.is_deaf(&one);
        self.later(lasts, move |machine| machine.runtime.hears(&one));
    }

    pub(crate) fn probes(&self, app: App, number: u64, lie: Lie, lasts: Duration) {
        let one = revision(app, number);
        match lie {
            Lie::OneIsNot => self.machine.runtime.unready(&one, 1),
            Lie::NoneIs => self.machine.runtime.unready(&one, usize::MAX),
            Lie::ByTurns(each) => {
                tokio::spawn(flap(Arc::clone(&self.machine), one, each, lasts));
                return;
            }
        }
        self.later(lasts, move |machine| machine.runtime.ready_again(&one));
    }
}

async fn flap(machine: Arc<Machine>, one: RevisionHash, each: Duration, lasts: Duration) {
    let end = Instant::now() + lasts;
    while Instant::now() < end && !machine.state().peace {
        machine.runtime.unready(&one, usize::MAX);
        sleep(each).await;
        machine.runtime.ready_again(&one);
        sleep(each).await;
    }
}

/// Everything else.
impl World {
    pub(crate) fn later(&self, after: Duration, then: impl FnOnce(&Machine) + Send + 'static) {
        let machine = Arc::clone(&self.machine);
        tokio::spawn(async move {
            sleep(after).await;
            then(&machine);
        });
    }

    pub(crate) fn store(&self, trouble: StoreTrouble, lasts: Duration) {
        self.machine.state().store = Some(trouble);
        if trouble == StoreTrouble::Full {
            self.machine.store.fail();
        }
        self.later(lasts, |machine| {
            machine.state().store = None;
            machine.store.recover();
        });
    }

    pub(crate) fn ill(&self, trouble: MetricsTrouble, lasts: Duration) {
        self.metrics.says(match trouble {
            MetricsTrouble::Down => Says::Error("connection refused".to_owned()),
            MetricsTrouble::Silent => Says::Nothing,
            MetricsTrouble::Slow => Says::Slowly(1.0, Duration::from_secs(4)),
            MetricsTrouble::Wrong => Says::Number(0.1),
            MetricsTrouble::NotANumber => Says::Number(f64::NAN),
            MetricsTrouble::Empty => Says::Empty,
            MetricsTrouble::Repeats => Says::Echo,
        });
        let metrics = Arc::clone(&self.metrics);
        tokio::spawn(async move {
            sleep(lasts).await;
            metrics.says(Says::Number(1.0));
        });
    }

    pub(crate) fn wrong_clock(&self, trouble: ClockTrouble) {
        match trouble {
            ClockTrouble::Ahead(by) => self.clock.jump_ahead(by),
            ClockTrouble::Back(by) => self.clock.jump_back(by),
            ClockTrouble::Stands(lasts) => {
                self.clock.stand();
                let clock = Arc::clone(&self.clock);
                tokio::spawn(async move {
                    sleep(lasts).await;
                    clock.go_on();
                });
            }
        }
    }
}

//! What replicas use: looked at every two seconds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

use tidegate_ports::Usage;
use tidegate_units::ReplicaId;
use tokio::time::{Instant, MissedTickBehavior};

use crate::{Carrier, Reading, Shared};

/// The grain at which usage is shown; reading it costs a few small files, or one question, per
/// container.
const EVERY: Duration = Duration::from_secs(2);

/// Reads the usage of all replicas until the runtime is dropped.
pub(crate) async fn look_again_and_again<C: Carrier>(shared: Arc<Shared<C>>) {
    let weak: Weak<Shared<C>> = Arc::downgrade(&shared);
    drop(shared);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last: BTreeMap<ReplicaId, (Instant, Reading)> = BTreeMap::new();
    loop {
        ticks.tick().await;
        let Some(shared) = weak.upgrade() else { return };
        let readings = shared.carrier().readings(shared.looks()).await;
        let now = Instant::now();
        let usages = readings
            .iter()
            .filter_map(|(id, reading)| {
                let (then, before) = last.get(id)?;
                Some((id.clone(), usage(*before, *reading, now - *then)))
            })
            .collect();
        shared.note_usage(&usages);
        last = readings.into_iter().map(|(id, reading)| (id, (now, reading))).collect();
    }
}

fn usage(before: Reading, now: Reading, over: Duration) -> Usage {
    let micros = u64::try_from(over.as_micros()).unwrap_or(u64::MAX).max(1);
    Usage {
        // After a restart of the container the sum may be less than before.
        cpu_millis: now.cpu_us.saturating_sub(before.cpu_us).saturating_mul(1000) / micros,
        memory_bytes: now.memory_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(cpu_us: u64, memory_bytes: u64) -> Reading {
        Reading { cpu_us, memory_bytes }
    }

    #[test]
    fn cpu_is_told_in_thousandths_of_a_core_over_the_interval() {
        let over = Duration::from_secs(2);
        let check = |before, now, expect: u64| {
            assert_eq!(usage(reading(before, 0), reading(now, 7), over).cpu_millis, expect);
        };
        check(0, 2_000_000, 1000);
        check(1_000_000, 1_500_000, 250);
        check(5_000_000, 9_000_000, 2000);
        check(5_000_000, 1, 0);
        assert_eq!(usage(reading(0, 1), reading(0, 7), Duration::ZERO).memory_bytes, 7);
    }
}

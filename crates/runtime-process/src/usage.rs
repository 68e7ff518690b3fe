//! What replicas use: looked at every two seconds.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use tidegate_ports::Usage;
use tidegate_units::ReplicaId;
use tokio::time::{Instant, MissedTickBehavior};

use crate::{
    cgroup::Group,
    identity::{all_pids, stat},
    state::Shared,
};

/// The grain at which usage is shown; reading it costs a few small files per container.
const EVERY: Duration = Duration::from_secs(2);

/// What is looked at of one container.
struct Look {
    replica: ReplicaId,
    leader: Option<u32>,
    group: Group,
}

/// CPU time so far in microseconds and memory in bytes.
type Reading = (u64, u64);

/// Reads the usage of all replicas until the runtime is dropped.
pub(crate) async fn look_again_and_again(shared: Arc<Shared>) {
    let weak: Weak<Shared> = Arc::downgrade(&shared);
    drop(shared);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last: BTreeMap<ReplicaId, (Instant, Reading)> = BTreeMap::new();
    loop {
        ticks.tick().await;
        let Some(shared) = weak.upgrade() else { return };
        let looks = looks(&shared);
        let Ok(readings) = tokio::task::spawn_blocking(move || read_all(&looks)).await else {
            continue;
        };
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
        cpu_millis: now.0.saturating_sub(before.0).saturating_mul(1000) / micros,
        memory_bytes: now.1,
    }
}

fn looks(shared: &Shared) -> Vec<Look> {
    let state = shared.state();
    state
        .replicas
        .values()
        .flat_map(|replica| {
            let record = &replica.record;
            record.containers.iter().map(|(name, container)| Look {
                replica: record.id.clone(),
                leader: container.process.as_ref().map(|process| process.pid),
                group: Group::at(&shared.places, &Path::new(record.id.as_str()).join(name)),
            })
        })
        .collect()
}

fn read_all(looks: &[Look]) -> BTreeMap<ReplicaId, Reading> {
    let mut readings: BTreeMap<ReplicaId, Reading> = BTreeMap::new();
    // Read at most once, and only where a control group does not tell.
    let mut groups: Option<BTreeMap<u32, Reading>> = None;
    for look in looks {
        let (cpu, memory) = match (look.group.cpu_used_us(), look.group.memory_used()) {
            (Some(cpu), Some(memory)) => (cpu, memory),
            (cpu, memory) => {
                let groups = groups.get_or_insert_with(by_process_group);
                let summed = look.leader.and_then(|leader| groups.get(&leader));
                let (cpu_sum, memory_sum) = summed.copied().unwrap_or_default();
                (cpu.unwrap_or(cpu_sum), memory.unwrap_or(memory_sum))
            }
        };
        let sum = readings.entry(look.replica.clone()).or_default();
        sum.0 = sum.0.saturating_add(cpu);
        sum.1 = sum.1.saturating_add(memory);
    }
    readings
}

/// Sums over all processes of the machine, by process group.
fn by_process_group() -> BTreeMap<u32, Reading> {
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let page = rustix::param::page_size() as u64;
    let mut groups: BTreeMap<u32, Reading> = BTreeMap::new();
    for pid in all_pids() {
        let Ok(stat) = stat(pid) else { continue };
        let sum = groups.entry(stat.group).or_default();
        sum.0 = sum.0.saturating_add(stat.cpu_ticks.saturating_mul(1_000_000) / ticks);
        sum.1 = sum.1.saturating_add(stat.resident_pages.saturating_mul(page));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_told_in_thousandths_of_a_core_over_the_interval() {
        let over = Duration::from_secs(2);
        let check = |before, now, expect: u64| {
            assert_eq!(usage((before, 0), (now, 7), over).cpu_millis, expect);
        };
        check(0, 2_000_000, 1000);
        check(1_000_000, 1_500_000, 250);
        check(5_000_000, 9_000_000, 2000);
        check(5_000_000, 1, 0);
        assert_eq!(usage((0, 1), (0, 7), Duration::ZERO).memory_bytes, 7);
    }

    #[test]
    fn the_group_of_this_process_uses_something() {
        let own = stat(std::process::id()).unwrap();
        let (_, memory) = by_process_group()[&own.group];
        assert!(memory > 100_000, "{memory}");
    }
}

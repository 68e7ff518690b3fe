//! What replicas use: by control group, or by process group where a control group does not tell.

use std::{collections::BTreeMap, io, path::Path};

use tidegate_replicas::{Look, Reading};
use tidegate_units::ReplicaId;

use crate::{
    carrier::Processes,
    cgroup::{Group, Places},
    identity::{all_pids, look},
};

/// Reads what the replicas use by now. It reads files, so it is not for an async thread. An error is
/// a want of this machine.
pub(crate) fn read_all(
    places: &Places,
    looks: &[Look<Processes>],
) -> io::Result<BTreeMap<ReplicaId, Reading>> {
    let mut readings: BTreeMap<ReplicaId, Reading> = BTreeMap::new();
    // Read at most once, and only where a control group does not tell.
    let mut groups: Option<BTreeMap<u32, Reading>> = None;
    for look in looks {
        let group = Group::at(places, &Path::new(look.replica.as_str()).join(&look.container));
        let (cpu_us, memory_bytes) = match (group.cpu_used_us(), group.memory_used()) {
            (Some(cpu), Some(memory)) => (cpu, memory),
            (cpu, memory) => {
                let groups = match &mut groups {
                    Some(groups) => groups,
                    none => none.insert(by_process_group()?),
                };
                let leader = look.process.as_ref().map(|process| process.pid);
                let summed = leader.and_then(|leader| groups.get(&leader));
                let sum = summed.copied().unwrap_or_default();
                (cpu.unwrap_or(sum.cpu_us), memory.unwrap_or(sum.memory_bytes))
            }
        };
        readings.entry(look.replica.clone()).or_default().add(Reading { cpu_us, memory_bytes });
    }
    Ok(readings)
}

/// Sums over all processes of the machine, by process group.
fn by_process_group() -> io::Result<BTreeMap<u32, Reading>> {
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let page = rustix::param::page_size() as u64;
    let mut groups: BTreeMap<u32, Reading> = BTreeMap::new();
    for pid in all_pids()? {
        let Some(stat) = look(pid)? else { continue };
        groups.entry(stat.group).or_default().add(Reading {
            cpu_us: stat.cpu_ticks.saturating_mul(1_000_000) / ticks,
            memory_bytes: stat.resident_pages.saturating_mul(page),
        });
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_this_process_uses_something() {
        let own = look(std::process::id()).unwrap().unwrap();
        let memory = by_process_group().unwrap()[&own.group].memory_bytes;
        assert!(memory > 100_000, "{memory}");
    }
}

//! Replicas that have no memory left, and when they died of it.

use std::{collections::BTreeMap, fs};

use crate::{
    processes::{Role, replicas},
    release::MEMORY_LIMIT,
    round::Scene,
    strike::SETTLED_MS,
};

/// Those that may die of it: of which application and revision, and how much memory they have in bytes.
pub(crate) type Dying = BTreeMap<u32, (u32, String, u64)>;

/// Who of `before` has died of a want of memory since: what was under way to them is lost. One that
/// had less than half of what it may have did not die of that.
pub(crate) fn sample(scene: &Scene, before: Dying, from: i64, to: i64) -> Dying {
    let now = dying(scene);
    for (pid, (app, version, memory)) in before {
        if !now.contains_key(&pid) && memory >= MEMORY_LIMIT / 2 {
            let why = format!("replica {pid} of {version} had no memory left");
            scene.stand.story.tell(&why);
            scene.stand.excuse(Some(app), from, to + SETTLED_MS, &why);
        }
    }
    now
}

fn dying(scene: &Scene) -> Dying {
    let mut found = Dying::new();
    for app in &scene.apps {
        let starving = app.known().starving.clone();
        if starving.is_empty() {
            continue;
        }
        for process in replicas(app.number) {
            if let Role::Replica { version, .. } = process.role
                && starving.contains(&version)
            {
                let memory = memory(process.pid).unwrap_or(0);
                found.insert(process.pid, (app.number, version, memory));
            }
        }
    }
    found
}

/// What a process has in memory, in bytes.
fn memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

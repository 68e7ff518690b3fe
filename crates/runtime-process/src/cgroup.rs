//! Control groups: limits, membership and readings, by version 2 or version 1.

mod place;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tidegate_workload::ResourceAmounts;

pub(crate) use place::Places;

/// The scheduler's accounting period in microseconds; the kernel's own default.
const CPU_PERIOD_US: u64 = 100_000;
/// The least quota in microseconds that the kernel takes.
const CPU_QUOTA_MIN_US: u64 = 1_000;

/// The control groups of one container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// For membership, and for CPU time where its hierarchy counts that.
    folders: Vec<(Kind, PathBuf)>,
}

/// What a folder in a hierarchy can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Version 2, with the controllers that are switched on there.
    Unified { cpu: bool, memory: bool },
    /// Version 1, `cpu`.
    Cpu,
    /// Version 1, `cpuacct`.
    CpuAccounting,
    /// Version 1, `memory`.
    Memory,
    /// Version 1, some other: used for membership alone.
    Membership,
}

impl Group {
    /// Makes the groups of a container, and sets its limits. Each limit that cannot be had is
    /// said in a sentence; a machine without control groups gives an empty group.
    pub(crate) fn create(
        places: &Places,
        name: &Path,
        limits: &ResourceAmounts,
    ) -> (Self, Vec<String>) {
        let group = Self::at(places, name);
        let mut made = Self::default();
        let mut problems = Vec::new();
        for (kind, folder) in group.folders {
            match fs::create_dir_all(&folder).and_then(|()| place::pass_down(&folder, kind)) {
                Ok(()) => made.folders.push((kind, folder)),
                Err(error) => problems.push(format!("{}: {error}", folder.display())),
            }
        }
        let warnings = made.limit(limits, &problems);
        (made, warnings)
    }

    /// The groups that a container of this name has, if it has any.
    pub(crate) fn at(places: &Places, name: &Path) -> Self {
        let folders = places.folders().map(|(kind, folder)| (kind, folder.join(name))).collect();
        Self { folders }
    }

    fn limit(&self, limits: &ResourceAmounts, problems: &[String]) -> Vec<String> {
        let because = match problems {
            [] => "no control group of this machine can be used for it".to_owned(),
            some => some.join("; "),
        };
        let mut warnings = Vec::new();
        let mut check = |what: &str, done: io::Result<bool>| match done {
            Ok(true) => {}
            Ok(false) => warnings.push(format!("the {what} limit is not enforced: {because}")),
            Err(error) => warnings.push(format!("the {what} limit is not enforced: {error}")),
        };
        if let Some(millis) = limits.cpu_millis {
            check("CPU", self.limit_cpu(millis));
        }
        if let Some(bytes) = limits.memory_bytes {
            check("memory", self.limit_memory(bytes));
        }
        warnings
    }

    fn limit_cpu(&self, millis: u64) -> io::Result<bool> {
        let quota = (millis.saturating_mul(CPU_PERIOD_US) / 1000).max(CPU_QUOTA_MIN_US);
        for (kind, folder) in &self.folders {
            match kind {
                Kind::Unified { cpu: true, .. } => {
                    fs::write(folder.join("cpu.max"), format!("{quota} {CPU_PERIOD_US}"))?;
                    return Ok(true);
                }
                Kind::Cpu => {
                    fs::write(folder.join("cpu.cfs_period_us"), CPU_PERIOD_US.to_string())?;
                    fs::write(folder.join("cpu.cfs_quota_us"), quota.to_string())?;
                    return Ok(true);
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn limit_memory(&self, bytes: u64) -> io::Result<bool> {
        let bytes = bytes.to_string();
        for (kind, folder) in &self.folders {
            match kind {
                Kind::Unified { memory: true, .. } => {
                    fs::write(folder.join("memory.max"), &bytes)?;
                    // Without this it would swap instead of ending; not every kernel has it.
                    let _ = fs::write(folder.join("memory.swap.max"), "0");
                    return Ok(true);
                }
                Kind::Memory => {
                    fs::write(folder.join("memory.limit_in_bytes"), &bytes)?;
                    let _ = fs::write(folder.join("memory.memsw.limit_in_bytes"), &bytes);
                    return Ok(true);
                }
                _ => {}
            }
        }
        Ok(false)
    }

    /// The files that a process writes its pid to, and that name the members.
    pub(crate) fn procs(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|(_, folder)| folder.join("cgroup.procs")).collect()
    }

    /// CPU time used so far, in microseconds.
    pub(crate) fn cpu_used_us(&self) -> Option<u64> {
        self.folders.iter().find_map(|(kind, folder)| match kind {
            Kind::Unified { .. } => entry(&folder.join("cpu.stat"), "usage_usec"),
            Kind::CpuAccounting => Some(number(&folder.join("cpuacct.usage"))? / 1000),
            _ => None,
        })
    }

    /// Resident memory in bytes: of the processes, without the page cache.
    pub(crate) fn memory_used(&self) -> Option<u64> {
        self.folders.iter().find_map(|(kind, folder)| match kind {
            Kind::Unified { memory: true, .. } => entry(&folder.join("memory.stat"), "anon"),
            Kind::Memory => entry(&folder.join("memory.stat"), "total_rss"),
            _ => None,
        })
    }

    /// How often the kernel has ended a member because the memory limit was reached; none where
    /// that cannot be read.
    pub(crate) fn memory_kills(&self) -> Option<u64> {
        self.folders.iter().find_map(|(kind, folder)| match kind {
            Kind::Unified { memory: true, .. } => entry(&folder.join("memory.events"), "oom_kill"),
            Kind::Memory => entry(&folder.join("memory.oom_control"), "oom_kill"),
            _ => None,
        })
    }

    /// Whether the kernel has ended a member so since it was this often.
    pub(crate) fn has_killed_since(&self, before: Option<u64>) -> bool {
        before.zip(self.memory_kills()).is_some_and(|(before, now)| now > before)
    }

    /// Removes the groups. They must be empty; one that is not stays.
    pub(crate) fn remove(&self) {
        for (_, folder) in &self.folders {
            let _ = fs::remove_dir(folder);
            if let Some(above) = folder.parent() {
                // Shared by the containers of a replica: the last one takes it away.
                let _ = fs::remove_dir(above);
            }
        }
    }
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn entry(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(folder: &Path, kind: Kind) -> Group {
        Group { folders: vec![(kind, folder.to_owned())] }
    }

    fn amounts(cpu_millis: Option<u64>, memory_bytes: Option<u64>) -> ResourceAmounts {
        ResourceAmounts { cpu_millis, memory_bytes }
    }

    #[test]
    fn limits_are_written_as_each_version_wants_them() {
        let both = amounts(Some(250), Some(1 << 20));
        let cases = [
            (
                Kind::Unified { cpu: true, memory: true },
                vec![("cpu.max", "25000 100000"), ("memory.max", "1048576")],
                vec![],
            ),
            (
                Kind::Cpu,
                vec![("cpu.cfs_quota_us", "25000"), ("cpu.cfs_period_us", "100000")],
                vec![
                    "the memory limit is not enforced: no control group of this machine can be used for it",
                ],
            ),
            (
                Kind::Memory,
                vec![("memory.limit_in_bytes", "1048576")],
                vec![
                    "the CPU limit is not enforced: no control group of this machine can be used for it",
                ],
            ),
        ];
        for (kind, files, warnings) in cases {
            let folder = tempfile::tempdir().unwrap();
            assert_eq!(group(folder.path(), kind).limit(&both, &[]), warnings);
            for (file, text) in files {
                assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), text);
            }
        }
    }

    #[test]
    fn nothing_is_said_where_no_limit_is_asked_for() {
        assert!(Group::default().limit(&amounts(None, None), &[]).is_empty());
        let said = Group::default().limit(&amounts(Some(1), None), &["/x: denied".to_owned()]);
        assert_eq!(said, ["the CPU limit is not enforced: /x: denied"]);
    }

    #[test]
    fn readings_come_from_the_files_of_each_version() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("cpu.stat", "usage_usec 1500\nuser_usec 1"),
            ("memory.stat", "anon 4096\ntotal_rss 8192\n"),
            ("memory.events", "oom 1\noom_kill 3\n"),
            ("memory.oom_control", "oom_kill_disable 0\noom_kill 2\n"),
            ("cpuacct.usage", "9000000\n"),
        ] {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let unified = group(folder.path(), Kind::Unified { cpu: true, memory: true });
        assert_eq!(unified.cpu_used_us(), Some(1500));
        assert_eq!(unified.memory_used(), Some(4096));
        assert_eq!(unified.memory_kills(), Some(3));
        assert!(unified.has_killed_since(Some(2)));
        assert!(!unified.has_killed_since(Some(3)) && !unified.has_killed_since(None));
        let first = group(folder.path(), Kind::Memory);
        assert_eq!(first.memory_used(), Some(8192));
        assert_eq!(first.memory_kills(), Some(2));
        assert_eq!(group(folder.path(), Kind::CpuAccounting).cpu_used_us(), Some(9000));
    }
}

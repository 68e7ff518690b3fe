use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

/// What every runtime is set up with.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// The data folder.
    pub data: PathBuf,
    /// Which ports replicas are given.
    pub ports: PortPool,
    /// How much of what a container writes is kept.
    pub logs: LogLimits,
    /// How soon a container that ended is started again.
    pub backoff: RestartBackoff,
    /// How many replicas this machine runs at the most, of all rollouts.
    pub most_replicas: usize,
}

/// Which ports of the loopback address replicas are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortPool {
    /// Any that the kernel finds free. It may lend the same port to an outgoing connection while
    /// a replica is between two starts; the replica is then given another.
    Ephemeral,
    /// One of these.
    Range(RangeInclusive<u16>),
}

impl Default for PortPool {
    /// 20000 to 29999: below the ports that Linux lends to outgoing connections (32768 and up, see
    /// `ip_local_port_range`), so that nothing takes a replica's port while it restarts.
    fn default() -> Self {
        Self::Range(20_000..=29_999)
    }
}

/// How much of what a container writes is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// From this size on, in bytes, the file is rotated. Default 10 MiB, as the kubelet does.
    pub file_bytes: u64,
    /// How many rotated files are kept beside the current one; at least 1. Default 5.
    pub rotated: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { file_bytes: 10 << 20, rotated: 5 }
    }
}

/// How soon a container that ended is started again: after `first`, then twice that, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartBackoff {
    /// The first wait. Default 1 s (the kubelet waits 10 s, for it may have to pull the image).
    pub first: Duration,
    /// The longest wait. Default 5 min, as the kubelet.
    pub longest: Duration,
    /// A container that ran this long starts from `first` again. Default 10 min, as the kubelet.
    pub reset_after: Duration,
}

impl Default for RestartBackoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_mins(5),
            reset_after: Duration::from_mins(10),
        }
    }
}

impl RestartBackoff {
    /// How long to wait when `failures` runs in a row, this one included, ended too early.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = RestartBackoff::default();
        let waits: Vec<u64> =
            [1, 2, 3, 8, 9, 10, 4000].map(|failures| backoff.wait(failures).as_secs()).into();
        assert_eq!(waits, [1, 2, 4, 128, 256, 300, 300]);
    }
}

//! A machine with no port left.

use std::{fs, net::TcpListener};

/// From which ports the kernel chooses where nobody names one; of this world alone.
const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The few that are left.
const FEW: std::ops::RangeInclusive<u16> = 61_000..=61_015;

/// Ports that are used up, until it is dropped.
pub(crate) struct UsedUp {
    before: String,
    _held: Vec<TcpListener>,
}

/// Leaves the kernel few ports, and takes all of those.
pub(crate) fn use_up() -> anyhow::Result<UsedUp> {
    let before = fs::read_to_string(RANGE)?;
    fs::write(RANGE, format!("{} {}", FEW.start(), FEW.end()))?;
    let held = FEW.filter_map(|port| TcpListener::bind(("0.0.0.0", port)).ok());
    Ok(UsedUp { before, _held: held.collect() })
}

impl Drop for UsedUp {
    fn drop(&mut self) {
        // The world's own: with it goes what could not be put back.
        drop(fs::write(RANGE, &self.before));
    }
}

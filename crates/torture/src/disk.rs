//! A disk with nothing left on it, and a folder in which nothing can be made.

use std::{
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    process::Command,
};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use crate::world::must;

/// Takes every byte that is left. How many there were.
pub(crate) fn fill(disk: &Path) -> anyhow::Result<u64> {
    let found = statvfs(disk)?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let mut ballast = File::create(disk.join("ballast"))?;
    // In one piece what is there; the rest, which others may have freed meanwhile, by the page.
    let _ = fallocate(&ballast, FallocateFlags::empty(), 0, free);
    ballast.seek(SeekFrom::End(0))?;
    let page = [0; 4096];
    while ballast.write_all(&page).is_ok() {}
    Ok(free)
}

/// Gives it back.
pub(crate) fn empty(disk: &Path) -> anyhow::Result<()> {
    Ok(fs::remove_file(disk.join("ballast"))?)
}

/// Lets nothing be made, renamed or removed in any folder of this one; what is open stays so.
pub(crate) fn freeze(folder: &Path) -> anyhow::Result<()> {
    let find = format!("find '{}' -type d -exec chattr +i {{}} +", folder.display());
    must(Command::new("sh").args(["-c", &find]))
}

/// The end of that.
pub(crate) fn thaw(folder: &Path) -> anyhow::Result<()> {
    let find = format!("find '{}' -type d -exec chattr -i {{}} +", folder.display());
    must(Command::new("sh").args(["-c", &find]))
}

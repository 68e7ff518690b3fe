//! What is put between the programs and the machine: a disk that can be slow, a clock that can be set.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::world::must;

/// The source of the slow disk.
const SLOW: &str = include_str!("slow.c");

/// Where Debian has libfaketime, for each of its machines another folder.
const LIBRARIES: &str = "/usr/lib";

/// A disk and a clock that the script sets.
pub(crate) struct Preload {
    libraries: Vec<PathBuf>,
    disk: PathBuf,
    clock: PathBuf,
}

impl Preload {
    /// Builds what there is no library of, in `base`.
    pub(crate) fn build(base: &Path) -> anyhow::Result<Self> {
        let (source, library) = (base.join("slow.c"), base.join("slow.so"));
        fs::write(&source, SLOW)?;
        must(
            Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source),
        )?;
        let mut libraries = vec![library];
        libraries.extend(faketime());
        let it = Self { libraries, disk: base.join("slow"), clock: base.join("clock") };
        it.set_disk(0, 0)?;
        it.set_clock(0)?;
        Ok(it)
    }

    /// Whether the clock can be set here.
    pub(crate) fn has_clock() -> bool {
        faketime().is_some()
    }

    /// Lets a program have them.
    pub(crate) fn give(&self, command: &mut Command) {
        let libraries: Vec<_> = self.libraries.iter().map(|path| path.to_string_lossy()).collect();
        command
            .env("LD_PRELOAD", libraries.join(":"))
            .env("TORTURE_DISK", &self.disk)
            .env("FAKETIME_TIMESTAMP_FILE", &self.clock)
            // Read anew each second; the clock that never jumps stays as it is, as on a machine.
            .env("FAKETIME_CACHE_DURATION", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
    }

    /// How many milliseconds longer each fsync takes, and each write.
    pub(crate) fn set_disk(&self, sync: u32, write: u32) -> anyhow::Result<()> {
        let bytes = [sync.to_ne_bytes(), write.to_ne_bytes()].concat();
        // Not truncated first: it is mapped.
        let mut file =
            fs::File::options().create(true).truncate(false).write(true).open(&self.disk)?;
        Ok(file.write_all(&bytes)?)
    }

    /// How many seconds the clock is ahead.
    pub(crate) fn set_clock(&self, ahead: i64) -> anyhow::Result<()> {
        let draft = self.clock.with_extension("new");
        fs::write(&draft, format!("{ahead:+}\n"))?;
        Ok(fs::rename(draft, &self.clock)?)
    }
}

fn faketime() -> Option<PathBuf> {
    let machines = fs::read_dir(LIBRARIES).ok()?.flatten();
    let paths = machines.map(|machine| machine.path().join("faketime/libfaketimeMT.so.1"));
    paths.into_iter().find(|path| path.exists())
}

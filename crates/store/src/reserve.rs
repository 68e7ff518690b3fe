use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    io::Errno,
};

use crate::folder::private_file;

/// So much of the disk is kept. What a rollout decides is some KiB, so this is thousands of
/// decisions; a folder that holds the ledger of a year is not much larger.
const SIZE: u64 = 4 << 20;

/// So much of it is given up at a time. In one piece, whatever filled the disk would take the rest
/// of it too; in slices, there is something left for the next decision.
const SLICE: u64 = SIZE / 8;

/// It is made only where so much stays free beside it: what it is given up for is free space as
/// well, and must not be taken for space that somebody freed.
const BESIDE: u64 = 1 << 20;

/// A start makes some small files (SQLite's, `server.json`), and one that dies of a full disk can
/// decide nothing.
const FOR_A_START: u64 = 256 << 10;

/// How often the disk is asked for space while the reserve is not whole.
const LOOK: Duration = Duration::from_secs(10);

/// A file that takes up space, to be given up when the disk is full: a bad revision must be taken
/// back then too, and nothing is done that was not written down.
///
/// Nothing fails for want of it; whatever stands in its way is logged.
#[derive(Debug)]
pub(crate) struct Reserve {
    folder: PathBuf,
    /// How much of it is there, in bytes.
    held: u64,
    looked: Instant,
}

impl Reserve {
    /// The reserve of a data folder, made if there is room. On a disk so full that a start would
    /// fail, some of it is given up instead.
    pub(crate) fn keep(folder: &Path) -> Self {
        let mut reserve = Self { folder: folder.to_owned(), held: 0, looked: Instant::now() };
        reserve.held = allocated(&reserve.path());
        if reserve.held > 0 && free(folder).is_ok_and(|free| free < FOR_A_START) {
            reserve.give_up();
        } else if !reserve.is_whole()
            && let Err(error) = reserve.fill()
        {
            reserve.complain(&error);
        }
        reserve
    }

    /// Where the data folder is, for people who are to free space there.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives a slice of it back to the disk. False when there is none left.
    pub(crate) fn give_up(&mut self) -> bool {
        if self.held == 0 {
            return false;
        }
        let left = self.held.saturating_sub(SLICE);
        let folder = self.folder.display();
        match cut(&self.path(), left) {
            Ok(()) => {
                tracing::warn!(
                    %folder, left_kib = left >> 10,
                    "the disk is full; going on in what was kept in reserve: free space in {folder}, \
                     for nothing more is decided when the reserve is used up"
                );
            }
            Err(error) => tracing::error!(%folder, %error, "the reserve cannot be given up"),
        }
        // Also when it failed: the next slice is not to be waited for in vain.
        self.held = left;
        self.looked = Instant::now();
        true
    }

    /// How long until [`Self::look`] is due; nothing when the reserve is whole.
    pub(crate) fn due_in(&self) -> Option<Duration> {
        (!self.is_whole()).then(|| LOOK.saturating_sub(self.looked.elapsed()))
    }

    /// Makes it whole again if there is space by now. True when that was done.
    pub(crate) fn look(&mut self) -> bool {
        if self.due_in().is_none_or(|wait| !wait.is_zero()) {
            return false;
        }
        self.looked = Instant::now();
        // What fails was told at the start, or is a disk that is still full.
        let whole = self.fill().is_ok() && self.is_whole();
        if whole {
            tracing::info!(folder = %self.folder.display(), "the reserve is whole again");
        }
        whole
    }

    fn is_whole(&self) -> bool {
        self.held >= SIZE
    }

    fn path(&self) -> PathBuf {
        self.folder.join("reserve")
    }

    /// Takes what is missing, if the disk has more than that.
    fn fill(&mut self) -> io::Result<()> {
        let path = self.path();
        self.held = allocated(&path);
        if free(&self.folder)? < SIZE.saturating_sub(self.held) + BESIDE {
            return Ok(());
        }
        let file = private_file(&path)?;
        if let Err(error) = allocate(&file) {
            // What it got of the last free space is not worth an empty disk.
            let _ = file.set_len(self.held);
            return Err(error);
        }
        self.held = SIZE;
        Ok(())
    }

    fn complain(&self, error: &io::Error) {
        let path = self.path();
        let path = path.display();
        tracing::warn!(
            %error,
            "no space is kept in reserve for a full disk, for {path} cannot be made; move away what is there"
        );
    }
}

/// How much of the file takes up space. One with holes, as a copy may have, takes up less than its
/// length, and only what is without a hole counts.
fn allocated(path: &Path) -> u64 {
    let Ok(found) = fs::symlink_metadata(path) else { return 0 };
    // `blocks` counts units of 512 bytes whatever the file system's own are.
    if found.is_file() && found.blocks() * 512 >= found.len() { found.len() } else { 0 }
}

fn free(folder: &Path) -> io::Result<u64> {
    let found = statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

fn allocate(mut file: &File) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, SIZE) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
            let zeros = vec![0; usize::try_from(SLICE).unwrap_or(0)];
            (0..SIZE / SLICE).try_for_each(|_| file.write_all(&zeros))
        }
        other => Ok(other?),
    }
}

fn cut(path: &Path, left: u64) -> io::Result<()> {
    let file = private_file(path)?;
    file.set_len(left)?;
    // Some file systems give the blocks back only when this is on the disk.
    file.sync_all()
}

#[cfg(test)]
mod tests;

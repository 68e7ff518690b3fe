//! One log: the file that the container appends to, and the files that it was rotated into.
//!
//! The container holds the file open and outlives whoever rotates it, so the file cannot be
//! renamed: its beginning is copied away and then cut off. Where the file system can cut off a
//! beginning (ext4, xfs), nothing that is written meanwhile is lost; elsewhere the file is emptied,
//! and what was written between the last read and that moment, some microseconds, is.
//!
//! A rotated file is named after the position of its first byte, counted from the start of the
//! log; so positions go on over rotations with nothing else to keep.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustix::fs::{FallocateFlags, fallocate};
use tidegate_ports::LogChunk;

use crate::settings::LogLimits;

/// The most that one chunk gives, as the port's contract says.
const CHUNK: u64 = 256 << 10;

/// Beginnings are cut off in multiples of this: a multiple of every block size in use.
const CUT: u64 = 64 << 10;

/// How much is compared to see whether a beginning has been cut off already.
const HEAD: usize = 4 << 10;

/// The log of one container.
#[derive(Clone, Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    limits: LogLimits,
    /// Whoever reads keeps a beginning from being cut off meanwhile; whoever cuts keeps others from
    /// reading until the piece has its name.
    turn: Arc<RwLock<()>>,
}

/// One file of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    start: u64,
    length: u64,
    path: PathBuf,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.length
    }
}

impl LogFile {
    /// The log that is appended to at `path`.
    pub(crate) fn new(path: PathBuf, limits: LogLimits, turn: Arc<RwLock<()>>) -> Self {
        Self { path, limits, turn }
    }

    /// Where the container appends.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was written from a position on. What is no longer kept is skipped.
    pub(crate) fn from(&self, from: u64) -> io::Result<LogChunk> {
        let _turn = self.turn.read().unwrap_or_else(PoisonError::into_inner);
        let pieces = self.pieces()?;
        let first = pieces.first().map_or(0, |piece| piece.start);
        let end = pieces.last().map_or(0, Piece::end);
        let from = from.clamp(first, end);
        let mut bytes = Vec::new();
        for piece in pieces.iter().filter(|piece| piece.end() > from) {
            let at = from + bytes.len() as u64;
            let room = CHUNK - bytes.len() as u64;
            let mut file = File::open(&piece.path)?;
            file.seek(SeekFrom::Start(at.saturating_sub(piece.start)))?;
            file.take(room.min(piece.end().saturating_sub(at))).read_to_end(&mut bytes)?;
        }
        let next = from + bytes.len() as u64;
        Ok(LogChunk { bytes, next })
    }

    /// The last `lines` lines, as far as they fit into one chunk.
    pub(crate) fn tail(&self, lines: usize) -> io::Result<LogChunk> {
        let end = self.from(u64::MAX)?.next;
        let mut chunk = self.from(end.saturating_sub(CHUNK))?;
        // A last line without its end is a line too.
        let text = chunk.bytes.strip_suffix(b"\n").unwrap_or(&chunk.bytes);
        let breaks = text.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
        let start = match lines.checked_sub(1) {
            None => chunk.bytes.len(),
            Some(before) => breaks.map(|(at, _)| at + 1).nth(before).unwrap_or(0),
        };
        chunk.bytes.drain(..start);
        Ok(chunk)
    }

    /// Rotates if the file has grown over the limit. Not for an async thread.
    pub(crate) fn rotate(&self) -> io::Result<()> {
        self.rotate_by(cut_off)
    }

    fn rotate_by(&self, cut_off: impl Fn(&File, u64) -> bool) -> io::Result<()> {
        self.finish_rotation()?;
        let Ok(meta) = fs::metadata(&self.path) else {
            return Ok(());
        };
        if meta.len() < self.limits.file_bytes.max(CUT) {
            return Ok(());
        }
        let start = self.pieces()?.last().map_or(0, |current| current.start);
        let current = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let draft = self.draft(start);
        let mut copy =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let whole = meta.len() / CUT * CUT;
        io::copy(&mut (&current).take(whole), &mut copy)?;
        copy.sync_data()?;
        let _turn = self.turn.write().unwrap_or_else(PoisonError::into_inner);
        if !cut_off(&current, whole) {
            // The container goes on writing; what it added while this was copied is fetched until
            // there is no more.
            while io::copy(&mut (&current), &mut copy)? > 0 {}
            current.set_len(0)?;
        }
        fs::rename(&draft, self.rotated(start))?;
        self.drop_oldest()
    }

    /// A rotation that was cut short has left its copy under another name. If the beginning that
    /// it holds is still in the file, it had not come to cutting it off.
    fn finish_rotation(&self) -> io::Result<()> {
        for (start, draft) in self.named(DRAFT) {
            if head(&self.path)?.starts_with(&head(&draft)?) {
                fs::remove_file(&draft)?;
            } else {
                fs::rename(&draft, self.rotated(start))?;
            }
        }
        Ok(())
    }

    fn drop_oldest(&self) -> io::Result<()> {
        let rotated = self.named(ROTATED);
        let surplus = rotated.len().saturating_sub(self.limits.rotated.max(1));
        for (_, path) in rotated.iter().take(surplus) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// All files, the oldest first; the last is the one that is appended to.
    fn pieces(&self) -> io::Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        for (start, path) in self.named(ROTATED) {
            let length = fs::metadata(&path)?.len();
            pieces.push(Piece { start, length, path });
        }
        let start = pieces.last().map_or(0, Piece::end);
        if let Ok(meta) = fs::metadata(&self.path) {
            pieces.push(Piece { start, length: meta.len(), path: self.path.clone() });
        }
        Ok(pieces)
    }

    /// The files beside the log whose names end in `.KIND.POSITION`, by position.
    fn named(&self, kind: &str) -> Vec<(u64, PathBuf)> {
        let Some((folder, name)) = self.path.parent().zip(self.path.file_name()) else {
            return Vec::new();
        };
        let prefix = format!("{}.{kind}.", name.to_string_lossy());
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| {
                let name = entry.file_name();
                let start = name.to_str()?.strip_prefix(&prefix)?.parse().ok()?;
                Some((start, entry.path()))
            })
            .collect();
        found.sort();
        found
    }

    fn rotated(&self, start: u64) -> PathBuf {
        self.beside(ROTATED, start)
    }

    fn draft(&self, start: u64) -> PathBuf {
        self.beside(DRAFT, start)
    }

    fn beside(&self, kind: &str, start: u64) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{kind}.{start:020}"));
        name.into()
    }
}

const ROTATED: &str = "from";
const DRAFT: &str = "unfinished";

/// Cuts off the first `length` bytes, if the file system can.
fn cut_off(file: &File, length: u64) -> bool {
    fallocate(file, FallocateFlags::COLLAPSE_RANGE, 0, length).is_ok()
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let length = match File::open(path) {
        Ok(file) => file.read_at(&mut head, 0)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    head.truncate(length);
    Ok(head)
}

#[cfg(test)]
mod tests;

//! One log: the file that the container appends to, and the files that it was rotated into.
//!
//! The container holds the file open and outlives whoever rotates it, so the file cannot be
//! renamed: its beginning is copied away and then cut off. Where the file system can cut off a
//! beginning (ext4, xfs), nothing that is written meanwhile is lost; elsewhere, and when more is
//! written than a disk takes, the file is emptied, and what was written between the last read and
//! that moment, some microseconds, is. Nothing waits for the disk: after a power failure the newest
//! piece may be missing, as may be what the container itself wrote last.
//!
//! However fast the container writes, what was rotated stays within its limits: of a file that is
//! found with more than all pieces may hold only the newest `limit` bytes are kept, after a line
//! that says how much was left out. When the disk is full, older pieces go first, then the file is
//! emptied, which needs no space.
//!
//! A rotated file is named after the position of its first byte, counted from the start of the
//! log; so positions go on over rotations, and over what was left out, with nothing else to keep.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard},
};

use rustix::fs::{FallocateFlags, fallocate};
use tidegate_ports::LogChunk;

use crate::settings::LogLimits;

use self::draft::Draft;

mod draft;

/// The most that one chunk gives, as the port's contract says.
const CHUNK: u64 = 256 << 10;

/// Beginnings are cut off in multiples of this: a multiple of every block size in use.
const CUT: u64 = 64 << 10;

/// What is written while a piece is copied, some 10 ms, by a writer that no disk keeps up with. At
/// least; a quarter of the limit where that is more.
const HASTE: u64 = 1 << 20;

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
        let mut next = from;
        for piece in pieces.iter().filter(|piece| piece.end() > from) {
            let room = CHUNK - bytes.len() as u64;
            if room == 0 {
                break;
            }
            // It begins later where something was left out.
            next = next.max(piece.start);
            let mut file = File::open(&piece.path)?;
            file.seek(SeekFrom::Start(next - piece.start))?;
            let read = file.take(room.min(piece.end() - next)).read_to_end(&mut bytes)?;
            next += read as u64;
        }
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

    /// From this length on it is rotated.
    pub(crate) fn limit(&self) -> u64 {
        self.limits.file_bytes.max(CUT)
    }

    /// How long the file is that the container appends to; nothing when there is none.
    pub(crate) fn length(&self) -> Option<u64> {
        fs::metadata(&self.path).ok().map(|meta| meta.len())
    }

    /// Rotates if the file has grown over the limit. Not for an async thread.
    pub(crate) fn rotate(&self) -> io::Result<()> {
        self.rotate_by(cut_off)
    }

    fn rotate_by(&self, cut_off: impl Fn(&File, u64) -> bool) -> io::Result<()> {
        self.finish_rotation()?;
        let Some(length) = self.length().filter(|length| *length >= self.limit()) else {
            return Ok(());
        };
        let start = self.pieces()?.last().map_or(0, |current| current.start);
        let current = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let whole = length / CUT * CUT;
        let draft = self.copy(&current, start, whole)?;
        // Cutting off waits until all of it is on the disk, and a fast writer does not wait.
        let grown = current.metadata()?.len().saturating_sub(whole);
        let in_haste = draft.as_ref().is_some_and(|draft| draft.start() > 0)
            || grown > (self.limit() / 4).max(HASTE);
        let _turn = self.write_turn();
        let draft = match draft {
            Some(draft) if !in_haste && cut_off(&current, whole) => Some(draft),
            Some(mut draft) => match draft.copy_rest(&current) {
                Ok(()) => {
                    current.set_len(0)?;
                    Some(draft)
                }
                Err(error) if is_full(&error) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        match draft {
            Some(draft) => fs::rename(self.draft(start), self.rotated(start + draft.start())),
            None => self.empty(&current, start),
        }
    }

    /// The beginning, or the newest of it; nothing if there is no space even without older pieces.
    fn copy(&self, current: &File, start: u64, whole: u64) -> io::Result<Option<Draft>> {
        self.make_room(whole.min(self.most_bytes()))?;
        let copy = || {
            let mut draft = Draft::create(&self.draft(start), self.limit(), self.most_bytes())?;
            draft.copy(current, whole)?;
            Ok(draft)
        };
        loop {
            match copy() {
                Ok(draft) => return Ok(Some(draft)),
                Err(error) if is_full(&error) => {
                    if !self.drop_oldest()? {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives up what the file holds. What is then said of that is said if it can be.
    fn empty(&self, current: &File, start: u64) -> io::Result<()> {
        let length = current.metadata()?.len();
        current.set_len(0)?;
        let path = self.draft(start);
        let Ok(mut draft) = Draft::create(&path, self.limit(), self.most_bytes()) else {
            return Ok(());
        };
        let _ = draft.leave_out(length);
        fs::rename(path, self.rotated(start + draft.start()))
    }

    /// A rotation that was cut short has left its copy under another name. If the beginning that
    /// it holds is still in the file, it had not come to cutting it off. A copy of which something
    /// was left out does not tell, so it goes: nothing is doubled.
    fn finish_rotation(&self) -> io::Result<()> {
        for (start, draft) in self.named(DRAFT) {
            let _turn = self.write_turn();
            let copied = head(&draft)?;
            if draft::is_noted(&copied) || head(&self.path)?.starts_with(&copied) {
                fs::remove_file(&draft)?;
            } else {
                fs::rename(&draft, self.rotated(start))?;
            }
        }
        Ok(())
    }

    /// Removes the oldest pieces until another one of this length is within the limits.
    fn make_room(&self, length: u64) -> io::Result<()> {
        loop {
            let mut sum = length;
            let rotated = self.named(ROTATED);
            for (_, path) in &rotated {
                sum = sum.saturating_add(fs::metadata(path)?.len());
            }
            let fits = rotated.len() < self.most_pieces() && sum <= self.most_bytes();
            if fits || !self.drop_oldest()? {
                return Ok(());
            }
        }
    }

    /// Says whether there was one that held anything. The last one stays as an empty file, by whose
    /// name the positions go on.
    fn drop_oldest(&self) -> io::Result<bool> {
        let _turn = self.write_turn();
        let mut rotated = self.named(ROTATED).into_iter();
        let Some((start, oldest)) = rotated.next() else { return Ok(false) };
        if rotated.next().is_some() {
            fs::remove_file(oldest)?;
            return Ok(true);
        }
        let file = OpenOptions::new().write(true).open(&oldest)?;
        let length = file.metadata()?.len();
        file.set_len(0)?;
        fs::rename(oldest, self.rotated(start + length))?;
        Ok(length > 0)
    }

    fn most_pieces(&self) -> usize {
        self.limits.rotated.max(1)
    }

    /// How much the pieces may hold together.
    fn most_bytes(&self) -> u64 {
        self.limit().saturating_mul(self.most_pieces() as u64)
    }

    fn write_turn(&self) -> RwLockWriteGuard<'_, ()> {
        self.turn.write().unwrap_or_else(PoisonError::into_inner)
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

/// Whether there is no space for more.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
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

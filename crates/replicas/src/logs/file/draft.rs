//! The copy of a log's beginning, before it has the name of a piece.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

/// How far the end of a line is looked for when a beginning is left out. A longer line is cut.
const LINE: usize = 64 << 10;

/// With this begins what a piece says of what was left out before it. The break ends the line that
/// whoever follows the log has read the beginning of.
const NOTE: &str = "\ntidegate: ";

/// A copy of what a log holds from its beginning on, or of the newest of that.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    limit: u64,
    most: u64,
    /// Up to here, by offsets in the log's file, all was left out.
    left_out: u64,
    /// How long the line is that says so.
    note: u64,
    /// Up to here it is copied or left out.
    at: u64,
}

impl Draft {
    /// An empty one. It keeps the newest `limit` bytes when it is offered more than `most`, and more
    /// than twice as many.
    pub(super) fn create(path: &Path, limit: u64, most: u64) -> io::Result<Self> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let most = most.max(limit.saturating_mul(2));
        Ok(Self { file, limit, most, left_out: 0, note: 0, at: 0 })
    }

    /// Copies on, up to an offset. What is far more than the limit is not copied but for the
    /// newest, from the beginning of a line on.
    pub(super) fn copy(&mut self, log: &File, end: u64) -> io::Result<()> {
        if end.saturating_sub(self.left_out) > self.most {
            self.leave_out(next_line(log, end - self.limit)?)?;
        }
        let mut from = log;
        from.seek(SeekFrom::Start(self.at))?;
        self.at += io::copy(&mut from.take(end.saturating_sub(self.at)), &mut self.file)?;
        Ok(())
    }

    /// Copies what a writer that does not wait has added, and adds meanwhile. Each round has less
    /// to copy than the one before unless it writes faster than this copies; then it ends too.
    pub(super) fn copy_rest(&mut self, log: &File) -> io::Result<()> {
        for _ in 0..ROUNDS {
            let end = log.metadata()?.len();
            if end <= self.at {
                break;
            }
            self.copy(log, end)?;
        }
        Ok(())
    }

    /// Forgets what it holds, and says that all up to this offset is left out. When even that
    /// cannot be written it stays empty.
    pub(super) fn leave_out(&mut self, until: u64) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        (self.left_out, self.at, self.note) = (until, until, 0);
        let note =
            format!("{NOTE}{until} bytes were left out here: more was written than is kept\n");
        let written = self.file.write_all(note.as_bytes());
        match written {
            Ok(()) => self.note = note.len() as u64,
            Err(_) => self.file.set_len(0)?,
        }
        written
    }

    /// The offset in the log's file that its first byte stands for, so that its end is where the
    /// log goes on.
    pub(super) fn start(&self) -> u64 {
        self.left_out.saturating_sub(self.note)
    }
}

/// More than it takes to catch up with any writer that can be caught up with.
const ROUNDS: usize = 3;

/// Whether a piece that begins so had its beginning left out.
pub(super) fn is_noted(head: &[u8]) -> bool {
    head.starts_with(NOTE.as_bytes())
}

/// Where the first line begins that begins after an offset.
fn next_line(log: &File, offset: u64) -> io::Result<u64> {
    let mut bytes = vec![0; LINE];
    let length = log.read_at(&mut bytes, offset)?;
    bytes.truncate(length);
    let end = bytes.iter().position(|byte| *byte == b'\n');
    Ok(offset + end.map_or(0, |end| end as u64 + 1))
}

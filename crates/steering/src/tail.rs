use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
};

use rustix::fs::{FallocateFlags, fallocate};

/// Read at once.
const PIECE: usize = 64 * 1024;
/// Pieces of one look: 16 MiB, which is what 80,000 requests write. The rest is for the next look.
const PIECES: usize = 256;
/// What was read is given back to the disk in portions of this many bytes, so that a log that is
/// never closed takes no more than that.
const PORTION: u64 = 4 * 1024 * 1024;
/// The longest line that is looked at.
const LINE: usize = 8 * 1024;

/// A log that another program writes, read line by line as it grows.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    file: Option<File>,
    read: u64,
    given_back: u64,
    rest: Vec<u8>,
}

impl Tail {
    /// The log at `path`, which need not be there yet, from its begin.
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None, read: 0, given_back: 0, rest: Vec::new() }
    }

    /// The same from its end as it is now.
    pub fn from_end(path: PathBuf) -> Self {
        let mut tail = Self::new(path);
        tail.open();
        let end = tail.file.as_mut().and_then(|file| file.seek(SeekFrom::End(0)).ok());
        tail.read = end.unwrap_or(0);
        tail
    }

    fn open(&mut self) {
        if self.file.is_none() {
            // To write too, for what is read is given back.
            self.file = File::options().read(true).write(true).open(&self.path).ok();
        }
    }

    /// Gives each whole line that was written since to `line`.
    pub fn read(&mut self, mut line: impl FnMut(&str)) {
        self.open();
        let mut piece = vec![0; PIECE];
        for _ in 0..PIECES {
            let Some(file) = &mut self.file else { return };
            let count = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::warn!(path = %self.path.display(), %error, "a log cannot be read");
                    return;
                }
            };
            self.read += count as u64;
            self.take(piece.get(..count).unwrap_or_default(), &mut line);
        }
        self.give_back();
    }

    fn take(&mut self, bytes: &[u8], line: &mut impl FnMut(&str)) {
        let mut bytes = bytes;
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = bytes.split_at(end);
            self.rest.extend_from_slice(head);
            line(&String::from_utf8_lossy(&self.rest));
            self.rest.clear();
            bytes = tail.get(1..).unwrap_or_default();
        }
        if self.rest.len() + bytes.len() > LINE {
            self.rest.clear();
        } else {
            self.rest.extend_from_slice(bytes);
        }
    }

    /// Makes a hole of what was read: whoever writes goes on at the end.
    fn give_back(&mut self) {
        let ready = self.read - self.read % PORTION;
        let Some(file) = self.file.as_ref().filter(|_| ready > self.given_back) else { return };
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if let Err(error) = fallocate(file, flags, self.given_back, ready - self.given_back) {
            tracing::warn!(
                path = %self.path.display(), %error,
                "what was read of a log cannot be given back to the disk; it grows until the next \
                 change of the configuration"
            );
        }
        self.given_back = ready;
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::fs::MetadataExt as _};

    use super::*;

    fn read(tail: &mut Tail) -> Vec<String> {
        let mut lines = Vec::new();
        tail.read(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_come_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut tail = Tail::new(path.clone());
        assert!(read(&mut tail).is_empty(), "it is not there yet");
        let mut log = File::options().create(true).append(true).open(&path).unwrap();
        log.write_all(b"one\ntw").unwrap();
        assert_eq!(read(&mut tail), ["one"]);
        log.write_all(b"o\n").unwrap();
        assert_eq!(read(&mut tail), ["two"]);
        assert_eq!(read(&mut Tail::from_end(path.clone())), [""; 0]);
        log.write_all(&vec![b'x'; 3 * LINE]).unwrap();
        log.write_all(b"\nnext\n").unwrap();
        assert_eq!(read(&mut tail).last().unwrap(), "next");
    }

    #[test]
    fn what_was_read_takes_no_room_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut tail = Tail::new(path.clone());
        let mut log = File::options().create(true).append(true).open(&path).unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..3 {
            log.write_all(&line.repeat(4 * 1024)).unwrap();
            assert_eq!(read(&mut tail).len(), 4 * 1024);
        }
        let file = path.metadata().unwrap();
        assert_eq!(file.len(), 12 * 1024 * 1024);
        assert!(file.blocks() * 512 < 2 * PORTION, "{} blocks", file.blocks());
    }
}

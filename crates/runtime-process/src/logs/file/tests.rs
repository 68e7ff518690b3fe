use std::io::Write;

use super::*;

const LIMITS: LogLimits = LogLimits { file_bytes: 100_000, rotated: 2 };

struct Writer {
    _folder: tempfile::TempDir,
    log: LogFile,
    written: Vec<u8>,
    file: File,
}

impl Writer {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.log");
        let file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        Self {
            _folder: folder,
            log: LogFile::new(path, LIMITS, Arc::default()),
            written: Vec::new(),
            file,
        }
    }

    /// Writes numbered lines, as a container that holds the file open does.
    fn write(&mut self, bytes: usize) {
        let until = self.written.len() + bytes;
        while self.written.len() < until {
            let line = format!("{:019}\n", self.written.len());
            self.file.write_all(line.as_bytes()).unwrap();
            self.written.extend(line.as_bytes());
        }
    }

    /// Reads from a position on to the end, chunk by chunk.
    fn read(&self, mut from: u64) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let chunk = self.log.from(from).unwrap();
            assert!(chunk.bytes.len() as u64 <= CHUNK);
            if chunk.bytes.is_empty() {
                return all;
            }
            from = chunk.next;
            all.extend(chunk.bytes);
        }
    }
}

#[test]
fn positions_go_on_over_rotations() {
    let mut log = Writer::new();
    log.write(60_000);
    log.log.rotate().unwrap();
    assert!(log.log.named(ROTATED).is_empty(), "it is not long enough");
    log.write(90_000);
    log.log.rotate().unwrap();
    log.write(5_000);
    assert_eq!(log.log.named(ROTATED).len(), 1);
    for from in [0, 20, 65_536, 131_072, 140_000, 150_000, 154_000] {
        assert_eq!(log.read(from), log.written[usize::try_from(from).unwrap()..], "{from}");
    }
    let end = log.written.len() as u64;
    for beyond in [end, end + 1, u64::MAX] {
        let chunk = log.log.from(beyond).unwrap();
        assert_eq!((chunk.bytes.len(), chunk.next), (0, end));
    }
}

#[test]
fn only_the_last_rotated_files_are_kept_and_positions_stay_true() {
    let mut log = Writer::new();
    for _ in 0..6 {
        log.write(140_000);
        log.log.rotate().unwrap();
    }
    let kept = log.log.named(ROTATED);
    assert_eq!(kept.len(), 2);
    let first = kept[0].0;
    assert!(first > 0);
    let chunk = log.log.from(0).unwrap();
    assert_eq!(chunk.next - chunk.bytes.len() as u64, first, "it begins with what is kept");
    assert_eq!(log.read(0), log.written[usize::try_from(first).unwrap()..]);
}

#[test]
fn a_file_system_that_cannot_cut_off_a_beginning_is_served_by_emptying() {
    let mut log = Writer::new();
    for _ in 0..2 {
        log.write(200_000);
        log.log.rotate_by(|_, _| false).unwrap();
        assert_eq!(fs::metadata(log.log.path()).unwrap().len(), 0);
    }
    log.write(300);
    assert_eq!(log.read(0), log.written);
}

#[test]
fn a_rotation_that_was_cut_short_loses_and_doubles_nothing() {
    // Before the beginning was cut off: the copy is thrown away.
    let mut log = Writer::new();
    log.write(150_000);
    fs::copy(log.log.path(), log.log.draft(0)).unwrap();
    log.log.rotate().unwrap();
    assert_eq!(log.read(0), log.written);
    assert!(log.log.named(DRAFT).is_empty());

    // In the middle of the copy, or right at its beginning.
    for copied in [0, 1_000] {
        let mut log = Writer::new();
        log.write(150_000);
        fs::write(log.log.draft(0), &log.written[..copied]).unwrap();
        log.log.rotate().unwrap();
        assert_eq!(log.read(0), log.written);
        assert!(log.log.named(DRAFT).is_empty());
    }

    // After it was cut off: the copy gets its name.
    let mut log = Writer::new();
    log.write(150_000);
    fs::copy(log.log.path(), log.log.draft(0)).unwrap();
    log.file.set_len(0).unwrap();
    log.write(1_000);
    log.log.rotate().unwrap();
    assert_eq!(log.read(0), log.written);
    assert_eq!(log.log.named(ROTATED).len(), 1);
}

#[test]
fn a_tail_is_whole_lines_from_the_end() {
    let mut log = Writer::new();
    let check = |log: &Writer, lines: usize, expect: &str| {
        let chunk = log.log.tail(lines).unwrap();
        assert_eq!(String::from_utf8(chunk.bytes).unwrap(), expect, "{lines}");
        assert_eq!(chunk.next, log.written.len() as u64);
    };
    check(&log, 3, "");
    for text in ["one\n", "two\n", "three\n", "unfinished"] {
        log.file.write_all(text.as_bytes()).unwrap();
        log.written.extend(text.as_bytes());
    }
    check(&log, 0, "");
    check(&log, 1, "unfinished");
    check(&log, 2, "three\nunfinished");
    check(&log, 4, "one\ntwo\nthree\nunfinished");
    check(&log, 100, "one\ntwo\nthree\nunfinished");
    log.file.write_all(b"\n").unwrap();
    log.written.push(b'\n');
    check(&log, 1, "unfinished\n");
    log.write(400_000);
    assert_eq!(log.log.tail(usize::MAX).unwrap().bytes.len() as u64, CHUNK);
}

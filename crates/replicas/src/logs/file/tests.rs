use std::io::Write;

use super::*;

const LIMITS: LogLimits = LogLimits { file_bytes: 128 << 10, rotated: 3 };

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

    fn rotated_bytes(&self) -> u64 {
        let rotated = self.log.named(ROTATED);
        rotated.iter().map(|(_, path)| fs::metadata(path).unwrap().len()).sum()
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
    assert!(kept.len() <= 3 && log.rotated_bytes() <= 3 * LIMITS.file_bytes, "{kept:?}");
    let first = kept[0].0;
    assert!(first > 0);
    let chunk = log.log.from(0).unwrap();
    assert_eq!(chunk.next - chunk.bytes.len() as u64, first, "it begins with what is kept");
    assert_eq!(log.read(0), log.written[usize::try_from(first).unwrap()..]);
}

#[test]
fn of_a_file_far_over_the_limit_the_newest_is_kept_and_the_rest_is_told() {
    let cuts: [fn(&File, u64) -> bool; 2] = [cut_off, |_, _| false];
    for cut_off in cuts {
        let mut log = Writer::new();
        log.write(50_000);
        let mut followed = log.read(0);
        let mut at = 50_000;
        for _ in 0..4 {
            log.write(3_000_000);
            log.log.rotate_by(cut_off).unwrap();
            assert!(log.rotated_bytes() <= 3 * LIMITS.file_bytes);
            assert!(log.log.length().unwrap() < LIMITS.file_bytes);
            loop {
                let chunk = log.log.from(at).unwrap();
                if chunk.bytes.is_empty() {
                    break;
                }
                assert!(chunk.next > at, "it goes on");
                at = chunk.next;
                followed.extend(chunk.bytes);
            }
            assert_eq!(at, log.written.len() as u64, "positions stay true");
        }
        // Whole lines, none twice, and a word wherever some are missing.
        let text = String::from_utf8(followed).unwrap();
        let (mut next, mut notes) = (0, 0);
        for line in text.lines().filter(|line| !line.is_empty()) {
            if line.starts_with("tidegate: ") {
                notes += 1;
                continue;
            }
            assert_eq!(line.len(), 19, "{line:?}");
            let number: usize = line.parse().unwrap();
            assert!(number == next || notes > 0 && number > next, "{number} after {next}");
            next = number + 20;
        }
        assert_eq!(next, log.written.len());
        assert_eq!(notes, 4);
        let said = text.lines().find(|line| line.starts_with("tidegate: ")).unwrap();
        assert!(said.ends_with(" bytes were left out here: more was written than is kept"));
    }
}

#[test]
fn a_rotation_ends_although_the_writer_does_not() {
    let mut log = Writer::new();
    log.write(3_000_000);
    let path = log.log.path().to_owned();
    let more = move |_: &File, _: u64| {
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&vec![b'x'; 300_000]).unwrap();
        false
    };
    log.log.rotate_by(more).unwrap();
    assert!(log.rotated_bytes() <= 3 * LIMITS.file_bytes);
    // One that writes on and on, faster than it can be copied.
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = {
        let (path, stop) = (log.log.path().to_owned(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                file.write_all(&vec![b'y'; 64 << 10]).unwrap();
            }
        })
    };
    for _ in 0..20 {
        log.log.rotate_by(|_, _| false).unwrap();
        assert!(log.rotated_bytes() <= 6 * LIMITS.file_bytes, "{}", log.rotated_bytes());
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
}

#[test]
fn without_space_the_file_is_emptied() {
    let mut log = Writer::new();
    log.write(200_000);
    log.log.rotate().unwrap();
    log.write(400_000);
    let start = log.log.pieces().unwrap().last().unwrap().start;
    log.log.empty(&log.file, start).unwrap();
    assert_eq!(log.log.length(), Some(0));
    let end = log.written.len() as u64;
    let chunk = log.log.from(start).unwrap();
    assert_eq!(chunk.next, end);
    let said = String::from_utf8(chunk.bytes).unwrap();
    assert_eq!(
        said,
        format!(
            "\ntidegate: {} bytes were left out here: more was written than is kept\n",
            end - start
        )
    );
    log.write(40);
    assert_eq!(log.read(end), log.written[usize::try_from(end).unwrap()..]);
}

#[test]
fn a_copy_with_something_left_out_that_was_cut_short_is_thrown_away() {
    let mut log = Writer::new();
    log.write(150_000);
    let mut draft = Draft::create(&log.log.draft(0), LIMITS.file_bytes, LIMITS.file_bytes).unwrap();
    draft.leave_out(100_000).unwrap();
    draft.copy(&File::open(log.log.path()).unwrap(), 150_000).unwrap();
    log.log.rotate().unwrap();
    assert_eq!(log.read(0), log.written);
}

#[test]
fn a_file_system_that_cannot_cut_off_a_beginning_is_served_by_emptying() {
    let mut log = Writer::new();
    for _ in 0..2 {
        log.write(150_000);
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

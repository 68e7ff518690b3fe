//! What a container writes, copied into the log that the runtime keeps of it.
//!
//! The engine keeps it too, but not as long, not over the removal of the container, and each engine
//! counts positions in another way. Beside the log is written down how far it was copied, by the
//! engine's time of the last line; so whoever adopts the container goes on from there.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tidegate_replicas::private_folder;

use crate::{
    client::Question,
    engine::Engine,
    frames::{Splitter, chunk},
};

/// How long until an engine that broke off is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// How far a log was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    container: String,
    /// The time of the last line.
    last: String,
    /// How many of the last lines have that time: Podman tells whole seconds.
    count: u64,
}

/// Copies until the container has ended and all that it wrote is there.
pub(crate) async fn follow(engine: Engine, id: String, log: PathBuf) {
    let mut copy = Copy::new(&id, log);
    loop {
        let ended = match engine.inspect(&id).await {
            Ok(seen) => !seen.state.running,
            Err(error) if error.is_missing() => return,
            Err(_) => false,
        };
        copy.all_that_comes(&engine).await;
        // What it wrote before it was seen to have ended has now been read.
        if ended {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

#[derive(Debug)]
struct Copy {
    container: String,
    log: PathBuf,
    last: Option<Timestamp>,
    /// How many of the last lines have that time.
    count: u64,
    /// What the engine tells again because of when it was asked from: lines of before, and so many
    /// of that time.
    again: Option<(Timestamp, u64)>,
    /// Whether the frame that is being read was copied before.
    skipping: bool,
}

impl Copy {
    fn new(container: &str, log: PathBuf) -> Self {
        let mark = fs::read(mark_file(&log)).ok();
        let mark = mark.and_then(|text| serde_json::from_slice::<Mark>(&text).ok());
        let mark = mark.filter(|mark| mark.container == container);
        let (last, count) = match mark {
            Some(mark) => (mark.last.parse().ok(), mark.count),
            None => (None, 0),
        };
        let container = container.to_owned();
        Self { container, log, last, count, again: None, skipping: false }
    }

    async fn all_that_comes(&mut self, engine: &Engine) {
        let mut question = Question::get(format!("/containers/{}/logs", self.container))
            .with("follow", "true")
            .with("stdout", "true")
            .with("stderr", "true")
            .with("timestamps", "true");
        if let Some(last) = self.last {
            // One second earlier, for engines that tell only what was written after it.
            question = question.with("since", &(last.as_second() - 1).to_string());
        }
        self.begin();
        let Ok(answer) = engine.client.stream(question).await else { return };
        let mut body = answer.into_body();
        let mut splitter = Splitter::default();
        while let Some(bytes) = chunk(&mut body).await {
            splitter.push(&bytes);
            let mut text = Vec::new();
            while let Some(piece) = splitter.next() {
                text.extend_from_slice(self.new_part(piece.begins, &piece.bytes));
            }
            if let Err(error) = self.append(&text) {
                tracing::warn!(path = %self.log.display(), %error, "a log cannot be written");
            }
        }
    }

    /// What was copied so far will be told again.
    fn begin(&mut self) {
        self.again = self.last.map(|last| (last, self.count));
        self.skipping = false;
    }

    /// What of a piece was not copied yet, without the time that the engine puts before it.
    fn new_part<'a>(&mut self, begins: bool, bytes: &'a [u8]) -> &'a [u8] {
        if begins {
            let Some((time, rest)) = timed(bytes) else {
                self.skipping = false;
                return bytes;
            };
            self.skipping = self.was_told(time);
            if !self.skipping {
                let same = self.last == Some(time);
                self.count = if same { self.count + 1 } else { 1 };
                self.last = Some(time);
                return rest;
            }
        }
        if self.skipping { &[] } else { bytes }
    }

    fn was_told(&mut self, time: Timestamp) -> bool {
        match &mut self.again {
            Some((last, _)) if time < *last => true,
            Some((last, left)) if time == *last && *left > 0 => {
                *left -= 1;
                true
            }
            again => {
                *again = None;
                false
            }
        }
    }

    fn append(&self, text: &[u8]) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        // Somebody may have removed it with all that is in it.
        if let Some(folder) = self.log.parent() {
            private_folder(folder)?;
        }
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.log)?
            .write_all(text)?;
        let Some(last) = self.last else { return Ok(()) };
        let path = mark_file(&self.log);
        let draft = path.with_extension("draft");
        let mark =
            Mark { container: self.container.clone(), last: last.to_string(), count: self.count };
        fs::write(&draft, serde_json::to_vec(&mark)?)?;
        fs::rename(&draft, path)
    }
}

fn mark_file(log: &Path) -> PathBuf {
    log.with_extension("copied")
}

/// The time that the engine puts before what was written.
fn timed(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let at = bytes.iter().position(|byte| *byte == b' ')?;
    let time = std::str::from_utf8(bytes.get(..at)?).ok()?.parse().ok()?;
    Some((time, bytes.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(copy: &mut Copy, begins: bool, text: &str) -> String {
        String::from_utf8(copy.new_part(begins, text.as_bytes()).to_vec()).unwrap()
    }

    #[test]
    fn what_was_copied_is_not_copied_again() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("logs/main.log");
        let mut copy = Copy::new("c1", log.clone());
        copy.begin();
        let text = part(&mut copy, true, "2026-01-02T03:04:04Z zero\n")
            + &part(&mut copy, true, "2026-01-02T03:04:05Z one\n")
            + &part(&mut copy, true, "2026-01-02T03:04:05+00:00 two ")
            + &part(&mut copy, false, "more\n");
        assert_eq!(text, "zero\none\ntwo more\n");
        copy.append(text.as_bytes()).unwrap();

        // Whoever comes next is told the lines of before, and those of the same second.
        let mut next = Copy::new("c1", log.clone());
        next.begin();
        for old in ["4Z zero\n", "5Z one\n", "5Z two "] {
            assert_eq!(part(&mut next, true, &format!("2026-01-02T03:04:0{old}")), "");
        }
        assert_eq!(part(&mut next, false, "more\n"), "");
        assert_eq!(part(&mut next, true, "2026-01-02T03:04:05Z three\n"), "three\n");
        assert_eq!(part(&mut next, true, "2026-01-02T03:04:05.5Z four\n"), "four\n");
        next.append(b"three\nfour\n").unwrap();
        assert_eq!(fs::read_to_string(&log).unwrap(), "zero\none\ntwo more\nthree\nfour\n");

        // Another container of the same log begins anew.
        let mut other = Copy::new("c2", log);
        other.begin();
        assert_eq!(part(&mut other, true, "2026-01-02T03:04:05.1Z one\n"), "one\n");
        assert_eq!(part(&mut other, true, "no time\n"), "no time\n");
    }
}

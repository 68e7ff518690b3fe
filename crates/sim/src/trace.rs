use std::{fmt::Write as _, time::Duration};

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

/// All that happened, as one hash; and as lines for whoever wants to read them.
pub(crate) struct Trace {
    begin: Instant,
    hash: Sha256,
    steps: u64,
    /// Kept when somebody is to read them.
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(kept: bool) -> Self {
        let lines = kept.then(Vec::new);
        Self { begin: Instant::now(), hash: Sha256::new(), steps: 0, lines }
    }

    /// Writes down that something happened now.
    pub(crate) fn note(&mut self, what: &str) {
        let at = self.begin.elapsed();
        self.hash.update(at.as_millis().to_le_bytes());
        self.hash.update(what.as_bytes());
        self.hash.update([0]);
        self.steps += 1;
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{} {what}", clock_of(at)));
        }
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// The hash so far, in hexadecimal digits.
    pub(crate) fn digest(&self) -> String {
        let bytes = self.hash.clone().finalize();
        bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// `hh:mm:ss.mmm` after the beginning.
pub(crate) fn clock_of(at: Duration) -> String {
    let (s, ms) = (at.as_secs(), at.subsec_millis());
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

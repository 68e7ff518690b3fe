use std::{fmt::Write as _, io::Write};

use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tidegate_ledger::Entry;
use tidegate_ports::StoredObject;

use crate::{
    BackupError, Change, Counts, Manifest, Seal,
    member::{Lines, MANIFEST, MEMBER, SUMS, TOKEN},
    seal::{Sealed, WRITING},
};

/// A document as a line.
#[derive(Serialize)]
struct Document<'a> {
    kind: &'a str,
    key: &'a tidegate_units::ObjectKey,
    body: &'a serde_json::Value,
}

/// Writes a backup: the documents, then what they were, then the ledger.
pub struct BackupWriter<W: Write> {
    tar: tar::Builder<GzEncoder<Sealed<W>>>,
    manifest: Manifest,
    sums: String,
    part: Part,
    written: Counts,
}

/// The member that is being filled.
struct Part {
    lines: Lines,
    number: u32,
    text: Vec<u8>,
}

impl Part {
    const fn begin(lines: Lines) -> Self {
        Self { lines, number: 1, text: Vec::new() }
    }
}

impl<W: Write> BackupWriter<W> {
    /// Begins a backup that will hold what `manifest` says.
    pub fn begin(
        out: W,
        seal: &Seal,
        manifest: Manifest,
        token: Option<&[u8]>,
    ) -> Result<Self, BackupError> {
        // Fast: lines of JSON shrink to a tenth at any level, and the server's machine has other work.
        let gzip = GzEncoder::new(seal.begin(out)?, Compression::fast());
        let mut writer = Self {
            tar: tar::Builder::new(gzip),
            manifest,
            sums: String::new(),
            part: Part::begin(Lines::Documents),
            written: Counts::default(),
        };
        let text = serde_json::to_vec_pretty(&writer.manifest)
            .map_err(|error| BackupError::Unfit(error.to_string()))?;
        writer.member(MANIFEST, &text)?;
        if let Some(token) = token {
            writer.member(TOKEN, token)?;
        }
        Ok(writer)
    }

    /// Adds a document.
    pub fn document(&mut self, object: &StoredObject) -> Result<(), BackupError> {
        let StoredObject { kind, key, body } = object;
        self.written.documents += 1;
        self.line(Lines::Documents, &Document { kind, key, body })
    }

    /// Adds what a document was, after all documents.
    pub fn change(&mut self, change: &Change) -> Result<(), BackupError> {
        self.written.changes += 1;
        self.line(Lines::Changes, change)
    }

    /// Adds an entry of the ledger, after all else.
    pub fn entry(&mut self, entry: &Entry) -> Result<(), BackupError> {
        self.written.entries += 1;
        self.line(Lines::Ledger, entry)
    }

    /// How much was written up to here.
    pub const fn written(&self) -> Counts {
        self.written
    }

    /// Writes the end, and gives back what was written to.
    pub fn finish(mut self) -> Result<W, BackupError> {
        self.close_part()?;
        if self.written != self.manifest.counts {
            let (said, found) = (self.manifest.counts, self.written);
            let why = format!("it was to have {said:?} and got {found:?}");
            return Err(BackupError::Unfit(why));
        }
        let sums = std::mem::take(&mut self.sums);
        self.member(SUMS, sums.as_bytes())?;
        let gzip = self.tar.into_inner().map_err(BackupError::io(WRITING))?;
        let sealed = gzip.finish().map_err(BackupError::io(WRITING))?;
        sealed.finish().map_err(BackupError::io(WRITING))
    }

    fn line(&mut self, lines: Lines, value: &impl Serialize) -> Result<(), BackupError> {
        if self.part.lines != lines {
            self.close_part()?;
            self.part = Part::begin(lines);
        }
        serde_json::to_writer(&mut self.part.text, value)
            .map_err(|error| BackupError::Unfit(error.to_string()))?;
        self.part.text.push(b'\n');
        if self.part.text.len() >= MEMBER { self.close_part() } else { Ok(()) }
    }

    fn close_part(&mut self) -> Result<(), BackupError> {
        if self.part.text.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.part.text);
        let name = self.part.lines.member(self.part.number);
        self.member(&name, &text)?;
        self.part.number += 1;
        Ok(())
    }

    fn member(&mut self, name: &str, content: &[u8]) -> Result<(), BackupError> {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        // There are secrets in it.
        header.set_mode(0o600);
        let seconds = self.manifest.taken_at.as_millis().max(0) / 1000;
        header.set_mtime(u64::try_from(seconds).unwrap_or(0));
        let _ = writeln!(self.sums, "{}  {name}", hexadecimal(content));
        self.tar.append_data(&mut header, name, content).map_err(BackupError::io(WRITING))
    }
}

/// The SHA-256 of a member, as `sha256sum` writes it.
pub(crate) fn hexadecimal(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

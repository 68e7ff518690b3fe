use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::encodings::forms;
use crate::scan::Scanner;
use crate::stream::MaskStream;

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// How many bytes of secrets, in all their forms, one job may mask. Each takes some 20 bytes of memory while the
/// masks are made ready, so that this comes to some 300 MB; GitHub's own most is 100 secrets of 48 KB.
pub const MOST_PATTERN_BYTES: usize = 16 * 1024 * 1024;

/// The secrets of a job, each in all the forms in which it may turn up.
///
/// Adding is cheap; the first text masked after it pays for the whole.
#[derive(Clone, Debug, Default)]
pub struct Masker {
    patterns: BTreeSet<String>,
    bytes: usize,
    scanner: OnceLock<Option<Arc<Scanner>>>,
}

/// More was to be masked than [`MOST_PATTERN_BYTES`]: nothing may be shown any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more secrets are to be masked than the {MOST_PATTERN_BYTES} bytes that one job may have, in all their encodings"
)]
pub struct TooManySecrets;

impl Masker {
    /// Masks nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Masks a secret of the workflow: its value without blanks around it, and each of its lines.
    pub fn add_secret(&mut self, secret: &str) -> Result<(), TooManySecrets> {
        self.add_mask(secret.trim())
    }

    /// Masks what `::add-mask::` was given: the whole as it is, and each of its lines without blanks around it.
    /// What is blank is not masked.
    pub fn add_mask(&mut self, value: &str) -> Result<(), TooManySecrets> {
        if value.trim().is_empty() {
            return Ok(());
        }
        self.add_value(value)?;
        value.split(['\r', '\n']).map(str::trim).try_for_each(|line| self.add_value(line))
    }

    /// Masks one value in all its forms; an empty one is not masked.
    pub fn add_value(&mut self, value: &str) -> Result<(), TooManySecrets> {
        for form in forms(value) {
            let length = form.len();
            if self.bytes + length > MOST_PATTERN_BYTES {
                return Err(TooManySecrets);
            }
            if self.patterns.insert(form) {
                self.bytes += length;
                self.scanner = OnceLock::new();
            }
        }
        Ok(())
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The text with `***` for each run of secrets. Those that overlap or touch are one run.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(scanner) = self.scanner() else { return Cow::Borrowed(text) };
        let mut found = Vec::new();
        scanner.read(scanner.start(), text.as_bytes(), 0, &mut found);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for range in found {
            out.push_str(text.get(from..range.start).unwrap_or_default());
            out.push_str(MASK);
            from = range.end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Masks text that comes in pieces.
    pub fn stream(&self) -> MaskStream {
        MaskStream::new(self.scanner().cloned())
    }

    pub(crate) fn scanner(&self) -> Option<&Arc<Scanner>> {
        self.scanner.get_or_init(|| self.build()).as_ref()
    }

    fn build(&self) -> Option<Arc<Scanner>> {
        if self.is_empty() {
            return None;
        }
        let scanner = Scanner::new(self.patterns.iter().map(String::as_str));
        #[expect(
            clippy::expect_used,
            reason = "it fails from 2^31 states on; MOST_PATTERN_BYTES allows 2^24"
        )]
        Some(Arc::new(scanner.expect("as many states as bytes at most")))
    }
}

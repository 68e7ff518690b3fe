use std::{collections::VecDeque, io::Read as _};

use serde::Deserialize;
use serde_json::Value;
use tidegate_ledger::{Entry, Head, Verifier};
use tidegate_ports::StoredObject;
use tidegate_units::ObjectKey;

use crate::{
    BackupError, Change, Counts, FORMAT, Keys, Manifest,
    member::{LONGEST_MEMBER, LONGEST_SUMS, LONGEST_TOKEN, Lines, MANIFEST, SUMS, TOKEN},
    open::Opened,
    write::hexadecimal,
};

/// Something that is in a backup, in the order in which it comes. Not before the reader has come to
/// the end is it known that all of it is as it was written.
#[derive(Debug)]
pub enum Item {
    /// The first.
    Manifest(Manifest),
    /// What clients show to the server.
    Token(Vec<u8>),
    /// A document.
    Document(StoredObject),
    /// What a document was.
    Change(Change),
    /// An entry of the ledger; it follows the one before.
    Entry(Box<Entry>),
}

/// What a whole backup says of itself.
pub type Read = Manifest;

/// A document as a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: String,
    key: ObjectKey,
    body: Value,
}

/// Reads a backup to its end and hands on what is in it. What `receive` refuses ends the reading.
///
/// Errors: every alteration, omission and addition, wherever it is, is one of [`BackupError`]'s; so
/// is a key that does not fit.
pub fn read<E: From<BackupError>>(
    file: impl std::io::BufRead,
    keys: &Keys,
    mut receive: impl FnMut(Item) -> Result<(), E>,
) -> Result<Read, E> {
    let mut archive = tar::Archive::new(Opened::new(file, keys)?);
    let mut state = State::default();
    // Raw: members that only describe others are none of ours, and are refused by their kind.
    let entries = archive.entries().map_err(BackupError::reading)?.raw(true);
    for member in entries {
        let (name, content) = content(member.map_err(BackupError::reading)?)?;
        state.member(&name, &content, &mut receive)?;
    }
    let manifest = state.finish()?;
    archive.into_inner().finish()?;
    Ok(manifest)
}

/// A member with its name; no longer than one of that name may be.
fn content(
    mut member: tar::Entry<'_, impl std::io::Read>,
) -> Result<(String, Vec<u8>), BackupError> {
    let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
    if !member.header().entry_type().is_file() {
        return Err(BackupError::Damaged(format!("{name:?} is no file")));
    }
    let limit = match name.as_str() {
        SUMS => LONGEST_SUMS,
        TOKEN => LONGEST_TOKEN,
        _ => LONGEST_MEMBER,
    };
    if member.size() > limit as u64 {
        let size = member.size();
        return Err(BackupError::Damaged(format!("{name:?} has {size} bytes, at most {limit}")));
    }
    let mut content = Vec::new();
    member.read_to_end(&mut content).map_err(BackupError::reading)?;
    if content.len() as u64 != member.size() {
        return Err(BackupError::Damaged("its end is missing".to_owned()));
    }
    Ok((name, content))
}

#[derive(Default)]
struct State {
    manifest: Option<Manifest>,
    /// The sums of what was read, to be found again in their own member.
    sums: VecDeque<String>,
    summed: bool,
    /// The members of lines that come next.
    lines: Option<(Lines, u32)>,
    found: Counts,
    ledger: Verifier,
}

impl State {
    fn member<E: From<BackupError>>(
        &mut self,
        name: &str,
        content: &[u8],
        receive: &mut impl FnMut(Item) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.summed {
            return Err(BackupError::Damaged(format!("{name:?} follows its end")).into());
        }
        if name == SUMS {
            return Ok(self.check_sums(content)?);
        }
        self.sums.push_back(format!("{}  {name}", hexadecimal(content)));
        match (&self.manifest, name) {
            (None, MANIFEST) => {
                let manifest = manifest(content)?;
                self.manifest = Some(manifest.clone());
                receive(Item::Manifest(manifest))
            }
            (None, _) => {
                Err(BackupError::Foreign(format!("it begins with {name:?}, not its manifest"))
                    .into())
            }
            (Some(_), TOKEN) if self.sums.len() == 2 => receive(Item::Token(content.to_vec())),
            _ => self.lines(name, content, receive),
        }
    }

    fn lines<E: From<BackupError>>(
        &mut self,
        name: &str,
        content: &[u8],
        receive: &mut impl FnMut(Item) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = self.place(name)?;
        let damaged = |why: String| BackupError::Damaged(format!("{name}: {why}"));
        let text = std::str::from_utf8(content).map_err(|error| damaged(error.to_string()))?;
        for line in text.lines() {
            let item = match lines {
                Lines::Documents => {
                    self.found.documents += 1;
                    let Document { kind, key, body } = parse(line).map_err(damaged)?;
                    Item::Document(StoredObject { kind, key, body })
                }
                Lines::Changes => {
                    self.found.changes += 1;
                    Item::Change(parse(line).map_err(damaged)?)
                }
                Lines::Ledger => {
                    self.found.entries += 1;
                    self.ledger.take_line(line).map_err(BackupError::from)?;
                    Item::Entry(Box::new(parse(line).map_err(damaged)?))
                }
            };
            receive(item)?;
        }
        Ok(())
    }

    /// What a member of this name holds, if it is its turn.
    fn place(&mut self, name: &str) -> Result<Lines, BackupError> {
        let begins = Lines::ALL.map(|lines| (lines, 1));
        let (at, next) = match self.lines {
            Some((lines, number)) => (Some(lines), Some((lines, number + 1))),
            None => (None, None),
        };
        let later = begins.into_iter().filter(|(lines, _)| at.is_none_or(|at| *lines > at));
        let mut turns = next.into_iter().chain(later);
        let turn = turns.find(|(lines, number)| lines.member(*number) == name);
        let (lines, number) =
            turn.ok_or_else(|| BackupError::Damaged(format!("{name:?} is not what comes next")))?;
        self.lines = Some((lines, number));
        Ok(lines)
    }

    fn check_sums(&mut self, content: &[u8]) -> Result<(), BackupError> {
        let text = String::from_utf8_lossy(content);
        for line in text.lines() {
            match self.sums.pop_front() {
                Some(found) if found == line => {}
                found => {
                    let found = found.unwrap_or_default();
                    let name = found.split("  ").nth(1).unwrap_or("a member that is not there");
                    return Err(BackupError::Damaged(format!("{name} is not what was written")));
                }
            }
        }
        self.summed = self.sums.is_empty();
        if self.summed { Ok(()) } else { Err(BackupError::Damaged("sums are missing".to_owned())) }
    }

    fn finish(self) -> Result<Manifest, BackupError> {
        let Some(manifest) = self.manifest.filter(|_| self.summed) else {
            return Err(BackupError::Damaged("its end is missing".to_owned()));
        };
        if self.found != manifest.counts {
            let (said, found) = (manifest.counts, self.found);
            return Err(BackupError::Damaged(format!("it has {found:?} and says {said:?}")));
        }
        let head: Head = self.ledger.finish()?.head;
        if head != manifest.head {
            let (found, said) = (head.sequence, manifest.head.sequence);
            let why = format!("its ledger ends at entry {found}, it says at {said}");
            return Err(BackupError::Damaged(why));
        }
        Ok(manifest)
    }
}

fn parse<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

fn manifest(content: &[u8]) -> Result<Manifest, BackupError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let damaged = |error: serde_json::Error| BackupError::Damaged(format!("{MANIFEST}: {error}"));
    let Format { format: found } = serde_json::from_slice(content).map_err(damaged)?;
    if found > FORMAT {
        return Err(BackupError::TooNew { found, known: FORMAT });
    }
    serde_json::from_slice(content).map_err(damaged)
}

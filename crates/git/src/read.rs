use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, ObjectId, Repository, program::Call, repository::words};

/// What is in a folder of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its path from the top.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its object.
    pub id: ObjectId,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryKind {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A link to another path.
    Link,
    /// A folder.
    Folder,
    /// Another repository's commit.
    Submodule,
}

impl Repository {
    /// A file as it is at a revision; none where there is no such file. A link is read as the path that it has.
    ///
    /// # Errors
    /// [`Error::NoRevision`], [`Error::TooMuch`] of a file beyond `limit` bytes, and those of the program.
    pub fn read_file(
        &self,
        revision: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, Error> {
        let found = self.look(revision, path)?;
        let Some(found) = found.filter(|entry| entry.kind.has_bytes()) else {
            return Ok(None);
        };
        let arguments = words(["cat-file", "blob", found.id.as_str()]);
        let call = Call { folder: Some(self.folder()), arguments: &arguments, ..Call::default() };
        self.git().taking(limit).bytes(call).map(Some)
    }

    /// Files as they are at a revision, by one process; those that are not there, or are no files, are left out.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn read_files(
        &self,
        revision: &str,
        paths: &[&str],
    ) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let commit = self.commit(revision)?;
        // A question is a line.
        let asked: Vec<_> = paths.iter().filter(|path| !path.contains('\n')).collect();
        let lines = asked.iter().flat_map(|path| [commit.as_str(), ":", path, "\n"]);
        let input: String = lines.collect();
        let arguments = words(["cat-file", "--batch"]);
        let call = Call {
            folder: Some(self.folder()),
            arguments: &arguments,
            input: Some(input.into_bytes()),
            ..Call::default()
        };
        let answer = self.git().bytes(call)?;
        let mut left = answer.as_slice();
        let mut found = BTreeMap::new();
        for path in asked {
            if let Some(bytes) = answered(&mut left)? {
                found.insert((*path).to_owned(), bytes);
            }
        }
        Ok(found)
    }

    /// What is at a path of a revision.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn look(&self, revision: &str, path: &str) -> Result<Option<Entry>, Error> {
        let commit = self.commit(revision)?;
        let path = path.trim_matches('/');
        let said = self.text(["ls-tree", "-z", "--full-tree", commit.as_str(), "--", path])?;
        said.split('\0').filter(|line| !line.is_empty()).map(entry).next().transpose()
    }

    /// What is in a folder of a revision, by name; the top where the path is empty. None where there is no such folder.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn folder_at(&self, revision: &str, path: &str) -> Result<Option<Vec<Entry>>, Error> {
        let commit = self.commit(revision)?;
        let path = path.trim_matches('/');
        if !path.is_empty()
            && self.look(revision, path)?.is_none_or(|entry| entry.kind != EntryKind::Folder)
        {
            return Ok(None);
        }
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let said = match inside.as_str() {
            "" => self.text(["ls-tree", "-z", "--full-tree", commit.as_str()])?,
            inside => self.text(["ls-tree", "-z", "--full-tree", commit.as_str(), "--", inside])?,
        };
        said.split('\0')
            .filter(|line| !line.is_empty())
            .map(entry)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// The next answer: `ID TYPE SIZE`, a line end, so many bytes and a line end; or a line that ends with `missing`.
fn answered(left: &mut &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let odd = |what: &str| Error::Odd { command: "cat-file".to_owned(), what: what.to_owned() };
    let end = left.iter().position(|byte| *byte == b'\n').ok_or_else(|| odd("no line"))?;
    let (head, rest) = left.split_at(end);
    let rest = rest.get(1..).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    if head.ends_with(" missing") {
        *left = rest;
        return Ok(None);
    }
    let size = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
    let size = size.filter(|size| *size < rest.len()).ok_or_else(|| odd(&head))?;
    let (bytes, after) = rest.split_at(size);
    *left = after.get(1..).unwrap_or_default();
    Ok(head.contains(" blob ").then(|| bytes.to_vec()))
}

impl EntryKind {
    const fn has_bytes(self) -> bool {
        matches!(self, Self::File | Self::Executable | Self::Link)
    }
}

/// `MODE TYPE ID<tab>PATH`.
fn entry(line: &str) -> Result<Entry, Error> {
    let odd = || Error::Odd { command: "ls-tree".to_owned(), what: line.to_owned() };
    let (facts, path) = line.split_once('\t').ok_or_else(odd)?;
    let mut facts = facts.split(' ');
    let (Some(mode), Some(_type), Some(id)) = (facts.next(), facts.next(), facts.next()) else {
        return Err(odd());
    };
    let kind = match mode {
        "100755" => EntryKind::Executable,
        "120000" => EntryKind::Link,
        "040000" => EntryKind::Folder,
        "160000" => EntryKind::Submodule,
        _ => EntryKind::File,
    };
    Ok(Entry { path: path.to_owned(), kind, id: id.parse().map_err(|_| odd())? })
}

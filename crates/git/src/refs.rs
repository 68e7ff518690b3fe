use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, ObjectId, RefKind, Repository, program::Call};

/// So many refs are taken of one repository: the biggest forges' projects have some 100,000 of proposed changes.
const MOST_REFS: usize = 500_000;

/// Where the refs of a repository were at one moment.
///
/// A tag that is an object of its own is at the commit that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Refs {
    at: BTreeMap<String, ObjectId>,
}

/// What became of a ref between two looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefChange {
    /// Its full name.
    pub name: String,
    /// Where it was, unless it is new.
    pub before: Option<ObjectId>,
    /// Where it is, unless it is gone.
    pub after: Option<ObjectId>,
}

impl RefChange {
    /// What the ref is for.
    pub fn kind(&self) -> RefKind {
        RefKind::of(&self.name)
    }
}

impl Refs {
    /// Where the ref of a full name is.
    pub fn get(&self, name: &str) -> Option<&ObjectId> {
        self.at.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ObjectId)> {
        self.at.iter().map(|(name, at)| (name.as_str(), at))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// What became of each ref from this look to a later one, by name. What did not move is not in it.
    pub fn changes(&self, later: &Self) -> Vec<RefChange> {
        let gone = self.at.iter().filter(|(name, _)| !later.at.contains_key(*name));
        let gone = gone.map(|(name, before)| RefChange {
            name: name.clone(),
            before: Some(before.clone()),
            after: None,
        });
        let moved = later.at.iter().filter(|(name, after)| self.at.get(*name) != Some(after));
        let moved = moved.map(|(name, after)| RefChange {
            name: name.clone(),
            before: self.at.get(name).cloned(),
            after: Some(after.clone()),
        });
        let mut changes: Vec<_> = gone.chain(moved).collect();
        changes.sort_by(|one, other| one.name.cmp(&other.name));
        changes
    }

    /// From lines of an object's name, white space and a ref, where `REF^{}` is what the tag `REF` names.
    pub(crate) fn read(text: &str, command: &str) -> Result<Self, Error> {
        let odd = |line: &str| Error::Odd { command: command.to_owned(), what: line.to_owned() };
        let mut at = BTreeMap::new();
        for line in text.lines().take(MOST_REFS) {
            let (id, name) = line.split_once(['\t', ' ']).ok_or_else(|| odd(line))?;
            let id: ObjectId = id.parse().map_err(|_| odd(line))?;
            let peeled = name.strip_suffix("^{}").unwrap_or(name);
            if peeled.starts_with("refs/") {
                at.insert(peeled.to_owned(), id);
            }
        }
        Ok(Self { at })
    }
}

impl Repository {
    /// Where its refs are now.
    ///
    /// # Errors
    /// Those of the program.
    pub fn refs(&self) -> Result<Refs, Error> {
        let arguments = ["show-ref", "--dereference"].map(AsRef::as_ref);
        let call = Call { folder: Some(self.folder()), arguments: &arguments, ..Call::default() };
        let answer = self.git().ask(call)?;
        // With no ref at all it ends with 1 and says nothing.
        match answer.code {
            Some(0 | 1) => Refs::read(&String::from_utf8_lossy(&answer.stdout), "show-ref"),
            code => {
                Err(Error::Refused { command: "show-ref".to_owned(), code, stderr: answer.stderr })
            }
        }
    }
}

use semver::Version;
use serde::Serialize;

use crate::{footer, message, revert};

/// A commit, as far as versions follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name, as hexadecimal digits.
    pub id: String,
    /// The whole message.
    pub message: String,
    /// Every path that it touched, from the top of the repository.
    pub paths: Vec<String>,
    /// Who wrote it.
    pub author: String,
}

/// One change that a commit tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The commit.
    pub commit: String,
    /// Its type in lower case: `feat`, `fix` and so on.
    pub kind: String,
    /// What part it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The description.
    pub description: String,
    /// What it breaks, where it breaks something; the description where no more is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaking: Option<String>,
    /// The version that it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_as: Option<Version>,
    /// The issues that it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Who wrote it.
    pub author: String,
    /// The commits that it takes back.
    #[serde(skip)]
    pub(crate) reverts: Vec<String>,
}

impl Change {
    /// What is no commit's, but asks for a version: somebody said so on a command line or in settings.
    pub fn asking(version: Version, said_by: &str) -> Self {
        Self {
            commit: said_by.to_owned(),
            kind: String::new(),
            scope: None,
            description: format!("release {version}"),
            breaking: None,
            release_as: Some(version),
            references: Vec::new(),
            author: String::new(),
            reverts: Vec::new(),
        }
    }

    /// Whether it is a commit's.
    pub fn is_of_commit(&self) -> bool {
        !self.kind.is_empty()
    }
}

/// An issue that a change speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The word in lower case: `closes`, `refs`.
    pub action: String,
    /// The number.
    pub number: u64,
}

/// The changes that commits tell of, in their order, which is the newest first. A change and what takes it back are both left out.
pub fn changes(commits: &[Commit]) -> Vec<Change> {
    revert::without_reverted(commits.iter().flat_map(of_commit).collect())
}

fn of_commit(commit: &Commit) -> Vec<Change> {
    let parts = message::parts(&commit.message);
    parts.iter().flat_map(|part| of_message(commit, part)).collect()
}

/// The change of a message, and those that its footers tell of.
fn of_message(commit: &Commit, text: &str) -> Vec<Change> {
    if let Some(change) = of_git_revert(commit, text) {
        return vec![change];
    }
    let text = apart(text);
    let Ok(parsed) = git_conventional::Commit::parse(&text) else {
        return Vec::new();
    };
    let kind = parsed.type_().as_str().to_ascii_lowercase();
    let mut references = Vec::new();
    let mut more = Vec::new();
    for found in parsed.footers() {
        references.extend(footer::references(found.token().as_str(), found.value()));
        let line = format!("{}: {}", found.token(), found.value());
        if message::begins(&line) {
            more.extend(of_message(commit, &line));
        }
    }
    let described = parsed.breaking_description().filter(|text| !text.is_empty());
    let breaking = footer::breaking(&text)
        .filter(|text| !text.is_empty())
        .or_else(|| described.map(one_line))
        .or_else(|| parsed.breaking().then(|| parsed.description().to_owned()));
    let change = Change {
        commit: commit.id.clone(),
        scope: parsed.scope().map(|scope| scope.as_str().to_owned()),
        description: one_line(parsed.description()),
        breaking,
        release_as: footer::release_as(&text),
        references,
        author: commit.author.clone(),
        reverts: if kind == "revert" { footer::reverted(&text) } else { Vec::new() },
        kind,
    };
    std::iter::once(change).chain(more).collect()
}

/// What `git revert` writes: `Revert "…"` and the commit that it reverts.
fn of_git_revert(commit: &Commit, text: &str) -> Option<Change> {
    let reverts = footer::reverted(text);
    let quoted = text.lines().next()?.strip_prefix("Revert \"")?;
    let described = quoted.rsplit_once('"').map_or(quoted, |(described, _)| described);
    (!reverts.is_empty()).then(|| Change {
        commit: commit.id.clone(),
        kind: "revert".to_owned(),
        scope: None,
        description: described.to_owned(),
        breaking: None,
        release_as: footer::release_as(text),
        references: Vec::new(),
        author: commit.author.clone(),
        reverts,
    })
}

/// With an empty line after the first, which people forget and the specification asks for.
fn apart(text: &str) -> String {
    match text.split_once('\n') {
        Some((header, rest)) => {
            format!("{}\n\n{}", header.trim_end(), rest.trim_start_matches('\n'))
        }
        None => text.trim_end().to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

/// Commits of one change that are told: those that a release may want to know of, not a history.
pub const MOST_COMMITS: usize = 50;

/// Branches and tags of one push that are told.
pub const MOST_CHANGES: usize = 20;

/// What happened to a repository, as far as a release may want to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The forge's word for it, such as `push`.
    pub name: String,
    /// The repository as the forge calls it, such as `acme/shop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Where it is cloned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clone_url: Option<String>,
    /// Who did it, as the forge calls them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What was pushed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What is to be merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
}

/// A branch or tag that is another one than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its whole name, such as `refs/heads/main`.
    pub reference: String,
    /// The commit that it was at; none where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The commit that it is at; none where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What is new on it, no more than [`MOST_COMMITS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Commit>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// When it was made, as its author's machine said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
}

/// A request to merge one branch into another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// What happened to it, in the forge's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The branch that is to be merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The branch that it is to be merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The newest commit of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

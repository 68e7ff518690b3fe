use serde::Serialize;

/// What a ref is for, by its full name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum RefKind {
    /// A branch (`refs/heads/NAME`).
    Branch {
        /// Its name.
        name: String,
    },
    /// A tag (`refs/tags/NAME`).
    Tag {
        /// Its name.
        name: String,
    },
    /// The head of a proposed change: `refs/pull/N/head` (GitHub, Gitea), `refs/merge-requests/N/head` (GitLab),
    /// `refs/pull-requests/N/from` (Bitbucket).
    PullRequest {
        /// Its number.
        number: u64,
    },
    /// What a proposed change comes to when it is merged: `refs/pull/N/merge` and the like.
    Merge {
        /// The number of the proposed change.
        number: u64,
    },
    /// Something else: notes, stashes, remote branches.
    Other,
}

impl RefKind {
    /// What the ref of a full name is for.
    pub fn of(name: &str) -> Self {
        if let Some(name) = name.strip_prefix("refs/heads/") {
            return Self::Branch { name: name.to_owned() };
        }
        if let Some(name) = name.strip_prefix("refs/tags/") {
            return Self::Tag { name: name.to_owned() };
        }
        let proposed = ["refs/pull/", "refs/merge-requests/", "refs/pull-requests/"];
        let rest = proposed.iter().find_map(|prefix| name.strip_prefix(prefix));
        let Some((number, what)) = rest.and_then(|rest| rest.split_once('/')) else {
            return Self::Other;
        };
        match (number.parse(), what) {
            (Ok(number), "head" | "from") => Self::PullRequest { number },
            (Ok(number), "merge") => Self::Merge { number },
            _ => Self::Other,
        }
    }
}

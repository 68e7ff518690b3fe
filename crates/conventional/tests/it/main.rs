//! What commits come to, as tables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod changelogs;
mod components;
mod links;
mod messages;
mod oracles;
mod versions;

use tidegate_conventional::Commit;

/// Commits with these messages, the oldest first, as they come from a repository: the newest first.
fn commits(messages: &[&str]) -> Vec<Commit> {
    let commit = |(at, message): (usize, &&str)| Commit {
        id: format!("{:040x}", 0xabc_0000 + at),
        message: (*message).to_owned(),
        paths: vec!["a".to_owned()],
        author: "Ada".to_owned(),
    };
    let mut commits: Vec<_> = messages.iter().enumerate().map(commit).collect();
    commits.reverse();
    commits
}

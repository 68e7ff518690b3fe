use serde::Serialize;

use crate::{Error, ObjectId, Repository, program::Call, repository::words};

/// So many commits are taken of one range: a release of more is told by its first ones badly, and Linux has a million in all.
pub const MOST_COMMITS: usize = 200_000;

/// A commit, with what it touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// Its name.
    pub id: ObjectId,
    /// Those before it; several of a merge.
    pub parents: Vec<ObjectId>,
    /// When it was made, in seconds since 1970.
    pub committed: i64,
    /// Who wrote it.
    pub author: String,
    /// And their address.
    pub email: String,
    /// The whole message.
    pub message: String,
    /// Every path that it touched, both of a renamed file; of a merge those that it brought to its first parent.
    pub paths: Vec<String>,
}

/// Which commits.
#[derive(Clone, Copy, Debug)]
pub struct Range<'a> {
    /// Without this one and all before it; from the first commit where there is none.
    pub after: Option<&'a str>,
    /// Up to this one.
    pub to: &'a str,
}

/// Every field but the names ends with a NUL; a message has none.
const FORMAT: &str = "--format=%H%x00%P%x00%ct%x00%an%x00%ae%x00%B%x00";
const COMMAND: &str = "log";

impl Repository {
    /// The commits of a range, the newest first.
    ///
    /// # Errors
    /// [`Error::NoRevision`], [`Error::TooMuch`], and those of the program.
    pub fn commits(&self, range: Range<'_>) -> Result<Vec<Commit>, Error> {
        let to = self.commit(range.to)?;
        let without = match range.after {
            Some(after) => format!("^{}", self.commit(after)?),
            None => String::from("--"),
        };
        let most = format!("--max-count={}", MOST_COMMITS + 1);
        let arguments = words([
            COMMAND,
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-color",
            "--no-ext-diff",
            "--no-notes",
            "--root",
            "--topo-order",
            "--diff-merges=first-parent",
            &most,
            FORMAT,
            to.as_str(),
            &without,
        ]);
        let call = Call { folder: Some(self.folder()), arguments: &arguments, ..Call::default() };
        let bytes = self.git().bytes(call)?;
        let commits = read(&String::from_utf8_lossy(&bytes))?;
        if commits.len() > MOST_COMMITS {
            let command = format!("{COMMAND} ({} commits)", commits.len());
            return Err(Error::TooMuch { command, limit: MOST_COMMITS });
        }
        Ok(commits)
    }
}

/// Commits as `FORMAT` has them, each followed by pairs of a change, which begins with a colon, and a path.
fn read(text: &str) -> Result<Vec<Commit>, Error> {
    let mut fields = text.split('\0').peekable();
    let mut commits = Vec::new();
    while let Some(id) = fields.next() {
        if id.is_empty() && fields.peek().is_none() {
            break;
        }
        commits.push(read_one(id, &mut fields)?);
    }
    Ok(commits)
}

fn read_one<'a>(
    id: &str,
    fields: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
) -> Result<Commit, Error> {
    let odd = |what: &str| Error::Odd { command: COMMAND.to_owned(), what: what.to_owned() };
    let name = |id: &str| id.parse::<ObjectId>().map_err(|_| odd(id));
    let id = name(id)?;
    let mut next = |what| fields.next().ok_or_else(|| odd(what));
    let parents = next("no parents")?
        .split(' ')
        .filter(|id| !id.is_empty())
        .map(name)
        .collect::<Result<_, _>>()?;
    let committed = next("no time")?;
    let committed = committed.parse().map_err(|_| odd(committed))?;
    let (author, email) = (next("no author")?.to_owned(), next("no address")?.to_owned());
    let message = next("no message")?.trim_end().to_owned();
    next("no end")?;
    let mut paths = Vec::new();
    while let Some(_change) =
        fields.next_if(|field| field.strip_prefix('\n').unwrap_or(field).starts_with(':'))
    {
        paths.push(fields.next().ok_or_else(|| odd("no path"))?.to_owned());
    }
    Ok(Commit { id, parents, committed, author, email, message, paths })
}

use serde::Serialize;

use crate::{Error, ObjectId, Repository};

/// A tag, and the commit that it is at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Its name, without `refs/tags/`.
    pub name: String,
    /// The commit.
    pub commit: ObjectId,
    /// Whether it is an object of its own, with a message.
    pub annotated: bool,
}

const FORMAT: &str =
    "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)";

impl Repository {
    /// The tags of `revision` and of all before it, by name. Tags of what is no commit are left out.
    ///
    /// # Errors
    /// [`Error::NoRevision`], and those of the program.
    pub fn tags_reachable(&self, revision: &str) -> Result<Vec<Tag>, Error> {
        let merged = format!("--merged={}", self.commit(revision)?);
        let said = self.text(["for-each-ref", &merged, FORMAT, "refs/tags"])?;
        Ok(said.lines().filter_map(read).collect())
    }

    /// All tags, by name.
    ///
    /// # Errors
    /// Those of the program.
    pub fn tags(&self) -> Result<Vec<Tag>, Error> {
        let said = self.text(["for-each-ref", FORMAT, "refs/tags"])?;
        Ok(said.lines().filter_map(read).collect())
    }
}

fn read(line: &str) -> Option<Tag> {
    let mut fields = line.split('\0');
    let name = fields.next()?.strip_prefix("refs/tags/")?.to_owned();
    let (kind, id) = (fields.next()?, fields.next()?);
    let (peeled, at) = (fields.next()?, fields.next()?);
    let (annotated, commit) = match (kind, peeled) {
        ("commit", _) => (false, id),
        ("tag", "commit") => (true, at),
        _ => return None,
    };
    Some(Tag { name, commit: commit.parse().ok()?, annotated })
}

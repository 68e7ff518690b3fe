use std::{ffi::OsStr, fmt::Write as _, path::Path};

use crate::{Error, Identity, ObjectId, Repository, program::Call, repository::words};

/// A commit to be made on the branch that is checked out.
#[derive(Clone, Debug)]
pub struct NewCommit<'a> {
    /// The files of the work tree that go into it, from its top; all others stay as they were in the last commit.
    pub files: &'a [String],
    /// Its message.
    pub message: &'a str,
}

/// A tag to be made, with a message of its own.
#[derive(Clone, Debug)]
pub struct NewTag<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its message.
    pub message: &'a str,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The commit that the tags are at.
    pub commit: ObjectId,
    /// Whether it was made just now.
    pub made: bool,
}

impl Repository {
    /// Makes a commit and its tags: all of them or, whatever happens, none.
    ///
    /// Where no file differs, or none is given, no commit is made and the tags are of the last one. Tags that are there
    /// at that commit are left as they are. What else the person changed or staged stays as it is.
    ///
    /// # Errors
    /// [`Error::TagElsewhere`], [`Error::BadName`], [`Error::Moved`], [`Error::Unborn`], and those of the program.
    pub fn record(
        &self,
        commit: Option<&NewCommit<'_>>,
        tags: &[NewTag<'_>],
        identity: &Identity,
    ) -> Result<Written, Error> {
        let head = self.head()?;
        let made = match commit {
            Some(commit) => self.write_commit(commit, &head.commit, identity)?,
            None => None,
        };
        let at = made.clone().unwrap_or_else(|| head.commit.clone());
        let mut transaction = String::from("start\n");
        if let Some(made) = &made {
            // Without a branch the commit is that of HEAD itself.
            let name = head.branch.map_or("HEAD".to_owned(), |name| format!("refs/heads/{name}"));
            let _ = writeln!(transaction, "update {name} {made} {}", head.commit);
        }
        for tag in tags {
            if let Some(object) = self.write_tag(tag, &at, identity)? {
                let _ = writeln!(transaction, "create refs/tags/{} {object}", tag.name);
            }
        }
        transaction.push_str("prepare\ncommit\n");
        self.take(transaction)?;
        Ok(Written { commit: at, made: made.is_some() })
    }

    /// The commit as an object that nothing names yet; none where nothing differs.
    fn write_commit(
        &self,
        commit: &NewCommit<'_>,
        parent: &ObjectId,
        identity: &Identity,
    ) -> Result<Option<ObjectId>, Error> {
        let paths: Vec<_> = commit.files.iter().map(String::as_str).collect();
        // The person's own index first: were it last, a process that is killed would leave the files as if they were taken back.
        self.stage(&paths, None)?;
        let folder = tempfile::tempdir().map_err(Error::files("a folder for the index"))?;
        let index = folder.path().join("index");
        self.with_index(&["read-tree", parent.as_str()], &index)?;
        self.stage(&paths, Some(&index))?;
        let tree = self.with_index(&["write-tree"], &index)?;
        if tree == self.text(["rev-parse", &format!("{parent}^{{tree}}")])? {
            return Ok(None);
        }
        let arguments = words(["commit-tree", &tree, "-p", parent.as_str(), "-F", "-"]);
        self.write(&arguments, commit.message.to_owned(), Some(identity)).map(Some)
    }

    /// The tag as an object that nothing names yet; none where the tag is there already, as it shall be.
    fn write_tag(
        &self,
        tag: &NewTag<'_>,
        at: &ObjectId,
        identity: &Identity,
    ) -> Result<Option<ObjectId>, Error> {
        let full = format!("refs/tags/{}", tag.name);
        if self.perhaps(["check-ref-format", &full])?.is_none() || tag.name.starts_with('-') {
            return Err(Error::BadName { what: "tag", name: tag.name.to_owned() });
        }
        match self.resolve(&full)? {
            Some(there) if there == *at => return Ok(None),
            Some(there) => {
                return Err(Error::TagElsewhere { name: tag.name.to_owned(), at: there });
            }
            None => {}
        }
        let variables = identity.variables();
        let environment: Vec<_> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let arguments = words(["var", "GIT_COMMITTER_IDENT"]);
        let call = Call {
            folder: Some(self.folder()),
            arguments: &arguments,
            environment: &environment,
            ..Call::default()
        };
        let tagger = String::from_utf8_lossy(&self.git().bytes(call)?).trim().to_owned();
        let text = format!(
            "object {at}\ntype commit\ntag {}\ntagger {tagger}\n\n{}\n",
            tag.name,
            tag.message.trim_end()
        );
        self.write(&words(["mktag"]), text, None).map(Some)
    }

    /// Files of the work tree into an index; one that is gone is taken out of it.
    fn stage(&self, paths: &[&str], index: Option<&Path>) -> Result<(), Error> {
        let input = paths.join("\0").into_bytes();
        let arguments = words(["update-index", "--add", "--remove", "-z", "--stdin"]);
        let call = Call {
            folder: Some(self.folder()),
            arguments: &arguments,
            input: Some(input),
            index,
            ..Call::default()
        };
        self.git().bytes(call).map(drop)
    }

    fn with_index(&self, arguments: &[&str], index: &Path) -> Result<String, Error> {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let call = Call {
            folder: Some(self.folder()),
            arguments: &arguments,
            index: Some(index),
            ..Call::default()
        };
        let said = self.git().bytes(call)?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// The object that a command makes of `input`.
    fn write(
        &self,
        arguments: &[&OsStr],
        input: String,
        identity: Option<&Identity>,
    ) -> Result<ObjectId, Error> {
        let variables = identity.map(Identity::variables).unwrap_or_default();
        let environment: Vec<_> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let call = Call {
            folder: Some(self.folder()),
            arguments,
            input: Some(input.into_bytes()),
            environment: &environment,
            ..Call::default()
        };
        let said = self.git().bytes(call)?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        said.parse().map_err(|_| Error::Odd { command: "write".to_owned(), what: said })
    }

    /// All of the refs or none.
    fn take(&self, transaction: String) -> Result<(), Error> {
        let arguments = words(["update-ref", "--stdin"]);
        let call = Call {
            folder: Some(self.folder()),
            arguments: &arguments,
            input: Some(transaction.into_bytes()),
            ..Call::default()
        };
        self.git().bytes(call).map(drop).map_err(|error| match error {
            Error::Refused { stderr, .. } if stderr.contains("cannot lock ref '") => {
                let name = stderr.split('\'').nth(1).unwrap_or("a ref").to_owned();
                Error::Moved { name }
            }
            error => error,
        })
    }
}

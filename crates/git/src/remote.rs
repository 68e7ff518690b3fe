use std::ffi::OsStr;

use crate::{
    Credentials, Error, Git, Refs, Repository,
    credentials::{apart, without},
    program::Call,
    repository::words,
};

impl Git {
    /// Where the refs of a repository elsewhere are, by its address or path.
    ///
    /// # Errors
    /// [`Error::BadAddress`], and those of the program.
    pub fn remote_refs(&self, url: &str, credentials: Option<&Credentials>) -> Result<Refs, Error> {
        let (url, own) = apart(address(url)?);
        let git = self.proving(&url, credentials.or(own.as_ref()))?;
        let said = git.text(None, &words(["ls-remote", "-q", "--", &url]))?;
        Refs::read(&said, "ls-remote")
    }
}

impl Repository {
    /// Brings refs to a remote, all of them or none, as the person who runs this program. Nothing is forced.
    ///
    /// # Errors
    /// [`Error::BadName`], and those of the program.
    pub fn push(&self, remote: &str, refs: &[String]) -> Result<(), Error> {
        if remote.starts_with('-') || remote.is_empty() {
            return Err(Error::BadName { what: "remote", name: remote.to_owned() });
        }
        let mut arguments = vec!["push", "--porcelain", "--atomic", "--no-verify", "--", remote];
        arguments.extend(refs.iter().map(String::as_str));
        let arguments: Vec<_> = arguments.into_iter().map(OsStr::new).collect();
        let call = Call { folder: Some(self.folder()), arguments: &arguments, ..Call::default() };
        self.git().of_person().bytes(call).map(drop)
    }

    /// The address of a remote, without what proves who somebody is.
    ///
    /// # Errors
    /// Those of the program.
    pub fn remote_url(&self, remote: &str) -> Result<Option<String>, Error> {
        let said = self.perhaps(["config", "--get", &format!("remote.{remote}.url")])?;
        Ok(said.map(|url| without(&url)))
    }
}

/// An address that no program is started for but git's own.
pub(crate) fn address(url: &str) -> Result<&str, Error> {
    let bad = |why: &str| Error::BadAddress { url: without(url), why: why.to_owned() };
    if url.is_empty() || url.starts_with('-') {
        return Err(bad("it is no address"));
    }
    if url.contains("::")
        && url.split("::").next().is_some_and(|helper| !helper.contains(['/', '[', ':']))
    {
        return Err(bad(
            "a helper's address would start a program; https, ssh, git and paths are taken",
        ));
    }
    Ok(url)
}

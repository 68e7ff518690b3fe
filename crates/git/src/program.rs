use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    Credentials, Error, Interrupt,
    process::{self, Answer, Bounds},
    surroundings::{self, Whose},
};

/// Configuration by the environment (`GIT_CONFIG_COUNT`), which keeps tokens out of command lines, is of 2.31.
const NEEDED: (u32, u32) = (2, 31);
const NEEDED_TEXT: &str = "2.31";
/// So much of an answer is taken: the history of a big project, with every path, is some 100 MB.
const MOST_ANSWER: usize = 512 << 20;
/// So long one command may take unless said otherwise: a first fetch of a big repository takes minutes.
const PATIENCE: Duration = Duration::from_mins(15);

/// The program `git`, and how it is run.
#[derive(Clone, Debug)]
pub struct Git {
    whose: Whose,
    bounds: Bounds,
    config: Vec<(String, OsString)>,
}

impl Git {
    /// The program, with nobody's configuration.
    ///
    /// # Errors
    /// [`Error::NoProgram`] and [`Error::TooOld`].
    pub fn find() -> Result<Self, Error> {
        let bounds =
            Bounds { patience: PATIENCE, limit: MOST_ANSWER, interrupt: Interrupt::default() };
        let git = Self { whose: Whose::Nobody, bounds, config: Vec::new() };
        let said = git.text(None, &["version".as_ref()])?;
        let version = said.trim().trim_start_matches("git version ").to_owned();
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0_u32));
        let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if found < NEEDED {
            return Err(Error::TooOld { found: version, needed: NEEDED_TEXT });
        }
        Ok(git)
    }

    /// The same, with the configuration of the person who runs this program: who they are, and how they reach
    /// their own remotes. Hooks, pagers and questions stay off.
    #[must_use]
    pub fn of_person(&self) -> Self {
        Self { whose: Whose::Person, ..self.clone() }
    }

    /// The same, ended by `interrupt`.
    #[must_use]
    pub fn ended_by(&self, interrupt: Interrupt) -> Self {
        let mut git = self.clone();
        git.bounds.interrupt = interrupt;
        git
    }

    /// The same, with so long for each command.
    #[must_use]
    pub fn within(&self, patience: Duration) -> Self {
        let mut git = self.clone();
        git.bounds.patience = patience;
        git
    }

    /// The same, with one more setting.
    pub(crate) fn with(&self, key: impl Into<String>, value: impl Into<OsString>) -> Self {
        let mut git = self.clone();
        git.config.push((key.into(), value.into()));
        git
    }

    /// The same, with what proves who one is at `url`.
    pub(crate) fn proving(
        &self,
        url: &str,
        credentials: Option<&Credentials>,
    ) -> Result<Self, Error> {
        match credentials {
            None => Ok(self.clone()),
            Some(credentials) => {
                let (key, value) = credentials.setting(url)?;
                Ok(self.with(key, value))
            }
        }
    }

    /// The same, taking no more than `limit` bytes of an answer.
    pub(crate) fn taking(&self, limit: usize) -> Self {
        let mut git = self.clone();
        git.bounds.limit = limit;
        git
    }

    /// What it answers, whatever it ends with.
    pub(crate) fn ask(&self, call: Call<'_>) -> Result<Answer, Error> {
        let mut command = Command::new("git");
        surroundings::set(&mut command, self.whose, &self.config);
        command.args(call.arguments);
        if let Some(folder) = call.folder {
            command.current_dir(folder);
        }
        if let Some(index) = call.index {
            command.env("GIT_INDEX_FILE", index);
        }
        for (name, value) in call.environment {
            command.env(name, value);
        }
        process::run(command, &name_of(call.arguments), call.input, &self.bounds)
    }

    /// What it writes, if it succeeds.
    pub(crate) fn bytes(&self, call: Call<'_>) -> Result<Vec<u8>, Error> {
        let command = name_of(call.arguments);
        let folder = call.folder.map(PathBuf::from);
        let answer = self.ask(call)?;
        if answer.code == Some(0) {
            return Ok(answer.stdout);
        }
        Err(refused(command, folder, &answer))
    }

    /// What it writes as text, if it succeeds.
    pub(crate) fn text(
        &self,
        folder: Option<&Path>,
        arguments: &[&OsStr],
    ) -> Result<String, Error> {
        let call = Call { folder, arguments, ..Call::default() };
        let bytes = self.bytes(call)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// One call of the program.
#[derive(Default)]
pub(crate) struct Call<'a> {
    pub(crate) folder: Option<&'a Path>,
    pub(crate) arguments: &'a [&'a OsStr],
    pub(crate) input: Option<Vec<u8>>,
    /// Another index than the repository's own.
    pub(crate) index: Option<&'a Path>,
    pub(crate) environment: &'a [(&'a str, &'a str)],
}

/// The failures that have a name of their own.
fn refused(command: String, folder: Option<PathBuf>, answer: &Answer) -> Error {
    let folder = folder.unwrap_or_default();
    if answer.stderr.contains("dubious ownership") {
        return Error::NotOwned(folder);
    }
    if answer.stderr.contains("'lfs' is not a git command") {
        return Error::NoLargeFiles;
    }
    if answer.stderr.contains("not a git repository") {
        return Error::NoRepository(folder);
    }
    Error::Refused {
        command,
        code: answer.code,
        stderr: crate::credentials::without(&answer.stderr),
    }
}

/// The words by which people know a call: those before the first option, path or revision.
fn name_of(arguments: &[&OsStr]) -> String {
    let words = arguments.iter().map(|argument| argument.to_string_lossy());
    let words: Vec<_> = words.take_while(|word| !word.starts_with('-')).take(2).collect();
    let two = matches!(
        words.first().map(AsRef::as_ref),
        Some("submodule" | "sparse-checkout" | "lfs" | "remote")
    );
    words.into_iter().take(if two { 2 } else { 1 }).collect::<Vec<_>>().join(" ")
}

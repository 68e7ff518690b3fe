use std::{env, fmt};

use crate::{Error, Repository, program::Call, repository::words};

/// Who commits, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// A name.
    pub name: String,
    /// An address.
    pub email: String,
    /// When, in seconds since 1970; the current time where it is not given.
    pub at: Option<i64>,
}

impl Repository {
    /// Who the person is that runs this program, as Git would commit: by the environment, else by their configuration.
    ///
    /// # Errors
    /// [`Error::NoIdentity`] where nobody said; a name that Git would guess of the machine's is not taken.
    pub fn person(&self) -> Result<Identity, Error> {
        let said = |variable: &str, key: &str| -> Result<String, Error> {
            if let Some(value) = env::var(variable).ok().filter(|value| !value.trim().is_empty()) {
                return Ok(value);
            }
            let arguments = words(["config", "--get", key]);
            let call =
                Call { folder: Some(self.folder()), arguments: &arguments, ..Call::default() };
            let answer = self.git().of_person().ask(call)?;
            let value = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
            if value.is_empty() { Err(Error::NoIdentity) } else { Ok(value) }
        };
        Ok(Identity {
            name: said("GIT_COMMITTER_NAME", "user.name")?,
            email: said("GIT_COMMITTER_EMAIL", "user.email")?,
            at: env::var("GIT_COMMITTER_DATE").ok().and_then(|at| seconds(&at)),
        })
    }
}

/// Seconds as Git writes them: `@1700000000 +0000`, or without the sign or the zone. Other forms are not read.
fn seconds(text: &str) -> Option<i64> {
    text.trim().trim_start_matches('@').split(' ').next()?.parse().ok()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

impl Identity {
    /// The variables that have Git commit as this one.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("GIT_AUTHOR_NAME", self.name.clone()),
            ("GIT_AUTHOR_EMAIL", self.email.clone()),
            ("GIT_COMMITTER_NAME", self.name.clone()),
            ("GIT_COMMITTER_EMAIL", self.email.clone()),
        ];
        if let Some(at) = self.at {
            variables.push(("GIT_AUTHOR_DATE", format!("@{at} +0000")));
            variables.push(("GIT_COMMITTER_DATE", format!("@{at} +0000")));
        }
        variables
    }
}

//! Where a server keeps its things, and how a client finds them.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tidegate_api::Token;
use tidegate_units::Timestamp;

use crate::{
    args::{Global, RuntimeKind},
    error::{CliError, ErrorKind},
};

/// A data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    folder: PathBuf,
    /// Whether the command line or the environment named it.
    named: bool,
}

/// What a server writes down about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerNote {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) pid: u32,
    /// Its version.
    pub(crate) version: String,
    /// Since when.
    pub(crate) started_at: Timestamp,
    /// What runs replicas. Not written by earlier versions, which knew processes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) runtime: Option<RuntimeKind>,
    /// The socket of the container engine that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) engine: Option<PathBuf>,
    /// Where it speaks TLS, the SHA-256 of the certificate that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<String>,
    /// What its address begins with in browsers, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
}

impl Place {
    /// The data folder that the command line, the environment or custom names.
    pub(crate) fn find(global: &Global) -> Result<Self, CliError> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let named = global.data.clone().or_else(|| variable("TIDEGATE_DATA").map(PathBuf::from));
        if let Some(folder) = named {
            return Ok(Self { folder: absolute(&folder)?, named: true });
        }
        let folder = usual(rustix::process::geteuid().is_root(), variable).ok_or_else(|| {
            CliError::new(ErrorKind::Usage, "no data folder: neither TIDEGATE_DATA nor HOME is set")
                .hint("name one with --data DIR")
        })?;
        Ok(Self { folder, named: false })
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The token of its server.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.join("token")
    }

    /// What its server wrote down about itself.
    pub(crate) fn note_file(&self) -> PathBuf {
        self.folder.join("server.json")
    }

    /// What is noted of the database that has its state.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.join("database.json")
    }

    /// The folder in which servers that wait have their files.
    pub(crate) fn waiting_folder(&self) -> PathBuf {
        self.folder.join("waiting")
    }

    /// The file for the router's log.
    pub(crate) fn router_log(&self) -> PathBuf {
        self.folder.join("router.log")
    }

    /// The socket on which its router takes orders.
    pub(crate) fn router_socket(&self) -> PathBuf {
        self.folder.join("router").join("control.sock")
    }

    /// The command line's part that names this folder, for hints.
    pub(crate) fn flag(&self) -> String {
        if self.named { format!(" --data {}", self.folder.display()) } else { String::new() }
    }

    /// What the server of this folder wrote down when it started; none when it never did or has
    /// ended in order.
    pub(crate) fn note(&self) -> Result<Option<ServerNote>, CliError> {
        let path = self.note_file();
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            unreadable(&path, &error).hint(
                "the server writes it when it starts: end the one that runs, whose process id is in \
                 server.lock, and start it again",
            )
        })
    }
}

#[cfg(test)]
impl Place {
    pub(crate) const fn for_test(folder: PathBuf) -> Self {
        Self { folder, named: true }
    }
}

/// The data folder where nobody names one.
fn usual(is_root: bool, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if is_root {
        return Some("/var/lib/tidegate".into());
    }
    let home = || Some(PathBuf::from(variable("HOME")?).join(".local/share"));
    let share = variable("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
    share.map(|share| share.join("tidegate"))
}

/// Reads a token from a file.
pub(crate) fn read_token(path: &Path) -> Result<Token, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        unreadable(path, &error)
            .hint("the server makes it at its first start; name it with --token-file or --data")
    })?;
    Token::new(&text).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> CliError {
    CliError::new(ErrorKind::Unreachable, format!("{} cannot be read", path.display()))
        .because(error)
}

fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|error| {
        CliError::new(ErrorKind::Usage, format!("{} is no folder", path.display())).because(&error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Paint;

    #[test]
    fn the_folder_that_nobody_names_is_that_of_the_machine_or_of_the_user() {
        let of = |is_root, known: &[(&str, &str)]| {
            usual(is_root, |name| {
                known.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).into())
            })
        };
        let home = ("HOME", "/home/ada");
        assert_eq!(of(true, &[home]), Some("/var/lib/tidegate".into()));
        assert_eq!(of(false, &[home]), Some("/home/ada/.local/share/tidegate".into()));
        let elsewhere = ("XDG_DATA_HOME", "/srv/ada");
        assert_eq!(of(false, &[home, elsewhere]), Some("/srv/ada/tidegate".into()));
        assert_eq!(of(false, &[]), None);
    }

    #[test]
    fn a_folder_without_a_server_has_no_note_and_a_broken_note_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { folder: folder.path().to_owned(), named: true };
        assert_eq!(place.note().unwrap(), None);
        std::fs::write(place.note_file(), "{").unwrap();
        let error = place.note().unwrap_err();
        assert_eq!(error.code(), crate::exit::UNREACHABLE);
        assert!(error.render(Paint::Plain).contains("start it again"));
        let note = ServerNote {
            address: ([127, 0, 0, 1], 7420).into(),
            pid: 1,
            version: "0.1.0".into(),
            started_at: Timestamp::from_millis(0),
            runtime: Some(RuntimeKind::Auto),
            engine: Some("/run/docker.sock".into()),
            certificate: None,
            public_url: None,
        };
        std::fs::write(place.note_file(), serde_json::to_vec(&note).unwrap()).unwrap();
        assert_eq!(place.note().unwrap(), Some(note));
    }

    #[test]
    fn a_token_is_read_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(read_token(&path).is_err());
        std::fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
        assert_eq!(read_token(&path).unwrap().reveal(), "0123456789abcdef0123456789abcdef");
        std::fs::write(&path, "short").unwrap();
        assert!(read_token(&path).is_err());
    }
}

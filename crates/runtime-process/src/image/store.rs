//! Unpacked images, each by the digest of what it was unpacked from.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use tidegate_replicas::Variables;

use crate::settings::ImageLimits;

use super::{
    archive::{self, Budget, Kind},
    inside::Escape,
    oci, tree,
};

/// The folder of all unpacked images.
#[derive(Clone, Debug)]
pub(crate) struct ImageStore {
    folder: PathBuf,
    limits: ImageLimits,
    working_folder: PathBuf,
}

/// An image in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// `sha256-` and the digest in hexadecimal: the name of its folder.
    pub(crate) digest: String,
    /// Its files.
    pub(crate) root: PathBuf,
    /// What it says about itself.
    pub(crate) config: ImageConfig,
}

/// The part of an OCI image's configuration that has a meaning for processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageConfig {
    /// The program and its first arguments.
    pub(crate) entrypoint: Vec<String>,
    /// The arguments.
    pub(crate) cmd: Vec<String>,
    /// Its environment.
    pub(crate) env: Variables,
    /// The folder in which it starts.
    pub(crate) working_dir: Option<String>,
}

/// Why an image cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    /// The file system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is not there.
    #[error(
        "there is no {}; a relative path is meant below the folder in which the server was started",
        path.display()
    )]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It is larger than the settings allow.
    #[error("it is larger than the limit of {limit} {of}")]
    TooLarge {
        /// The limit.
        limit: u64,
        /// Of what.
        of: &'static str,
    },
    /// It would write, or point, outside of its own folder.
    #[error("its entry {entry:?} leaves the image's own folder: {escape}")]
    Outside {
        /// The entry.
        entry: String,
        /// How.
        escape: Escape,
    },
    /// It holds something that no image of a service needs.
    #[error("its entry {entry:?} is a {kind}; only files, folders and links can be unpacked")]
    Special {
        /// The entry.
        entry: String,
        /// What it is.
        kind: &'static str,
    },
    /// It is no image of a known form.
    #[error("{0}")]
    Malformed(String),
    /// It is not what earlier replicas of the revision ran.
    #[error(
        "its content has changed since this revision was first started ({pinned}) and the earlier \
         copy is gone; give each build a path of its own"
    )]
    Changed {
        /// What they ran.
        pinned: String,
    },
}

impl UnpackError {
    /// For `map_err`: this path, and what the system says.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |error| Self::Io { path: path.to_owned(), error }
    }
}

impl ImageStore {
    /// The store in this folder. Relative paths of images are meant below `working_folder`.
    pub(crate) fn new(folder: PathBuf, limits: ImageLimits, working_folder: PathBuf) -> Self {
        Self { folder, limits, working_folder }
    }

    /// What relative paths are meant below.
    pub(crate) fn working_folder(&self) -> &Path {
        &self.working_folder
    }

    /// Unpacks a folder or an archive, unless it is there already.
    pub(crate) fn unpack(&self, path: &str, pinned: Option<&str>) -> Result<Unpacked, UnpackError> {
        if let Some(there) = pinned.and_then(|digest| self.stored(digest)) {
            return Ok(there);
        }
        let path = self.working_folder.join(path);
        if !path.exists() {
            return Err(UnpackError::Absent { path });
        }
        fs::create_dir_all(&self.folder).map_err(UnpackError::io(&self.folder))?;
        let unpacked = self.read(&path)?;
        match pinned {
            Some(pinned) if pinned != unpacked.digest => {
                Err(UnpackError::Changed { pinned: pinned.to_owned() })
            }
            _ => Ok(unpacked),
        }
    }

    fn read(&self, path: &Path) -> Result<Unpacked, UnpackError> {
        if !path.is_dir() {
            self.read_archive(path)
        } else if oci::is_layout(path) {
            self.keep(&oci::digest(path)?, |root| {
                let config = oci::unpack(path, root, self.limits)?;
                tree::inspect(root, self.limits)?;
                Ok(config)
            })
        } else {
            self.read_folder(path)
        }
    }

    fn read_folder(&self, path: &Path) -> Result<Unpacked, UnpackError> {
        let digest = tree::digest(path, self.limits)?;
        self.keep(&digest, |root| {
            tree::copy(path, root, self.limits)?;
            // What was hashed is what was copied, even when somebody writes there meanwhile.
            same(&digest, &tree::digest(root, self.limits)?)?;
            Ok(ImageConfig::default())
        })
    }

    /// An archive of a folder, or of an OCI layout.
    fn read_archive(&self, path: &Path) -> Result<Unpacked, UnpackError> {
        let Some(packing) = archive::recognise(path)? else {
            return Err(UnpackError::Malformed(format!(
                "{} is neither a folder nor a tar archive; name the folder that it is in, or run \
                 it in place by a rule of the image map",
                path.display()
            )));
        };
        let digest = archive::digest(path)?;
        self.keep(&digest, |root| {
            let draft = self.draft()?;
            let mut budget = Budget::new(self.limits);
            let read = archive::unpack(path, packing, &draft.path, Kind::Folder, &mut budget)?;
            same(&digest, &read)?;
            tree::inspect(&draft.path, self.limits)?;
            if oci::is_layout(&draft.path) {
                let config = oci::unpack(&draft.path, root, self.limits)?;
                tree::inspect(root, self.limits)?;
                return Ok(config);
            }
            fs::rename(&draft.path, root).map_err(UnpackError::io(root))?;
            Ok(ImageConfig::default())
        })
    }

    /// The image of this digest, from the store or by `fill`, which is given an empty folder. Only
    /// what is complete gets its final name.
    pub(super) fn keep(
        &self,
        digest: &str,
        fill: impl FnOnce(&Path) -> Result<ImageConfig, UnpackError>,
    ) -> Result<Unpacked, UnpackError> {
        if let Some(there) = self.stored(digest) {
            return Ok(there);
        }
        let draft = self.draft()?;
        let root = draft.path.join("root");
        fs::create_dir(&root).map_err(UnpackError::io(&root))?;
        let config = fill(&root)?;
        let settings = draft.path.join("config.json");
        let text = serde_json::to_vec(&config)
            .map_err(|error| UnpackError::Io { path: settings.clone(), error: error.into() })?;
        fs::write(&settings, text).map_err(UnpackError::io(&settings))?;
        let home = self.folder.join(digest);
        match fs::rename(&draft.path, &home) {
            Ok(()) => {}
            // Another revision has unpacked the same meanwhile.
            Err(_) if home.exists() => {}
            Err(error) => return Err(UnpackError::Io { path: home, error }),
        }
        self.stored(digest).ok_or(UnpackError::Absent { path: home })
    }

    fn stored(&self, digest: &str) -> Option<Unpacked> {
        let home = self.folder.join(digest);
        let text = fs::read(home.join("config.json")).ok()?;
        Some(Unpacked {
            digest: digest.to_owned(),
            root: home.join("root"),
            config: serde_json::from_slice(&text).ok()?,
        })
    }

    /// A new folder for something unfinished; it is removed if it stays so.
    pub(super) fn draft(&self) -> Result<Draft, UnpackError> {
        let path = self.folder.join(format!("{DRAFT}{}", tidegate_replicas::letters(12)));
        fs::create_dir_all(&path).map_err(UnpackError::io(&path))?;
        Ok(Draft { path })
    }

    /// Removes what was left unfinished by a runtime that died, and all images that are not `used`.
    pub(crate) fn clean(&self, used: impl Fn(&str) -> bool) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !used(&name) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

fn same(wanted: &str, found: &str) -> Result<(), UnpackError> {
    if wanted == found {
        return Ok(());
    }
    Err(UnpackError::Malformed("it was changed while it was read; try again".to_owned()))
}

const DRAFT: &str = "unfinished-";

/// A folder that is removed unless it was moved away.
pub(super) struct Draft {
    pub(super) path: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// `sha256-` and the digest in hexadecimal.
pub(super) fn named(digest: impl AsRef<[u8]>) -> String {
    use std::fmt::Write;
    let mut name = String::from("sha256-");
    for byte in digest.as_ref() {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests;

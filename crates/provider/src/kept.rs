//! The matrix as a file of JSON lines.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tidegate_contract::{Deployment, MOST_ENTRIES, Matrix, Needed, Verification};

/// The largest file: the most entries, each of some hundred bytes.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    /// A version of a consumer has a contract.
    Pact(Needed),
    /// A version of a provider was held to it.
    Verification(Verification),
    /// A version runs somewhere.
    Deployment(Deployment),
}

/// Why the file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The system does not let it.
    #[error("{} cannot be {verb}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        verb: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A line is none that this program writes.
    #[error("{}:{line}: this is no entry of a matrix: {problem}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// There is too much of it.
    #[error("{} has more than {MOST_ENTRIES} entries; move it away, and begin anew with what is deployed", path.display())]
    Full {
        /// Which file.
        path: PathBuf,
    },
}

/// The file of a matrix.
#[derive(Clone, Debug)]
pub struct MatrixFile {
    path: PathBuf,
}

impl MatrixFile {
    /// The file at a path; it need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, verb: &'static str) -> impl FnOnce(io::Error) -> KeptError {
        let path = self.path.clone();
        move |source| KeptError::Io { path, verb, source }
    }

    /// All that is in it.
    pub fn load(&self) -> Result<Matrix, KeptError> {
        let text = self.text()?;
        let mut matrix = Matrix::default();
        for (index, line) in text.lines().enumerate() {
            if index >= MOST_ENTRIES {
                return Err(KeptError::Full { path: self.path.clone() });
            }
            match serde_json::from_str(line) {
                Ok(Entry::Pact(needed)) => matrix.needed.push(needed),
                Ok(Entry::Verification(verification)) => matrix.verifications.push(verification),
                Ok(Entry::Deployment(deployment)) => matrix.deployments.push(deployment),
                Err(problem) => {
                    let (path, problem) = (self.path.clone(), problem.to_string());
                    return Err(KeptError::Line { path, line: index + 1, problem });
                }
            }
        }
        Ok(matrix)
    }

    fn text(&self) -> Result<String, KeptError> {
        match fs::metadata(&self.path) {
            Ok(known) if known.len() > MOST_BYTES => {
                return Err(KeptError::Full { path: self.path.clone() });
            }
            Ok(_) => {}
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            Err(problem) => return Err(self.failed("read")(problem)),
        }
        fs::read_to_string(&self.path).map_err(self.failed("read"))
    }

    /// Adds entries: all of them or, when it fails or the machine stops, none. Others who add at the same time wait.
    pub fn add(&self, entries: &[Entry]) -> Result<(), KeptError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // As a server makes its folder: it may be made by this one.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(self.failed("written"))?;
        let lock = File::create(self.path.with_extension("lock")).map_err(self.failed("locked"))?;
        lock.lock().map_err(self.failed("locked"))?;
        let mut text = self.text()?;
        for entry in entries {
            let line = serde_json::to_string(entry).map_err(io::Error::other);
            text.push_str(&line.map_err(self.failed("written"))?);
            text.push('\n');
        }
        if text.lines().count() > MOST_ENTRIES {
            return Err(KeptError::Full { path: self.path.clone() });
        }
        self.replace(folder, &text).map_err(self.failed("written"))
    }

    fn replace(&self, folder: &Path, text: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|problem| problem.error)?;
        File::open(folder)?.sync_all()
    }
}

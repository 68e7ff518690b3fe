use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Component, Path, PathBuf},
};

/// The folders of one job, all in one that is the job's alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    root: PathBuf,
    work: PathBuf,
    workspace: PathBuf,
}

/// Why a job has no folders.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A name that is no name of a folder.
    #[error(
        "'{0}' cannot be the name of a repository's folder: write owner/name, without '.' and '..'"
    )]
    Name(String),
    /// Something is there already.
    #[error("{0}: is there already; the folders of a job are made anew")]
    Taken(PathBuf),
    /// The system does not let us.
    #[error("{path}: {error}")]
    System {
        /// Where.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
}

impl Folders {
    /// Makes the folders of a job at `root`, which must not be there, for a repository `owner/name`.
    pub fn create(root: &Path, repository: &str) -> Result<Self, FolderError> {
        let name = repository.rsplit('/').next().unwrap_or_default();
        if !is_name(name) {
            return Err(FolderError::Name(repository.to_owned()));
        }
        let system = |path: &Path| {
            let path = path.to_owned();
            move |error| FolderError::System { path, error }
        };
        if let Some(parent) = root.parent() {
            fs::create_dir_all(parent).map_err(system(parent))?;
        }
        fs::create_dir(root).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => FolderError::Taken(root.to_owned()),
            _ => system(root)(error),
        })?;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700)).map_err(system(root))?;
        let root = root.canonicalize().map_err(system(root))?;
        let work = root.join("_work");
        let folders = Self { workspace: work.join(name).join(name), work, root };
        for folder in [&folders.workspace, &folders.commands(), &folders.home()] {
            fs::create_dir_all(folder).map_err(system(folder))?;
        }
        Ok(folders)
    }

    /// What the job has of its repository: `GITHUB_WORKSPACE`.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Where the workspace lies: `RUNNER_WORKSPACE`.
    pub fn work(&self) -> &Path {
        self.workspace.parent().unwrap_or(&self.work)
    }

    /// What goes with the job: `RUNNER_TEMP`.
    pub fn temporary(&self) -> PathBuf {
        self.work.join("_temp")
    }

    /// `HOME`.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Where actions are put.
    pub fn actions(&self) -> PathBuf {
        self.work.join("_actions")
    }

    /// Where the files are that steps write for the runner.
    pub(crate) fn commands(&self) -> PathBuf {
        self.temporary().join("_runner_file_commands")
    }

    /// Removes all of it. Links are removed, not followed; folders that may not be written are made so.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                open_up(&self.root)?;
                fs::remove_dir_all(&self.root)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

/// Go's module cache, for one, is read-only.
fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Of the entry itself: a link to a folder is none.
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
        && !name.contains('\0')
}

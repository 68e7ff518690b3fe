//! Servers of a data folder that do not serve yet, as those do that stand by. Until they lead they hold
//! nothing of the folder, so each has a file there by which `tidegate down` finds it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::place::Place;

/// The file of this server, named after its process. It is locked as long as the process lives, however
/// it ends: an unlocked one is of nobody.
pub(super) struct Waiting {
    path: PathBuf,
    _locked: File,
}

impl Waiting {
    /// Makes it.
    pub(super) fn note(place: &Place) -> io::Result<Self> {
        let folder = place.waiting_folder();
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let pid = std::process::id();
        let (draft, path) = (folder.join(format!("new-{pid}")), folder.join(pid.to_string()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&draft)?;
        // Locked before it has its name, so that nobody takes it for one that was left behind.
        file.try_lock().map_err(io::Error::from)?;
        fs::rename(&draft, &path)?;
        Ok(Self { path, _locked: file })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// The processes of those that wait. What others left behind is taken away.
pub(super) fn processes(place: &Place) -> io::Result<Vec<u32>> {
    let found = match fs::read_dir(place.waiting_folder()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut processes = Vec::new();
    for entry in found {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Ok(pid) = name.parse() else { continue };
        match File::open(&path).map(|file| file.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => processes.push(pid),
            Ok(_) => remove(&path),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(processes)
}

/// Takes a file away, and the folder with the last of them. What stays is of nobody.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
    if let Some(folder) = path.parent() {
        let _ = fs::remove_dir(folder);
    }
}

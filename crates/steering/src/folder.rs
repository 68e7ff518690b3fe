use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tokio::net::UnixListener;

use crate::files;

/// A folder in which no router can work.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// A file of it could not be made or opened.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another router works there.
    #[error("another router works in {}", .0.display())]
    Running(PathBuf),
}

fn at(path: &Path, source: io::Error) -> ClaimError {
    ClaimError::File { path: path.to_owned(), source }
}

/// Makes the router's folder in the data folder `data`, for this user only, and locks it for as long
/// as the file that is returned is open.
pub fn claim(data: &Path) -> Result<File, ClaimError> {
    let folder = files::folder(data);
    fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
    fs::set_permissions(&folder, Permissions::from_mode(0o700))
        .map_err(|error| at(&folder, error))?;
    let path = folder.join("lock");
    let lock = File::create(&path).map_err(|error| at(&path, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(ClaimError::Running(folder)),
        Err(fs::TryLockError::Error(error)) => Err(at(&path, error)),
    }
}

/// Opens the socket that takes orders. The folder is locked, so one that is there was left by a
/// router that is gone.
pub fn open_socket(data: &Path) -> Result<UnixListener, ClaimError> {
    open_at(&files::socket(data))
}

/// Opens the socket where another router takes over; so as [`open_socket`].
pub fn open_handover(data: &Path) -> Result<UnixListener, ClaimError> {
    open_at(&files::handover(data))
}

fn open_at(path: &Path) -> Result<UnixListener, ClaimError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(path, error)),
        _ => {}
    }
    let socket = UnixListener::bind(path).map_err(|error| at(path, error))?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|error| at(path, error))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_router_works_in_a_folder() {
        let data = tempfile::tempdir().unwrap();
        let first = claim(data.path()).unwrap();
        assert!(matches!(claim(data.path()), Err(ClaimError::Running(_))));
        drop(first);
        claim(data.path()).unwrap();
    }
}

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use tidegate_ports::StoreError;

use crate::{failure::failed, rebuild};

/// How often, and how far apart, the lock is read for the pid of its holder, who may have taken it
/// a moment ago and not written its pid yet.
const PID_READS: u32 = 20;
const PID_READ_GAP: Duration = Duration::from_millis(10);

/// In a data folder, where a store is built that is being restored.
pub(crate) const BUILDING: &str = "restoring";

/// The data folder, held by this process until it is dropped.
///
/// The lock is the kernel's (`flock`), so it ends with its holder however that ends; the file
/// stays. It is closed in child processes, so replicas that outlive the server do not hold it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, mode 0700, and takes its lock.
    ///
    /// Errors: [`StoreError::Locked`] when another process holds it.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| failed(&format!("cannot make {}", path.display()), error))?;
        sync(path).map_err(|error| failed(&format!("cannot sync {}", path.display()), error))?;
        warn_if_open(path);
        Ok(Self { path: path.to_owned(), _lock: lock(path)? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the store that is there into `aside`, which is made.
    pub fn put_aside(&self, aside: &Path) -> Result<(), StoreError> {
        rebuild::put_aside(&self.path, Some(aside)).map_err(|error| {
            failed(&format!("cannot move a store into {}", aside.display()), error)
        })
    }

    /// Where the database is, made empty if it is not there, mode 0600. SQLite gives the files
    /// that it puts beside it the same mode. What a restore left beside a store is cleared: the
    /// folder is held, so none is under way.
    ///
    /// Errors also where a store was to be restored and is not there: a server that began anew
    /// there would be in the way of it.
    pub(crate) fn database(&self) -> Result<PathBuf, StoreError> {
        let path = database_in(&self.path);
        let building = self.path.join(BUILDING);
        if path.exists() {
            clear_or_warn(&building);
        } else if building.exists() {
            return Err(StoreError::Failed(format!(
                "a store was being restored into {0} and is not whole; restore it again, or remove {0}/{BUILDING}",
                self.path.display()
            )));
        }
        private_file(&path).map(|_| path).map_err(|error| failed("cannot open state.db", error))
    }
}

/// Where the database of a data folder is.
pub(crate) fn database_in(folder: &Path) -> PathBuf {
    folder.join("state.db")
}

/// Puts the folder itself on the disk, for a file is lost with the folder that it is in.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    File::open(path.join(".."))?.sync_all()
}

/// Removes what is left of a store that was being built, if anything.
pub(crate) fn clear(building: &Path) -> io::Result<()> {
    match fs::remove_dir_all(building) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The same where it is in nobody's way, so that it is only said when it cannot be.
pub(crate) fn clear_or_warn(building: &Path) {
    if let Err(error) = clear(building) {
        tracing::warn!(%error, "{} cannot be removed", building.display());
    }
}

fn warn_if_open(folder: &Path) {
    let mode = fs::metadata(folder).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o022 != 0 {
        tracing::warn!(
            folder = %folder.display(),
            "others may replace what is in the data folder; chmod go-w it"
        );
    }
}

/// A file of mode 0600, made if it is not there and left as it is otherwise.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let cannot = |error: io::Error| failed("cannot take server.lock", error);
    let path = folder.join("server.lock");
    let mut file = private_file(&path).map_err(|error| match error.kind() {
        io::ErrorKind::IsADirectory => StoreError::Failed(format!(
            "{} is a folder and has to be a file; move it away and start the server again",
            path.display()
        )),
        _ => cannot(error),
    })?;
    match file.try_lock() {
        Ok(()) => sign(&mut file).map(|()| file).map_err(cannot),
        Err(TryLockError::WouldBlock) => Err(locked(folder, &mut file)),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// Written over what is there and cut then, for on a full disk what is cut first is gone to others.
fn sign(file: &mut File) -> io::Result<()> {
    let line = format!("{}\n", std::process::id());
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    file.set_len(u64::try_from(line.len()).unwrap_or(0))
}

fn locked(folder: &Path, file: &mut File) -> StoreError {
    let folder = folder.display().to_string();
    for _ in 0..PID_READS {
        if let Some(pid) = holder(file) {
            return StoreError::Locked { folder, pid };
        }
        sleep(PID_READ_GAP);
    }
    failed(&folder, "another process holds its server.lock")
}

/// The pid in the lock. Only a whole line counts: a shorter text may be half of one.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    // A pid has at most 10 digits.
    file.take(16).read_to_string(&mut text).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_mode(path: &Path, expect: u32) {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expect, "{}: {mode:o}", path.display());
    }

    #[test]
    fn a_second_holder_hears_who_the_first_is() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("deep/data");
        let first = Folder::hold(&path).unwrap();
        let error = Folder::hold(&path).unwrap_err();
        assert_eq!(
            error,
            StoreError::Locked { folder: path.display().to_string(), pid: std::process::id() }
        );
        drop(first);
        Folder::hold(&path).unwrap();
    }

    #[test]
    fn a_holder_that_has_not_signed_yet_is_not_named() {
        let temporary = tempfile::tempdir().unwrap();
        let file = private_file(&temporary.path().join("server.lock")).unwrap();
        file.try_lock().unwrap();
        let error = Folder::hold(temporary.path()).unwrap_err();
        assert!(error.to_string().contains("another process holds"), "{error}");
    }

    #[test]
    fn what_is_kept_is_the_owners_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let folder = Folder::hold(&path).unwrap();
        let database = folder.database().unwrap();
        check_mode(&path, 0o700);
        check_mode(&database, 0o600);
        check_mode(&path.join("server.lock"), 0o600);
        fs::set_permissions(&database, Permissions::from_mode(0o644)).unwrap();
        check_mode(&folder.database().unwrap(), 0o600);
    }

    #[test]
    fn a_folder_in_place_of_the_lock_is_told_with_its_mend() {
        let temporary = tempfile::tempdir().unwrap();
        fs::create_dir(temporary.path().join("server.lock")).unwrap();
        let error = Folder::hold(temporary.path()).unwrap_err().to_string();
        assert!(
            error.contains("server.lock is a folder") && error.contains("move it away"),
            "{error}"
        );
    }

    #[test]
    fn the_pid_of_an_earlier_holder_leaves_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("server.lock");
        fs::write(&path, "4294967295\nand more\n").unwrap();
        let _held = Folder::hold(temporary.path()).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), format!("{}\n", std::process::id()));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Folder::hold(&file.path().join("data")).unwrap_err();
        assert!(error.to_string().contains("cannot make"), "{error}");
    }
}

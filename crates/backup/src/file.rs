use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

use crate::BackupError;

/// A file of mode 0600 that is there whole, under its name, or not at all: until it is finished it
/// is beside that as `NAME.partial-PID`, locked by whoever writes it. Never written over another one.
pub struct NewFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    finished: bool,
}

impl NewFile {
    /// Begins it. Errors: when there is a file of that name, and when none can be made there.
    pub fn create(path: &Path) -> Result<Self, BackupError> {
        let what = || format!("{} cannot be written", path.display());
        if path.symlink_metadata().is_ok() {
            return Err(BackupError::io(what())(ErrorKind::AlreadyExists.into()));
        }
        let mut partial = OsString::from(path);
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = PathBuf::from(partial);
        clear(path);
        let file = draft(&partial).map_err(BackupError::io(what()))?;
        Ok(Self { path: path.to_owned(), partial, file, finished: false })
    }

    /// Puts it on the disk, then under its name.
    pub fn finish(mut self) -> Result<(), BackupError> {
        let done = self.file.sync_all().and_then(|()| place(&self.partial, &self.path));
        done.map_err(BackupError::io(format!("{} cannot be written", self.path.display())))?;
        self.finished = true;
        Ok(())
    }
}

/// Begins a draft that is this process's: between its making and its lock another one, which clears
/// what was left behind, may have taken it for that.
fn draft(partial: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, partial) => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // Some file systems of a network have no locks; nobody clears anything there.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let inode = |found: fs::Metadata| (found.dev(), found.ino());
    let here = path.symlink_metadata().map(inode);
    here.is_ok_and(|here| file.metadata().map(inode).is_ok_and(|own| own == here))
}

/// Removes the drafts of whoever was killed over them: those of this file, and of a file that is named
/// after the time all of its kind. One that nobody has locked is nobody's; one that cannot be removed
/// is in nobody's way.
fn clear(path: &Path) {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    for entry in entries {
        let Some(found) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let Some((of, pid)) = found.rsplit_once(".partial-") else { continue };
        let kin = of == name || (is_dated(of) && is_dated(name));
        let is_draft = kin && !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
        let file = File::open(entry.path()).ok().filter(|_| is_draft);
        if file.is_some_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file is named as backups in a folder are: `tidegate-TIME.backup`.
fn is_dated(name: &str) -> bool {
    let time = name.strip_prefix("tidegate-").and_then(|rest| rest.strip_suffix(".backup"));
    time.is_some_and(|time| time.bytes().all(|byte| byte.is_ascii_digit() || b"TZ".contains(&byte)))
}

fn place(partial: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, partial, CWD, path, RenameFlags::NOREPLACE) {
        // Some file systems of a network cannot refuse by themselves.
        Err(Errno::INVAL | Errno::NOSYS) if path.symlink_metadata().is_err() => {
            fs::rename(partial, path)?;
        }
        Err(Errno::INVAL | Errno::NOSYS) => return Err(ErrorKind::AlreadyExists.into()),
        other => other?,
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed has a name that says that it is no backup.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

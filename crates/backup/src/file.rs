use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

use crate::BackupError;

/// A file of mode 0600 that is there whole, under its name, or not at all: until it is finished it
/// is beside that as `NAME.partial-PID`. Never written over another one.
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
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial);
        let file = file.map_err(BackupError::io(what()))?;
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

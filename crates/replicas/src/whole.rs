//! Files that are whole or not there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

/// What a file has to outlive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The end of this process.
    Crash,
    /// That of the machine.
    PowerFailure,
}

/// What a file ends in that is not whole yet.
pub(crate) const DRAFT: &str = "draft";

/// Writes `value` as JSON, whole or not at all: to another name first, then renamed. Nobody else may
/// read it.
pub fn write_whole(path: &Path, value: &impl Serialize, keep: Keep) -> io::Result<()> {
    let draft = path.with_extension(DRAFT);
    let written = write_draft(&draft, value, keep).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // A disk that is full is not to be filled by what nobody will read.
        let _ = fs::remove_file(&draft);
    }
    written?;
    if keep == Keep::PowerFailure
        && let Some(folder) = path.parent()
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn write_draft(draft: &Path, value: &impl Serialize, keep: Keep) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    if keep == Keep::PowerFailure {
        file.sync_all()?;
    }
    Ok(())
}

/// What was written so; none when there is no such file, or it is no such value.
///
/// # Errors
/// When there may be such a file, and it cannot be read.
pub fn read_whole<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    Ok(read_there(path)?.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// What is in a file; none when there is no such file.
///
/// # Errors
/// When there may be one, and it cannot be read.
pub(crate) fn read_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

//! A folder as an image: its digest, and its copy.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::{
        ffi::OsStrExt,
        fs::{FileTypeExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::settings::ImageLimits;

use super::{
    inside::{Edge, follow},
    store::{UnpackError, named},
};

/// Something in a folder, by its path below it.
struct Entry {
    path: PathBuf,
    meta: Metadata,
}

/// The digest of a folder: over the sorted paths, and for each its kind, its mode, and its content
/// or target. Owners and times make no difference.
pub(super) fn digest(folder: &Path, limits: ImageLimits) -> Result<String, UnpackError> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    for entry in walk(folder, limits)? {
        let path = folder.join(&entry.path);
        let mode = entry.meta.permissions().mode() & 0o777;
        part(&mut hash, entry.path.as_os_str().as_bytes());
        if entry.meta.is_symlink() {
            let target = fs::read_link(&path).map_err(UnpackError::io(&path))?;
            part(&mut hash, b"link");
            part(&mut hash, target.as_os_str().as_bytes());
        } else if entry.meta.is_dir() {
            part(&mut hash, b"folder");
            hash.update(mode.to_be_bytes());
        } else {
            part(&mut hash, b"file");
            hash.update(mode.to_be_bytes());
            let length = content(&mut hash, &path).map_err(UnpackError::io(&path))?;
            hash.update(length.to_be_bytes());
            bytes += length;
            within(limits, bytes)?;
        }
    }
    Ok(named(hash.finalize()))
}

/// Refuses more bytes than the limits allow.
pub(super) fn within(limits: ImageLimits, bytes: u64) -> Result<(), UnpackError> {
    if bytes > limits.bytes {
        return Err(UnpackError::TooLarge { limit: limits.bytes, of: "bytes" });
    }
    Ok(())
}

/// With its length before it, so that no two sequences of parts read the same.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

fn content(hash: &mut Sha256, path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 128 << 10];
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(some) = buffer.get(..read).filter(|some| !some.is_empty()) else {
            return Ok(length);
        };
        hash.update(some);
        length += some.len() as u64;
    }
}

/// Looks whether anything in a folder leads out of it, or is no part of an image.
pub(super) fn inspect(folder: &Path, limits: ImageLimits) -> Result<(), UnpackError> {
    walk(folder, limits).map(|_| ())
}

/// Copies a folder into another, which is there and empty.
pub(super) fn copy(from: &Path, to: &Path, limits: ImageLimits) -> Result<(), UnpackError> {
    for entry in walk(from, limits)? {
        let (source, target) = (from.join(&entry.path), to.join(&entry.path));
        let done = if entry.meta.is_symlink() {
            fs::read_link(&source).and_then(|link| symlink(link, &target))
        } else if entry.meta.is_dir() {
            fs::create_dir(&target)
        } else {
            fs::copy(&source, &target).map(|_| ())
        };
        done.map_err(UnpackError::io(&source))?;
    }
    set_folder_modes(from, to, limits)
}

/// Only now, for nothing can be put into a folder that may not be written to.
fn set_folder_modes(from: &Path, to: &Path, limits: ImageLimits) -> Result<(), UnpackError> {
    for entry in walk(from, limits)?.into_iter().rev() {
        if entry.meta.is_dir() {
            let target = to.join(&entry.path);
            fs::set_permissions(&target, entry.meta.permissions())
                .map_err(UnpackError::io(&target))?;
        }
    }
    Ok(())
}

/// Everything below a folder, a folder before what is in it, sorted by path.
fn walk(folder: &Path, limits: ImageLimits) -> Result<Vec<Entry>, UnpackError> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        let here = folder.join(&inner);
        for item in fs::read_dir(&here).map_err(UnpackError::io(&here))? {
            let item = item.map_err(UnpackError::io(&here))?;
            let meta = item.metadata().map_err(UnpackError::io(&here))?;
            let path = inner.join(item.file_name());
            check(folder, &path, &meta)?;
            if meta.is_dir() {
                folders.push(path.clone());
            }
            found.push(Entry { path, meta });
            if found.len() as u64 > limits.entries {
                return Err(UnpackError::TooLarge { limit: limits.entries, of: "entries" });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Refuses links that lead out, and what is neither file, folder nor link.
fn check(folder: &Path, path: &Path, meta: &Metadata) -> Result<(), UnpackError> {
    let entry = || path.display().to_string();
    let kind = meta.file_type();
    if kind.is_symlink() {
        return match follow(folder, path, Edge::Wall) {
            Ok(_) => Ok(()),
            Err(escape) => Err(UnpackError::Outside { entry: entry(), escape }),
        };
    }
    let special = if kind.is_fifo() {
        "pipe"
    } else if kind.is_socket() {
        "socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "device"
    } else {
        return Ok(());
    };
    Err(UnpackError::Special { entry: entry(), kind: special })
}

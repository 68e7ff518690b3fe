use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rusqlite::Connection;

use super::{Store, first};
use crate::{Digest, Error, digest::Hasher};

/// How much is read at once where bytes are copied: large enough that the calls cost nothing.
const PIECE: usize = 1 << 20;

/// Bytes that lie whole in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Their hash, which is their name.
    pub digest: Digest,
    /// How many they are.
    pub size: u64,
}

/// A file that is being written, and goes away unless it is kept.
pub struct Draft {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    /// Where the next byte goes.
    position: u64,
    size: u64,
    limit: u64,
    /// Whether something was written over, so that it has to be hashed anew.
    is_revised: bool,
    kept: bool,
}

impl Draft {
    /// Hashes and keeps these bytes, unless they are too many.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.position.saturating_add(bytes.len() as u64);
        if end > self.limit {
            return Err(Error::TooLarge(format!("more than {} bytes were sent", self.limit)));
        }
        self.file
            .write_all(bytes)
            .map_err(Error::failed(format!("cannot write {}", self.path.display())))?;
        if self.position == self.size && !self.is_revised {
            self.hasher.update(bytes);
        } else {
            self.is_revised = true;
        }
        self.position = end;
        self.size = self.size.max(end);
        Ok(())
    }

    /// Takes all that is to be read there.
    pub(crate) fn take_all(&mut self, from: &mut impl io::Read) -> Result<(), Error> {
        let mut piece = vec![0; PIECE];
        loop {
            match from.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => self.take(piece.get(..read).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::failed("cannot read what is to be kept")(error)),
            }
        }
    }

    fn hash_anew(&mut self) -> Result<(), Error> {
        let failed = || Error::failed(format!("cannot read {}", self.path.display()));
        let mut file = File::open(&self.path).map_err(failed())?;
        let mut hasher = Hasher::default();
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read(&mut piece).map_err(failed())?;
            if read == 0 {
                break;
            }
            hasher.update(piece.get(..read).unwrap_or_default());
        }
        self.hasher = hasher;
        Ok(())
    }

    /// How many bytes it has so far.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Moves it to where it is to be, without waiting for the disk.
    pub(crate) fn keep_as(mut self, path: &Path) -> Result<u64, Error> {
        fs::rename(&self.path, path)
            .map_err(Error::failed(format!("cannot move {}", path.display())))?;
        self.kept = true;
        Ok(self.size)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For whoever goes back to write a length where it belongs.
impl Seek for Draft {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to != SeekFrom::Current(0) {
            self.position = self.file.seek(to)?;
        }
        Ok(self.position)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // What is not removed now is when the store is opened next.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Bytes that are on the disk and that nobody names yet.
pub(crate) struct Finished {
    draft: Draft,
    blob: Blob,
}

impl Finished {
    pub(crate) fn blob(&self) -> Blob {
        self.blob
    }
}

impl Store {
    /// A file to write to, of `limit` bytes at most.
    pub(crate) fn draft(&self, limit: u64) -> Result<Draft, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("draft-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let path = self.folder.join("incoming").join(name);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::failed(format!("cannot make {}", path.display())))?;
        let hasher = Hasher::default();
        let is_revised = false;
        Ok(Draft { path, file, hasher, position: 0, size: 0, limit, is_revised, kept: false })
    }

    /// Puts the bytes on the disk.
    pub(crate) fn finish(mut draft: Draft) -> Result<Finished, Error> {
        draft
            .file
            .sync_data()
            .map_err(Error::failed(format!("cannot sync {}", draft.path.display())))?;
        if draft.is_revised {
            draft.hash_anew()?;
        }
        let digest = std::mem::take(&mut draft.hasher).finish();
        let blob = Blob { digest, size: draft.size };
        Ok(Finished { draft, blob })
    }

    /// Gives the bytes their name. The lock is held until a row names it too.
    pub(super) fn adopt(&self, _locked: &Connection, finished: Finished) -> Result<(), Error> {
        let path = self.path_of(finished.blob.digest);
        let there = fs::metadata(&path).is_ok_and(|there| there.len() == finished.blob.size);
        if there {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.folder);
        super::make_folder(folder)?;
        finished.draft.keep_as(&path)?;
        for folder in [folder, &self.folder.join("blobs")] {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(Error::failed(format!("cannot sync {}", folder.display())))?;
        }
        Ok(())
    }

    pub(super) fn path_of(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        let first = name.get(..2).unwrap_or_default();
        self.folder.join("blobs").join(first).join(&name)
    }

    /// The bytes, to read from.
    pub fn read(&self, digest: Digest) -> Result<File, Error> {
        let path = self.path_of(digest);
        File::open(&path).map_err(Error::failed(format!("cannot open {}", path.display())))
    }

    /// Removes those of these blobs that no row names any more.
    pub(super) fn release(&self, locked: &Connection, digests: &[String]) -> Result<u64, Error> {
        let mut freed = 0;
        for name in digests {
            let Ok(digest) = name.parse() else { continue };
            if !is_named(locked, name)? {
                freed += remove(&self.path_of(digest))?;
            }
        }
        Ok(freed)
    }

    /// Removes every blob that no row names: what a kill left between a blob and its row.
    pub(super) fn clear_blobs(&self, locked: &Connection) -> Result<u64, Error> {
        let mut freed = 0;
        for first in entries(&self.folder.join("blobs"))? {
            for path in entries(&first)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !is_named(locked, &name)? {
                    freed += remove(&path)?;
                }
            }
        }
        Ok(freed)
    }
}

fn is_named(connection: &Connection, blob: &str) -> Result<bool, Error> {
    let query = "SELECT EXISTS (SELECT 1 FROM artifact WHERE blob = ?1)
        OR EXISTS (SELECT 1 FROM cache_entry WHERE blob = ?1)
        OR EXISTS (SELECT 1 FROM upload WHERE blob = ?1)";
    Ok(first(connection, query, [blob], |row| row.get(0))?.unwrap_or(false))
}

/// Removes a file and says how large it was; that it is not there is as good.
fn remove(path: &Path) -> Result<u64, Error> {
    let size = fs::metadata(path).map_or(0, |file| file.len());
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::failed(format!("cannot remove {}", path.display()))(error))
        }
        _ => Ok(size),
    }
}

pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = || Error::failed(format!("cannot list {}", folder.display()));
    let listed = fs::read_dir(folder).map_err(failed())?;
    listed.map(|entry| entry.map(|entry| entry.path()).map_err(failed())).collect()
}

//! Tar archives, unpacked so that nothing in them can reach outside of the folder.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, BufReader, Read},
    os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use tar::{Archive, Entry, EntryType};

use crate::settings::ImageLimits;

use super::{
    inside::{Edge, Escape, follow},
    store::{UnpackError, named},
    tree,
};

/// What an archive is unpacked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder: links stay inside, or it is refused.
    Folder,
    /// A layer of an OCI image: `/` is the image's own, and `.wh.` files remove what lies below
    /// (OCI image specification, "Representing Changes").
    Layer,
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
}

/// What an image may still use up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    limits: ImageLimits,
    bytes: u64,
    entries: u64,
}

impl Budget {
    /// All of it.
    pub(super) fn new(limits: ImageLimits) -> Self {
        Self { limits, bytes: 0, entries: 0 }
    }

    fn entry(&mut self) -> Result<(), UnpackError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(UnpackError::TooLarge { limit: self.limits.entries, of: "entries" });
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: u64) -> Result<(), UnpackError> {
        self.bytes = self.bytes.saturating_add(bytes);
        tree::within(self.limits, self.bytes)
    }
}

/// How a file of this name and beginning is packed; `None` when it is no tar archive.
pub(super) fn recognise(path: &Path) -> Result<Option<Packing>, UnpackError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(UnpackError::io(path))?;
    file.take(512).read_to_end(&mut start).map_err(UnpackError::io(path))?;
    let named_tar = path.extension().is_some_and(|extension| extension == "tar");
    Ok(match start.as_slice() {
        [0x1f, 0x8b, ..] => Some(Packing::Gzip),
        other if other.get(257..262) == Some(b"ustar") || named_tar => Some(Packing::Plain),
        _ => None,
    })
}

/// The SHA-256 of a file.
pub(super) fn digest(path: &Path) -> Result<String, UnpackError> {
    let mut file = Hashing::new(File::open(path).map_err(UnpackError::io(path))?);
    io::copy(&mut file, &mut io::sink()).map_err(UnpackError::io(path))?;
    Ok(file.digest())
}

/// Unpacks an archive into a folder, and gives the SHA-256 of the file as it was read.
pub(super) fn unpack(
    path: &Path,
    packing: Packing,
    root: &Path,
    kind: Kind,
    budget: &mut Budget,
) -> Result<String, UnpackError> {
    let file = File::open(path).map_err(UnpackError::io(path))?;
    let mut file = Hashing::new(BufReader::with_capacity(128 << 10, file));
    // However it was packed, no more is read than an image of that size could need: a header and
    // up to one block of padding for each entry.
    let most = budget.limits.bytes.saturating_add(budget.limits.entries.saturating_mul(2048));
    let unpacking = match packing {
        Packing::Plain => entries((&mut file).take(most), root, kind, budget),
        Packing::Gzip => entries(MultiGzDecoder::new(&mut file).take(most), root, kind, budget),
    };
    unpacking.map_err(|error| match error {
        UnpackError::Io { path: at, error } if at.as_os_str().is_empty() => {
            UnpackError::Malformed(format!("{} is no sound tar archive: {error}", path.display()))
        }
        other => other,
    })?;
    io::copy(&mut file, &mut io::sink()).map_err(UnpackError::io(path))?;
    Ok(file.digest())
}

fn entries(
    stream: impl Read,
    root: &Path,
    kind: Kind,
    budget: &mut Budget,
) -> Result<(), UnpackError> {
    let mut archive = Archive::new(stream);
    let mut unpacker = Unpacker { root, kind, written: BTreeSet::new(), modes: Vec::new() };
    let broken = || UnpackError::io(Path::new(""));
    for entry in archive.entries().map_err(broken())? {
        let entry = entry.map_err(broken())?;
        budget.entry()?;
        unpacker.entry(entry, budget)?;
    }
    // Only now, for nothing can be put into a folder that may not be written to.
    for (folder, mode) in unpacker.modes.into_iter().rev() {
        let _ = fs::set_permissions(folder, mode);
    }
    Ok(())
}

struct Unpacker<'a> {
    root: &'a Path,
    kind: Kind,
    /// What this archive has written: a layer's `.wh..wh..opq` removes only what was there before.
    written: BTreeSet<PathBuf>,
    modes: Vec<(PathBuf, Permissions)>,
}

impl Unpacker<'_> {
    fn entry(
        &mut self,
        mut entry: Entry<'_, impl Read>,
        budget: &mut Budget,
    ) -> Result<(), UnpackError> {
        let named = entry.path().map_err(UnpackError::io(Path::new("")))?.into_owned();
        if matches!(entry.header().entry_type(), EntryType::XGlobalHeader) {
            return Ok(());
        }
        let Some((parent, name)) = self.place(&named)? else {
            return Ok(());
        };
        fs::create_dir_all(&parent).map_err(UnpackError::io(&parent))?;
        if self.kind == Kind::Layer
            && let Some(hidden) = name.strip_prefix(".wh.")
        {
            return self.white_out(&parent, hidden, &named);
        }
        let target = parent.join(&name);
        let mode = entry.header().mode().unwrap_or(0o644) & 0o777;
        match entry.header().entry_type() {
            EntryType::Directory => self.folder(&target, mode)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                clear(&target)?;
                write(&mut entry, &target, mode, budget)?;
            }
            EntryType::Symlink => {
                let link = link_name(&entry, &named)?;
                clear(&target)?;
                let link = self.confined(&parent, &link);
                symlink(link, &target).map_err(UnpackError::io(&target))?;
            }
            EntryType::Link => {
                let link = link_name(&entry, &named)?;
                let source = self.follow(&link, &named)?;
                clear(&target)?;
                fs::hard_link(&source, &target).map_err(UnpackError::io(&source))?;
            }
            other => {
                return Err(UnpackError::Special {
                    entry: named.display().to_string(),
                    kind: special(other),
                });
            }
        }
        self.written.insert(target);
        Ok(())
    }

    /// The real folder that an entry goes into, and its name there. `None` for the root itself.
    fn place(&self, named: &Path) -> Result<Option<(PathBuf, String)>, UnpackError> {
        let outside = |escape| UnpackError::Outside { entry: named.display().to_string(), escape };
        let mut parts = Vec::new();
        for part in named.components() {
            match part {
                Component::Normal(part) => parts.push(part),
                Component::CurDir => {}
                Component::ParentDir => return Err(outside(Escape::Above)),
                Component::RootDir | Component::Prefix(_) if self.kind == Kind::Layer => {}
                Component::RootDir | Component::Prefix(_) => return Err(outside(Escape::Absolute)),
            }
        }
        let Some(name) = parts.pop() else {
            return Ok(None);
        };
        let parent: PathBuf = parts.into_iter().collect();
        let name = name.to_str().ok_or_else(|| {
            UnpackError::Malformed(format!(
                "the name of its entry {} is not UTF-8",
                named.display()
            ))
        })?;
        Ok(Some((self.follow(&parent, named)?, name.to_owned())))
    }

    fn follow(&self, path: &Path, named: &Path) -> Result<PathBuf, UnpackError> {
        follow(self.root, path, self.edge())
            .map_err(|escape| UnpackError::Outside { entry: named.display().to_string(), escape })
    }

    fn edge(&self) -> Edge {
        match self.kind {
            Kind::Folder => Edge::Wall,
            Kind::Layer => Edge::Root,
        }
    }

    fn folder(&mut self, target: &Path, mode: u32) -> Result<(), UnpackError> {
        let there = fs::symlink_metadata(target).is_ok_and(|meta| meta.is_dir());
        if !there {
            clear(target)?;
            fs::create_dir(target).map_err(UnpackError::io(target))?;
        }
        // Readable by its owner, whatever the archive says: it has to be looked at and removed.
        let mode = Permissions::from_mode(mode | 0o700);
        self.modes.push((target.to_owned(), mode));
        Ok(())
    }

    /// Of a layer, a link that starts at `/`, or climbs over it, as one that stays inside when it is
    /// read without `chroot`. Links of other archives stay as they are, to be judged at the end.
    fn confined(&self, parent: &Path, link: &Path) -> PathBuf {
        if self.kind == Kind::Folder {
            return link.to_owned();
        }
        let depth = parent.strip_prefix(self.root).map_or(0, |inner| inner.components().count());
        let mut climbs = if link.is_absolute() { depth } else { 0 };
        let mut rest = PathBuf::new();
        for part in link.components() {
            match part {
                Component::ParentDir if rest.as_os_str().is_empty() => {
                    climbs = (climbs + 1).min(depth);
                }
                Component::RootDir | Component::Prefix(_) | Component::CurDir => {}
                other => rest.push(other),
            }
        }
        let up: PathBuf = std::iter::repeat_n("..", climbs).collect();
        match up.join(rest) {
            path if path.as_os_str().is_empty() => PathBuf::from("."),
            path => path,
        }
    }

    fn white_out(&self, parent: &Path, hidden: &str, named: &Path) -> Result<(), UnpackError> {
        match hidden {
            ".wh..opq" => {
                for entry in fs::read_dir(parent).map_err(UnpackError::io(parent))? {
                    let path = entry.map_err(UnpackError::io(parent))?.path();
                    // What is below a path is sorted right after it.
                    let next = self.written.range(path.clone()..).next();
                    if !next.is_some_and(|written| written.starts_with(&path)) {
                        clear(&path)?;
                    }
                }
                Ok(())
            }
            "" | "." | ".." => Err(UnpackError::Outside {
                entry: named.display().to_string(),
                escape: Escape::Above,
            }),
            name => clear(&parent.join(name)),
        }
    }
}

fn link_name(entry: &Entry<'_, impl Read>, named: &Path) -> Result<PathBuf, UnpackError> {
    let link = entry.link_name().map_err(UnpackError::io(Path::new("")))?;
    link.map(std::borrow::Cow::into_owned).ok_or_else(|| {
        UnpackError::Malformed(format!("its link {} has no target", named.display()))
    })
}

/// Removes what is at a path, not what a link there leads to.
fn clear(path: &Path) -> Result<(), UnpackError> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path).map_err(UnpackError::io(path)),
        Ok(_) => fs::remove_file(path).map_err(UnpackError::io(path)),
        Err(_) => Ok(()),
    }
}

fn write(
    entry: &mut Entry<'_, impl Read>,
    target: &Path,
    mode: u32,
    budget: &mut Budget,
) -> Result<(), UnpackError> {
    budget.bytes(entry.size())?;
    // `create_new` does not follow a link.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(target)
        .map_err(UnpackError::io(target))?;
    io::copy(entry, &mut file).map_err(UnpackError::io(Path::new("")))?;
    file.set_permissions(Permissions::from_mode(mode)).map_err(UnpackError::io(target))
}

fn special(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Char | EntryType::Block => "device",
        EntryType::Fifo => "pipe",
        _ => "kind of entry that is not known",
    }
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    fn digest(self) -> String {
        named(self.hash.finalize())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

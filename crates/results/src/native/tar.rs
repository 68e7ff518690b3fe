//! Caches as `tar` writes and reads them for the official client: names begin at the workspace, and
//! may go up from there.

use std::{
    ffi::OsStr,
    fs::{self, File, FileTimes, Metadata},
    io::{self, Read, Write},
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use tar::{Archive, Builder, Entry, EntryType, Header};

use super::{
    cache::{absolute, relative},
    tree::Tree,
};
use crate::{
    Error,
    limits::{ARCHIVE_FILES, UNPACKED_BYTES},
};

/// Bytes that a name has room for in a header; longer ones go before it.
const NAME: usize = 100;

/// Writes what was found, each folder with all that is in it.
pub(super) fn pack(out: impl Write, workspace: &Path, found: &[PathBuf]) -> Result<(), Error> {
    let mut archive = Builder::new(out);
    let mut packed = 0;
    for path in found {
        // Deepest first on the stack, so that a folder comes before what is in it.
        let mut stack = vec![path.clone()];
        while let Some(path) = stack.pop() {
            packed += 1;
            if packed > ARCHIVE_FILES {
                return Err(Error::TooLarge(format!("more than {ARCHIVE_FILES} files in a cache")));
            }
            let failed = || Error::failed(format!("cannot pack {}", path.display()));
            let about = fs::symlink_metadata(&path).map_err(failed())?;
            add(&mut archive, workspace, &path, &about).map_err(failed())?;
            if about.is_dir() {
                stack.extend(children(&path).map_err(failed())?);
            }
        }
    }
    archive.finish().map_err(Error::failed("cannot pack a cache"))
}

fn children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort_unstable_by(|one, other| other.cmp(one));
    Ok(paths)
}

fn add(
    archive: &mut Builder<impl Write>,
    workspace: &Path,
    path: &Path,
    about: &Metadata,
) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_mode(about.mode() & 0o7777);
    header.set_uid(about.uid().into());
    header.set_gid(about.gid().into());
    header.set_mtime(u64::try_from(about.mtime()).unwrap_or(0));
    header.set_size(0);
    let mut name = relative(workspace, path).into_os_string();
    if about.is_file() {
        header.set_entry_type(EntryType::Regular);
        header.set_size(about.len());
        name_it(archive, &mut header, &name, None)?;
        // A file that grows meanwhile is cut, and one that shrinks filled up, as `tar` does.
        let body = File::open(path)?.chain(io::repeat(0)).take(about.len());
        return archive.append(&header, body);
    }
    if about.is_dir() {
        header.set_entry_type(EntryType::Directory);
        name.push("/");
        name_it(archive, &mut header, &name, None)?;
    } else if about.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        let target = fs::read_link(path)?;
        name_it(archive, &mut header, &name, Some(target.as_os_str()))?;
    } else {
        // A socket or a pipe is nothing without who made it.
        return Ok(());
    }
    archive.append(&header, io::empty())
}

/// Writes the names as they are. What is too long for a header goes before it as POSIX has it.
fn name_it(
    archive: &mut Builder<impl Write>,
    header: &mut Header,
    name: &OsStr,
    link: Option<&OsStr>,
) -> io::Result<()> {
    let link = link.unwrap_or_default().as_bytes();
    let long = [("path", name.as_bytes()), ("linkpath", link)];
    let long: Vec<_> = long.into_iter().filter(|(_, text)| text.len() > NAME).collect();
    if !long.is_empty() {
        archive.append_pax_extensions(long)?;
    }
    let fields = header.as_old_mut();
    put(&mut fields.name, name.as_bytes());
    put(&mut fields.linkname, link);
    header.set_cksum();
    Ok(())
}

fn put(field: &mut [u8], text: &[u8]) {
    field.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
}

/// Unpacks what lies at one of the roots or below it, and refuses all else.
pub(super) fn unpack(from: impl Read, workspace: &Path, roots: &[PathBuf]) -> Result<(), Error> {
    let failed = || Error::failed("cannot unpack a cache");
    let mut archive = Archive::new(from);
    let mut places = Places { workspace, roots, trees: Vec::new() };
    let mut left = UNPACKED_BYTES;
    for (number, entry) in archive.entries().map_err(failed())?.enumerate() {
        let mut entry = entry.map_err(failed())?;
        left =
            left.checked_sub(entry.size()).filter(|_| number < ARCHIVE_FILES).ok_or_else(|| {
                Error::TooLarge(format!(
                    "a cache has more than {ARCHIVE_FILES} files or {UNPACKED_BYTES} bytes"
                ))
            })?;
        places.write(&mut entry)?;
    }
    Ok(())
}

/// Where a cache may be written.
struct Places<'a> {
    workspace: &'a Path,
    roots: &'a [PathBuf],
    /// The folders that roots lie in, as they are needed.
    trees: Vec<(PathBuf, Tree)>,
}

impl Places<'_> {
    fn write(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<(), Error> {
        let failed = || Error::failed("cannot unpack a cache");
        let path = entry.path().map_err(failed())?.into_owned();
        let kind = entry.header().entry_type();
        let mode = entry.header().mode().map_err(failed())?;
        let link = entry.link_name().map_err(failed())?.map(std::borrow::Cow::into_owned);
        let (tree, name) = self.place(&path)?;
        match (kind, link) {
            (EntryType::Directory, _) if name.as_os_str().is_empty() => Ok(()),
            (EntryType::Directory, _) => tree.folder(&name),
            (EntryType::Symlink, Some(link)) => tree.link(&name, &link),
            (EntryType::Link, Some(link)) => self.hard_link(&path, &link),
            (kind, _) if kind.is_file() || kind == EntryType::GNUSparse => {
                let mut file = tree.file(&name, mode)?;
                io::copy(entry, &mut file).map_err(failed())?;
                let seconds = entry.header().mtime().unwrap_or(0);
                // What a build tool compares. A time that the file system does not take is let be.
                let time = UNIX_EPOCH + Duration::from_secs(seconds.min(u32::MAX.into()));
                drop(file.set_times(FileTimes::new().set_modified(time)));
                Ok(())
            }
            _ => Err(refused(&path, "is neither file, folder nor link")),
        }
    }

    fn hard_link(&mut self, path: &Path, to: &Path) -> Result<(), Error> {
        let (_, to) = self.locate(to)?;
        let (root, name) = self.locate(path)?;
        let to =
            to.strip_prefix(&root).map_err(|_| refused(path, "is linked to another folder"))?;
        let name = name.strip_prefix(&root).unwrap_or(&name).to_owned();
        self.tree(&root)?.hard_link(&name, to)
    }

    /// The folder to write below, and the name there.
    fn place(&mut self, path: &Path) -> Result<(&mut Tree, PathBuf), Error> {
        let (root, whole) = self.locate(path)?;
        let name = whole.strip_prefix(&root).unwrap_or(&whole).to_owned();
        Ok((self.tree(&root)?, name))
    }

    /// The folder that the root lies in at which or below which a path lies, and that path.
    fn locate(&self, path: &Path) -> Result<(PathBuf, PathBuf), Error> {
        let whole = absolute(self.workspace, path);
        let root = self.roots.iter().find(|root| whole.starts_with(root));
        let root =
            root.ok_or_else(|| refused(path, "lies at none of the paths that are cached"))?;
        let folder = if whole == *self.workspace || *root == *self.workspace {
            // The workspace is there, and may be reached by a link.
            self.workspace
        } else {
            root.parent().unwrap_or(root)
        };
        Ok((folder.to_owned(), whole))
    }

    fn tree(&mut self, folder: &Path) -> Result<&mut Tree, Error> {
        let known = self.trees.iter().position(|(known, _)| known == folder);
        if known.is_none() {
            self.trees.push((folder.to_owned(), Tree::open(folder)?));
        }
        let at = known.unwrap_or(self.trees.len() - 1);
        let tree = self.trees.get_mut(at).map(|(_, tree)| tree);
        tree.ok_or_else(|| refused(folder, "has no place"))
    }
}

fn refused(path: &Path, why: &str) -> Error {
    Error::Invalid(format!("the cache is refused: {:?} {why}", path.display()))
}

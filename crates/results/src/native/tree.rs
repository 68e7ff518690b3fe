//! Writing below a folder, and nowhere else: no name leads out of it, and no link is followed, be it
//! one that lay there before or one that was just unpacked.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd as _, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, linkat, mkdirat, openat, symlinkat, unlinkat},
    io::Errno,
};

use crate::Error;

/// A folder to write below.
pub(crate) struct Tree {
    path: PathBuf,
    root: OwnedFd,
    /// The folder that was written to last: the next file is likely there too.
    last: Option<(PathBuf, OwnedFd)>,
}

impl Tree {
    /// Makes the folder if it is not there. Links on the way to it are followed: they are the user's.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = || Error::failed(format!("cannot write to {}", path.display()));
        fs::create_dir_all(path).map_err(failed())?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| failed()(io::Error::from(error)))?;
        Ok(Self { path: path.to_owned(), root, last: None })
    }

    /// A new file, in place of whatever had its name.
    pub(crate) fn file(&mut self, name: &Path, mode: u32) -> Result<File, Error> {
        let refuse = self.refusal(name);
        let (parent, last) = self.parent(name)?;
        clear(parent, last).map_err(&refuse)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file =
            openat(parent, last, flags | OFlags::NOFOLLOW, Mode::from_raw_mode(mode & 0o777));
        file.map(File::from).map_err(refuse)
    }

    /// A folder; one that is there stays.
    pub(crate) fn folder(&mut self, name: &Path) -> Result<(), Error> {
        let refuse = self.refusal(name);
        let (parent, last) = self.parent(name)?;
        if step(parent, last).is_ok() {
            return Ok(());
        }
        clear(parent, last).map_err(&refuse)?;
        mkdirat(parent, last, Mode::from_raw_mode(0o777)).map_err(refuse)
    }

    /// A link to wherever it leads, which nothing here follows.
    pub(crate) fn link(&mut self, name: &Path, to: &Path) -> Result<(), Error> {
        let refuse = self.refusal(name);
        let (parent, last) = self.parent(name)?;
        clear(parent, last).map_err(&refuse)?;
        symlinkat(to, parent, last).map_err(refuse)
    }

    /// Another name for a file below this folder.
    pub(crate) fn hard_link(&mut self, name: &Path, to: &Path) -> Result<(), Error> {
        let refuse = self.refusal(name);
        let (from, to_name) = self.parent(to)?;
        let from = from.try_clone().map_err(Error::failed("cannot link a file"))?;
        let (parent, last) = self.parent(name)?;
        clear(parent, last).map_err(&refuse)?;
        linkat(&from, to_name, parent, last, AtFlags::empty()).map_err(refuse)
    }

    fn refusal(&self, name: &Path) -> impl Fn(Errno) -> Error + use<> {
        let path = self.path.join(name);
        move |error| {
            Error::failed(format!("cannot write {}", path.display()))(io::Error::from(error))
        }
    }

    /// The folder that something is to lie in, made if need be, and its name there.
    fn parent<'a>(&mut self, name: &'a Path) -> Result<(&OwnedFd, &'a Path), Error> {
        let last = match name.components().next_back() {
            Some(Component::Normal(last)) => Path::new(last),
            _ => return Err(leads_out(name)),
        };
        let folder = name.parent().unwrap_or(Path::new(""));
        if self.last.as_ref().is_none_or(|(known, _)| known != folder) {
            let opened = self.descend(folder)?;
            self.last = Some((folder.to_owned(), opened));
        }
        let opened = self.last.as_ref().map_or(&self.root, |(_, opened)| opened);
        Ok((opened, last))
    }

    fn descend(&self, folder: &Path) -> Result<OwnedFd, Error> {
        let refuse = self.refusal(folder);
        let mut at = self.root.try_clone().map_err(Error::failed("cannot open a folder"))?;
        for part in folder.components() {
            let part = match part {
                Component::Normal(part) => Path::new(part),
                Component::CurDir => continue,
                _ => return Err(leads_out(folder)),
            };
            at = match step(&at, part) {
                Err(Errno::NOENT) => {
                    mkdirat(&at, part, Mode::from_raw_mode(0o777)).map_err(&refuse)?;
                    step(&at, part).map_err(&refuse)?
                }
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    return Err(Error::Invalid(format!(
                        "{} is not written to: {} is a link or a file",
                        self.path.join(folder).display(),
                        part.display()
                    )));
                }
                other => other.map_err(&refuse)?,
            };
        }
        Ok(at)
    }
}

/// Into a folder, not through a link.
fn step(at: &OwnedFd, part: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at.as_fd(), part, flags, Mode::empty())
}

/// Takes away a file or link of this name, so that what is written goes to nothing that it leads to.
fn clear(parent: &OwnedFd, name: &Path) -> rustix::io::Result<()> {
    match unlinkat(parent.as_fd(), name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

fn leads_out(name: &Path) -> Error {
    Error::Invalid(format!("the name {:?} leads out of where it is unpacked", name.display()))
}

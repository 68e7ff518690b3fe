//! What a container sees of this machine's files: all of them, and its volumes where it wants them.
//!
//! It happens in the launcher, in a mount namespace of the process's own: nobody else sees it, and
//! it goes with the last process in it. Where a volume is to be seen at a path that is not there,
//! the folder above it is covered by one in memory that shows all that was there before.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags, StatVfsMountFlags, open, statvfs},
    io::Errno,
    mount::{
        MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change,
        mount_remount,
    },
    process::{chroot, getgid, getuid},
    thread::UnshareFlags,
};
use serde::{Deserialize, Serialize};
use tidegate_replicas::Shown;

/// What a container sees beside what there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    /// Its volumes.
    pub(crate) shown: Vec<Shown>,
    /// An empty folder, on which another `/` can be built.
    pub(crate) stage: PathBuf,
    /// Whether it may write to its volumes and to devices alone.
    #[serde(default)]
    pub(crate) read_only: bool,
}

/// Lets this process, and what it becomes, see `view`. It must have no other thread.
pub(crate) fn enter(view: &View) -> Result<(), String> {
    let mut shown: Vec<&Shown> = view.shown.iter().collect();
    // Those above first, or they would cover those below.
    shown.sort_by_key(|one| one.target.components().count());
    part_ways().map_err(|error| {
        format!(
            "its volumes cannot be shown: {error}; run the server as root, or let this machine \
             have user namespaces"
        )
    })?;
    let mut sources = Vec::new();
    for one in &shown {
        let handle =
            handle(&one.source).map_err(|error| format!("{}: {error}", one.source.display()))?;
        sources.push(handle);
    }
    if view.read_only {
        fix_all().map_err(|error| format!("its file system cannot be made read-only: {error}"))?;
    }
    let mut ground = Ground {
        stage: &view.stage,
        made: BTreeSet::new(),
        writable: Vec::new(),
        fixed: view.read_only,
    };
    for (one, source) in shown.into_iter().zip(&sources) {
        show(one, source, &mut ground)
            .map_err(|error| format!("a volume at {}: {error}", one.target.display()))?;
    }
    Ok(())
}

/// Gives this process a mount namespace of its own, in which nothing reaches the others.
fn part_ways() -> io::Result<()> {
    match unshare(UnshareFlags::NEWNS) {
        Err(Errno::PERM) => as_its_own_root()?,
        other => other?,
    }
    let downstream = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    Ok(mount_change("/", downstream)?)
}

/// An ordinary user may do the same in a user namespace, in which the user stays who it is.
fn as_its_own_root() -> io::Result<()> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

#[expect(
    deprecated,
    reason = "unsafe only with FILES, which takes open files from other threads; there are none here"
)]
fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    rustix::thread::unshare(flags)
}

/// A handle of a path, which stays when something else is put over it.
fn handle(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)
}

fn path_of(handle: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()))
}

/// Where volumes can be put.
struct Ground<'a> {
    stage: &'a Path,
    /// Folders in memory that were made for this process.
    made: BTreeSet<PathBuf>,
    /// Volumes that may be written to: what is put into them is made in them.
    writable: Vec<PathBuf>,
    /// Whether all that was there before was made read-only.
    fixed: bool,
}

fn show(one: &Shown, source: &OwnedFd, ground: &mut Ground<'_>) -> io::Result<()> {
    let is_folder = fs::metadata(path_of(source))?.is_dir();
    prepare(&one.target, is_folder, ground)?;
    mount_bind_recursive(path_of(source), &one.target)?;
    if one.read_only {
        remount(&one.target, MountFlags::RDONLY)?;
    } else {
        // It has the flags of where it comes from, which may have been made read-only here.
        if ground.fixed {
            remount(&one.target, MountFlags::empty())?;
        }
        ground.writable.push(one.target.clone());
    }
    Ok(())
}

/// Gives what is mounted here this flag, or none.
fn remount(target: &Path, wanted: MountFlags) -> io::Result<()> {
    // The flags that the file system has already must be named again, or the kernel refuses.
    let has = statvfs(target)?.f_flag;
    let flags = [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let kept = flags.into_iter().filter(|(has_it, _)| has.contains(*has_it));
    let flags = kept.fold(MountFlags::BIND | wanted, |all, (_, flag)| all | flag);
    Ok(mount_remount(target, flags, c"")?)
}

/// Lets nobody of this namespace write to what is there, but for what the kernel and devices show.
fn fix_all() -> io::Result<()> {
    let shown = ["/proc", "/sys", "/dev"];
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let paths = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    for path in paths.map(|path| path.replace("\\040", " ")) {
        if !shown.iter().any(|kept| Path::new(&path).starts_with(kept)) {
            match remount(Path::new(&path), MountFlags::RDONLY) {
                // Another is mounted over it, or it went meanwhile.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
                    ) => {}
                other => other?,
            }
        }
    }
    Ok(())
}

/// Sees to it that there is something to put a volume over.
fn prepare(target: &Path, is_folder: bool, ground: &mut Ground<'_>) -> io::Result<()> {
    if let Ok(there) = fs::metadata(target) {
        if there.is_dir() == is_folder {
            return Ok(());
        }
        return Err(io::Error::other("a file and a folder cannot take each other's place"));
    }
    let above = target.ancestors().skip(1).find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    let in_volume = ground.writable.iter().any(|volume| above.starts_with(volume));
    if !in_volume && !ground.made.contains(above) {
        cover(above, ground.stage)?;
        ground.made.insert(above.to_owned());
    }
    let parent = target.parent().unwrap_or(above);
    fs::create_dir_all(parent)?;
    if !in_volume {
        let new = parent.ancestors().take_while(|path| *path != above);
        ground.made.extend(new.map(Path::to_owned));
    }
    if is_folder {
        fs::create_dir(target)?;
        ground.made.insert(target.to_owned());
        return Ok(());
    }
    File::create(target).map(drop)
}

/// Covers a folder by one in memory that shows all that is in it.
fn cover(folder: &Path, stage: &Path) -> io::Result<()> {
    let mode = fs::metadata(folder)?.permissions().mode();
    let before = handle(folder)?;
    let names: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let is_root = folder == Path::new("/");
    let place = if is_root { stage } else { folder };
    mount("tmpfs", place, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=755")?;
    fs::set_permissions(place, Permissions::from_mode(mode & 0o7777))?;
    for entry in names {
        let (from, to) = (path_of(&before).join(entry.file_name()), place.join(entry.file_name()));
        match again(&entry, &from, &to) {
            // It went meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    if is_root {
        chroot(stage)?;
        std::env::set_current_dir("/")?;
    }
    Ok(())
}

fn again(entry: &fs::DirEntry, from: &Path, to: &Path) -> io::Result<()> {
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if kind.is_dir() {
        fs::create_dir(to)?;
        return Ok(mount_bind_recursive(from, to)?);
    }
    File::create(to)?;
    Ok(mount_bind(from, to)?)
}

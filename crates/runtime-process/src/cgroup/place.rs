//! Where on this machine the runtime may make control groups.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Kind;

/// The name of the folder under which all groups of a runtime are made.
const OURS: &str = "tidegate";
/// The version 1 hierarchies that are used. The first three limit and count; `pids` and `freezer` serve
/// membership where none of those can be written to.
const FIRST_VERSION: [(&str, Kind); 5] = [
    ("memory", Kind::Memory),
    ("cpu", Kind::Cpu),
    ("cpuacct", Kind::CpuAccounting),
    ("pids", Kind::Membership),
    ("freezer", Kind::Membership),
];

/// The folders under which groups are made, one for each hierarchy that can be used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Places {
    folders: Vec<(Kind, PathBuf)>,
}

/// A mounted hierarchy, from `/proc/self/mountinfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    /// Which part of the hierarchy is mounted.
    root: String,
    point: PathBuf,
    /// The version 1 controllers; none for version 2.
    controllers: Option<Vec<String>>,
}

impl Places {
    /// Looks for hierarchies in which a group of this name can be made, and makes it there.
    /// `runtime` tells runtimes with different data folders apart.
    pub(crate) fn find(runtime: &str) -> Self {
        let mounts = parse_mounts(&read("/proc/self/mountinfo"));
        let own = read("/proc/self/cgroup");
        let mut folders = Vec::new();
        for (name, kind) in FIRST_VERSION {
            if let Some((mount, group)) = first_version(&mounts, &own, name)
                && let Some(folder) = make_in(&mount.point, &group, runtime)
            {
                // Where `cpu` and `cpuacct` are one hierarchy, one group does both.
                folders.push((kind, folder));
            }
        }
        if let Some(found) = unified(&mounts, &own, runtime) {
            folders.push(found);
        }
        Self { folders }
    }

    /// The folders, with what each can do.
    pub(crate) fn folders(&self) -> impl Iterator<Item = (Kind, &Path)> {
        self.folders.iter().map(|(kind, folder)| (*kind, folder.as_path()))
    }

    /// Removes the runtime's own folders, unless there are replicas in them.
    pub(crate) fn leave(&self) {
        for (_, folder) in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }

    /// The replicas that have groups.
    pub(crate) fn replicas(&self) -> BTreeSet<String> {
        let folders = self.folders.iter().flat_map(|(_, folder)| subfolders(folder));
        folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }

    /// The files that name the members of a replica's groups, of all its containers.
    pub(crate) fn procs(&self, replica: &str) -> Vec<PathBuf> {
        let folders = self.folders.iter().flat_map(|(_, folder)| subfolders(&folder.join(replica)));
        folders.map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// Removes the groups of replicas for which `known` says no, unless processes are in them.
    pub(crate) fn forget(&self, known: impl Fn(&str) -> bool) {
        for (_, folder) in &self.folders {
            for replica in subfolders(folder) {
                let name = replica.file_name().and_then(|name| name.to_str());
                if name.is_some_and(|name| !known(name)) {
                    for container in subfolders(&replica) {
                        let _ = fs::remove_dir(container);
                    }
                    let _ = fs::remove_dir(&replica);
                }
            }
        }
    }
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect()
}

/// Makes `tidegate/RUNTIME` in the group that this process is in, or else at the top.
fn make_in(mount: &Path, group: &str, runtime: &str) -> Option<PathBuf> {
    [mount.join(group.trim_start_matches('/')), mount.to_owned()]
        .into_iter()
        .map(|above| above.join(OURS).join(runtime))
        .find(|folder| {
            fs::create_dir_all(folder).is_ok()
                && fs::OpenOptions::new().write(true).open(folder.join("cgroup.procs")).is_ok()
        })
}

fn first_version<'a>(mounts: &'a [Mount], own: &str, name: &str) -> Option<(&'a Mount, String)> {
    let mount = mounts.iter().find(|mount| {
        mount
            .controllers
            .as_ref()
            .is_some_and(|some| some.iter().any(|controller| controller == name))
    })?;
    let group = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let named = parts.next()?.split(',').any(|controller| controller == name);
        named.then(|| parts.next().map(str::to_owned))?
    })?;
    Some((mount, below_root(&mount.root, &group)))
}

/// Version 2: the group of this process, if controllers can be passed down from it, or else the
/// top, or else the group of this process without controllers, for membership alone.
fn unified(mounts: &[Mount], own: &str, runtime: &str) -> Option<(Kind, PathBuf)> {
    let mount = mounts.iter().find(|mount| mount.controllers.is_none())?;
    let group = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let group = below_root(&mount.root, group);
    let home = mount.point.join(group.trim_start_matches('/'));
    let _ = make_room(&home);
    let mut bare = None;
    for above in [home, mount.point.clone()] {
        let _ = pass_controllers(&above);
        let _ = fs::create_dir_all(above.join(OURS));
        let _ = pass_controllers(&above.join(OURS));
        let folder = above.join(OURS).join(runtime);
        if fs::create_dir_all(&folder).is_err() {
            continue;
        }
        let _ = pass_controllers(&folder);
        match controllers_of(&folder) {
            Kind::Unified { cpu: false, memory: false } => {
                bare.get_or_insert((Kind::Unified { cpu: false, memory: false }, folder));
            }
            kind => return Some((kind, folder)),
        }
    }
    bare
}

/// A group with processes in it cannot pass controllers down. Where this process is alone in its
/// group, as under systemd with `Delegate=yes`, it moves into a group of its own below.
fn make_room(home: &Path) -> io::Result<()> {
    let me = std::process::id().to_string();
    let members = fs::read_to_string(home.join("cgroup.procs"))?;
    if members.lines().eq([me.as_str()]) && home.join("cgroup.type").exists() {
        let leaf = home.join("tidegate-server");
        fs::create_dir_all(&leaf)?;
        fs::write(leaf.join("cgroup.procs"), me)?;
    }
    Ok(())
}

/// Lets the groups below `folder` use the controllers that it has itself.
pub(super) fn pass_controllers(folder: &Path) -> io::Result<()> {
    let has = fs::read_to_string(folder.join("cgroup.controllers"))?;
    for controller in ["cpu", "memory", "pids"] {
        if has.split_whitespace().any(|name| name == controller) {
            fs::write(folder.join("cgroup.subtree_control"), format!("+{controller}"))?;
        }
    }
    Ok(())
}

/// Passes controllers on from the folder of a replica to those of its containers.
pub(super) fn pass_down(container: &Path, kind: Kind) -> io::Result<()> {
    match (kind, container.parent()) {
        (Kind::Unified { .. }, Some(replica)) => pass_controllers(replica),
        _ => Ok(()),
    }
}

fn controllers_of(folder: &Path) -> Kind {
    let passed = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
    let has = |name: &str| passed.split_whitespace().any(|controller| controller == name);
    Kind::Unified { cpu: has("cpu"), memory: has("memory") }
}

/// The part of a group's path that lies below what is mounted: a container sees only its own part.
fn below_root(root: &str, group: &str) -> String {
    match root {
        "/" => group.to_owned(),
        root => group.strip_prefix(root).unwrap_or("/").to_owned(),
    }
}

/// The lines of `proc_pid_mountinfo(5)` that speak of control groups.
fn parse_mounts(text: &str) -> Vec<Mount> {
    text.lines().filter_map(parse_mount).collect()
}

fn parse_mount(line: &str) -> Option<Mount> {
    let (front, back) = line.split_once(" - ")?;
    let mut front = front.split(' ').skip(3);
    let (root, point) = (front.next()?, front.next()?);
    let mut back = back.split(' ');
    let controllers = match back.next()? {
        "cgroup2" => None,
        "cgroup" => Some(back.nth(1)?.split(',').map(str::to_owned).collect()),
        _ => return None,
    };
    Some(Mount { root: root.to_owned(), point: PathBuf::from(point), controllers })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "\
30 23 0:26 / /sys rw - sysfs sysfs rw
31 30 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
32 30 0:28 /docker/abc /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    #[test]
    fn hierarchies_are_found_among_the_mounts() {
        let mounts = parse_mounts(FIRST);
        assert_eq!(mounts.len(), 3);
        let own = "4:memory:/slice/me\n3:cpu,cpuacct:/docker/abc/inner\n0::/";
        let found = |name| {
            first_version(&mounts, own, name)
                .map(|(mount, group)| format!("{}{group}", mount.point.display()))
        };
        assert_eq!(found("memory").as_deref(), Some("/sys/fs/cgroup/memory/slice/me"));
        assert_eq!(found("cpu").as_deref(), Some("/sys/fs/cgroup/cpu/inner"));
        assert_eq!(found("cpuacct"), found("cpu"));
        assert_eq!(found("freezer"), None);
    }

    #[test]
    fn version_2_gives_the_controllers_that_can_be_passed_down() {
        let root = tempfile::tempdir().unwrap();
        let mounts =
            [Mount { root: "/".to_owned(), point: root.path().to_owned(), controllers: None }];
        let bare = Kind::Unified { cpu: false, memory: false };
        let (kind, folder) = unified(&mounts, "0::/own", "r1").unwrap();
        assert_eq!((kind, folder), (bare, root.path().join("own/tidegate/r1")));

        let at = root.path().join("own/tidegate/r1");
        fs::write(at.join("cgroup.controllers"), "cpuset memory pids").unwrap();
        let (kind, _) = unified(&mounts, "0::/own", "r1").unwrap();
        // A plain file holds the last word written to it; the kernel's would hold both.
        assert_eq!(kind, bare);
        fs::write(at.join("cgroup.controllers"), "memory").unwrap();
        fs::remove_file(at.join("cgroup.subtree_control")).unwrap();
        fs::write(at.join("cgroup.subtree_control"), "").unwrap();
        pass_controllers(&at).unwrap();
        assert_eq!(fs::read_to_string(at.join("cgroup.subtree_control")).unwrap(), "+memory");
    }

    #[test]
    fn groups_that_nobody_knows_are_removed() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["kept/main", "gone/main", "gone/side"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let places = Places { folders: vec![(Kind::Memory, root.path().to_owned())] };
        places.forget(|name| name == "kept");
        assert!(root.path().join("kept/main").exists());
        assert!(!root.path().join("gone").exists());
    }
}

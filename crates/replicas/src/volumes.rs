//! Volumes: what they hold is laid out in folders of this machine, which a carrier then shows to
//! the containers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, Permissions},
    io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tidegate_units::ReplicaId;
use tidegate_workload::{
    Container, Entries, FileSource, HostKind, PodTemplate, Volume, VolumeMount, VolumeSource,
};

use crate::{
    env::{Surroundings, Variables, field},
    expand::expand,
    records::private_folder,
};

/// Something that a container sees at a path of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Where it is on this machine.
    pub source: PathBuf,
    /// Where the container sees it.
    pub target: PathBuf,
    /// Whether the container may not write there.
    pub read_only: bool,
    /// Whether it is a part of a volume that may be made until the container starts, by one that
    /// runs before it. What is not there by then is a folder.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

/// Makes the parts of volumes that nobody has made, for a container that starts now.
pub fn make_late(shown: &[Shown]) -> io::Result<()> {
    for one in shown.iter().filter(|one| one.late && !one.source.exists()) {
        fs::create_dir_all(&one.source)?;
        fs::set_permissions(&one.source, Permissions::from_mode(0o777))?;
    }
    Ok(())
}

/// Where volumes are kept.
#[derive(Clone, Debug)]
pub struct Volumes {
    /// Those of replicas, each in a folder of its name.
    own: PathBuf,
    /// Claims, by namespace and name. They stay.
    claims: PathBuf,
    /// Those of replicas that are kept in memory.
    memory: PathBuf,
}

/// The files of a volume, by their paths below it: what is in each, and its mode.
type Files = BTreeMap<PathBuf, (Vec<u8>, u32)>;

impl Volumes {
    /// The volumes of a data folder; `id` names it among all of this machine.
    pub fn new(data: &Path, id: &str) -> Self {
        Self {
            own: data.join("volumes"),
            claims: data.join("claims"),
            memory: Path::new("/dev/shm").join(format!("tidegate-{id}")),
        }
    }

    /// Those of a runtime that shares the data folder with another: replicas' own are below `home`,
    /// and claims are the same for both.
    pub fn apart(data: &Path, home: &str, id: &str) -> Self {
        Self { own: data.join(home).join("volumes"), ..Self::new(data, id) }
    }

    /// The same with claims in another folder.
    #[must_use]
    pub fn claiming_in(self, claims: &Path) -> Self {
        Self { claims: claims.to_owned(), ..self }
    }

    /// The names of the replicas that have volumes of their own.
    pub fn owners(&self) -> BTreeSet<String> {
        let homes = [&self.own, &self.memory].into_iter();
        let entries = homes.flat_map(|home| fs::read_dir(home).into_iter().flatten().flatten());
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// Says what stands in the way of the volumes that a container sees, without making any.
    pub fn check(
        &self,
        template: &PodTemplate,
        container: &Container,
        around: &Surroundings<'_>,
    ) -> Result<(), String> {
        for mount in &container.mounts {
            let volume = find(template, mount)?;
            match &volume.source {
                VolumeSource::Files { sources, mode } => drop(files(sources, *mode, around)?),
                VolumeSource::Host { path, kind } => {
                    host(volume, Path::new(path), *kind, Make::No)?;
                }
                VolumeSource::Scratch { .. } | VolumeSource::Claim { .. } => {}
            }
        }
        Ok(())
    }

    /// Makes the volumes that a container sees, as far as they are not there, and says where it
    /// sees them. `env` is its environment.
    pub fn lay_out(
        &self,
        template: &PodTemplate,
        container: &Container,
        around: &Surroundings<'_>,
        env: &Variables,
    ) -> Result<Vec<Shown>, String> {
        let mut shown = Vec::new();
        for mount in &container.mounts {
            let volume = find(template, mount)?;
            let (folder, fixed) = self.place(volume, around)?;
            let source = part(&folder, mount, env, fixed)?;
            let target = PathBuf::from(&mount.path);
            let read_only = fixed || mount.read_only;
            let late = !fixed && mount.sub_path.is_some();
            shown.push(Shown { source, target, read_only, late });
        }
        Ok(shown)
    }

    /// The folder (or file) of a volume, made, and whether nobody may write there.
    fn place(&self, volume: &Volume, around: &Surroundings<'_>) -> Result<(PathBuf, bool), String> {
        let failed = |path: &Path| {
            let path = path.display().to_string();
            let name = volume.name.clone();
            move |error: io::Error| format!("volume {name:?}: {path}: {error}")
        };
        let own = self.own.join(around.replica.as_str()).join(&volume.name);
        match &volume.source {
            VolumeSource::Scratch { memory } => {
                let folder = if *memory {
                    self.memory.join(around.replica.as_str()).join(&volume.name)
                } else {
                    own
                };
                open_folder(&folder).map_err(failed(&folder))?;
                Ok((folder, false))
            }
            VolumeSource::Files { sources, mode } => {
                let files = files(sources, *mode, around)?;
                if !own.exists() {
                    write(&own, &files).map_err(failed(&own))?;
                }
                Ok((own, true))
            }
            VolumeSource::Host { path, kind } => {
                let path = PathBuf::from(path);
                host(volume, &path, *kind, Make::Yes)?;
                Ok((path, false))
            }
            VolumeSource::Claim { name, read_only } => {
                let folder = self.claims.join(&*around.owner.namespace).join(name);
                open_folder(&folder).map_err(failed(&folder))?;
                Ok((folder, *read_only))
            }
        }
    }

    /// A file of the replica's own that its containers see in the place of one of this machine.
    pub fn file(&self, replica: &ReplicaId, target: &Path, text: &str) -> Result<Shown, String> {
        // No volume has such a name.
        let name = format!("{}~", target.file_name().unwrap_or_default().display());
        let source = self.own.join(replica.as_str()).join(name);
        let made = private_folder(source.parent().unwrap_or(&self.own))
            .and_then(|()| fs::write(&source, text))
            .and_then(|()| fs::set_permissions(&source, Permissions::from_mode(0o644)));
        made.map_err(|error| format!("{}: {error}", source.display()))?;
        Ok(Shown { source, target: target.to_owned(), read_only: false, late: false })
    }

    /// The replica is gone, and so are its volumes.
    pub fn remove(&self, replica: &ReplicaId) {
        for home in [&self.own, &self.memory] {
            let _ = fs::remove_dir_all(home.join(replica.as_str()));
        }
        self.tidy_memory();
    }

    /// Removes what is empty of where volumes are kept in memory.
    fn tidy_memory(&self) {
        let _ = fs::remove_dir(&self.memory);
    }

    /// Removes the volumes of replicas that are not there any more.
    pub fn tidy(&self, replicas: &BTreeSet<String>) {
        for home in [&self.own, &self.memory] {
            for entry in fs::read_dir(home).into_iter().flatten().flatten() {
                let name = entry.file_name();
                if name.to_str().is_none_or(|name| !replicas.contains(name)) {
                    let _ = fs::remove_dir_all(entry.path());
                }
            }
        }
    }
}

fn find<'a>(template: &'a PodTemplate, mount: &VolumeMount) -> Result<&'a Volume, String> {
    let volume = template.volumes.iter().find(|volume| volume.name == mount.volume);
    volume.ok_or_else(|| format!("the template has no volume {:?}", mount.volume))
}

/// A folder that all may write to, below folders that nobody else may enter.
fn open_folder(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        if let Some(parent) = folder.parent() {
            private_folder(parent)?;
        }
        fs::create_dir(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o777))?;
    }
    Ok(())
}

/// What of a volume is seen.
fn part(
    folder: &Path,
    mount: &VolumeMount,
    env: &Variables,
    fixed: bool,
) -> Result<PathBuf, String> {
    let Some(sub_path) = &mount.sub_path else {
        return Ok(folder.to_owned());
    };
    let text = if mount.expand {
        expand(sub_path, |name| env.get(name).cloned())
    } else {
        sub_path.clone()
    };
    if text.contains("$(") && mount.expand || text.starts_with('/') || climbs(&text) {
        return Err(format!(
            "volume {:?}: the subPath {text:?} is no path below it; name variables of env, and no \
             \"..\"",
            mount.volume
        ));
    }
    let path = folder.join(&text);
    if fixed && !path.exists() {
        return Err(format!(
            "volume {:?} has no {text:?}; name an entry that is there as subPath",
            mount.volume
        ));
    }
    Ok(path)
}

fn climbs(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// The files that are made from what is declared. What is missing is the obstacle.
fn files(sources: &[FileSource], mode: u32, around: &Surroundings<'_>) -> Result<Files, String> {
    let mut all = Files::new();
    for source in sources {
        match source {
            FileSource::ConfigMap(entries) => {
                let map = around.config_maps.get(&entries.name);
                let data = map.map(|map| contents(&map.data, &map.bytes));
                take("ConfigMap", entries, data, mode, &mut all)?;
            }
            FileSource::Secret(entries) => {
                let secret = around.secrets.get(&entries.name);
                let data = secret.map(|secret| contents(&secret.data, &secret.bytes));
                take("Secret", entries, data, mode, &mut all)?;
            }
            FileSource::Fields(list) => {
                for one in list {
                    let text = field(&one.field, around).into_bytes();
                    all.insert(PathBuf::from(&one.path), (text, one.mode.unwrap_or(mode)));
                }
            }
        }
    }
    Ok(all)
}

/// What may become files, by its keys.
type Contents<'a> = BTreeMap<&'a str, &'a [u8]>;

fn contents<'a>(
    texts: &'a BTreeMap<String, String>,
    others: &'a BTreeMap<String, Vec<u8>>,
) -> Contents<'a> {
    let texts = texts.iter().map(|(key, text)| (key.as_str(), text.as_bytes()));
    texts.chain(others.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice()))).collect()
}

fn take(
    kind: &str,
    entries: &Entries,
    data: Option<Contents<'_>>,
    mode: u32,
    all: &mut Files,
) -> Result<(), String> {
    let Entries { name, optional, items } = entries;
    let Some(data) = data else {
        if *optional {
            return Ok(());
        }
        return Err(format!("there is no {kind} {name:?}; create it, or mark it optional"));
    };
    if items.is_empty() {
        let each = data.iter().map(|(key, bytes)| (PathBuf::from(key), (bytes.to_vec(), mode)));
        all.extend(each);
    }
    for item in items {
        match data.get(item.key.as_str()) {
            Some(bytes) => {
                let file = (bytes.to_vec(), item.mode.unwrap_or(mode));
                all.insert(PathBuf::from(&item.path), file);
            }
            None if *optional => {}
            None => {
                return Err(format!(
                    "{kind} {name:?} has no entry {:?}; add it, or mark the volume optional",
                    item.key
                ));
            }
        }
    }
    Ok(())
}

/// Writes all files of a volume, which is seen with all of them or not at all.
fn write(folder: &Path, files: &Files) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    private_folder(parent)?;
    let draft = parent.join(format!(".{}", crate::chance::letters(8)));
    fs::create_dir(&draft)?;
    for (path, (bytes, mode)) in files {
        let path = draft.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&draft))?;
        fs::write(&path, bytes)?;
        fs::set_permissions(&path, Permissions::from_mode(*mode))?;
    }
    fs::set_permissions(&draft, Permissions::from_mode(0o755))?;
    fs::rename(&draft, folder)
}

/// Whether something that is missing may be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    Yes,
    No,
}

/// Sees to it that a `hostPath` leads to what its type says.
fn host(volume: &Volume, path: &Path, kind: HostKind, make: Make) -> Result<(), String> {
    let failed = |why: String| Err(format!("volume {:?}: {}: {why}", volume.name, path.display()));
    let Ok(meta) = fs::metadata(path) else {
        let done = match kind {
            HostKind::DirectoryOrCreate if make == Make::Yes => fs::create_dir_all(path),
            HostKind::FileOrCreate if make == Make::Yes => fs::File::create(path).map(drop),
            HostKind::DirectoryOrCreate | HostKind::FileOrCreate => return Ok(()),
            _ => return failed("it is not there; create it, or name another type".to_owned()),
        };
        return done.or_else(|error| failed(error.to_string()));
    };
    let found = meta.file_type();
    let fits = match kind {
        HostKind::Any => true,
        HostKind::Directory | HostKind::DirectoryOrCreate => found.is_dir(),
        HostKind::File | HostKind::FileOrCreate => found.is_file(),
        HostKind::Socket => found.is_socket(),
        HostKind::CharDevice => found.is_char_device(),
        HostKind::BlockDevice => found.is_block_device(),
    };
    if fits { Ok(()) } else { failed(format!("it is there, and no {kind:?}")) }
}

#[cfg(test)]
mod tests;

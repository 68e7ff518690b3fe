//! Volumes of a pod template, and where its containers see them.

use tidegate_workload::{
    Entries, EntryFile, FieldFile, FileSource, HostKind, Volume, VolumeMount, VolumeSource,
};

use crate::{
    env,
    fields::volume::{
        CLAIM, DOWNWARD, DOWNWARD_ITEM, EMPTY_DIR, ENTRIES, HOST_PATH, ITEM, MOUNT, PROJECTED,
        PROJECTION, SECRET_ENTRIES, VOLUME,
    },
    given::Fields,
    names::{CONFIG_KEY, LABEL, SUBDOMAIN},
    quantity,
    report::Complaint,
    suggest::nearest,
    walk::{Spot, all_of},
};

/// The mode of a file where nothing is said, as in Kubernetes.
const MODE: u32 = 0o644;

/// Reads `volumes`.
pub(crate) fn all(spot: &Spot<'_>) -> Option<Vec<Volume>> {
    let mut volumes: Vec<Volume> = Vec::new();
    for item in spot.items()? {
        let Some(volume) = volume(&item) else {
            continue;
        };
        if volumes.iter().any(|other| other.name == volume.name) {
            let message = format!("another volume is called {:?}", volume.name);
            item.complain(Complaint::new(message).allow("a name of its own"));
        }
        volumes.push(volume);
    }
    Some(volumes)
}

fn volume(spot: &Spot<'_>) -> Option<Volume> {
    const SOURCES: [&str; 7] = [
        "emptyDir",
        "configMap",
        "secret",
        "downwardAPI",
        "projected",
        "hostPath",
        "persistentVolumeClaim",
    ];
    let fields = spot.fields(&VOLUME)?;
    let name = fields.need("name").and_then(|spot| LABEL.read(spot));
    let given = SOURCES.iter().any(|source| fields.get(source).is_some());
    let source = if !given && !fields.has_refused() {
        // As in Kubernetes, a volume that says nothing else is an empty folder.
        Some(VolumeSource::Scratch { memory: false })
    } else {
        fields.exactly_one(&SOURCES).and_then(|(kind, spot)| source(kind, spot))
    };
    Some(Volume { name: name?, source: source? })
}

fn source(kind: &str, spot: &Spot<'_>) -> Option<VolumeSource> {
    match kind {
        "emptyDir" => {
            let fields = spot.fields(&EMPTY_DIR)?;
            if let Some(limit) = fields.get("sizeLimit") {
                quantity::memory_bytes(limit);
            }
            let memory = fields.get("medium").is_some_and(|spot| {
                spot.word(&[("Memory", ())]);
                true
            });
            Some(VolumeSource::Scratch { memory })
        }
        "configMap" => Some(files(&spot.fields(&ENTRIES)?, |fields| {
            entries(fields, "name").map(FileSource::ConfigMap).into_iter().collect()
        })),
        "secret" => Some(files(&spot.fields(&SECRET_ENTRIES)?, |fields| {
            entries(fields, "secretName").map(FileSource::Secret).into_iter().collect()
        })),
        "downwardAPI" => Some(files(&spot.fields(&DOWNWARD)?, |fields| {
            vec![FileSource::Fields(fields.or("items", Vec::new(), field_files))]
        })),
        "projected" => Some(files(&spot.fields(&PROJECTED)?, |fields| {
            fields.or("sources", Vec::new(), |spot| {
                Some(spot.items()?.iter().filter_map(projection).collect())
            })
        })),
        "hostPath" => host_path(&spot.fields(&HOST_PATH)?),
        _ => {
            let fields = spot.fields(&CLAIM)?;
            let read_only = fields.or("readOnly", false, Spot::boolean);
            let name = SUBDOMAIN.read(fields.need("claimName")?)?;
            Some(VolumeSource::Claim { name, read_only })
        }
    }
}

fn files(
    fields: &Fields<'_>,
    sources: impl FnOnce(&Fields<'_>) -> Vec<FileSource>,
) -> VolumeSource {
    let mode = fields.or("defaultMode", MODE, mode);
    VolumeSource::Files { sources: sources(fields), mode }
}

/// Permissions, as a number: YAML's `0644` is octal, JSON has 420.
fn mode(spot: &Spot<'_>) -> Option<u32> {
    let mode = spot.whole_quietly().and_then(|mode| u32::try_from(mode).ok());
    let mode = mode.filter(|mode| *mode <= 0o777);
    if mode.is_none() {
        spot.refuse("permissions from 0 to 0777, which is 511 in JSON");
    }
    mode
}

fn entries(fields: &Fields<'_>, name: &str) -> Option<Entries> {
    let optional = fields.or("optional", false, Spot::boolean);
    let items = fields
        .or("items", Vec::new(), |spot| Some(spot.items()?.iter().filter_map(entry).collect()));
    let name = SUBDOMAIN.read(fields.need(name)?)?;
    Some(Entries { name, optional, items })
}

fn entry(spot: &Spot<'_>) -> Option<EntryFile> {
    let fields = spot.fields(&ITEM)?;
    let key = fields.need("key").and_then(|spot| CONFIG_KEY.read(spot));
    let path = fields.need("path").and_then(inner_path);
    Some(EntryFile { mode: fields.get("mode").and_then(mode), key: key?, path: path? })
}

fn field_files(spot: &Spot<'_>) -> Option<Vec<FieldFile>> {
    let read = |item: &Spot<'_>| {
        let fields = item.fields(&DOWNWARD_ITEM)?;
        let path = fields.need("path").and_then(inner_path);
        let field = fields.need("fieldRef").and_then(env::file_field);
        Some(FieldFile { mode: fields.get("mode").and_then(mode), field: field?, path: path? })
    };
    Some(spot.items()?.iter().filter_map(read).collect())
}

fn projection(spot: &Spot<'_>) -> Option<FileSource> {
    let fields = spot.fields(&PROJECTION)?;
    match fields.exactly_one(&["configMap", "secret", "downwardAPI"])? {
        ("configMap", spot) => entries(&spot.fields(&ENTRIES)?, "name").map(FileSource::ConfigMap),
        ("secret", spot) => entries(&spot.fields(&ENTRIES)?, "name").map(FileSource::Secret),
        (_, spot) => {
            let fields = spot.fields(&DOWNWARD)?;
            Some(FileSource::Fields(fields.or("items", Vec::new(), field_files)))
        }
    }
}

fn host_path(fields: &Fields<'_>) -> Option<VolumeSource> {
    let kinds = [
        ("DirectoryOrCreate", HostKind::DirectoryOrCreate),
        ("Directory", HostKind::Directory),
        ("FileOrCreate", HostKind::FileOrCreate),
        ("File", HostKind::File),
        ("Socket", HostKind::Socket),
        ("CharDevice", HostKind::CharDevice),
        ("BlockDevice", HostKind::BlockDevice),
    ];
    let kind = fields.get("type").and_then(|spot| spot.word(&kinds));
    let path = absolute(fields.need("path")?)?;
    Some(VolumeSource::Host { path, kind: kind.unwrap_or(HostKind::Any) })
}

/// An absolute path without `..`.
fn absolute(spot: &Spot<'_>) -> Option<String> {
    let text = spot.filled_text()?;
    let climbs = text.split('/').any(|part| part == "..");
    if !text.starts_with('/') || climbs || text.contains('\0') {
        spot.refuse("an absolute path without \"..\"");
        return None;
    }
    Some(text.to_owned())
}

/// A path that stays below the folder of its volume.
fn inner_path(spot: &Spot<'_>) -> Option<String> {
    let text = spot.filled_text()?;
    let climbs = text.split('/').any(|part| part == "..");
    if text.starts_with('/') || climbs || text.contains('\0') {
        spot.refuse("a path below the volume, without \"..\"");
        return None;
    }
    Some(text.to_owned())
}

/// Reads `volumeMounts`.
pub(crate) fn mounts(spot: &Spot<'_>) -> Option<Vec<VolumeMount>> {
    let mut mounts: Vec<VolumeMount> = Vec::new();
    for item in spot.items()? {
        let Some(mount) = item.fields(&MOUNT).and_then(|fields| mount(&fields)) else {
            continue;
        };
        if mounts.iter().any(|other| other.path.trim_end_matches('/') == mount.path) {
            let message = format!("another volume is seen at {}", mount.path);
            item.complain(Complaint::new(message).hint("keep one of the two"));
        }
        mounts.push(mount);
    }
    Some(mounts)
}

fn mount(fields: &Fields<'_>) -> Option<VolumeMount> {
    let (plain, expanded) = (fields.get("subPath"), fields.get("subPathExpr"));
    if let (Some(_), Some(spot)) = (plain, expanded) {
        spot.complain(Complaint::new("found subPath and subPathExpr").hint("keep one of the two"));
    }
    let sub_path = plain.or(expanded);
    let sub_path = sub_path.map(inner_path);
    let read_only = fields.or("readOnly", false, Spot::boolean);
    let volume = fields.need("name").and_then(|spot| LABEL.read(spot));
    let path = fields.need("mountPath").and_then(absolute)?;
    let path = path.trim_end_matches('/').to_owned();
    if path.is_empty() {
        fields.of.complain(Complaint::new("a volume in the place of everything").allow("a folder"));
        return None;
    }
    let sub_path = match sub_path {
        Some(read) => Some(read?),
        None => None,
    };
    Some(VolumeMount { volume: volume?, path, sub_path, expand: expanded.is_some(), read_only })
}

/// Reports mounts of volumes that the template has not.
pub(crate) fn check(containers: &Spot<'_>, volumes: &[Volume]) {
    let known = || volumes.iter().map(|volume| volume.name.as_str());
    let lists =
        containers.children().into_iter().filter_map(|container| container.at("volumeMounts"));
    for name in lists.flat_map(|list| list.children()).filter_map(|mount| mount.at("name")) {
        let Some(text) = name.node.as_text().filter(|text| !known().any(|known| known == *text))
        else {
            continue;
        };
        let complaint = Complaint::new(format!("the template has no volume {text:?}"));
        name.complain(match all_of(known()) {
            names if names.is_empty() => complaint.hint("name it under volumes"),
            names => complaint.allow(names).suggest(nearest(text, known())),
        });
    }
}

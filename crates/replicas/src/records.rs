//! What has to outlive the control plane: orders and replicas, a JSON file each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tidegate_units::{Generation, Owner, OwnerKind, ReplicaId, RevisionHash, Timestamp};
use tidegate_workload::{ConfigMap, PodTemplate, Secret};

use crate::{Assigned, Carrier, Keep, whole::DRAFT, write_whole};

/// The last order taken for a revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderRecord {
    /// Of which rollout or experiment.
    #[serde(rename = "rollout")]
    pub(crate) owner: Owner,
    /// Which revision.
    pub(crate) revision: RevisionHash,
    /// The fence.
    pub(crate) generation: Generation,
    /// How many replicas.
    pub(crate) replicas: u32,
    /// Replicas from before are replaced.
    pub(crate) restart_before: Option<Timestamp>,
    /// When it was taken.
    pub(crate) taken_at: Timestamp,
    /// What is needed to start replicas; absent when none are wanted.
    pub(crate) means: Option<Means>,
    /// The digests of the unpacked images, by container: what the revision's first replicas ran.
    #[serde(default)]
    pub(crate) pins: BTreeMap<String, String>,
}

/// What replicas of a revision are made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Means {
    /// The template.
    pub(crate) template: Arc<PodTemplate>,
    /// Those of the namespace that the template names.
    pub(crate) config_maps: Arc<BTreeMap<String, ConfigMap>>,
    /// Those of the namespace that the template names. This is why the files have mode 0600.
    pub(crate) secrets: Arc<BTreeMap<String, Secret>>,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplicaRecord<S, P> {
    /// Unique for ever.
    pub(crate) id: ReplicaId,
    /// Of which rollout or experiment.
    #[serde(rename = "rollout")]
    pub(crate) owner: Owner,
    /// Of which revision.
    pub(crate) revision: RevisionHash,
    /// When it was first started.
    pub(crate) started_at: Timestamp,
    /// Since when it has been ready.
    pub(crate) ready_since: Option<Timestamp>,
    /// Whether it has been, with the processes that run now.
    #[serde(default)]
    pub(crate) was_ready: bool,
    /// Since when it has not been wanted.
    pub(crate) retired_at: Option<Timestamp>,
    /// Whether it was released.
    pub(crate) released: bool,
    /// Its ports.
    pub(crate) ports: Assigned,
    /// What it runs.
    pub(crate) template: Arc<PodTemplate>,
    /// Its containers, by name.
    pub(crate) containers: BTreeMap<String, ContainerRecord<S, P>>,
}

/// A replica of a runtime.
pub(crate) type ReplicaOf<C> = ReplicaRecord<<C as Carrier>::Spec, <C as Carrier>::Process>;

/// A container of a runtime.
pub(crate) type ContainerOf<C> = ContainerRecord<<C as Carrier>::Spec, <C as Carrier>::Process>;

/// A container of a replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContainerRecord<S, P> {
    /// How it is started.
    pub(crate) spec: Arc<S>,
    /// Its image, whatever the name of it means by now.
    #[serde(default)]
    pub(crate) image: Option<String>,
    /// What runs, or ran last.
    pub(crate) process: Option<P>,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// How many runs in a row ended too early.
    pub(crate) failures: u32,
    /// Whether its startup probe has passed.
    pub(crate) started: bool,
    /// Whether it is ready. One that only had to come to its end is, once it has done so.
    pub(crate) ready: bool,
    /// In which run of the machine an init container has let those after it start. In the next one
    /// it has to do so again: what it left in memory is gone.
    #[serde(default)]
    pub(crate) passed: Option<String>,
}

/// The folders of the records.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    orders: PathBuf,
    replicas: PathBuf,
}

impl Records {
    /// The records in this folder, of which nobody else is writing any: drafts in it are of one who died
    /// over them.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let records = Self { orders: folder.join("orders"), replicas: folder.join("replicas") };
        fs::create_dir_all(&records.orders)?;
        fs::create_dir_all(&records.replicas)?;
        for folder in [&records.orders, &records.replicas] {
            for draft in with_extension(folder, DRAFT)? {
                let _ = fs::remove_file(draft);
            }
        }
        Ok(records)
    }

    /// Writes an order down so that it outlives a power failure: a fence that is forgotten would
    /// let an older order in.
    pub(crate) fn save_order(&self, order: &OrderRecord) -> io::Result<()> {
        write_whole(&self.order_file(&order.owner, &order.revision), order, Keep::PowerFailure)
    }

    /// Forgets an order.
    pub(crate) fn remove_order(&self, owner: &Owner, revision: &RevisionHash) {
        let _ = fs::remove_file(self.order_file(owner, revision));
    }

    /// Writes a replica down so that it outlives this process. After a power failure its processes
    /// are gone, and so may be its record.
    pub(crate) fn save_replica<S: Serialize, P: Serialize>(
        &self,
        replica: &ReplicaRecord<S, P>,
    ) -> io::Result<()> {
        write_whole(&self.replica_file(&replica.id), replica, Keep::Crash)
    }

    /// Forgets a replica.
    pub(crate) fn remove_replica(&self, id: &ReplicaId) {
        let _ = fs::remove_file(self.replica_file(id));
    }

    /// All orders.
    pub(crate) fn orders(&self) -> io::Result<Vec<OrderRecord>> {
        read_all(&self.orders)
    }

    /// All replicas.
    pub(crate) fn replicas<S: DeserializeOwned, P: DeserializeOwned>(
        &self,
    ) -> io::Result<Vec<ReplicaRecord<S, P>>> {
        read_all(&self.replicas)
    }

    /// The ids of the replicas whose records could not be read, now or earlier.
    pub(crate) fn unreadable_replicas(&self) -> io::Result<BTreeSet<String>> {
        let paths = with_extension(&self.replicas, UNREADABLE)?;
        let names = paths.iter().filter_map(|path| path.file_stem()?.to_str());
        Ok(names.filter(|name| is_file_name(name)).map(str::to_owned).collect())
    }

    fn order_file(&self, owner: &Owner, revision: &RevisionHash) -> PathBuf {
        // `~` can be in none of the three names.
        let Owner { kind, namespace, name } = owner;
        let name = match kind {
            OwnerKind::Rollout => format!("{namespace}~{name}~{revision}.json"),
            other => format!("{namespace}~{name}~{revision}~{}.json", other.word()),
        };
        self.orders.join(name)
    }

    fn replica_file(&self, id: &ReplicaId) -> PathBuf {
        self.replicas.join(format!("{id}.json"))
    }
}

/// Whether a text can be the name of a file: the names of resources can, but nothing here relies on
/// somebody else having looked.
pub fn is_file_name(text: &str) -> bool {
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
    // Names of resources have up to 253 bytes and file systems take 255; three names are joined here.
    !text.is_empty() && text.len() <= 150 && !text.starts_with('.') && text.chars().all(allowed)
}

/// All records of a folder. One that cannot be read is put aside, for somebody to look at, and the
/// rest is not kept from going on.
fn read_all<T: DeserializeOwned>(folder: &Path) -> io::Result<Vec<T>> {
    let paths = with_extension(folder, "json")?;
    Ok(paths.iter().filter_map(|path| read(path)).collect())
}

fn with_extension(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What a record that was put aside ends in.
const UNREADABLE: &str = "unreadable";

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = fs::read(path).map_err(|error| error.to_string());
    text.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()))
        .inspect_err(|error| {
            tracing::error!(path = %path.display(), %error, "a record cannot be read and is put aside");
            let _ = fs::rename(path, path.with_extension(UNREADABLE));
        })
        .ok()
}

/// Nobody else reads what is in it: there are Secrets in records, and nobody knows what in logs.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tidegate_units::ObjectKey;

    use super::*;

    fn order(generation: u64) -> OrderRecord {
        OrderRecord {
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            revision: RevisionHash::from("abc"),
            generation: Generation(generation),
            replicas: 3,
            restart_before: None,
            taken_at: Timestamp::from_millis(5),
            means: None,
            pins: BTreeMap::new(),
        }
    }

    #[test]
    fn a_rollout_and_an_experiment_of_one_name_have_records_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).unwrap();
        let rollout = order(1);
        let owner = Owner::experiment(&rollout.owner.key());
        let experiment = OrderRecord { owner, replicas: 1, ..order(2) };
        records.save_order(&rollout).unwrap();
        records.save_order(&experiment).unwrap();
        assert_eq!(records.orders().unwrap().len(), 2);
        records.remove_order(&experiment.owner, &experiment.revision);
        assert_eq!(records.orders().unwrap(), [rollout]);
    }

    #[test]
    fn a_record_from_before_there_were_experiments_is_one_of_a_rollout() {
        let written = serde_json::to_value(order(1)).unwrap();
        assert_eq!(written["rollout"], "default/web");
        assert_eq!(serde_json::from_value::<OrderRecord>(written).unwrap(), order(1));
    }

    #[test]
    fn what_was_written_is_read_again_and_nobody_else_may() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).unwrap();
        records.save_order(&order(1)).unwrap();
        records.save_order(&order(2)).unwrap();
        assert_eq!(records.orders().unwrap(), [order(2)]);
        let file = folder.path().join("orders/default~web~abc.json");
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        records.remove_order(&order(2).owner, &order(2).revision);
        assert_eq!(records.orders().unwrap(), []);
    }

    #[test]
    fn a_broken_record_is_put_aside_and_the_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).unwrap();
        records.save_order(&order(1)).unwrap();
        fs::write(folder.path().join("orders/broken.json"), "{").unwrap();
        fs::write(folder.path().join("orders/half.draft"), "{").unwrap();
        assert_eq!(records.orders().unwrap().len(), 1);
        assert!(folder.path().join("orders/broken.unreadable").exists());
    }

    #[test]
    fn a_record_that_cannot_be_written_leaves_no_draft_nor_does_one_who_died_over_it() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = |folder: &Path| with_extension(&folder.join("orders"), DRAFT).unwrap();
        let records = Records::open(folder.path()).unwrap();
        // What is not empty is replaced by no file.
        fs::create_dir_all(folder.path().join("orders/default~web~abc.json/in")).unwrap();
        records.save_order(&order(1)).unwrap_err();
        assert_eq!(drafts(folder.path()), Vec::<PathBuf>::new());
        fs::write(folder.path().join("orders/half.draft"), "{").unwrap();
        Records::open(folder.path()).unwrap();
        assert_eq!(drafts(folder.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn names_that_are_paths_are_no_file_names() {
        for name in ["web", "web-1", "a.b", "A_b", "6f7d8c9b5"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in ["", ".", "..", ".a", "a/b", "a~b", "a b", "ü", &"a".repeat(151)] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}

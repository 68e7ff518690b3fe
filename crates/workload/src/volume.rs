use serde::{Deserialize, Serialize};

use crate::FieldPath;

/// A volume of a pod template: files that its containers may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Unique in the template.
    pub name: String,
    /// What is in it.
    pub source: VolumeSource,
}

/// What is in a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VolumeSource {
    /// Nothing at first: a folder of the replica's own, gone with it (`emptyDir`).
    Scratch {
        /// Whether it is kept in memory.
        memory: bool,
    },
    /// Files that are made from what is declared; nobody may write there.
    Files {
        /// Later ones win where two make the same file.
        sources: Vec<FileSource>,
        /// The mode of a file that names none.
        mode: u32,
    },
    /// Something of this machine (`hostPath`).
    Host {
        /// Where it is.
        path: String,
        /// What has to be there.
        kind: HostKind,
    },
    /// A folder that outlives its replicas and that all who claim it share
    /// (`persistentVolumeClaim`).
    Claim {
        /// The claim, in the same namespace.
        name: String,
        /// Whether nobody may write there.
        read_only: bool,
    },
}

/// What has to be where a `hostPath` leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as Kubernetes names it")]
pub enum HostKind {
    /// Anything that is there.
    Any,
    /// A folder, made when it is missing.
    DirectoryOrCreate,
    Directory,
    /// A file, made when it is missing.
    FileOrCreate,
    File,
    Socket,
    CharDevice,
    BlockDevice,
}

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileSource {
    /// Entries of a `ConfigMap`.
    ConfigMap(Entries),
    /// Entries of a Secret.
    Secret(Entries),
    /// Fields of the replica.
    Fields(Vec<FieldFile>),
}

/// Which entries become files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// Of which object, in the same namespace.
    pub name: String,
    /// Whether it, and its entries, may be missing.
    pub optional: bool,
    /// Which ones; all, by their keys, when there is none.
    pub items: Vec<EntryFile>,
}

/// An entry as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFile {
    /// Of the entry.
    pub key: String,
    /// Below the volume's folder.
    pub path: String,
    /// In place of the volume's.
    pub mode: Option<u32>,
}

/// A field of the replica as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFile {
    /// Which.
    pub field: FieldPath,
    /// Below the volume's folder.
    pub path: String,
    /// In place of the volume's.
    pub mode: Option<u32>,
}

/// Where a container sees a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeMount {
    /// Its name.
    pub volume: String,
    /// An absolute path.
    pub path: String,
    /// What of it is seen; all of it when absent.
    pub sub_path: Option<String>,
    /// Whether `sub_path` may hold `$(NAME)` (`subPathExpr`).
    pub expand: bool,
    /// Whether the container may not write there.
    pub read_only: bool,
}

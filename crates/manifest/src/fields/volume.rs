//! The fields of volumes and their mounts.

use super::{Table, empty, harmless, not_yet, read};

const MODE: &str = "permissions, such as 0644 (in JSON 420)";
const CLOUD: &str = "there is no storage but this machine's: write hostPath or \
                     persistentVolumeClaim";

pub(crate) static VOLUME: Table = Table {
    place: "spec.template.spec.volumes[]",
    fields: &[
        read("name", "up to 63 of a-z, 0-9 and -, unique; required"),
        read("emptyDir", "a folder of the replica's own, gone with it"),
        read("configMap", "a ConfigMap's entries as files"),
        read("secret", "a Secret's entries as files"),
        read("downwardAPI", "fields of the replica as files"),
        read("projected", "files of several of these"),
        read("hostPath", "a file or folder of this machine"),
        read(
            "persistentVolumeClaim",
            "a folder of the data folder, claims/NAMESPACE/NAME, made at its first use and never \
             removed; all who claim it share it",
        ),
        not_yet("image", "write the image's file system as hostPath"),
        not_yet("nfs", "mount it on this machine, and write hostPath"),
        not_yet("iscsi", "mount it on this machine, and write hostPath"),
        not_yet("fc", "mount it on this machine, and write hostPath"),
        not_yet("cephfs", "mount it on this machine, and write hostPath"),
        not_yet("rbd", "mount it on this machine, and write hostPath"),
        not_yet("glusterfs", "mount it on this machine, and write hostPath"),
        not_yet("csi", CLOUD),
        not_yet("ephemeral", "write emptyDir or persistentVolumeClaim"),
        not_yet("flexVolume", CLOUD),
        not_yet("gitRepo", "Kubernetes has given it up as well; write hostPath"),
        not_yet("awsElasticBlockStore", CLOUD),
        not_yet("azureDisk", CLOUD),
        not_yet("azureFile", CLOUD),
        not_yet("cinder", CLOUD),
        not_yet("gcePersistentDisk", CLOUD),
        not_yet("vsphereVolume", CLOUD),
        not_yet("portworxVolume", CLOUD),
        not_yet("flocker", CLOUD),
        not_yet("photonPersistentDisk", CLOUD),
        not_yet("quobyte", CLOUD),
        not_yet("scaleIO", CLOUD),
        not_yet("storageos", CLOUD),
    ],
};

pub(crate) static EMPTY_DIR: Table = Table {
    place: "volumes[].emptyDir",
    fields: &[
        read("medium", "Memory keeps it in /dev/shm; \"\": in the data folder")
            .or_empty()
            .default("\"\""),
        read("sizeLimit", "an amount such as 64Mi; nobody is evicted when it is used up"),
    ],
};

pub(crate) static ENTRIES: Table = Table {
    place: "volumes[].configMap, projected.sources[].configMap, secret",
    fields: &[
        read("name", "of the object, in the same namespace; required"),
        read("items", "which entries, and where; []: all, by their keys").default("[]"),
        read("optional", "whether it may be missing").default("false"),
        read("defaultMode", MODE).default("0644"),
    ],
};

pub(crate) static SECRET_ENTRIES: Table = Table {
    place: "volumes[].secret",
    fields: &[
        read("secretName", "of the Secret, in the same namespace; required"),
        read("items", "which entries, and where; []: all, by their keys").default("[]"),
        read("optional", "whether it may be missing").default("false"),
        read("defaultMode", MODE).default("0644"),
    ],
};

pub(crate) static ITEM: Table = Table {
    place: "volumes[].configMap.items[], secret.items[]",
    fields: &[
        read("key", "of the entry; required"),
        read("path", "of the file, below the volume; required"),
        read("mode", MODE),
    ],
};

pub(crate) static DOWNWARD: Table = Table {
    place: "volumes[].downwardAPI",
    fields: &[read("items", "a list of files"), read("defaultMode", MODE).default("0644")],
};

pub(crate) static DOWNWARD_ITEM: Table = Table {
    place: "volumes[].downwardAPI.items[]",
    fields: &[
        read("path", "of the file, below the volume; required"),
        read("fieldRef", "as in env, and metadata.labels and metadata.annotations whole; required"),
        read("mode", MODE),
        not_yet("resourceFieldRef", "write the amount into a ConfigMap"),
    ],
};

pub(crate) static PROJECTED: Table = Table {
    place: "volumes[].projected",
    fields: &[read("sources", "a list of sources"), read("defaultMode", MODE).default("0644")],
};

pub(crate) static PROJECTION: Table = Table {
    place: "volumes[].projected.sources[]",
    fields: &[
        read("configMap", "entries of a ConfigMap"),
        read("secret", "entries of a Secret"),
        read("downwardAPI", "fields of the replica"),
        not_yet("serviceAccountToken", "there is no Kubernetes API to give a token for"),
        not_yet("clusterTrustBundle", "there is no Kubernetes API that would know it"),
        not_yet("podCertificate", "there is no Kubernetes API that would sign it"),
    ],
};

pub(crate) static HOST_PATH: Table = Table {
    place: "volumes[].hostPath",
    fields: &[
        read("path", "an absolute path; required"),
        read("type", "what has to be there, or is made; \"\": anything").or_empty().default("\"\""),
    ],
};

pub(crate) static CLAIM: Table = Table {
    place: "volumes[].persistentVolumeClaim",
    fields: &[
        read("claimName", "of the claim, in the same namespace; required"),
        read("readOnly", "true or false").default("false"),
    ],
};

pub(crate) static MOUNT: Table = Table {
    place: "containers[].volumeMounts[]",
    fields: &[
        read("name", "of a volume; required"),
        read("mountPath", "an absolute path, as the container sees it; required"),
        read("subPath", "what of the volume is seen; \"\": all of it").or_empty().default("\"\""),
        read("subPathExpr", "the same, with $(NAME) for variables of env").or_empty(),
        read("readOnly", "true or false; files of ConfigMaps are read-only anyway")
            .default("false"),
        harmless(
            "mountPropagation",
            "what is mounted on this machine later is seen in hostPath volumes; what a container \
             mounts is seen by nobody else",
        ),
        empty("recursiveReadOnly", ""),
    ],
};

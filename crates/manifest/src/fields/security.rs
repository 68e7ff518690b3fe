//! The fields of security contexts.

use super::{Table, empty, harmless, not_yet, read};

const LABELS: &str = "the rules of this machine, and of its engine, hold for all";
const USER: &str = "a number; of a process it needs a server that is root, or is that user";
const GROUP: &str = "a number; of a process it needs a server that is root";
const SECCOMP: &str = "RuntimeDefault or Unconfined: an engine filters the system calls of a \
                       container, or does not; those of a process nobody filters";

pub(crate) static POD: Table = Table {
    place: "spec.template.spec.securityContext",
    fields: &[
        read("runAsUser", USER).by_default("the user of the image, or of the server"),
        read("runAsGroup", GROUP),
        read("runAsNonRoot", "true: a container that would run as root is not started")
            .default("false"),
        read(
            "supplementalGroups",
            "a list of numbers; of a process it needs a server that is root",
        ),
        read("fsGroup", "a group that all of them are in; folders of volumes are open to all"),
        read("seccompProfile", SECCOMP),
        harmless("fsGroupChangePolicy", "folders of volumes are open to all"),
        harmless("supplementalGroupsPolicy", "groups of an image are never left out"),
        harmless("seLinuxOptions", LABELS),
        harmless("seLinuxChangePolicy", LABELS),
        harmless("appArmorProfile", LABELS),
        empty("sysctls", "they would change the whole machine: set them there"),
        not_yet("windowsOptions", ""),
    ],
};

pub(crate) static CONTAINER: Table = Table {
    place: "containers[].securityContext",
    fields: &[
        read("runAsUser", USER).by_default("the user of the image, or of the server"),
        read("runAsGroup", GROUP),
        read("runAsNonRoot", "true: it is not started when it would run as root")
            .by_default("as the pod says"),
        read("allowPrivilegeEscalation", "false: nothing that it starts gets more rights")
            .default("true"),
        read("readOnlyRootFilesystem", "true: it may write to its volumes and to devices alone")
            .default("false"),
        read("capabilities", "which rights of root are taken from it"),
        read("seccompProfile", SECCOMP),
        read(
            "privileged",
            "true: the machine's devices, and all rights of root; a process sees the \
                            devices anyway, with the rights of its user",
        )
        .default("false"),
        read(
            "procMount",
            "Default or Unmasked; a process sees all of /proc anyway, a container of an \
                           engine cannot be given it",
        )
        .or_empty()
        .default("Default"),
        harmless("seLinuxOptions", LABELS),
        harmless("appArmorProfile", LABELS),
        not_yet("windowsOptions", ""),
    ],
};

pub(crate) static CAPABILITIES: Table = Table {
    place: "containers[].securityContext.capabilities",
    fields: &[
        read("drop", "a list of names such as NET_RAW, or ALL"),
        read(
            "add",
            "a list of names that are kept, or given by an engine; what the server has not, \
                     no process gets",
        ),
    ],
};

pub(crate) static SECCOMP_PROFILE: Table = Table {
    place: "securityContext.seccompProfile",
    fields: &[
        read("type", "RuntimeDefault or Unconfined; required"),
        not_yet("localhostProfile", "write Unconfined, or leave the engine its own profile"),
    ],
};

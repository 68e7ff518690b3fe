//! The fields of security contexts.

use super::{Table, empty, harmless, not_yet, read};

const LABELS: &str = "the rules of this machine hold for all of its processes";
const USER: &str = "a number; needs a server that is root, or is that user; default: the server's";
const SECCOMP: &str = "RuntimeDefault or Unconfined: no system call is filtered, whichever it is";

pub(crate) static POD: Table = Table {
    place: "spec.template.spec.securityContext",
    fields: &[
        read("runAsUser", USER),
        read("runAsGroup", "a number; needs a server that is root"),
        read("runAsNonRoot", "true: a container that would run as root is not started"),
        read("supplementalGroups", "a list of numbers; needs a server that is root"),
        read("fsGroup", "a group that the processes are in; folders of volumes are open to all"),
        read("seccompProfile", SECCOMP),
        harmless("fsGroupChangePolicy", "folders of volumes are open to all"),
        harmless("supplementalGroupsPolicy", "there are no groups of an image to merge with"),
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
        read("runAsUser", USER),
        read("runAsGroup", "a number; needs a server that is root"),
        read("runAsNonRoot", "true: it is not started when it would run as root"),
        read("allowPrivilegeEscalation", "false: nothing that it starts gets more rights"),
        read("readOnlyRootFilesystem", "true: it may write to its volumes and to devices alone"),
        read("capabilities", "which rights of root are taken from it"),
        read("seccompProfile", SECCOMP),
        harmless("privileged", "it sees this machine's devices, with the rights of its user"),
        harmless("procMount", "it sees this machine's /proc"),
        harmless("seLinuxOptions", LABELS),
        harmless("appArmorProfile", LABELS),
        not_yet("windowsOptions", ""),
    ],
};

pub(crate) static CAPABILITIES: Table = Table {
    place: "containers[].securityContext.capabilities",
    fields: &[
        read("drop", "a list of names such as NET_RAW, or ALL"),
        read("add", "a list of names that are kept; what the server has not, nobody gets"),
    ],
};

pub(crate) static SECCOMP_PROFILE: Table = Table {
    place: "securityContext.seccompProfile",
    fields: &[
        read("type", "RuntimeDefault or Unconfined; required"),
        not_yet("localhostProfile", "the processes are not filtered"),
    ],
};

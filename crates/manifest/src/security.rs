//! Security contexts: what the pod says holds where the container says nothing.

use std::collections::BTreeSet;

use tidegate_workload::{Extra, Security};

use crate::{
    fields::security::{CAPABILITIES, CONTAINER, POD, SECCOMP_PROFILE},
    given::Fields,
    report::Complaint,
    walk::Spot,
};

/// Reads the `securityContext` of a pod.
pub(crate) fn of_pod(spot: &Spot<'_>) -> Option<Security> {
    let fields = spot.fields(&POD)?;
    let mut groups = fields.or("supplementalGroups", Vec::new(), |spot| {
        Some(spot.items()?.iter().filter_map(number).collect())
    });
    groups.extend(fields.get("fsGroup").and_then(number));
    Some(Security { groups, ..common(&fields, &Security::default()) })
}

/// Reads that of a container in a pod that says `pod`.
pub(crate) fn of_container(spot: Option<&Spot<'_>>, pod: &Security) -> Security {
    let Some(fields) = spot.and_then(|spot| spot.fields(&CONTAINER)) else {
        return pod.clone();
    };
    let escalate = fields.or("allowPrivilegeEscalation", true, Spot::boolean);
    let common = common(&fields, pod);
    let mut extra = common.extra.clone();
    if let Some(privileged) = fields.get("privileged").filter(|spot| spot.boolean() == Some(true)) {
        extra.insert(Extra::Devices);
        if !escalate {
            let complaint = Complaint::new("a privileged container gets more rights by that");
            privileged.complain(complaint.hint("leave out allowPrivilegeEscalation: false"));
        }
    }
    if fields.or("procMount", false, |spot| spot.word(&[("Default", false), ("Unmasked", true)])) {
        extra.insert(Extra::Proc);
    }
    let capabilities = fields.get("capabilities").and_then(|spot| spot.fields(&CAPABILITIES));
    let names = |name| {
        let list = capabilities.as_ref().and_then(|fields| fields.get(name).and_then(capability));
        list.unwrap_or_default()
    };
    Security {
        no_new_privileges: !escalate,
        read_only: fields.or("readOnlyRootFilesystem", false, Spot::boolean),
        drop: names("drop"),
        add: names("add"),
        extra,
        ..common
    }
}

fn common(fields: &Fields<'_>, pod: &Security) -> Security {
    Security {
        user: fields.get("runAsUser").and_then(number).or(pod.user),
        group: fields.get("runAsGroup").and_then(number).or(pod.group),
        not_root: fields.or("runAsNonRoot", pod.not_root, Spot::boolean),
        extra: match seccomp(fields) {
            Some(true) => BTreeSet::from([Extra::SystemCalls]),
            Some(false) => BTreeSet::new(),
            None => pod.extra.clone(),
        },
        ..pod.clone()
    }
}

fn number(spot: &Spot<'_>) -> Option<u32> {
    spot.number(0, i64::from(i32::MAX))
}

/// Whether all system calls are asked for; nothing where nothing is said.
fn seccomp(fields: &Fields<'_>) -> Option<bool> {
    let profile = fields.get("seccompProfile").and_then(|spot| spot.fields(&SECCOMP_PROFILE))?;
    profile.need("type")?.word(&[("RuntimeDefault", false), ("Unconfined", true)])
}

/// Names of capabilities, in capitals and without `CAP_`.
fn capability(spot: &Spot<'_>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for item in spot.items()? {
        let Some(text) = item.text() else { continue };
        let name = text.to_ascii_uppercase();
        let name = name.strip_prefix("CAP_").unwrap_or(&name).to_owned();
        if name == "ALL" || KNOWN.contains(&name.as_str()) {
            names.push(name);
        } else {
            let near = crate::suggest::nearest(&name, KNOWN);
            let complaint = Complaint::new(format!("no capability is called {text:?}"));
            item.complain(complaint.suggest(near));
        }
    }
    Some(names)
}

/// As Linux names them (`capabilities(7)`).
const KNOWN: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

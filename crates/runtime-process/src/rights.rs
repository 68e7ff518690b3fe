//! As whom a process runs, and what it may do.

use std::io;

use rustix::{
    io::Errno,
    process::{Gid, Uid, getuid},
    thread::{
        CapabilitySet, remove_capability_from_bounding_set, set_no_new_privs, set_thread_groups,
        set_thread_res_gid, set_thread_res_uid,
    },
};
use tidegate_workload::{Container, Security};

/// Whether a container can run as it is to, for a server of this user. If not, why.
pub(crate) fn check(container: &Container, server: u32) -> Result<(), String> {
    let Security { user, group, groups, not_root, .. } = &container.security;
    let failed = |why: String| Err(format!("container {:?}: {why}", container.name));
    if *not_root && user.unwrap_or(server) == 0 {
        return failed(
            "runAsNonRoot, and it would run as root; set runAsUser, or run the server as another \
             user"
                .to_owned(),
        );
    }
    if server != 0 && user.is_some_and(|user| user != server) {
        return failed(format!(
            "runAsUser {}, and the server runs as user {server}; run the server as root, or as that \
             user",
            user.unwrap_or_default()
        ));
    }
    if server != 0 && (group.is_some() || !groups.is_empty()) {
        return failed(
            "runAsGroup, supplementalGroups and fsGroup need a server that is root".to_owned(),
        );
    }
    Ok(())
}

/// The user of this process.
pub(crate) fn own_user() -> u32 {
    getuid().as_raw()
}

/// Lets this process be whom `security` says, with no more rights. It must have no other thread.
pub(crate) fn take(security: &Security) -> io::Result<()> {
    for capability in given_up(security) {
        match remove_capability_from_bounding_set(capability) {
            // An ordinary user has none of them; an older kernel does not know the last ones.
            Err(Errno::PERM | Errno::INVAL) => {}
            other => other?,
        }
    }
    if own_user() == 0
        && (security.user.is_some() || security.group.is_some() || !security.groups.is_empty())
    {
        let group = Gid::from_raw(security.group.unwrap_or(0));
        let groups: Vec<Gid> = security.groups.iter().map(|group| Gid::from_raw(*group)).collect();
        set_thread_groups(&groups)?;
        set_thread_res_gid(group, group, group)?;
        if let Some(user) = security.user {
            let user = Uid::from_raw(user);
            set_thread_res_uid(user, user, user)?;
        }
    }
    if security.no_new_privileges {
        set_no_new_privs(true)?;
    }
    Ok(())
}

fn given_up(security: &Security) -> impl Iterator<Item = CapabilitySet> {
    let all = security.drop.iter().any(|name| name == "ALL");
    let named = |names: &[String]| -> CapabilitySet {
        names.iter().filter_map(|name| CapabilitySet::from_name(name)).collect()
    };
    let drop = if all { CapabilitySet::all() } else { named(&security.drop) };
    (drop - named(&security.add)).iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::container;

    fn checked(security: Security, server: u32, expect: Result<(), &str>) {
        let container = Container { security, ..container("web") };
        let expect = expect.map_err(|why| format!("container \"web\": {why}"));
        assert_eq!(check(&container, server), expect);
    }

    #[test]
    fn nobody_becomes_whom_the_server_cannot_make() {
        let user = |user| Security { user: Some(user), ..Security::default() };
        checked(user(1000), 0, Ok(()));
        checked(user(1000), 1000, Ok(()));
        let told = "runAsUser 1000, and the server runs as user 5; run the server as root, or as that user";
        checked(user(1000), 5, Err(told));
        let not_root = Security { not_root: true, ..Security::default() };
        let told = "runAsNonRoot, and it would run as root; set runAsUser, or run the server as another user";
        checked(not_root.clone(), 0, Err(told));
        checked(not_root.clone(), 1000, Ok(()));
        checked(Security { user: Some(1000), ..not_root }, 0, Ok(()));
        let group = Security { groups: vec![7], ..Security::default() };
        checked(
            group,
            5,
            Err("runAsGroup, supplementalGroups and fsGroup need a server that is root"),
        );
    }

    #[test]
    fn all_capabilities_go_but_those_that_are_added() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let security = Security {
            drop: names(&["ALL"]),
            add: names(&["NET_BIND_SERVICE"]),
            ..Security::default()
        };
        let gone: CapabilitySet = given_up(&security).collect();
        assert!(gone.contains(CapabilitySet::SYS_ADMIN | CapabilitySet::CHECKPOINT_RESTORE));
        assert!(!gone.contains(CapabilitySet::NET_BIND_SERVICE));
        let one = Security { drop: names(&["NET_RAW"]), ..Security::default() };
        assert_eq!(given_up(&one).collect::<CapabilitySet>(), CapabilitySet::NET_RAW);
        assert_eq!(given_up(&Security::default()).count(), 0);
    }
}

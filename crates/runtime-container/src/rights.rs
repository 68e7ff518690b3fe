//! As whom a container runs, and what it may do, in the engine's words.

use tidegate_workload::{Container, Extra, Security};

use crate::engine::{HostConfig, ImageConfig};

/// As whom a container of this image runs; nothing where that is the image's to say. Why it cannot
/// run as it is to, if it cannot.
pub(crate) fn user(container: &Container, image: &ImageConfig) -> Result<Option<String>, String> {
    let Security { user, group, not_root, extra, .. } = &container.security;
    let failed = |why: String| Err(format!("container {:?}: {why}", container.name));
    let of_image = image.user.as_deref().unwrap_or_default();
    let (of_image, _) = of_image.split_once(':').unwrap_or((of_image, ""));
    if extra.contains(&Extra::Proc) {
        return failed("procMount Unmasked cannot be had of an engine; leave it out".to_owned());
    }
    let number = user.map_or_else(|| of_image.to_owned(), |user| user.to_string());
    match number.parse::<u32>() {
        _ if !not_root => {}
        Ok(1..) => {}
        Err(_) if !number.is_empty() => {
            return failed(format!(
                "runAsNonRoot, and its image names its user {number:?}, who may be root; set \
                 runAsUser to that user's number"
            ));
        }
        Ok(0) | Err(_) => {
            return failed("runAsNonRoot, and it would run as root; set runAsUser".to_owned());
        }
    }
    Ok(match (user, group) {
        (None, None) => None,
        (Some(user), None) => Some(user.to_string()),
        (_, Some(group)) if number.is_empty() => Some(format!("0:{group}")),
        (_, Some(group)) => Some(format!("{number}:{group}")),
    })
}

/// Gives a container its rights.
pub(crate) fn give(security: &Security, host: &mut HostConfig) {
    host.group_add = security.groups.iter().map(u32::to_string).collect();
    host.cap_add.clone_from(&security.add);
    host.cap_drop.clone_from(&security.drop);
    host.readonly_rootfs = security.read_only;
    host.privileged = security.extra.contains(&Extra::Devices);
    // Podman 4.3 takes the first for nothing else but this word alone.
    if security.no_new_privileges {
        host.security_opt.push("no-new-privileges".to_owned());
    }
    if security.extra.contains(&Extra::SystemCalls) {
        host.security_opt.push("seccomp=unconfined".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(security: Security, image: &str, expect: Result<Option<&str>, &str>) {
        let container = Container { name: "web".to_owned(), security, ..Container::default() };
        let image = ImageConfig { user: Some(image.to_owned()), ..ImageConfig::default() };
        let expect = expect
            .map(|user| user.map(str::to_owned))
            .map_err(|why| format!("container \"web\": {why}"));
        assert_eq!(user(&container, &image), expect);
    }

    #[test]
    fn what_the_manifest_leaves_open_is_the_images_to_say() {
        let of = |user, group| Security { user, group, ..Security::default() };
        check(of(None, None), "app", Ok(None));
        check(of(Some(7), None), "app:staff", Ok(Some("7")));
        check(of(Some(7), Some(8)), "", Ok(Some("7:8")));
        check(of(None, Some(8)), "", Ok(Some("0:8")));
        check(of(None, Some(8)), "app:staff", Ok(Some("app:8")));
    }

    #[test]
    fn nobody_runs_as_root_who_must_not() {
        let root = "runAsNonRoot, and it would run as root; set runAsUser";
        let of = |user| Security { user, not_root: true, ..Security::default() };
        check(of(None), "", Err(root));
        check(of(None), "0:7", Err(root));
        check(of(Some(0)), "7", Err(root));
        check(of(None), "7:0", Ok(None));
        check(of(Some(7)), "", Ok(Some("7")));
        let named = "runAsNonRoot, and its image names its user \"app\", who may be root; set \
                     runAsUser to that user's number";
        check(of(None), "app", Err(named));
        check(of(Some(7)), "app", Ok(Some("7")));
        let whole = Security { extra: [Extra::Proc].into(), ..Security::default() };
        check(whole, "", Err("procMount Unmasked cannot be had of an engine; leave it out"));
    }

    #[test]
    fn rights_are_asked_for_in_the_words_of_the_engine() {
        let security = Security {
            groups: vec![7, 8],
            no_new_privileges: true,
            read_only: true,
            drop: vec!["ALL".to_owned()],
            add: vec!["NET_ADMIN".to_owned()],
            extra: [Extra::Devices, Extra::SystemCalls].into(),
            ..Security::default()
        };
        let mut host = HostConfig::default();
        give(&security, &mut host);
        let asked = serde_json::to_value(&host).unwrap();
        for (name, expect) in [
            ("GroupAdd", serde_json::json!(["7", "8"])),
            ("CapAdd", serde_json::json!(["NET_ADMIN"])),
            ("CapDrop", serde_json::json!(["ALL"])),
            ("ReadonlyRootfs", true.into()),
            ("Privileged", true.into()),
            ("SecurityOpt", serde_json::json!(["no-new-privileges", "seccomp=unconfined"])),
        ] {
            assert_eq!(asked[name], expect, "{name}");
        }
    }
}

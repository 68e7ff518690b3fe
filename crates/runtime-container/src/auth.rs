//! Credentials for registries, in the files that `docker login` and `podman login` write.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};
use serde::Deserialize;
use tidegate_workload::Secret;

use crate::name::{DOCKER_HUB, ImageName};

/// A file of credentials: `auths` of a `config.json`, or the older `.dockercfg` without it.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Config { auths: BTreeMap<String, Entry> },
    Old(BTreeMap<String, Entry>),
}

/// The credentials for one registry. No `Debug`: a password must not get into a log.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// What an engine is shown to pull an image, for `X-Registry-Auth`: of the Secrets that the
/// template names, else of the files, the entry that fits the image best.
pub(crate) fn credentials(
    image: &ImageName,
    named: &[String],
    secrets: &BTreeMap<String, Secret>,
    files: &[PathBuf],
) -> Option<String> {
    let of_secrets = named.iter().filter_map(|name| secrets.get(name)).flat_map(|secret| {
        [".dockerconfigjson", ".dockercfg"].iter().filter_map(|entry| secret.data.get(*entry))
    });
    of_secrets
        .cloned()
        .find_map(|text| in_file(&text, image))
        .or_else(|| files.iter().find_map(|path| in_file(&read(path)?, image)))
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Where the files of the user who runs the server are, in the order in which Podman looks.
pub(crate) fn files(get: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let below = |name: &str, rest: &str| get(name).map(|folder| Path::new(&folder).join(rest));
    [
        get("REGISTRY_AUTH_FILE").map(PathBuf::from),
        below("XDG_RUNTIME_DIR", "containers/auth.json"),
        below("HOME", ".config/containers/auth.json"),
        below("DOCKER_CONFIG", "config.json"),
        below("HOME", ".docker/config.json"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn in_file(text: &str, image: &ImageName) -> Option<String> {
    let entries = match serde_json::from_str(text).ok()? {
        File::Config { auths } => auths,
        File::Old(entries) => entries,
    };
    let full = image.repository();
    // An entry for a part of a registry is for that part alone, and goes before one for all of it.
    let fits =
        |key: &str| full == key || full.strip_prefix(key).is_some_and(|r| r.starts_with('/'));
    entries
        .iter()
        .map(|(key, entry)| (plain(key), entry))
        .filter(|(key, _)| fits(key))
        .max_by_key(|(key, _)| key.len())
        .and_then(|(_, entry)| header(entry, &image.registry))
}

/// Docker writes addresses, `https://index.docker.io/v1/` above all, where others write names.
fn plain(key: &str) -> String {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let key = key.trim_end_matches('/').trim_end_matches("/v1").trim_end_matches("/v2");
    match key {
        "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.to_owned(),
        other => other.to_owned(),
    }
}

fn header(entry: &Entry, registry: &str) -> Option<String> {
    let decoded = entry.auth.as_ref().and_then(|auth| BASE64_STANDARD.decode(auth.trim()).ok());
    let pair = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
    let username = entry.username.as_deref().or(pair.map(|pair| pair.0));
    let password = entry.password.as_deref().or(pair.map(|pair| pair.1));
    let token = entry.identitytoken.as_deref().filter(|token| !token.is_empty());
    if token.is_none() && (username.is_none() || password.is_none()) {
        return None;
    }
    let shown = serde_json::json!({
        "username": username.unwrap_or_default(),
        "password": if token.is_some() { "" } else { password.unwrap_or_default() },
        "identitytoken": token.unwrap_or_default(),
        "serveraddress": registry,
    });
    Some(BASE64_URL_SAFE.encode(shown.to_string()))
}

#[cfg(test)]
mod tests {
    use tidegate_units::ObjectKey;

    use super::*;

    fn shown(text: &str, image: &str) -> Option<String> {
        let header = in_file(text, &ImageName::read(image).unwrap())?;
        let json = BASE64_URL_SAFE.decode(header).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        Some(format!("{}:{}:{}", text("username"), text("password"), text("identitytoken")))
    }

    #[test]
    fn the_entry_that_fits_best_is_taken() {
        let auth = |pair: &str| BASE64_STANDARD.encode(pair);
        let file = serde_json::json!({ "auths": {
            "https://index.docker.io/v1/": { "auth": auth("hub:a:b") },
            "ghcr.io": { "username": "all", "password": "x" },
            "ghcr.io/acme": { "auth": auth("acme:y") },
            "registry.test:5000": { "auth": auth("<token>:"), "identitytoken": "t" },
            "empty.test": {},
        }})
        .to_string();
        let check = |image: &str, expect: Option<&str>| {
            assert_eq!(shown(&file, image).as_deref(), expect, "{image}");
        };
        check("nginx", Some("hub:a:b:"));
        check("ghcr.io/other/web", Some("all:x:"));
        check("ghcr.io/acme/web:1", Some("acme:y:"));
        check("ghcr.io/acmeother/web", Some("all:x:"));
        check("registry.test:5000/web", Some("<token>::t"));
        check("registry.test/web", None);
        check("empty.test/web", None);
    }

    #[test]
    fn secrets_of_the_template_go_before_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("auth.json");
        let entry = |user: &str| format!(r#"{{"r.test":{{"username":"{user}","password":"p"}}}}"#);
        std::fs::write(&file, entry("file")).unwrap();
        let secret = Secret {
            key: ObjectKey::new("default", "login"),
            data: [(".dockercfg".to_owned(), entry("secret"))].into(),
            bytes: BTreeMap::new(),
        };
        let secrets = BTreeMap::from([("login".to_owned(), secret)]);
        let image = ImageName::read("r.test/web").unwrap();
        let user = |named: &[String]| {
            let header = credentials(&image, named, &secrets, std::slice::from_ref(&file)).unwrap();
            let json = BASE64_URL_SAFE.decode(header).unwrap();
            serde_json::from_slice::<serde_json::Value>(&json).unwrap()["username"].clone()
        };
        assert_eq!(user(&["login".to_owned()]), "secret");
        assert_eq!(user(&["other".to_owned()]), "file");
        assert_eq!(user(&[]), "file");
        assert!(credentials(&image, &[], &secrets, &[]).is_none());
    }

    #[test]
    fn the_users_files_are_found_where_podman_and_docker_look() {
        let found = files(|name| match name {
            "HOME" => Some("/home/u".to_owned()),
            "XDG_RUNTIME_DIR" => Some("/run/u".to_owned()),
            _ => None,
        });
        let found: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
        assert_eq!(
            found,
            [
                "/run/u/containers/auth.json",
                "/home/u/.config/containers/auth.json",
                "/home/u/.docker/config.json"
            ]
        );
    }
}

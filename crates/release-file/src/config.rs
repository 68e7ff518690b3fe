//! The settings of release-please.

mod fields;
mod plugins;

use std::collections::BTreeMap;

use semver::Version;
use serde_json::{Map, Value};
use tidegate_conventional::{Component, Group, Rules, TagForm};

use crate::{FileError, Kind, error::Wrong, json};
use fields::Fields;

/// What releases of a repository are made by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its components, by their folders.
    pub packages: Vec<Package>,
    /// Those with one version.
    pub groups: Vec<Group>,
    /// Whether components that are made of others have a new version with them.
    pub follows: bool,
    /// Without this commit and all before it, where a component has no tag.
    pub since: Option<String>,
    /// Settings that mean nothing without pull requests, told once.
    pub without_meaning: Vec<String>,
}

/// A component, and what is written of it.
#[derive(Clone, Debug)]
pub struct Package {
    /// What counts for it, and its tags and rules.
    pub component: Component,
    /// Its version as the manifest says, where no tag does.
    pub last: Option<Version>,
    /// The version that it shall have.
    pub release_as: Option<Version>,
    /// Its changelog, from its folder; none where it has none.
    pub changelog: Option<String>,
    /// Files with versions that are named, from its folder, beside those that are known by their names.
    pub files: Vec<(String, Kind)>,
    /// The page of the repository's forge, where another one is named.
    pub host: Option<String>,
    /// Whether it is tagged.
    pub tagged: bool,
    /// Whether the files that are known by their names are changed.
    pub known_files: bool,
    /// Whether authors are told in its changelog.
    pub authors: bool,
    /// Its folder, as it is written.
    pub folder: String,
}

/// Reads `release-please-config.json` and `.release-please-manifest.json`.
///
/// # Errors
/// The first setting that has no meaning here, or not the one that it has there, with its place and mend.
pub fn release_please(
    file: (&str, &str),
    manifest: Option<(&str, &str)>,
) -> Result<Settings, FileError> {
    let (name, text) = file;
    let read = || -> Result<Settings, Wrong> {
        let whole = object(text)?;
        let shared = Fields::new(text, &whole, &[]);
        let mut without_meaning = shared.check(fields::Level::Top)?;
        let packages = whole.get("packages").and_then(Value::as_object);
        let packages = packages.ok_or_else(|| Wrong::new(0, "there is no `packages`: name each folder that has versions, or \".\" for the whole"))?;
        let mut found = Vec::new();
        for (path, own) in packages {
            let empty = Map::new();
            let own = own.as_object().unwrap_or(&empty);
            let own = Fields::new(text, own, &["packages", path]);
            without_meaning.extend(own.check(fields::Level::Package)?);
            found.push(package(path, &own, &shared)?);
        }
        // Another crate of the program may have objects keep their order, or not.
        found.sort_by(|one, other| one.folder.cmp(&other.folder));
        let plugins = plugins::read(text, &whole)?;
        without_meaning.extend(plugins.without_meaning);
        without_meaning.sort();
        without_meaning.dedup();
        let since = ["last-release-sha", "bootstrap-sha"];
        let since =
            since.iter().find_map(|key| whole.get(*key).and_then(Value::as_str)).map(str::to_owned);
        Ok(Settings {
            packages: found,
            groups: plugins.groups,
            follows: plugins.follows,
            since,
            without_meaning,
        })
    };
    let mut settings = read().map_err(|wrong| wrong.of(name, text))?;
    if let Some((name, text)) = manifest {
        let versions = versions(text).map_err(|wrong| wrong.of(name, text))?;
        for package in &mut settings.packages {
            package.last = versions.get(&package.folder).cloned();
        }
    }
    Ok(settings)
}

/// A document that is an object, with its place where it is none.
fn object(text: &str) -> Result<Map<String, Value>, Wrong> {
    json::leaves(text)?;
    let whole: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| Wrong::new(0, format!("this is no JSON: {error}")))?;
    match whole {
        Value::Object(whole) => Ok(whole),
        _ => Err(Wrong::new(0, "this is no object: it begins with {")),
    }
}

/// What `.release-please-manifest.json` says.
fn versions(text: &str) -> Result<BTreeMap<String, Version>, Wrong> {
    let whole = object(text)?;
    let version = |(path, said): (&String, &Value)| {
        let said = said.as_str().unwrap_or_default();
        let at = text.find(&format!("\"{path}\"")).unwrap_or(0);
        let version = Version::parse(said);
        version
            .map(|version| (path.clone(), version))
            .map_err(|error| Wrong::new(at, format!("{said:?} of {path:?} is no version: {error}")))
    };
    whole.iter().filter(|(path, _)| *path != "$schema").map(version).collect()
}

fn package(path: &str, own: &Fields<'_>, shared: &Fields<'_>) -> Result<Package, Wrong> {
    let both = own.or(shared);
    let name = both.own_text("component")?.or(both.own_text("package-name")?);
    let kind = both.text("release-type")?.unwrap_or("node".to_owned());
    let folder_name = path.rsplit('/').next().filter(|name| *name != "." && !name.is_empty());
    let component = name.clone().or(folder_name.map(str::to_owned)).unwrap_or_default();
    let in_tag = both.flag("include-component-in-tag")?.unwrap_or(true);
    let separator = both.text("tag-separator")?.unwrap_or("-".to_owned());
    let v = both.flag("include-v-in-tag")?.unwrap_or(true);
    let prefix = if in_tag && !component.is_empty() {
        format!("{component}{separator}")
    } else {
        String::new()
    };
    let exclude = both.texts("exclude-paths")?;
    Ok(Package {
        component: Component {
            name: if component.is_empty() { ".".to_owned() } else { component },
            path: path.to_owned(),
            exclude,
            tag: TagForm { prefix, v },
            rules: rules(&both, &kind)?,
            depends_on: Vec::new(),
        },
        last: None,
        release_as: both.version("release-as")?,
        changelog: match both.flag("skip-changelog")? {
            Some(true) => None,
            _ => Some(both.text("changelog-path")?.unwrap_or("CHANGELOG.md".to_owned())),
        },
        files: both.files()?,
        host: both.text("changelog-host")?,
        tagged: !both.flag("skip-github-release")?.unwrap_or(false),
        known_files: fields::has_files(&kind),
        authors: both.flag("include-commit-authors")?.unwrap_or(false),
        folder: path.to_owned(),
    })
}

fn rules(both: &Fields<'_>, kind: &str) -> Result<Rules, Wrong> {
    let usual = Rules::usual();
    Ok(Rules {
        sections: both.sections()?.unwrap_or(usual.sections),
        versioning: both.versioning()?,
        bump_minor_pre_major: both.flag("bump-minor-pre-major")?.unwrap_or(false),
        bump_patch_for_minor_pre_major: both
            .flag("bump-patch-for-minor-pre-major")?
            .unwrap_or(false),
        channel: both.channel()?,
        prerelease: both.flag("prerelease")?.unwrap_or(false),
        initial: both.version("initial-version")?.unwrap_or_else(|| fields::first_of(kind)),
    })
}

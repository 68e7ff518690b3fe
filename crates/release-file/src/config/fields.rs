use semver::Version;
use serde_json::{Map, Value};
use tidegate_conventional::{Bump, Channel, Section, Versioning};

use crate::{Kind, Pointer, error::Wrong};

/// Where a setting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Top,
    Package,
}

/// Settings that mean the same here, of all components or of one.
const BOTH: &[&str] = &[
    "release-type",
    "bump-minor-pre-major",
    "bump-patch-for-minor-pre-major",
    "prerelease-type",
    "versioning",
    "changelog-sections",
    "release-as",
    "skip-github-release",
    "skip-changelog",
    "prerelease",
    "include-component-in-tag",
    "include-v-in-tag",
    "changelog-host",
    "changelog-path",
    "tag-separator",
    "extra-files",
    "exclude-paths",
    "version-file",
    "initial-version",
    "package-name",
    "component",
    "include-commit-authors",
];
const TOP: &[&str] = &["$schema", "packages", "bootstrap-sha", "last-release-sha", "plugins"];

/// Settings of pull requests, of labels on them and of how they are asked for: here there are none.
const WITHOUT_MEANING: &[&str] = &[
    "draft",
    "force-tag-creation",
    "draft-pull-request",
    "extra-label",
    "include-v-in-release-name",
    "pull-request-title-pattern",
    "pull-request-header",
    "pull-request-footer",
    "separate-pull-requests",
    "always-update",
    "snapshot-label",
    "component-no-space",
    "signoff",
    "group-pull-request-title-pattern",
    "release-search-depth",
    "commit-search-depth",
    "commit-batch-size",
    "sequential-calls",
    "label",
    "release-label",
    "always-link-local",
];

/// Settings that would change what is released, and do nothing here, each with its mend.
const REFUSED: &[(&str, &str)] = &[
    ("date-format", "leave it out: days are written as 2026-01-31"),
    ("skip-snapshot", "leave it out: there are no snapshots of Java's"),
    ("component-in-tag", "it is called include-component-in-tag"),
];

/// What release types have files that are known by their names.
const TYPES: &[&str] = &[
    "node",
    "rust",
    "python",
    "maven",
    "java",
    "helm",
    "elixir",
    "dart",
    "php",
    "simple",
    "go",
    "terraform-module",
    "expo",
];

/// The first version, where nothing is said of it.
pub(super) fn first_of(kind: &str) -> Version {
    match kind {
        "rust" | "python" | "terraform-module" => Version::new(0, 1, 0),
        _ => Version::new(1, 0, 0),
    }
}

/// Whether a release type changes files that are known by their names.
pub(super) fn has_files(kind: &str) -> bool {
    !matches!(kind, "go" | "terraform-module")
}

/// The settings of a component, and those of all where it has none of its own.
pub(super) struct Fields<'a> {
    text: &'a str,
    own: &'a Map<String, Value>,
    shared: Option<&'a Map<String, Value>>,
    keys: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(text: &'a str, own: &'a Map<String, Value>, keys: &[&'a str]) -> Self {
        Self { text, own, shared: None, keys: keys.to_vec() }
    }

    pub(super) fn or(&self, shared: &Self) -> Self {
        Self { text: self.text, own: self.own, shared: Some(shared.own), keys: self.keys.clone() }
    }

    /// Refuses what is not known, and lists what means nothing here.
    pub(super) fn check(&self, level: Level) -> Result<Vec<String>, Wrong> {
        let mut without = Vec::new();
        for key in self.own.keys() {
            let known =
                BOTH.contains(&key.as_str()) || level == Level::Top && TOP.contains(&key.as_str());
            if WITHOUT_MEANING.contains(&key.as_str()) {
                without.push(key.clone());
            } else if let Some((_, mend)) = REFUSED.iter().find(|(name, _)| name == key) {
                return Err(self.wrong(key, &format!("{key} is not built: {mend}")));
            } else if !known {
                return Err(self.wrong(key, &format!("{key} is no setting that is known here")));
            }
        }
        Ok(without)
    }

    /// Something wrong with a setting, at its key.
    fn wrong(&self, key: &str, problem: &str) -> Wrong {
        let mut at = 0;
        for key in self.keys.iter().copied().chain([key]) {
            let quoted = format!("\"{key}\"");
            at += self.text.get(at..).and_then(|left| left.find(&quoted)).unwrap_or(0);
        }
        Wrong::new(at, problem)
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.own.get(key).or_else(|| self.shared?.get(key))
    }

    fn must<T>(&self, key: &str, value: Option<T>, what: &str) -> Result<Option<T>, Wrong> {
        value.map(Some).ok_or_else(|| self.wrong(key, &format!("{key} is no {what}")))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Wrong> {
        let Some(value) = self.get(key) else { return Ok(None) };
        self.must(key, value.as_str().map(str::to_owned), "text")
    }

    /// A text that is a component's alone.
    pub(super) fn own_text(&self, key: &str) -> Result<Option<String>, Wrong> {
        let Some(value) = self.own.get(key) else { return Ok(None) };
        self.must(key, value.as_str().map(str::to_owned), "text")
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Wrong> {
        let Some(value) = self.get(key) else { return Ok(None) };
        self.must(key, value.as_bool(), "true or false")
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Wrong> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let texts = value.as_array().and_then(|list| {
            list.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        Ok(self.must(key, texts, "list of texts")?.unwrap_or_default())
    }

    pub(super) fn version(&self, key: &str) -> Result<Option<Version>, Wrong> {
        let Some(text) = self.text(key)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        self.must(key, Version::parse(text.trim_start_matches('v')).ok(), "version such as 1.2.3")
    }

    pub(super) fn versioning(&self) -> Result<Versioning, Wrong> {
        let kind = self.text("release-type")?.unwrap_or("node".to_owned());
        if !TYPES.contains(&kind.as_str()) {
            let known = TYPES.join(", ");
            return Err(self.wrong("release-type", &format!("the release type {kind} is not built: {known} are; `simple` with `extra-files` fits most others")));
        }
        Ok(match self.text("versioning")?.as_deref() {
            None | Some("default") => Versioning::Default,
            Some("always-bump-patch") => Versioning::Always(Bump::Patch),
            Some("always-bump-minor") => Versioning::Always(Bump::Minor),
            Some("always-bump-major") => Versioning::Always(Bump::Major),
            Some("prerelease") => Versioning::Prerelease,
            Some(other) => {
                return Err(self.wrong("versioning", &format!("the versioning {other} is not built: default, prerelease and always-bump-patch, -minor and -major are")));
            }
        })
    }

    pub(super) fn channel(&self) -> Result<Option<Channel>, Wrong> {
        // Its number, as in `beta.1`, is where the first one begins; here the first is the bare name, as there.
        let Some(name) = self.text("prerelease-type")? else { return Ok(None) };
        match Channel::new(&name) {
            Some(channel) => Ok(Some(channel)),
            None => Err(self.wrong(
                "prerelease-type",
                &format!("{name:?} is no name of pre-releases: letters, digits and dashes"),
            )),
        }
    }

    pub(super) fn sections(&self) -> Result<Option<Vec<Section>>, Wrong> {
        let Some(value) = self.get("changelog-sections") else { return Ok(None) };
        let section = |value: &Value| {
            Some(Section {
                kind: value.get("type")?.as_str()?.to_owned(),
                title: value.get("section")?.as_str()?.to_owned(),
                hidden: value.get("hidden").and_then(Value::as_bool).unwrap_or(false),
            })
        };
        let list = value.as_array().and_then(|list| list.iter().map(section).collect());
        self.must("changelog-sections", list, "list of objects with `type` and `section`")
    }

    /// `extra-files` and `version-file`.
    pub(super) fn files(&self) -> Result<Vec<(String, Kind)>, Wrong> {
        let mut files = Vec::new();
        if let Some(path) = self.text("version-file")? {
            files.push((path, Kind::Plain));
        }
        let list = self.get("extra-files").and_then(Value::as_array);
        for file in list.into_iter().flatten() {
            files.push(self.file(file)?);
        }
        Ok(files)
    }

    fn file(&self, file: &Value) -> Result<(String, Kind), Wrong> {
        let wrong = |what: &str| self.wrong("extra-files", what);
        if let Some(path) = file.as_str() {
            return Ok((path.to_owned(), Kind::Marked));
        }
        let of = |key: &str| file.get(key).and_then(Value::as_str);
        let path = of("path").ok_or_else(|| wrong("a file of extra-files has no path"))?;
        if file.get("glob").and_then(Value::as_bool) == Some(true) {
            return Err(wrong(&format!(
                "glob of extra-files is not built: name the files of {path} one by one"
            )));
        }
        let pointer = || {
            let at = of("jsonpath")
                .ok_or_else(|| wrong(&format!("{path} of extra-files has no jsonpath")))?;
            Pointer::parse(at).map_err(|problem| wrong(&problem))
        };
        let kind = match of("type") {
            None | Some("generic") => Kind::Marked,
            Some("json") => Kind::JsonAt(pointer()?),
            Some("toml") => Kind::TomlAt(pointer()?),
            Some("yaml") => Kind::YamlAt(pointer()?),
            Some("pom") => Kind::Pom,
            Some(other) => {
                return Err(wrong(&format!(
                    "the type {other} of extra-files is not built: json, toml, yaml, pom and generic are"
                )));
            }
        };
        Ok((path.to_owned(), kind))
    }
}

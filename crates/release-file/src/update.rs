use std::{collections::BTreeMap, ops::Range};

use semver::Version;

use crate::{
    FileError, Kind, Pointer, cargo,
    edit::{Edit, apply},
    error::Wrong,
    json, lines, marked, node,
    toml::Toml,
    xml, yaml,
};

/// So long a file may be: lock files of big projects have some 20 MB.
const LONGEST: usize = 64 << 20;

/// The versions that files shall have.
#[derive(Clone, Copy, Debug)]
pub struct NewVersions<'a> {
    /// That of the component whose file it is; none where the file is another one's, and only what it asks for of
    /// others changes.
    pub version: Option<&'a Version>,
    /// Those of all packages of the repository that have new ones, by the names that their files say.
    pub names: &'a BTreeMap<String, Version>,
    /// The day, as `2026-01-31`.
    pub day: &'a str,
}

/// The version that a file carries; none where it carries none of its own.
///
/// # Errors
/// What is wrong in it, with its place.
pub fn read(file: &str, kind: &Kind, text: &str) -> Result<Option<String>, FileError> {
    let at =
        bounded(text).and_then(|()| place(kind, text)).map_err(|wrong| wrong.of(file, text))?;
    Ok(at.and_then(|at| text.get(at)).map(str::to_owned))
}

/// The file with new versions, and with every other byte as it was.
///
/// # Errors
/// What is wrong in it, with its place.
pub fn update(
    file: &str,
    kind: &Kind,
    text: &str,
    new: &NewVersions<'_>,
) -> Result<String, FileError> {
    let edits = bounded(text).and_then(|()| edits(kind, text, new));
    Ok(apply(text, edits.map_err(|wrong| wrong.of(file, text))?))
}

/// The name of the package that a file is of.
pub fn name(kind: &Kind, text: &str) -> Option<String> {
    let at = |keys: &[&str]| {
        let leaves = json::leaves(text).ok()?;
        let leaf = leaves.into_iter().find(|leaf| leaf.text && leaf.is(keys))?;
        text.get(leaf.at).map(str::to_owned)
    };
    match kind {
        Kind::Cargo => cargo::name(&Toml::read(text).ok()?),
        Kind::PackageJson | Kind::Json => at(&["name"]),
        Kind::Pyproject => {
            let toml = Toml::read(text).ok()?;
            let of =
                |keys: &[&str]| toml.text_in(toml.table(keys)?, "name").map(|place| place.said);
            of(&["project"]).or_else(|| of(&["tool", "poetry"]))
        }
        Kind::Pom => text_of(text, &["project", "artifactId"]),
        Kind::Chart | Kind::Pubspec => {
            let leaves = yaml::leaves(text).ok()?;
            leaves.into_iter().find(|leaf| leaf.keys == ["name"]).map(|leaf| leaf.said)
        }
        _ => None,
    }
}

fn text_of(text: &str, path: &[&str]) -> Option<String> {
    xml::text_at(text, path).ok()?.and_then(|at| text.get(at)).map(str::to_owned)
}

/// The packages that a file says its own is made of, of this repository or not.
pub fn depends_on(kind: &Kind, text: &str) -> Vec<String> {
    match kind {
        Kind::Cargo => Toml::read(text).map(|toml| cargo::depends_on(&toml)).unwrap_or_default(),
        Kind::PackageJson => node::depends_on(text).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Whether a `Cargo.toml` has the version of its workspace.
pub fn inherits_version(text: &str) -> bool {
    Toml::read(text).is_ok_and(|toml| cargo::inherits(&toml))
}

fn bounded(text: &str) -> Result<(), Wrong> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    Err(Wrong::new(0, format!("the file has {} bytes; {LONGEST} are read", text.len())))
}

/// Where the version stands.
fn place(kind: &Kind, text: &str) -> Result<Option<Range<usize>>, Wrong> {
    Ok(match kind {
        Kind::Cargo => cargo::version(&Toml::read(text)?).map(|place| place.at),
        Kind::CargoLock => None,
        Kind::PackageJson | Kind::PackageLock | Kind::Json => {
            json_at(text, &["version".to_owned()])?
        }
        Kind::JsonAt(pointer) => Some(found(json_at(text, pointer.keys())?, pointer)?),
        Kind::Pyproject => pyproject(&Toml::read(text)?),
        Kind::TomlAt(pointer) => {
            let toml = Toml::read(text)?;
            Some(found(toml.item(pointer.keys()).map(|place| place.at), pointer)?)
        }
        Kind::Chart | Kind::Pubspec => yaml_at(text, &["version".to_owned()])?,
        Kind::YamlAt(pointer) => Some(found(yaml_at(text, pointer.keys())?, pointer)?),
        Kind::SetupCfg => lines::ini(text, "metadata", "version"),
        Kind::Python => lines::quoted(text, &["__version__", "version", "VERSION"]),
        Kind::Pom => pom(text)?,
        Kind::Project => project(text)?,
        Kind::Gradle => lines::quoted_at_top(text, &["version", "project.version"]),
        Kind::Properties => lines::property(text, "version"),
        Kind::Mix => lines::quoted(text, &["@version", "version:"]),
        Kind::Plain => lines::plain(text),
        Kind::Marked => marked::version(text),
    })
}

fn json_at(text: &str, keys: &[String]) -> Result<Option<Range<usize>>, Wrong> {
    let leaves = json::leaves(text)?;
    Ok(leaves.into_iter().find(|leaf| leaf.text && leaf.keys == keys).map(|leaf| leaf.at))
}

fn yaml_at(text: &str, keys: &[String]) -> Result<Option<Range<usize>>, Wrong> {
    Ok(yaml::leaves(text)?.into_iter().find(|leaf| leaf.keys == keys).map(|leaf| leaf.at))
}

/// A place that somebody named has to be there.
fn found(at: Option<Range<usize>>, pointer: &Pointer) -> Result<Range<usize>, Wrong> {
    at.ok_or_else(|| Wrong::new(0, format!("there is no text at {pointer}")))
}

fn pyproject(toml: &Toml<'_>) -> Option<Range<usize>> {
    let of = |keys: &[&str]| toml.text_in(toml.table(keys)?, "version").map(|place| place.at);
    of(&["project"]).or_else(|| of(&["tool", "poetry"]))
}

/// The project's own version, or the property that it is taken from. Its parent's is another project's.
fn pom(text: &str) -> Result<Option<Range<usize>>, Wrong> {
    let own = xml::text_at(text, &["project", "version"])?;
    let property = own.clone().and_then(|at| text.get(at)?.strip_prefix("${")?.strip_suffix('}'));
    match property {
        Some(property) => xml::text_at(text, &["project", "properties", property]),
        None => Ok(own),
    }
}

fn project(text: &str) -> Result<Option<Range<usize>>, Wrong> {
    let own = xml::text_at(text, &["Project", "PropertyGroup", "Version"])?;
    match own {
        Some(at) => Ok(Some(at)),
        None => xml::text_at(text, &["Project", "PropertyGroup", "VersionPrefix"]),
    }
}

fn edits(kind: &Kind, text: &str, new: &NewVersions<'_>) -> Result<Vec<Edit>, Wrong> {
    let own = |at: Option<Range<usize>>| Some(Edit::new(at?, new.version?.to_string()));
    let mut edits: Vec<Edit> = match kind {
        Kind::CargoLock => return cargo::lock(text, new),
        Kind::PackageLock => return node::lock(text, new),
        Kind::Marked => return Ok(marked::edits(text, new)),
        Kind::Pubspec => pubspec(text, new)?.into_iter().collect(),
        kind => own(place(kind, text)?).into_iter().collect(),
    };
    match kind {
        Kind::Cargo => edits.extend(cargo::edits(&Toml::read(text)?, new)),
        Kind::PackageJson => edits.extend(node::manifest(text, new)?),
        Kind::Chart => edits.extend(app_version(text, new)?),
        _ => {}
    }
    if marked::is_marked(text) {
        let more = marked::edits(text, new).into_iter();
        let apart: Vec<_> = more.filter(|edit| edits.iter().all(|own| own.at != edit.at)).collect();
        edits.extend(apart);
    }
    Ok(edits)
}

/// `appVersion` follows where it was the same.
fn app_version(text: &str, new: &NewVersions<'_>) -> Result<Option<Edit>, Wrong> {
    let leaves = yaml::leaves(text)?;
    let said = |key: &str| leaves.iter().find(|leaf| leaf.keys == [key]);
    let same =
        said("appVersion").filter(|app| said("version").is_some_and(|own| own.said == app.said));
    Ok(same.zip(new.version).map(|(app, version)| Edit::new(app.at.clone(), version.to_string())))
}

/// The number of a build, behind a plus, goes up by one.
fn pubspec(text: &str, new: &NewVersions<'_>) -> Result<Option<Edit>, Wrong> {
    let (Some(at), Some(version)) = (yaml_at(text, &["version".to_owned()])?, new.version) else {
        return Ok(None);
    };
    let said = text.get(at.clone()).unwrap_or_default();
    // Done already: to do it again must not count the builds up.
    if said.split('+').next() == Some(version.to_string().as_str()) {
        return Ok(None);
    }
    let build = said.split_once('+').map(|(_, build)| match build.parse::<u64>() {
        Ok(number) => format!("+{}", number.saturating_add(1)),
        Err(_) => format!("+{build}"),
    });
    Ok(Some(Edit::new(at, format!("{version}{}", build.unwrap_or_default()))))
}

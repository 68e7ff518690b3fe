//! `Cargo.toml` and `Cargo.lock`.

use toml_edit::{Item, TableLike, Value};

use crate::{
    NewVersions,
    edit::Edit,
    error::Wrong,
    toml::{Place, Toml},
};

/// The tables with dependencies, at the top and below `target.*`.
const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The version of the package, or that which the workspace's packages inherit.
pub(crate) fn version(toml: &Toml<'_>) -> Option<Place> {
    let own = toml.table(&["package"]).and_then(|package| toml.text_in(package, "version"));
    own.or_else(|| toml.text_in(toml.table(&["workspace", "package"])?, "version"))
}

/// Whether its version is the workspace's.
pub(crate) fn inherits(toml: &Toml<'_>) -> bool {
    let version = toml.table(&["package"]).and_then(|package| package.get("version"));
    version
        .and_then(Item::as_table_like)
        .and_then(|table| table.get("workspace"))
        .and_then(Item::as_bool)
        == Some(true)
}

pub(crate) fn name(toml: &Toml<'_>) -> Option<String> {
    toml.text_in(toml.table(&["package"])?, "name").map(|place| place.said)
}

/// The packages that it is made of and that lie beside it.
pub(crate) fn depends_on(toml: &Toml<'_>) -> Vec<String> {
    let mut names = Vec::new();
    each(toml, |key, entry| {
        let beside = entry.get("path").is_some()
            || entry.get("workspace").and_then(Item::as_bool) == Some(true);
        if beside {
            names.push(package(key, entry).to_owned());
        }
    });
    names
}

/// The versions of packages that lie beside this one, as it asks for them.
pub(crate) fn edits(toml: &Toml<'_>, new: &NewVersions<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    each(toml, |key, entry| {
        let Some(version) = new.names.get(package(key, entry)) else { return };
        if let (Some(_), Some(place)) = (entry.get("path"), toml.text_in(entry, "version")) {
            let kept = place.said.len()
                - place.said.trim_start_matches(['=', '^', '~', '>', '<', ' ']).len();
            let asked = place.said.get(..kept).unwrap_or_default();
            edits.push(Edit::new(place.at, format!("{asked}{version}")));
        }
    });
    edits
}

/// The package that an entry is of: it may have another name here.
fn package<'a>(key: &'a str, entry: &'a dyn TableLike) -> &'a str {
    entry.get("package").and_then(Item::as_str).unwrap_or(key)
}

/// Every dependency that is written as a table.
fn each(toml: &Toml<'_>, mut take: impl FnMut(&str, &dyn TableLike)) {
    let mut tables: Vec<&dyn TableLike> = vec![toml.top()];
    tables.extend(toml.table(&["workspace"]));
    if let Some(targets) = toml.table(&["target"]) {
        tables.extend(targets.iter().filter_map(|(_, target)| target.as_table_like()));
    }
    for table in tables {
        for kind in DEPENDENCIES {
            let Some(list) = table.get(kind).and_then(Item::as_table_like) else { continue };
            for (key, entry) in list.iter() {
                if let Some(entry) = entry.as_table_like() {
                    take(key, entry);
                }
            }
        }
    }
}

/// The packages of a lock file that come from no registry, and where others name them with their version.
pub(crate) fn lock(text: &str, new: &NewVersions<'_>) -> Result<Vec<Edit>, Wrong> {
    let toml = Toml::read(text)?;
    let mut edits = Vec::new();
    let mut old = Vec::new();
    let packages = toml.top().get("package").and_then(Item::as_array_of_tables);
    let packages: Vec<_> = packages.into_iter().flat_map(|list| list.iter()).collect();
    for package in packages.iter().filter(|package| package.get("source").is_none()) {
        let name = package.get("name").and_then(Item::as_str).unwrap_or_default();
        if let (Some(version), Some(place)) =
            (new.names.get(name), toml.text_in(*package, "version"))
        {
            old.push((format!("{name} {}", place.said), format!("{name} {version}")));
            edits.push(Edit::new(place.at, version.to_string()));
        }
    }
    for package in &packages {
        let on = package.get("dependencies").and_then(Item::as_array);
        for place in on.into_iter().flat_map(|on| on.iter()).filter_map(|on: &Value| toml.place(on))
        {
            if let Some((_, with)) = old.iter().find(|(was, _)| *was == place.said) {
                edits.push(Edit::new(place.at, with.clone()));
            }
        }
    }
    Ok(edits)
}

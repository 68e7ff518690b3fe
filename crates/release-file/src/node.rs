//! `package.json` and npm's lock files.

use crate::{
    NewVersions,
    edit::Edit,
    error::Wrong,
    json::{Leaf, leaves},
};

const DEPENDENCIES: [&str; 4] =
    ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];

/// What a manifest depends on: packages of the same repository are those whose names are known there.
pub(crate) fn depends_on(text: &str) -> Result<Vec<String>, Wrong> {
    let leaves = leaves(text)?;
    let of = |leaf: &&Leaf| {
        leaf.keys.len() == 2
            && leaf.keys.first().is_some_and(|key| DEPENDENCIES.contains(&key.as_str()))
    };
    Ok(leaves.iter().filter(of).filter_map(|leaf| leaf.keys.last().cloned()).collect())
}

/// What it asks of packages that have new versions, by the same sign as before.
pub(crate) fn manifest(text: &str, new: &NewVersions<'_>) -> Result<Vec<Edit>, Wrong> {
    let mut edits = Vec::new();
    for leaf in leaves(text)? {
        let [kind, name] = leaf.keys.as_slice() else { continue };
        if DEPENDENCIES.contains(&kind.as_str()) {
            edits.extend(asked(text, &leaf, name, new));
        }
    }
    Ok(edits)
}

fn asked(text: &str, leaf: &Leaf, name: &str, new: &NewVersions<'_>) -> Option<Edit> {
    let version = new.names.get(name)?;
    let said = text.get(leaf.at.clone())?;
    let digits = said.find(|c: char| c.is_ascii_digit())?;
    let (sign, number) = said.split_at(digits);
    // `workspace:`, `file:` and ranges follow by themselves or mean more than one version.
    let one = semver::Version::parse(number).is_ok()
        && matches!(
            sign,
            "" | "^" | "~" | "=" | ">=" | "workspace:^" | "workspace:~" | "workspace:"
        );
    one.then(|| Edit::new(leaf.at.clone(), format!("{sign}{version}")))
}

/// A lock file: the package itself, and packages of the same repository that have new versions.
pub(crate) fn lock(text: &str, new: &NewVersions<'_>) -> Result<Vec<Edit>, Wrong> {
    let leaves = leaves(text)?;
    let named: Vec<(&str, &str)> = leaves
        .iter()
        .filter_map(|leaf| match leaf.keys.as_slice() {
            [packages, path, name] if packages == "packages" && name == "name" => {
                Some((path.as_str(), text.get(leaf.at.clone())?))
            }
            _ => None,
        })
        .collect();
    let own = |path: &str| {
        let name = named.iter().find(|(at, _)| *at == path).map(|(_, name)| *name);
        name.and_then(|name| new.names.get(name))
    };
    let mut edits = Vec::new();
    for leaf in &leaves {
        let edit = match leaf.keys.as_slice() {
            [key] if key == "version" => {
                new.version.map(|version| Edit::new(leaf.at.clone(), version.to_string()))
            }
            [packages, path, key]
                if packages == "packages" && key == "version" && path.is_empty() =>
            {
                new.version.map(|version| Edit::new(leaf.at.clone(), version.to_string()))
            }
            [packages, path, key]
                if packages == "packages"
                    && key == "version"
                    && !path.contains("node_modules/") =>
            {
                own(path).map(|version| Edit::new(leaf.at.clone(), version.to_string()))
            }
            [packages, path, kind, name]
                if packages == "packages"
                    && DEPENDENCIES.contains(&kind.as_str())
                    && !path.contains("node_modules/") =>
            {
                asked(text, leaf, name, new)
            }
            _ => None,
        };
        edits.extend(edit);
    }
    Ok(edits)
}

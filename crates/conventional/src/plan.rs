use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;

use crate::{Bump, Change, Component, Group, Next, NextError, Past, Rules, next, next::number};

/// Where a component stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The component.
    pub component: Component,
    /// What was released of it.
    pub past: Past,
    /// What changed since then, the newest first.
    pub changes: Vec<Change>,
}

/// A version that a component shall have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// The component.
    pub component: String,
    /// The version before.
    pub previous: Option<Version>,
    /// The version.
    pub version: Version,
    /// Why.
    pub cause: Cause,
    /// What asks for it.
    pub next: Next,
}

/// Why a component has a new version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// Its own changes.
    Changes,
    /// Components that it is made of have new versions.
    Dependencies(Vec<String>),
    /// Another one of its group has this version.
    Linked(String),
}

/// The versions that components shall have, in their order. One that has none is left as it is.
///
/// # Errors
/// Those of [`next`].
pub fn plan(standings: &[Standing], groups: &[Group]) -> Result<Vec<Planned>, NextError> {
    let mut planned: BTreeMap<String, Planned> = BTreeMap::new();
    for standing in standings {
        let next = next(&standing.past, &standing.changes, &standing.component.rules)?;
        if let Some(version) = next.version.clone() {
            insert(&mut planned, standing, version, Cause::Changes, next);
        }
    }
    // Each round adds a component or raises one of a group to its highest; neither goes on for ever.
    while dependents(standings, &mut planned) || linked(standings, groups, &mut planned) {}
    let order = standings.iter().map(|standing| &standing.component.name);
    Ok(order.filter_map(|name| planned.remove(name)).collect())
}

fn insert(
    planned: &mut BTreeMap<String, Planned>,
    standing: &Standing,
    version: Version,
    cause: Cause,
    next: Next,
) {
    let component = standing.component.name.clone();
    let previous = standing.past.prereleases.iter().chain(&standing.past.last).max().cloned();
    planned.insert(component.clone(), Planned { component, previous, version, cause, next });
}

/// A patch for each component that is made of one with a new version, and has none itself.
fn dependents(standings: &[Standing], planned: &mut BTreeMap<String, Planned>) -> bool {
    let mut any = false;
    for standing in standings {
        if planned.contains_key(&standing.component.name) {
            continue;
        }
        let on = standing.component.depends_on.iter();
        let on: Vec<_> = on.filter(|name| planned.contains_key(*name)).cloned().collect();
        if on.is_empty() {
            continue;
        }
        let rules = &standing.component.rules;
        let version = patch(&standing.past, rules);
        let next =
            Next { version: Some(version.clone()), bump: Some(Bump::Patch), reasons: Vec::new() };
        insert(planned, standing, version, Cause::Dependencies(on), next);
        any = true;
    }
    any
}

fn patch(past: &Past, rules: &Rules) -> Version {
    number(past, Bump::Patch, rules)
}

/// The highest version of a group for all of it.
fn linked(
    standings: &[Standing],
    groups: &[Group],
    planned: &mut BTreeMap<String, Planned>,
) -> bool {
    let mut any = false;
    for group in groups {
        let of_group = |planned: &&Planned| group.components.contains(&planned.component);
        let highest = planned.values().filter(of_group).max_by(|a, b| a.version.cmp(&b.version));
        let Some((version, leader)) = highest.map(|h| (h.version.clone(), h.component.clone()))
        else {
            continue;
        };
        for standing in standings.iter().filter(|s| group.components.contains(&s.component.name)) {
            let name = &standing.component.name;
            if planned.get(name).is_some_and(|planned| planned.version == version) {
                continue;
            }
            let none = Next { version: None, bump: None, reasons: Vec::new() };
            let next = planned.remove(name).map_or(none, |planned| planned.next);
            let next = Next { version: Some(version.clone()), ..next };
            insert(planned, standing, version.clone(), Cause::Linked(leader.clone()), next);
            any = true;
        }
    }
    any
}

use std::collections::BTreeMap;

use semver::Version;
use tidegate_conventional::{Change, Commit, Past, Standing, Versioning, changes, counted, next};
use tidegate_git::{Range, Repository, Tag};
use tidegate_release_file::{Package, Settings};

use super::write::told;
use crate::{args::ReleaseArgs, error::CliError};

/// A component with where it stands in the history.
pub(super) struct Found {
    pub(super) standing: Standing,
    /// The tag before, for comparisons.
    pub(super) previous_tag: Option<String>,
}

/// Where each component stands.
pub(super) fn of(
    repository: &Repository,
    settings: &Settings,
    args: &ReleaseArgs,
) -> Result<Vec<Found>, CliError> {
    let tags = repository.tags_reachable("HEAD").map_err(|error| told(&error))?;
    let all: Vec<_> = settings.packages.iter().map(|package| package.component.clone()).collect();
    let mut logs: BTreeMap<Option<String>, Vec<Commit>> = BTreeMap::new();
    let mut found = Vec::new();
    for package in &settings.packages {
        let tagged = Tagged::of(package, &tags);
        let mut since = |after: Option<String>| -> Result<Vec<Change>, CliError> {
            let after = after.or_else(|| settings.since.clone());
            if !logs.contains_key(&after) {
                logs.insert(after.clone(), log(repository, after.as_deref())?);
            }
            let commits = logs.get(&after).map(Vec::as_slice).unwrap_or_default();
            let own: Vec<_> =
                counted(&package.component, &all, commits).into_iter().cloned().collect();
            Ok(changes(&own))
        };
        let mut list = since(tagged.after.clone())?;
        if let Some(newest) = tagged.newest_of_channel {
            // Nothing new since the last pre-release: another one would be the same.
            let new = since(Some(newest))?;
            if next(&tagged.past, &new, &package.component.rules)
                .is_ok_and(|next| next.version.is_none())
            {
                list = Vec::new();
            }
        }
        list.splice(..0, asked(package, &tagged.past, args));
        let standing =
            Standing { component: package.component.clone(), past: tagged.past, changes: list };
        found.push(Found { standing, previous_tag: tagged.previous });
    }
    Ok(found)
}

/// What somebody asks for besides the commits. A setting that has come true asks for nothing any more.
fn asked(package: &Package, past: &Past, args: &ReleaseArgs) -> Option<Change> {
    let wanted = args.component.is_empty() || args.component.contains(&package.component.name);
    if let Some(version) = args.exactly.as_ref().filter(|_| wanted) {
        return Some(Change::asking(version.clone(), "--as"));
    }
    let set = package.release_as.as_ref()?;
    let newer = past.last.as_ref().is_none_or(|last| set > last);
    newer.then(|| Change::asking(set.clone(), "release-as"))
}

/// What tags say of a component.
struct Tagged {
    past: Past,
    /// The commit that changes count from.
    after: Option<String>,
    /// The tag that a comparison begins with.
    previous: Option<String>,
    /// The commit of the last pre-release on the channel that is asked for.
    newest_of_channel: Option<String>,
}

impl Tagged {
    fn of(package: &Package, tags: &[Tag]) -> Self {
        let form = &package.component.tag;
        let mut versions: Vec<(Version, &Tag)> =
            tags.iter().filter_map(|tag| Some((form.version(&tag.name)?, tag))).collect();
        versions.sort_by(|one, other| one.0.cmp(&other.0));
        let rules = &package.component.rules;
        let any = rules.versioning == Versioning::Prerelease;
        let last =
            versions.iter().rev().find(|(version, _)| any || version.pre.is_empty()).cloned();
        let later: Vec<_> = versions
            .iter()
            .filter(|(version, _)| last.as_ref().is_none_or(|(last, _)| version > last))
            .cloned()
            .collect();
        let on_channel = later.iter().rev().find(|(version, _)| {
            let channel = rules.channel.as_ref().map(tidegate_conventional::Channel::as_str);
            channel.is_some() && version.pre.as_str().split('.').next() == channel
        });
        let newest_of_channel = on_channel.map(|(_, tag)| tag.commit.to_string());
        let previous = on_channel.map(|(_, tag)| *tag).or(last.as_ref().map(|(_, tag)| *tag));
        Self {
            previous: previous.map(|tag| tag.name.clone()),
            after: last.as_ref().map(|(_, tag)| tag.commit.to_string()),
            past: Past {
                last: last.map(|(version, _)| version).or_else(|| package.last.clone()),
                prereleases: later.into_iter().map(|(version, _)| version).collect(),
            },
            newest_of_channel,
        }
    }
}

fn log(repository: &Repository, after: Option<&str>) -> Result<Vec<Commit>, CliError> {
    let commits = repository.commits(Range { after, to: "HEAD" }).map_err(|error| told(&error))?;
    let commit = |commit: tidegate_git::Commit| Commit {
        id: commit.id.to_string(),
        message: commit.message,
        paths: commit.paths,
        author: commit.author,
    };
    Ok(commits.into_iter().map(commit).collect())
}

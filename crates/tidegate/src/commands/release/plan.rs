use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;
use tidegate_conventional::{Cause, Change, Links, Planned, Release, notes, plan, style_of, write};
use tidegate_git::{Git, Head, Repository};
use tidegate_release_file::{Package, Settings};
use tidegate_units::Timestamp;

use super::{
    files::{self, FileChange},
    settings,
    standing::{self, Found},
    write::told,
};
use crate::{args::ReleaseArgs, error::CliError, times};

/// Which files are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Changelog,
    Versions,
}

/// All that a release comes to.
pub(super) struct Plan {
    pub(super) repository: Repository,
    pub(super) head: Head,
    pub(super) releases: Vec<Made>,
    pub(super) files: Vec<FileChange>,
    pub(super) without_meaning: Vec<String>,
    /// Tags of the components that are at the last commit already.
    pub(super) tags_here: Vec<String>,
}

/// One component's release.
pub(super) struct Made {
    pub(super) planned: Planned,
    pub(super) tag: Option<String>,
    pub(super) previous_tag: Option<String>,
    pub(super) changes: Vec<Change>,
    pub(super) notes: String,
    pub(super) package: Package,
}

/// The plan as it is told to programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told<'a> {
    releases: Vec<ToldRelease<'a>>,
    files: Vec<ToldFile<'a>>,
    commit_message: Option<String>,
    settings_without_meaning: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldRelease<'a> {
    component: &'a str,
    previous: Option<&'a Version>,
    version: &'a Version,
    tag: Option<&'a str>,
    previous_tag: Option<&'a str>,
    cause: &'a Cause,
    bump: Option<tidegate_conventional::Bump>,
    reasons: &'a [tidegate_conventional::Reason],
    changes: &'a [Change],
    notes: &'a str,
}

#[derive(Serialize)]
struct ToldFile<'a> {
    path: &'a str,
    diff: String,
}

impl Plan {
    /// What follows from what is committed and tagged.
    pub(super) fn make(args: &ReleaseArgs) -> Result<Self, CliError> {
        let git = Git::find().map_err(|error| told(&error))?;
        let repository = Repository::open(&git, &args.path).map_err(|error| told(&error))?;
        let head = repository.head().map_err(|error| told(&error))?;
        repository.needs_history().map_err(|error| told(&error))?;
        let mut settings = settings::of(&repository, args)?;
        let tree = files::Tree::read(&repository)?;
        if settings.follows {
            files::link(&tree, &mut settings.packages);
        }
        known(args, &settings)?;
        let found = standing::of(&repository, &settings, args)?;
        let standings: Vec<_> = found.iter().map(|found| found.standing.clone()).collect();
        let planned = plan(&standings, &settings.groups).map_err(|error| {
            CliError::failed(error.to_string())
                .hint("take the footer back, or name a later version by --as")
        })?;
        let wanted = |planned: &Planned| {
            args.component.is_empty() || args.component.contains(&planned.component)
        };
        let planned: Vec<_> = planned.into_iter().filter(wanted).collect();
        let tags_here = tags_here(&repository, &head, &settings)?;
        let mut plan = Self {
            releases: releases(&planned, &settings, &found),
            repository,
            head,
            files: Vec::new(),
            without_meaning: settings.without_meaning,
            tags_here,
        };
        plan.write_down(&tree, args)?;
        Ok(plan)
    }

    /// The same with the files of one part alone.
    pub(super) fn only(mut self, part: Part) -> Self {
        self.files.retain(|file| file.part == part);
        self
    }

    /// The changelogs, the notes, and the files with versions.
    fn write_down(&mut self, tree: &files::Tree, args: &ReleaseArgs) -> Result<(), CliError> {
        let remote = self.repository.remote_url(&args.remote).map_err(|error| told(&error))?;
        let versions: BTreeMap<String, Version> = self
            .releases
            .iter()
            .map(|made| (made.planned.component.clone(), made.planned.version.clone()))
            .collect();
        let mut days = Vec::new();
        for made in &mut self.releases {
            let links = made.links(remote.as_deref());
            let path = made
                .package
                .changelog
                .as_deref()
                .map(|path| files::joined(&made.package.folder, path))
                .transpose()?;
            let day = path
                .as_deref()
                .and_then(|path| files::day_begun(&self.repository, path, &made.planned.version));
            let day = day.unwrap_or_else(today);
            days.push(day.clone());
            let own: Vec<_> =
                made.changes.iter().filter(|change| change.is_of_commit()).cloned().collect();
            let dependencies = match &made.planned.cause {
                Cause::Dependencies(on) => on
                    .iter()
                    .filter_map(|name| Some((name.clone(), versions.get(name)?.clone())))
                    .collect(),
                Cause::Changes | Cause::Linked(_) => Vec::new(),
            };
            let tag = made.package.component.tag.name(&made.planned.version);
            let release = Release {
                version: &made.planned.version,
                tag: &tag,
                previous_tag: made.previous_tag.as_deref(),
                day: &day,
                changes: &own,
                sections: &made.package.component.rules.sections,
                dependencies: &dependencies,
                links: links.as_ref(),
                authors: made.package.authors,
            };
            made.notes = notes(&release);
            if let Some(path) = path {
                let before = tree.text(&self.repository, &path)?;
                let text = before.as_deref().unwrap_or_default();
                let after = write(text, &release, style_of(text));
                self.files.push(FileChange { path, before, after, part: Part::Changelog });
            }
        }
        let day = days.first().map(String::as_str).unwrap_or_default();
        self.files.extend(files::versions(&self.repository, tree, &self.releases, day)?);
        Ok(())
    }

    /// The commit's message; none where no file changes.
    pub(super) fn message(&self) -> Option<String> {
        if self.files.is_empty() {
            return None;
        }
        let line = |made: &Made| match made.planned.component.as_str() {
            "." => made.planned.version.to_string(),
            name => format!("{name} {}", made.planned.version),
        };
        let list: Vec<_> = self.releases.iter().map(line).collect();
        Some(format!("chore(release): {}", list.join(", ")))
    }

    pub(super) fn told(&self) -> Told<'_> {
        let release = |made| {
            let Made { planned, tag, previous_tag, changes, notes, .. }: &Made = made;
            ToldRelease {
                component: &planned.component,
                previous: planned.previous.as_ref(),
                version: &planned.version,
                tag: tag.as_deref(),
                previous_tag: previous_tag.as_deref(),
                cause: &planned.cause,
                bump: planned.next.bump,
                reasons: &planned.next.reasons,
                changes,
                notes,
            }
        };
        Told {
            releases: self.releases.iter().map(release).collect(),
            files: self
                .files
                .iter()
                .map(|file| ToldFile { path: &file.path, diff: file.diff() })
                .collect(),
            commit_message: self.message(),
            settings_without_meaning: &self.without_meaning,
        }
    }
}

impl Made {
    fn links(&self, remote: Option<&str>) -> Option<Links> {
        let remote = remote?;
        match &self.package.host {
            None => Links::of_remote(remote),
            Some(host) => {
                let own = Links::of_remote(remote)?;
                Some(own.at_host(host))
            }
        }
    }
}

/// Refuses names that are no components'.
fn known(args: &ReleaseArgs, settings: &Settings) -> Result<(), CliError> {
    let names: Vec<_> =
        settings.packages.iter().map(|package| package.component.name.as_str()).collect();
    match args.component.iter().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(CliError::new(
            crate::error::ErrorKind::Usage,
            format!("there is no component {name}"),
        )
        .hint(format!("those of this repository: {}", names.join(", ")))),
    }
}

fn releases(planned: &[Planned], settings: &Settings, found: &[Found]) -> Vec<Made> {
    let of = |planned: &Planned| {
        let all = settings.packages.iter().zip(found);
        let (package, found) =
            all.into_iter().find(|(package, _)| package.component.name == planned.component)?;
        Some(Made {
            planned: planned.clone(),
            tag: package.tagged.then(|| package.component.tag.name(&planned.version)),
            previous_tag: found.previous_tag.clone(),
            changes: found.standing.changes.clone(),
            notes: String::new(),
            package: package.clone(),
        })
    };
    planned.iter().filter_map(of).collect()
}

fn tags_here(
    repository: &Repository,
    head: &Head,
    settings: &Settings,
) -> Result<Vec<String>, CliError> {
    let tags = repository.tags_reachable("HEAD").map_err(|error| told(&error))?;
    let ours = |name: &str| {
        settings.packages.iter().any(|package| package.component.tag.version(name).is_some())
    };
    let here = tags.into_iter().filter(|tag| tag.commit == head.commit && ours(&tag.name));
    Ok(here.map(|tag| tag.name).collect())
}

/// The day by this machine's clock, or by `SOURCE_DATE_EPOCH`, which builds are made reproducible by.
fn today() -> String {
    let set =
        std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|set| set.trim().parse::<i64>().ok());
    let now = set.map_or_else(times::now, |set| Timestamp::from_millis(set.saturating_mul(1000)));
    now.to_string().chars().take(10).collect()
}

use semver::{BuildMetadata, Prerelease, Version};
use serde::Serialize;

use crate::{Bump, Change, Channel, Rules, Versioning};

/// What was released before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The last version that the changes come after: a release, or with [`Versioning::Prerelease`] any version.
    pub last: Option<Version>,
    /// The pre-releases after it.
    pub prereleases: Vec<Version>,
}

/// The next version, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Next {
    /// The version; none where nothing asks for one.
    pub version: Option<Version>,
    /// The greatest of what is asked for.
    pub bump: Option<Bump>,
    /// Every change that asks for something, in their order.
    pub reasons: Vec<Reason>,
}

/// A change that asks for a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// The commit.
    pub commit: String,
    /// Its description, with its type and scope.
    pub change: String,
    /// What it asks for.
    pub bump: Bump,
    /// Why.
    pub why: Why,
}

/// Why a change asks for a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// It breaks something.
    Breaking,
    /// It is something new.
    Feature,
    /// People are told of its type.
    Told,
    /// It says so itself, by `Release-As`.
    ReleaseAs(Version),
}

/// Why there is no next version though changes ask for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NextError {
    /// What was asked for is not later.
    #[error("Release-As: {asked} of {commit} is not later than {last}, which was released already")]
    NotLater {
        /// What was asked for.
        asked: Version,
        /// The commit that did, or who else.
        commit: String,
        /// What was released.
        last: Version,
    },
}

/// The next version after `past`, with `changes` that are new since then, the newest first.
///
/// # Errors
/// [`NextError::NotLater`].
pub fn next(past: &Past, changes: &[Change], rules: &Rules) -> Result<Next, NextError> {
    let reasons: Vec<_> = changes.iter().filter_map(|change| reason(change, rules)).collect();
    let bump = reasons.iter().map(|reason| reason.bump).max();
    let version = match asked(&reasons) {
        Some((asked, commit)) => Some(later(past, asked, commit)?),
        None => bump.map(|bump| number(past, bump, rules)),
    };
    Ok(Next { version, bump, reasons })
}

/// What a change asks for, if for anything.
fn reason(change: &Change, rules: &Rules) -> Option<Reason> {
    let told = rules.section(&change.kind).is_some_and(|section| !section.hidden);
    let (bump, why) = if let Some(version) = &change.release_as {
        (Bump::Patch, Why::ReleaseAs(version.clone()))
    } else if change.breaking.is_some() {
        (Bump::Major, Why::Breaking)
    } else if told && matches!(change.kind.as_str(), "feat" | "feature") {
        (Bump::Minor, Why::Feature)
    } else if told {
        (Bump::Patch, Why::Told)
    } else {
        return None;
    };
    let scope = change.scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
    let mark = if change.breaking.is_some() { "!" } else { "" };
    let text = if change.is_of_commit() {
        format!("{}{scope}{mark}: {}", change.kind, change.description)
    } else {
        change.description.clone()
    };
    Some(Reason { commit: change.commit.clone(), change: text, bump, why })
}

/// What the newest change that names a version names.
fn asked(reasons: &[Reason]) -> Option<(Version, String)> {
    reasons.iter().find_map(|reason| match &reason.why {
        Why::ReleaseAs(version) => Some((version.clone(), reason.commit.clone())),
        _ => None,
    })
}

fn later(past: &Past, asked: Version, commit: String) -> Result<Version, NextError> {
    let last = past.last.iter().chain(&past.prereleases).max();
    match last {
        Some(last) if asked <= *last => {
            Err(NextError::NotLater { asked, commit, last: last.clone() })
        }
        _ => Ok(asked),
    }
}

pub(crate) fn number(past: &Past, bump: Bump, rules: &Rules) -> Version {
    let Some(last) = past.last.as_ref().or(past.prereleases.iter().max()) else {
        return on_channel(rules.initial.clone(), past, rules.channel.as_ref());
    };
    let bump = allowed(last, bump, rules);
    match rules.versioning {
        Versioning::Prerelease => prerelease(last, bump, rules),
        _ => on_channel(raised(last, bump), past, rules.channel.as_ref()),
    }
}

/// Before 1.0.0 versions mean less, and rules may ask for less.
fn allowed(last: &Version, bump: Bump, rules: &Rules) -> Bump {
    if let Versioning::Always(bump) = rules.versioning {
        return bump;
    }
    match bump {
        Bump::Major if last.major == 0 && rules.bump_minor_pre_major => Bump::Minor,
        Bump::Minor if last.major == 0 && rules.bump_patch_for_minor_pre_major => Bump::Patch,
        bump => bump,
    }
}

/// The release after `last`. That of a pre-release is its own number, where that is enough for what is asked.
fn raised(last: &Version, bump: Bump) -> Version {
    let Version { major, minor, patch, .. } = *last;
    let of_its_own = !last.pre.is_empty()
        && match bump {
            Bump::Patch => true,
            Bump::Minor => patch == 0,
            Bump::Major => patch == 0 && minor == 0,
        };
    if of_its_own {
        return Version::new(major, minor, patch);
    }
    match bump {
        Bump::Patch => Version::new(major, minor, patch + 1),
        Bump::Minor => Version::new(major, minor + 1, 0),
        Bump::Major => Version::new(major + 1, 0, 0),
    }
}

/// `2.0.0-beta.3` after `2.0.0-beta.2`, and `2.0.0-beta.1` where there is none of this version on the channel.
fn on_channel(release: Version, past: &Past, channel: Option<&Channel>) -> Version {
    let Some(channel) = channel else { return release };
    // Who follows the channel has the highest of it already; a change that was taken back since does not lead them back.
    let of_channel =
        |version: &&Version| version.pre.as_str().split('.').next() == Some(channel.as_str());
    let highest = past.prereleases.iter().filter(of_channel).max();
    let highest = highest.map(|version| Version::new(version.major, version.minor, version.patch));
    let release = highest.into_iter().fold(release, Version::max);
    let same = |version: &&Version| {
        (version.major, version.minor, version.patch)
            == (release.major, release.minor, release.patch)
    };
    let numbers = past.prereleases.iter().filter(same).filter_map(|version| {
        let rest = version.pre.as_str().strip_prefix(channel.as_str())?.strip_prefix('.')?;
        rest.parse::<u64>().ok()
    });
    let number = numbers.max().unwrap_or(0) + 1;
    let pre = format!("{}.{number}", channel.as_str());
    // A channel's name has only what a pre-release may have.
    Version { pre: Prerelease::new(&pre).unwrap_or_default(), ..release }
}

/// As release-please's strategy of this name.
fn prerelease(last: &Version, bump: Bump, rules: &Rules) -> Version {
    let Version { major, minor, patch, .. } = *last;
    let stays = match bump {
        Bump::Patch => true,
        Bump::Minor => patch == 0,
        Bump::Major => patch == 0 && minor == 0,
    };
    let next = if last.pre.is_empty() {
        let pre = rules.channel.as_ref().and_then(|channel| Prerelease::new(channel.as_str()).ok());
        Version { pre: pre.unwrap_or_default(), ..raised(last, bump) }
    } else if stays {
        Version { pre: raised_text(last.pre.as_str()), build: BuildMetadata::EMPTY, ..last.clone() }
    } else {
        // More than the pre-release stands for.
        raised(&Version::new(major, minor, patch), bump)
    };
    if !rules.prerelease {
        return Version::new(next.major, next.minor, next.patch);
    }
    if !last.pre.is_empty() && !stays {
        return Version { pre: last.pre.clone(), ..next };
    }
    next
}

/// The last number in a pre-release, one higher and as long; `.1` where it has none.
fn raised_text(pre: &str) -> Prerelease {
    let end = pre.rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1);
    let text = end.map_or_else(
        || format!("{pre}.1"),
        |end| {
            let (head, tail) = pre.split_at(end);
            let begin = head.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
            let (head, digits) = head.split_at(begin);
            let number = digits.parse::<u64>().unwrap_or(0).saturating_add(1);
            format!("{head}{number:0width$}{tail}", width = digits.len())
        },
    );
    Prerelease::new(&text).unwrap_or_default()
}

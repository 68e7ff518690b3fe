use serde::Serialize;

/// How much a change asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Bump {
    /// A fix.
    Patch,
    /// Something new.
    Minor,
    /// Something that breaks.
    Major,
}

/// A part of a changelog, and the type of the changes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The type.
    pub kind: String,
    /// The heading.
    pub title: String,
    /// Whether its changes are told only when they break something. Those that are hidden ask for no release.
    pub hidden: bool,
}

/// How the number is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// By the greatest of the changes.
    Default,
    /// Always the same.
    Always(Bump),
    /// As release-please's strategy `prerelease`: the last number of a pre-release goes up until the changes ask
    /// for more than it stands for.
    Prerelease,
}

/// A line of pre-releases: `beta` of `2.0.0-beta.1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel(String);

impl Channel {
    /// The channel of a name, which has letters, digits and dashes, and is no number.
    pub fn new(name: &str) -> Option<Self> {
        let written = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let number = name.chars().all(|c| c.is_ascii_digit());
        (!name.is_empty() && written && !number).then(|| Self(name.to_owned()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How versions follow from changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The parts of a changelog, in their order.
    pub sections: Vec<Section>,
    /// How the number is chosen.
    pub versioning: Versioning,
    /// Before 1.0.0 what breaks asks for a minor version (`bump-minor-pre-major`).
    pub bump_minor_pre_major: bool,
    /// Before 1.0.0 what is new asks for a patch (`bump-patch-for-minor-pre-major`).
    pub bump_patch_for_minor_pre_major: bool,
    /// The line of pre-releases to go on with; releases where there is none.
    pub channel: Option<Channel>,
    /// Whether what comes of [`Versioning::Prerelease`] is a pre-release; else its release.
    pub prerelease: bool,
    /// The first version, where none was released before.
    pub initial: semver::Version,
}

impl Rules {
    /// What breaks before 1.0.0 asks for a minor version: to leave 0.x is decided by people, with `Release-As: 1.0.0`.
    pub fn usual() -> Self {
        Self {
            sections: Section::usual(),
            versioning: Versioning::Default,
            bump_minor_pre_major: true,
            bump_patch_for_minor_pre_major: false,
            channel: None,
            prerelease: false,
            initial: semver::Version::new(0, 1, 0),
        }
    }

    /// The section of a type.
    pub fn section(&self, kind: &str) -> Option<&Section> {
        let kind = if kind == "feature" { "feat" } else { kind };
        self.sections.iter().find(|section| section.kind == kind)
    }
}

impl Section {
    fn new(kind: &str, title: &str, hidden: bool) -> Self {
        Self { kind: kind.to_owned(), title: title.to_owned(), hidden }
    }

    /// The sections of the preset `conventionalcommits`.
    pub fn usual() -> Vec<Self> {
        vec![
            Self::new("feat", "Features", false),
            Self::new("fix", "Bug Fixes", false),
            Self::new("perf", "Performance Improvements", false),
            Self::new("revert", "Reverts", false),
            Self::new("chore", "Miscellaneous Chores", true),
            Self::new("docs", "Documentation", true),
            Self::new("style", "Styles", true),
            Self::new("refactor", "Code Refactoring", true),
            Self::new("test", "Tests", true),
            Self::new("build", "Build System", true),
            Self::new("ci", "Continuous Integration", true),
        ]
    }
}

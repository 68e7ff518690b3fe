//! Whether an event starts a workflow, and why not.

use crate::trigger::{EventTrigger, Filters, Triggers};

/// Something that happened in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name: `push`, `pull_request`, ...
    pub name: String,
    /// What happened: `opened`; of `repository_dispatch`, what its sender called it.
    pub action: Option<String>,
    /// What its filters are about: the branch or tag that was pushed, the branch that a change is
    /// to go to, the branch that another workflow ran on.
    pub reference: Option<Reference>,
    /// Whether that is gone, by this event.
    pub deleted: bool,
    /// Changed files; `None` where it is not known which, and then each filter of paths holds.
    pub paths: Option<Vec<String>>,
    /// The name of the workflow that ran, of `workflow_run`.
    pub workflow: Option<String>,
    /// Name and version of the image, of `image_version`.
    pub image: Option<(String, String)>,
    /// The message of the last commit, which may say that nothing is to run.
    pub message: Option<String>,
    /// The times as a workflow has them, of `schedule`.
    pub schedule: Option<String>,
}

/// A branch or a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A branch, by its name.
    Branch(String),
    /// A tag, by its name.
    Tag(String),
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "branch {name}"),
            Self::Tag(name) => write!(f, "tag {name}"),
        }
    }
}

/// Why an event does not start a workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    /// The workflow does not name the event.
    #[error("the workflow is not started by {0}")]
    Event(String),
    /// It is of an activity that the workflow does not name.
    #[error("the activity {found} is none of {wanted}")]
    Activity {
        /// The activity.
        found: String,
        /// Those that are named, or that are meant where none is.
        wanted: String,
    },
    /// No filter takes the branch or tag in.
    #[error("no filter takes in the {0}")]
    NotTaken(Reference),
    /// A filter takes the branch or tag out.
    #[error("the {reference} is taken out by `{pattern}`")]
    TakenOut {
        /// The branch or tag.
        reference: Reference,
        /// The pattern.
        pattern: String,
    },
    /// No changed file is one that the workflow names, or all are ones that it leaves out.
    #[error("none of {0} changed files is meant by its filters of paths")]
    Paths(usize),
    /// The other workflow is none that it waits for.
    #[error("the workflow {0} is none that it waits for")]
    Workflow(String),
    /// The image or its version is none that it names.
    #[error("the image {0} is none that it names")]
    Image(String),
    /// The last commit says that nothing is to run.
    #[error("the message of the last commit says {0}")]
    Message(&'static str),
    /// A branch or tag that is gone starts nothing.
    #[error("a branch or tag that is deleted starts nothing by push")]
    Deleted,
}

/// What a commit says so that nothing runs.
const SKIPS: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

impl Reference {
    /// The branch or tag of `refs/heads/...` or `refs/tags/...`.
    pub fn named(reference: &str) -> Option<Self> {
        let branch =
            reference.strip_prefix("refs/heads/").map(|name| Self::Branch(name.to_owned()));
        branch
            .or_else(|| reference.strip_prefix("refs/tags/").map(|name| Self::Tag(name.to_owned())))
    }
}

/// The activities by which an event starts a workflow that names none; `None` where all do.
pub fn default_activities(event: &str) -> Option<&'static [&'static str]> {
    match event {
        "pull_request" | "pull_request_target" => Some(&["opened", "synchronize", "reopened"]),
        _ => None,
    }
}

impl Triggers {
    /// Whether `event` starts the workflow.
    pub fn started_by(&self, event: &Event) -> Result<(), NotStarted> {
        let unnamed = || NotStarted::Event(event.name.clone());
        let trigger = self.event(&event.name).ok_or_else(unnamed)?;
        if let Some(times) = &event.schedule
            && !self.schedules.iter().any(|schedule| schedule.cron.text() == times)
        {
            return Err(unnamed());
        }
        activity(trigger, event)?;
        if matches!(&*event.name, "push" | "pull_request") {
            said(event)?;
        }
        let filters = &trigger.filters;
        reference(filters, event)?;
        paths(filters, event)?;
        others(filters, event)
    }
}

fn activity(trigger: &EventTrigger, event: &Event) -> Result<(), NotStarted> {
    let Some(found) = &event.action else { return Ok(()) };
    let wanted: Vec<&str> = match (&trigger.filters.types, default_activities(&event.name)) {
        (Some(types), _) => types.iter().map(String::as_str).collect(),
        (None, Some(activities)) => activities.to_vec(),
        (None, None) => return Ok(()),
    };
    if wanted.contains(&found.as_str()) {
        return Ok(());
    }
    Err(NotStarted::Activity { found: found.clone(), wanted: wanted.join(", ") })
}

/// Whether the last commit says that nothing is to run.
fn said(event: &Event) -> Result<(), NotStarted> {
    let Some(message) = &event.message else { return Ok(()) };
    let trailer = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        name == "skip-checks" && value.trim() == "true"
    };
    let word = SKIPS.into_iter().find(|word| message.contains(word));
    match word.or_else(|| message.lines().any(trailer).then_some("skip-checks: true")) {
        Some(word) => Err(NotStarted::Message(word)),
        None => Ok(()),
    }
}

fn reference(filters: &Filters, event: &Event) -> Result<(), NotStarted> {
    if event.name == "push" && event.deleted {
        return Err(NotStarted::Deleted);
    }
    let Some(reference) = &event.reference else { return Ok(()) };
    let branches = (filters.branches.as_ref(), filters.branches_ignore.as_ref());
    let tags = (filters.tags.as_ref(), filters.tags_ignore.as_ref());
    let (name, (taken, ignored), other) = match reference {
        Reference::Branch(name) => (name, branches, tags),
        Reference::Tag(name) => (name, tags, branches),
    };
    // Who names tags alone means tags alone, and the other way round.
    let elsewhere =
        (other.0.is_some() || other.1.is_some()) && taken.is_none() && ignored.is_none();
    if elsewhere || taken.is_some_and(|taken| !taken.matches(name)) {
        return Err(NotStarted::NotTaken(reference.clone()));
    }
    let out = ignored.filter(|ignored| ignored.matches(name)).and_then(|out| out.decides(name));
    match out {
        None => Ok(()),
        Some(pattern) => {
            Err(NotStarted::TakenOut { reference: reference.clone(), pattern: pattern.to_owned() })
        }
    }
}

/// One changed file that is meant is enough; tags have no changed files.
fn paths(filters: &Filters, event: &Event) -> Result<(), NotStarted> {
    let Some(paths) = &event.paths else { return Ok(()) };
    if matches!(event.reference, Some(Reference::Tag(_))) {
        return Ok(());
    }
    let taken =
        filters.paths.as_ref().is_none_or(|taken| paths.iter().any(|path| taken.matches(path)));
    let ignored = filters.paths_ignore.as_ref();
    let left = ignored.is_none_or(|ignored| paths.iter().any(|path| !ignored.matches(path)));
    if taken && left { Ok(()) } else { Err(NotStarted::Paths(paths.len())) }
}

fn others(filters: &Filters, event: &Event) -> Result<(), NotStarted> {
    if let (Some(names), Some(name)) = (&filters.workflows, &event.workflow)
        && !names.contains(name)
    {
        return Err(NotStarted::Workflow(name.clone()));
    }
    if let Some((name, version)) = &event.image {
        let is = |patterns: &Option<crate::Patterns>, text: &str| {
            patterns.as_ref().is_none_or(|patterns| patterns.matches(text))
        };
        if !is(&filters.names, name) || !is(&filters.versions, version) {
            return Err(NotStarted::Image(format!("{name}:{version}")));
        }
    }
    Ok(())
}

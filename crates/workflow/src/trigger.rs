//! What starts a workflow, as `on` has it.

use std::sync::Arc;

use tidegate_units::Timestamp;

use crate::call::{Input, Interface};
use crate::cron::Cron;
use crate::pattern::Patterns;
use crate::place::{Place, Placed};

/// What starts a workflow.
#[derive(Clone, Debug, Default)]
pub struct Triggers {
    /// Events, each once, in the order of the file; schedules, dispatches and calls are among them.
    pub events: Vec<EventTrigger>,
    /// The times of `schedule`.
    pub schedules: Vec<Schedule>,
    /// The inputs of `workflow_dispatch`; `None` where nobody can start it by hand.
    pub dispatch: Option<Vec<Input>>,
    /// What callers see of it; `None` where no other workflow can call it.
    pub call: Option<Interface>,
}

/// An event that starts a workflow, and which of its kind.
#[derive(Clone, Debug)]
pub struct EventTrigger {
    /// Where its name stands.
    pub place: Place,
    /// Its name: `push`, `pull_request`, ...
    pub name: Arc<str>,
    /// Which of its kind.
    pub filters: Filters,
}

/// Which of the events of one name start a workflow; where nothing is written, all do.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Branches that are meant.
    pub branches: Option<Patterns>,
    /// Branches that are not.
    pub branches_ignore: Option<Patterns>,
    /// Tags that are meant.
    pub tags: Option<Patterns>,
    /// Tags that are not.
    pub tags_ignore: Option<Patterns>,
    /// Changed files of which one has to be there.
    pub paths: Option<Patterns>,
    /// Changed files beside which another one has to be there.
    pub paths_ignore: Option<Patterns>,
    /// What happened; of `repository_dispatch`, what its sender called it.
    pub types: Option<Vec<String>>,
    /// Names of the workflows whose runs are meant, of `workflow_run`.
    pub workflows: Option<Vec<String>>,
    /// Names of the images that are meant, of `image_version`.
    pub names: Option<Patterns>,
    /// Versions of the images that are meant, of `image_version`.
    pub versions: Option<Patterns>,
}

/// A time at which a workflow starts.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Where it stands.
    pub place: Place,
    /// When.
    pub cron: Cron,
    /// The time zone, as it is written.
    pub zone: Option<Placed<String>>,
}

impl Triggers {
    /// The first time after `after` that a schedule names, and which schedules name it.
    pub fn next(&self, after: Timestamp) -> Option<(Timestamp, Vec<&Schedule>)> {
        let times = self.schedules.iter().filter_map(|one| Some((one.cron.next(after)?, one)));
        let times: Vec<(Timestamp, &Schedule)> = times.collect();
        let first = times.iter().map(|(at, _)| *at).min()?;
        let those = times.into_iter().filter(|(at, _)| *at == first).map(|(_, one)| one).collect();
        Some((first, those))
    }

    /// The event of that name.
    pub fn event(&self, name: &str) -> Option<&EventTrigger> {
        self.events.iter().find(|event| *event.name == *name)
    }
}

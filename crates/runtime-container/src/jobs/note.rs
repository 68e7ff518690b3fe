//! What is written down of a job: how far it is, and how it ended.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tidegate_replicas::{
    Keep,
    jobs::{Ended, Tally},
    read_whole, write_whole,
};
use tidegate_units::Owner;

use crate::unit::ContainerId;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Note {
    pub(crate) owner: Owner,
    /// When its first attempt was due, since the epoch.
    pub(crate) began: Duration,
    pub(crate) tally: Tally,
    /// The number of its last attempt.
    pub(crate) last: u32,
    /// The attempts that have not ended: their containers by name.
    pub(crate) attempts: BTreeMap<u32, BTreeMap<String, Part>>,
    /// The images that all attempts run, by container.
    pub(crate) pins: BTreeMap<String, String>,
    pub(crate) end: Option<Ended>,
}

/// How far a container of an attempt is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// It is to be started, after so many failures.
    Due(u32),
    /// It was created, after so many failures; the engine knows whether it was started.
    Made(ContainerId, u32),
    /// It ended for good.
    Done(Result<(), String>),
}

/// A note and the file that it is in. What it says was written down before it is acted upon.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    note: Mutex<Note>,
}

impl Kept {
    /// The note in this file, or a new one, which is not written yet.
    ///
    /// # Errors
    /// When there may be a note, and it cannot be read.
    pub(crate) fn open(path: PathBuf, owner: &Owner) -> io::Result<Self> {
        let note = read_whole(&path)?.unwrap_or_else(|| Note {
            owner: owner.clone(),
            began: since_epoch(),
            tally: Tally::default(),
            last: 0,
            attempts: BTreeMap::new(),
            pins: BTreeMap::new(),
            end: None,
        });
        Ok(Self { path, note: Mutex::new(note) })
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Note) -> T) -> T {
        look(&self.note.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes it, and returns once that outlives a power failure.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Note)) -> io::Result<()> {
        let mut note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = note.clone();
        change(&mut next);
        write_whole(&self.path, &next, Keep::PowerFailure)?;
        *note = next;
        Ok(())
    }

    /// How long ago the job began.
    pub(crate) fn elapsed(&self) -> Duration {
        since_epoch().saturating_sub(self.look(|note| note.began))
    }

    pub(crate) fn part(&self, attempt: u32, container: &str) -> Part {
        let part = self.look(|note| note.attempts.get(&attempt)?.get(container).cloned());
        part.unwrap_or(Part::Due(0))
    }

    pub(crate) fn set_part(&self, attempt: u32, container: &str, part: Part) -> io::Result<()> {
        self.change(|note| {
            note.attempts.entry(attempt).or_default().insert(container.to_owned(), part);
        })
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// The name of an attempt of a job.
pub(crate) fn attempt(job: &str, number: u32) -> String {
    format!("{job}-{number}")
}

/// Of which job an attempt is.
pub(crate) fn job_of(attempt: &str) -> Option<&str> {
    let (job, number) = attempt.rsplit_once('-')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(job)
}

//! What containers write.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use tidegate_ports::LogChunk;
use tidegate_units::{Owner, OwnerKind, ReplicaId, RevisionHash};

use crate::{records::ReplicaRecord, settings::LogLimits};

mod file;
mod rotation;

pub(crate) use file::LogFile;
pub(crate) use rotation::rotate_again_and_again;

/// Keeps a log within its limits, of which no replica knows. Not for an async thread where the log
/// is long.
pub fn bound_log(path: &Path, limits: LogLimits) -> io::Result<()> {
    let log = LogFile::new(path.to_owned(), limits, Arc::default());
    match log.length() {
        Some(length) if length >= log.limit() => log.rotate(),
        _ => Ok(()),
    }
}

/// The folder of all logs: `NAMESPACE/ROLLOUT/REVISION/REPLICA/CONTAINER.log`.
#[derive(Clone, Debug)]
pub(crate) struct LogStore {
    folder: PathBuf,
    limits: LogLimits,
    turn: Arc<RwLock<()>>,
}

impl LogStore {
    /// The logs in this folder.
    pub(crate) fn new(folder: PathBuf, limits: LogLimits) -> Self {
        Self { folder, limits, turn: Arc::default() }
    }

    /// The log of a container.
    pub(crate) fn file(&self, replica: &Path, container: &str) -> LogFile {
        let path = replica.join(format!("{container}.log"));
        LogFile::new(path, self.limits, Arc::clone(&self.turn))
    }

    /// The folder of a revision.
    pub(crate) fn revision(&self, owner: &Owner, revision: &RevisionHash) -> PathBuf {
        // A rollout of the same name has a folder of its own: `~` can be in no name.
        let name = match owner.kind {
            OwnerKind::Rollout => owner.name.to_string(),
            other => format!("{}~{}", owner.name, other.word()),
        };
        self.folder.join(&*owner.namespace).join(name).join(revision.as_str())
    }

    /// The folder of a replica that is there.
    pub(crate) fn replica<S, P>(&self, record: &ReplicaRecord<S, P>) -> PathBuf {
        self.revision(&record.owner, &record.revision).join(record.id.as_str())
    }

    /// The folder of a replica, also of one that is gone.
    pub(crate) fn find(&self, replica: &ReplicaId) -> Option<PathBuf> {
        if !crate::records::is_file_name(replica.as_str()) {
            return None;
        }
        let mut level = vec![self.folder.clone()];
        for _ in 0..3 {
            level = level.iter().flat_map(|folder| entries(folder)).collect();
        }
        level
            .into_iter()
            .map(|revision| revision.join(replica.as_str()))
            .find(|folder| folder.is_dir())
    }
}

/// Of the replicas of a revision that are gone, keeps the logs of the last few.
pub(crate) fn prune(revision: &Path, there: impl Fn(&str) -> bool) {
    let mut gone: Vec<_> = entries(revision)
        .into_iter()
        .filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !there(name))
        })
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    gone.sort();
    for (_, path) in gone.iter().rev().skip(GONE_REPLICAS) {
        let _ = std::fs::remove_dir_all(path);
    }
}

/// The logs of so many replicas of a revision are kept after them: enough to see why the last ones
/// of a bad revision ended.
const GONE_REPLICAS: usize = 20;

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The first container's log of a replica that is gone: the one whose name sorts first.
pub(crate) fn any_container(replica: &Path) -> Option<String> {
    let mut names: Vec<String> = entries(replica)
        .into_iter()
        .filter_map(|path| Some(path.file_name()?.to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    names.sort();
    names.into_iter().next()
}

/// Reads a log as the query asks for it.
pub(crate) fn read(log: &LogFile, from: Option<u64>, tail: Option<usize>) -> io::Result<LogChunk> {
    match from {
        Some(from) => log.from(from),
        None => log.tail(tail.unwrap_or(usize::MAX)),
    }
}

use std::{
    collections::{BTreeSet, VecDeque},
    fs,
};

use tidegate_steering::{Meters, Tail, saved};
use tidegate_traffic::{Endpoint, RouteTable};
use tidegate_units::{Owner, RevisionHash};

use crate::{
    files::Files,
    log_line::{What, counts, cut_connection},
};

/// Connections whose answer was broken off that are remembered until their request is told of.
const CUTS: usize = 4096;
/// Complaints of one look that are passed on to our own log.
const COMPLAINTS: usize = 20;

/// A configuration of which there are still workers, or logs.
#[derive(Debug)]
pub(crate) struct Written {
    /// Its number.
    pub(crate) number: u64,
    /// What it was made of.
    pub(crate) table: RouteTable,
    /// The workers that follow it, once it is not the newest.
    pub(crate) workers: BTreeSet<u32>,
    access: Tail,
    errors: Tail,
    cuts: VecDeque<u64>,
}

impl Written {
    /// One that was just written.
    pub(crate) fn new(number: u64, table: RouteTable, files: &Files) -> Self {
        let (access, errors) = (Tail::new(files.access(number)), Tail::new(files.errors(number)));
        let (workers, cuts) = (BTreeSet::new(), VecDeque::new());
        Self { number, table, workers, access, errors, cuts }
    }

    /// One that is found. Whoever read its logs before has counted what is in them.
    pub(crate) fn found(number: u64, table: RouteTable, files: &Files) -> Self {
        Self {
            access: Tail::from_end(files.access(number)),
            errors: Tail::from_end(files.errors(number)),
            ..Self::new(number, table, files)
        }
    }

    /// Those that an earlier keeper left, beside the one of this number: their files say of which
    /// table they were made. Files that say nothing are removed.
    pub(crate) fn left(files: &Files, newest: u64) -> Vec<Self> {
        let entries = fs::read_dir(files.folder()).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let numbers: BTreeSet<u64> =
            names.filter_map(|name| name.split_once('.')?.0.parse().ok()).collect();
        let old = numbers.into_iter().filter(|&number| number != newest);
        old.filter_map(|number| {
            let table = saved::load(&files.table(number));
            if table.is_none() {
                forget(files, number);
            }
            Some(Self::found(number, table?, files))
        })
        .collect()
    }

    /// Counts what was written since the last look.
    pub(crate) fn count(&mut self, meters: &mut Meters) {
        let mut lines = Vec::new();
        self.access.read(|line| lines.push(line.to_owned()));
        // After it: a complaint is written before the line of the request that it is about.
        let (cuts, mut told) = (&mut self.cuts, 0);
        self.errors.read(|line| {
            if let Some(connection) = cut_connection(line) {
                if cuts.len() >= CUTS {
                    cuts.pop_front();
                }
                cuts.push_back(connection);
            }
            told += 1;
            if told <= COMPLAINTS {
                tracing::warn!("nginx: {line}");
            }
        });
        if told > COMPLAINTS {
            tracing::warn!("nginx: {} complaints more", told - COMPLAINTS);
        }
        for line in lines {
            for count in counts(&line, &self.table, |connection| self.cuts.contains(&connection)) {
                match count.what {
                    What::Request(outcome) => {
                        meters.record(count.owner, count.revision, count.at, outcome);
                    }
                    What::Copy(outcome) => {
                        meters.record_copy(count.owner, count.revision, count.at, outcome);
                    }
                    What::Dropped => meters.drop_copy(count.owner, count.revision, count.at),
                }
            }
        }
    }

    /// Every replica that it sends requests to.
    pub(crate) fn replicas(&self) -> impl Iterator<Item = (&Owner, &RevisionHash, &Endpoint)> {
        self.table.listeners.iter().flat_map(|listener| {
            listener.destinations.iter().flat_map(|destination| {
                let endpoints = destination.endpoints.iter();
                let owner = listener.owner_of(destination);
                endpoints.map(move |endpoint| (owner, &destination.revision, endpoint))
            })
        })
    }
}

/// Removes the files of a configuration.
pub(crate) fn forget(files: &Files, number: u64) {
    for path in [files.access(number), files.errors(number), files.table(number)] {
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "an old file could not be removed");
        }
    }
}

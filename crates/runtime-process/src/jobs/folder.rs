//! A job on the disk: what it is to run, whether it has begun, and how it ended.
//!
//! `job.json` is what it is to run; `lock` is held by its keeper, so it tells whether that is alive;
//! `begun` is there before the first process is; `stop` asks the keeper to end it; `end.json` is how
//! it ended. Each file is whole or not there.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use tidegate_replicas::{
    Keep, LogLimits, if_there,
    jobs::{Ended, Waits},
    private_folder, read_whole, write_whole,
};
use tidegate_units::Owner;
use tidegate_workload::{ConfigMap, ImageRule, JobSpec, Secret};

use crate::{
    cgroup::Places,
    identity::ProcessIdentity,
    settings::{ImageLimits, Launcher, ProcessSettings},
};

/// All that a keeper works from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Charge {
    pub(crate) name: String,
    pub(crate) owner: Owner,
    pub(crate) spec: JobSpec,
    pub(crate) config_maps: BTreeMap<String, ConfigMap>,
    /// This is why the file has mode 0600.
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) home: Home,
    /// Where its containers write.
    pub(crate) logs: PathBuf,
}

/// What all jobs of a data folder have alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Home {
    /// What marks the processes of jobs of this data folder.
    pub(crate) id: String,
    /// The folder of jobs.
    pub(crate) folder: PathBuf,
    /// Where claimed volumes are.
    pub(crate) claims: PathBuf,
    pub(crate) places: Places,
    images: Vec<ImageRule>,
    image_bytes: u64,
    image_entries: u64,
    working_folder: PathBuf,
    launcher: PathBuf,
    launcher_args: Vec<String>,
    log_bytes: u64,
    log_pieces: usize,
    first_wait: Duration,
    longest_wait: Duration,
}

impl Home {
    pub(crate) fn new(
        id: String,
        data: &Path,
        settings: &ProcessSettings,
        waits: Waits,
        places: Places,
    ) -> Self {
        Self {
            id,
            folder: data.join("jobs"),
            claims: data.join("claims"),
            places,
            images: settings.images.clone(),
            image_bytes: settings.image_limits.bytes,
            image_entries: settings.image_limits.entries,
            working_folder: settings.working_folder.clone(),
            launcher: settings.launcher.program.clone(),
            launcher_args: settings.launcher.args.clone(),
            log_bytes: settings.logs.file_bytes,
            log_pieces: settings.logs.rotated,
            first_wait: waits.first,
            longest_wait: waits.longest,
        }
    }

    /// The settings that the carrier is opened with.
    pub(crate) fn settings(&self) -> ProcessSettings {
        let program = self.launcher.clone();
        let launcher = Launcher { program, args: self.launcher_args.clone() };
        ProcessSettings {
            images: self.images.clone(),
            image_limits: ImageLimits { bytes: self.image_bytes, entries: self.image_entries },
            working_folder: self.working_folder.clone(),
            logs: self.log_limits(),
            ..ProcessSettings::new(self.folder.clone(), launcher)
        }
    }

    pub(crate) fn log_limits(&self) -> LogLimits {
        LogLimits { file_bytes: self.log_bytes, rotated: self.log_pieces }
    }

    pub(crate) fn waits(&self) -> Waits {
        Waits { first: self.first_wait, longest: self.longest_wait }
    }

    /// The folders of all jobs.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// The folder of one.
    pub(crate) fn job(&self, name: &str) -> JobFolder {
        JobFolder(self.work().join(name))
    }

    /// The names of all jobs that are known.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.work()).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| !name.starts_with('.')).collect()
    }
}

/// The folder of a job.
#[derive(Clone, Debug)]
pub(crate) struct JobFolder(pub(crate) PathBuf);

impl JobFolder {
    /// Makes it, whole or not at all; one that is there stays as it is.
    pub(crate) fn make(&self, charge: &Charge) -> io::Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        let above = self.0.parent().unwrap_or(&self.0);
        let draft = above.join(format!(".new-{}", charge.name));
        let _ = fs::remove_dir_all(&draft);
        private_folder(&draft)?;
        write_whole(&draft.join("job.json"), charge, Keep::PowerFailure)?;
        fs::rename(&draft, &self.0)?;
        File::open(above)?.sync_all()
    }

    pub(crate) fn charge(&self) -> io::Result<Charge> {
        Ok(serde_json::from_slice(&fs::read(self.0.join("job.json"))?)?)
    }

    /// The lock, if nobody else has it.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        let path = self.0.join("lock");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether its keeper is alive, or may be.
    pub(crate) fn is_kept(&self) -> bool {
        match if_there(File::open(self.0.join("lock"))) {
            Ok(Some(file)) => {
                let locked = flock(&file, FlockOperation::NonBlockingLockShared);
                locked == Err(rustix::io::Errno::WOULDBLOCK)
            }
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// Writes down who keeps it, before anything runs.
    pub(crate) fn begin(&self, keeper: &ProcessIdentity) -> io::Result<()> {
        write_whole(&self.0.join("begun.json"), keeper, Keep::PowerFailure)
    }

    /// Who keeps it, or did.
    pub(crate) fn begun(&self) -> io::Result<Option<ProcessIdentity>> {
        read_whole(&self.0.join("begun.json"))
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.join("begun.json").exists()
    }

    pub(crate) fn ask_to_stop(&self) -> io::Result<()> {
        File::create(self.0.join("stop")).map(drop)
    }

    /// Whether it is to end: it was asked to, or somebody removed it.
    pub(crate) fn is_to_stop(&self) -> bool {
        self.0.join("stop").exists() || !self.0.join("job.json").exists()
    }

    pub(crate) fn end(&self, ended: &Ended) -> io::Result<()> {
        write_whole(&self.0.join("end.json"), ended, Keep::PowerFailure)
    }

    /// How it ended. An error where it may have.
    pub(crate) fn ended(&self) -> io::Result<Option<Ended>> {
        read_whole(&self.0.join("end.json"))
    }

    /// Forgets it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        // First out of the way, so that no keeper finds it that has yet to begin.
        let name = self.0.file_name().and_then(|name| name.to_str()).unwrap_or("job");
        let gone = self.0.with_file_name(format!(".gone-{name}"));
        let _ = fs::remove_dir_all(&gone);
        fs::rename(&self.0, &gone)?;
        fs::remove_dir_all(&gone)
    }
}

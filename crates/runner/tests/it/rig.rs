use std::{collections::BTreeMap, path::PathBuf};

use tempfile::TempDir;
use tidegate_runner::{Cancel, Event, Job, JobSettings, Machine, MachineSettings, Step, StepEnd};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
};

/// A job on this machine, and what it tells.
pub(crate) struct Rig {
    pub(crate) job: Job,
    pub(crate) machine: Machine,
    pub(crate) root: PathBuf,
    told: JoinHandle<Vec<Event>>,
    _folder: TempDir,
}

/// What became of a step.
pub(crate) struct Seen {
    pub(crate) end: StepEnd,
    pub(crate) log: Vec<String>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut JobSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("job");
        let id = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        let mut settings = JobSettings {
            id,
            root: root.clone(),
            repository: "octo/site".to_owned(),
            ..JobSettings::default()
        };
        change(&mut settings);
        // Where the tests run in the background of a script they ignore the interrupt, and what they start could not hear it: what
        // is heard here is as new in what is started.
        drop(signal(SignalKind::interrupt()).unwrap());
        let machine = machine(&folder);
        let (sender, mut events) = mpsc::channel(8);
        let job = Job::prepare(&machine, settings, sender).unwrap();
        let told = tokio::spawn(async move {
            let mut told = Vec::new();
            while let Some(event) = events.recv().await {
                told.push(event);
            }
            told
        });
        Self { job, machine, root, told, _folder: folder }
    }

    /// Runs steps one after the other, and says what became of each.
    pub(crate) async fn run(self, steps: &[Step]) -> Vec<Seen> {
        let mut ends = Vec::new();
        for step in steps {
            let end = self.job.run(step, &Cancel::new()).await;
            self.job.settle(&end);
            ends.push(end);
        }
        let events = self.finish().await;
        let log = |end: &StepEnd| log_of(&events, end);
        ends.into_iter().map(|end| Seen { log: log(&end), end }).collect()
    }

    /// All that was told, once the job is closed.
    pub(crate) async fn finish(self) -> Vec<Event> {
        self.job.close().await.unwrap();
        drop(self.job);
        self.told.await.unwrap()
    }
}

fn machine(folder: &TempDir) -> Machine {
    let environment = std::env::vars().filter(|(name, _)| name != "HOME");
    Machine::new(MachineSettings::of_environment("here", folder.path().join("tools"), environment))
}

/// What a step printed: its log without what the runner tells of it before it begins.
pub(crate) fn log_of(events: &[Event], end: &StepEnd) -> Vec<String> {
    let lines = events.iter().filter_map(|event| match event {
        Event::Lines { step, lines } if *step == end.number => Some(lines),
        _ => None,
    });
    let lines: Vec<String> = lines.flatten().map(|line| line.text.clone()).collect();
    let head = lines.iter().position(|line| line == "##[endgroup]").map_or(0, |at| at + 1);
    lines[head..].to_vec()
}

/// What one script printed.
pub(crate) async fn check(script: &str, expect: &[&str]) -> StepEnd {
    let mut seen = Rig::new().run(&[Step::script("it", script)]).await;
    let seen = seen.remove(0);
    assert_eq!(seen.log, expect, "{script}");
    seen.end
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

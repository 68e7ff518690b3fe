use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tidegate_expression::Value;
use tidegate_ports::{Clock, JobHost};
use tidegate_workflow::{
    Action, Begin, Groups, JobKey, JobPhase, JobResult, Member, Phase, Plan, Refused, Run, Seen,
    Told as GroupTold, Work,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    job::{self, Beginning, Came, Left, Told},
    watcher::{JobName, Watcher},
};

/// With what a run is driven.
pub struct Drive {
    /// The machine.
    pub host: Arc<dyn JobHost>,
    /// Who wants to know how it goes.
    pub watcher: Arc<dyn Watcher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The secrets of the run: an object of texts.
    pub secrets: Value,
    /// What names the run among all.
    pub id: String,
    /// How many jobs run at once; others wait for one of them.
    pub at_once: usize,
}

/// What somebody says of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is to end; jobs and steps whose condition holds even so run.
    Cancel,
    /// It is to end at once.
    Kill,
}

/// So many rooms of jobs that are over may wait to be cleared: each is a folder on the disk.
const MOST_LEFT: usize = 64;

/// Drives a run to its end, and tells what it came to. When nobody can say anything any more, it goes on.
pub async fn drive(
    mut run: Run,
    drive: Drive,
    mut words: mpsc::Receiver<Word>,
) -> (Run, JobResult) {
    let mut driven = Driven {
        drive,
        groups: Groups::default(),
        jobs: BTreeMap::new(),
        line: VecDeque::new(),
        tasks: JoinSet::new(),
        names: HashMap::new(),
        clearing: JoinSet::new(),
        seen: VecDeque::new(),
    };
    let mut hears = true;
    loop {
        let plan = driven.plan(&mut run);
        if let Some(result) = plan.over
            && driven.tasks.is_empty()
        {
            driven.clear(0).await;
            driven.tell_idle(&run);
            return (run, result);
        }
        driven.clear(MOST_LEFT).await;
        let wake = plan.wake_at.map(|at| at.since(driven.drive.clock.now()));
        let clock = driven.drive.clock.clone();
        tokio::select! {
            Some(ended) = driven.tasks.join_next_with_id() => {
                let id = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(id, _)| *id);
                let name = driven.names.remove(&id);
                if let Ok((_, (came, left))) = ended {
                    driven.ended(name, came);
                    if let Some(left) = left {
                        driven.clearing.spawn(left.clear());
                    }
                } else {
                    // Nobody knows any more what it does.
                    driven.ended(name, Came { result: JobResult::Failure, outputs: vec![] });
                }
            }
            word = words.recv(), if hears => match word {
                Some(word) => driven.word(&word),
                None => hears = false,
            },
            () = clock.sleep(wake.unwrap_or(Duration::from_hours(1))) => {}
        }
    }
}

struct Driven {
    drive: Drive,
    groups: Groups<Member>,
    /// Jobs that were begun and are not over, and how to tell them something.
    jobs: BTreeMap<JobKey, (u64, watch::Sender<Told>)>,
    /// Jobs that wait for a place on the machine.
    line: VecDeque<Begin>,
    tasks: JoinSet<(Came, Option<Left>)>,
    names: HashMap<tokio::task::Id, JobName>,
    clearing: JoinSet<()>,
    seen: VecDeque<Seen>,
}

impl Driven {
    /// Plans until nothing more follows from what was seen.
    fn plan(&mut self, run: &mut Run) -> Plan {
        loop {
            while let Some(seen) = self.seen.pop_front() {
                // What is refused is a word of people, who were told elsewhere.
                let _: Result<(), Refused> = run.observe(seen);
            }
            let plan = run.plan(self.drive.clock.now());
            if !plan.actions.is_empty() || !plan.changed.is_empty() {
                self.drive.watcher.keep(run.state());
            }
            for action in &plan.actions {
                self.act(action);
            }
            self.fill(run);
            if self.seen.is_empty() {
                return plan;
            }
        }
    }

    /// Tells of the jobs that never began: those that were skipped, and those that cannot run as they are written.
    fn tell_idle(&self, run: &Run) {
        for (number, job) in run.state().jobs.iter().enumerate() {
            let written = run.job(JobKey { job: number, instance: 0 });
            let id = written.map(|(_, job)| job.id.to_string()).unwrap_or_default();
            let name = |instance, name: &str| JobName {
                key: JobKey { job: number, instance },
                generation: 0,
                id: id.clone(),
                name: if name.is_empty() { id.clone() } else { name.to_owned() },
            };
            if let (JobPhase::Over { result, errors }, true) =
                (&job.phase, job.instances.is_empty())
            {
                self.drive.watcher.job_idle(&name(0, ""), *result, errors);
            }
            for (at, instance) in job.instances.iter().enumerate() {
                if let (Phase::Over { result, errors, .. }, 0) =
                    (&instance.phase, instance.generation)
                    && (!errors.is_empty() || *result == JobResult::Skipped)
                {
                    self.drive.watcher.job_idle(&name(at, &instance.name), *result, errors);
                }
            }
        }
    }

    /// Waits until no more than so many rooms are to be cleared.
    async fn clear(&mut self, most: usize) {
        while self.clearing.len() > most {
            self.clearing.join_next().await;
        }
        while self.clearing.try_join_next().is_some() {}
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Begin(begin) => self.line.push_back((**begin).clone()),
            Action::Cancel { key, generation, .. } => self.tell(*key, *generation, Told::Cancel),
            Action::Kill { key, generation } => self.tell(*key, *generation, Told::Kill),
            Action::Enter { who, concurrency } => {
                let told = self.groups.enter(*who, concurrency);
                self.told(told);
            }
            Action::Leave { who, group } => {
                let told = self.groups.leave(who, group);
                self.told(told);
            }
            Action::Ask { environment, reviewers, .. } => {
                self.drive.watcher.asked(environment, reviewers);
            }
        }
    }

    /// What somebody is told of their concurrency group is seen by the run.
    fn told(&mut self, told: impl IntoIterator<Item = GroupTold<Member>>) {
        let at = self.drive.clock.now();
        self.seen.extend(told.into_iter().map(|told| match told {
            GroupTold::Entered(who) => Seen::Entered { who, at },
            GroupTold::Displaced(who) => Seen::Displaced { who, at },
        }));
    }

    /// Tells a job something. One that still waits for a place is over before it began.
    fn tell(&mut self, key: JobKey, generation: u64, told: Told) {
        let waits = |begin: &Begin| begin.key == key && begin.generation == generation;
        if let Some(at) = self.line.iter().position(waits) {
            self.line.remove(at);
            self.see_end(key, generation, JobResult::Cancelled, vec![]);
        } else if let Some((_, job)) = self.jobs.get(&key).filter(|(own, _)| *own == generation) {
            job.send_if_modified(|before| {
                let more = told > *before;
                *before = told.max(*before);
                more
            });
        }
    }

    /// Begins jobs as long as there are places.
    fn fill(&mut self, run: &Run) {
        while self.tasks.len() < self.drive.at_once
            && let Some(begin) = self.line.pop_front()
        {
            self.begin(run, begin);
        }
    }

    fn begin(&mut self, run: &Run, begin: Begin) {
        let (key, generation) = (begin.key, begin.generation);
        let name = JobName { key, generation, id: begin.id.clone(), name: begin.name.clone() };
        let work = run
            .job(key)
            .map(|(workflow, job)| (workflow.clone(), job.id.clone(), job.work.clone()));
        let secrets = run.secrets(key, &self.drive.secrets);
        let (Some((workflow, id, Work::Steps(steps))), Ok(secrets)) = (work, secrets) else {
            return self.see_end(key, generation, JobResult::Failure, vec![]);
        };
        let (tell, told) = watch::channel(Told::Nothing);
        self.jobs.insert(key, (generation, tell));
        let beginning =
            Beginning { id, begin, workflow, steps: *steps, secrets, run: self.drive.id.clone() };
        let (host, watcher) = (self.drive.host.clone(), self.drive.watcher.clone());
        let task = self.tasks.spawn(job::run(beginning, name.clone(), host, watcher, told));
        self.names.insert(task.id(), name);
    }

    fn ended(&mut self, name: Option<JobName>, came: Came) {
        let Some(name) = name else { return };
        self.jobs.remove(&name.key);
        self.see_end(name.key, name.generation, came.result, came.outputs);
    }

    fn see_end(
        &mut self,
        key: JobKey,
        generation: u64,
        outcome: JobResult,
        outputs: Vec<(String, String)>,
    ) {
        let at = self.drive.clock.now();
        self.seen.push_back(Seen::Ended { key, generation, outcome, outputs, at });
    }

    fn word(&mut self, word: &Word) {
        let at = self.drive.clock.now();
        match word {
            Word::Cancel => self.seen.push_back(Seen::Cancelled { at, forced: false }),
            Word::Kill => {
                self.seen.push_back(Seen::Cancelled { at, forced: true });
                for (_, job) in self.jobs.values() {
                    job.send_replace(Told::Kill);
                }
            }
        }
    }
}

//! What was seen of a run: what it planned took effect, or somebody said something.

use tidegate_units::Timestamp;

use crate::action::{Action, Member};
use crate::run::Run;
use crate::state::{CancelReason, Cancelled, GroupState, JobKey, JobResult, Phase};

/// Something that was seen of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A job is over.
    Ended {
        /// Which.
        key: JobKey,
        /// Of which beginning; of an older one it does not matter any more.
        generation: u64,
        /// How.
        outcome: JobResult,
        /// What it told.
        outputs: Vec<(String, String)>,
        /// When.
        at: Timestamp,
    },
    /// Nobody runs a job any more, and it is not known whether it was over.
    Lost {
        /// Which.
        key: JobKey,
        /// When that came out.
        at: Timestamp,
    },
    /// A run or a job was let into its concurrency group.
    Entered {
        /// Who.
        who: Member,
        /// When.
        at: Timestamp,
    },
    /// Another one took the place of a run or a job in its concurrency group, or before it.
    Displaced {
        /// Whose.
        who: Member,
        /// When.
        at: Timestamp,
    },
    /// Somebody approved the deployments to an environment that wait.
    Approved {
        /// Which environment.
        environment: String,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Somebody refused them.
    Rejected {
        /// Which environment.
        environment: String,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Somebody cancelled the run.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Whether jobs whose condition holds even so are cancelled too.
        forced: bool,
    },
}

/// Why what somebody said does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// They started the run, and its environment rules out that they approve it.
    #[error("{0} started the run and cannot approve its deployments")]
    OwnRun(String),
    /// They are not among those who may.
    #[error("{by} is not among those who may approve deployments to {environment}: {reviewers}")]
    NotReviewer {
        /// Who.
        by: String,
        /// To which environment.
        environment: String,
        /// Who may.
        reviewers: String,
    },
    /// No job waits for it.
    #[error("no deployment to {0} waits for approval")]
    NothingWaits(String),
}

impl Run {
    /// Takes in what was seen. What is seen twice, or too late, changes nothing.
    pub fn observe(&mut self, seen: Seen) -> Result<(), Refused> {
        match seen {
            Seen::Ended { key, generation, outcome, outputs, at } => {
                self.ended(key, generation, outcome, outputs, at);
            }
            Seen::Lost { key, at } => self.lost(key, at),
            Seen::Entered { who, at } => self.entered(who, at),
            Seen::Displaced { who: Member::Run, at } => {
                self.cancel(Cancelled { at, forced: false });
            }
            Seen::Displaced { who: Member::Job(key), at } => {
                self.cancel_job(key, CancelReason::Concurrency, at);
            }
            Seen::Approved { environment, by, at } => {
                for key in self.asked(&environment, &by)? {
                    self.set(key, |instance| instance.approved_by = Some(by.clone()));
                    self.past_approval(key, at);
                }
            }
            Seen::Rejected { environment, by, at } => {
                for key in self.asked(&environment, &by)? {
                    let errors =
                        vec![format!("{by} did not approve the deployment to {environment}")];
                    self.end(key, JobResult::Failure, errors, at);
                }
            }
            Seen::Cancelled { at, forced } => self.cancel(Cancelled { at, forced }),
        }
        Ok(())
    }

    fn ended(
        &mut self,
        key: JobKey,
        generation: u64,
        outcome: JobResult,
        outputs: Vec<(String, String)>,
        at: Timestamp,
    ) {
        let runs = self.instance(key).is_some_and(|instance| {
            let told = matches!(instance.phase, Phase::Begun { .. } | Phase::Ending { .. });
            told && instance.generation == generation
        });
        if runs {
            self.set(key, |instance| instance.outputs = outputs);
            self.end(key, outcome, Vec::new(), at);
        }
    }

    /// A job that was told to begin begins again, and says so; one that was told to end is over.
    fn lost(&mut self, key: JobKey, at: Timestamp) {
        match self.instance(key).map(|instance| &instance.phase) {
            Some(Phase::Begun { .. }) => {
                self.disarm(key);
                self.set(key, |instance| instance.again = true);
                self.begin(key, at);
            }
            Some(Phase::Ending { .. }) => self.end(key, JobResult::Cancelled, Vec::new(), at),
            _ => {}
        }
    }

    fn entered(&mut self, who: Member, at: Timestamp) {
        match who {
            Member::Run => {
                if let GroupState::Asked(concurrency) = std::mem::take(&mut self.state.group) {
                    self.state.group = GroupState::In(concurrency);
                    self.dirty.extend(0..self.state.jobs.len());
                }
            }
            Member::Job(key) => {
                let Some(instance) = self.instance(key) else { return };
                if let GroupState::Asked(concurrency) = instance.group.clone() {
                    self.set(key, |instance| instance.group = GroupState::In(concurrency));
                    self.past_group(key, at);
                } else if let GroupState::Asked(concurrency) = instance.inner.clone() {
                    self.set(key, |instance| instance.inner = GroupState::In(concurrency));
                    self.begin(key, at);
                }
            }
        }
    }

    /// The jobs that wait for a word about an environment, where `by` may say it.
    fn asked(&self, environment: &str, by: &str) -> Result<Vec<JobKey>, Refused> {
        if let Some(protection) = self.given.environments.get(&environment.to_lowercase()) {
            if protection.not_by_actor && self.given.actor.eq_ignore_ascii_case(by) {
                return Err(Refused::OwnRun(by.to_owned()));
            }
            if !protection.reviewers.iter().any(|reviewer| reviewer.eq_ignore_ascii_case(by)) {
                let reviewers = protection.reviewers.join(", ");
                let (by, environment) = (by.to_owned(), environment.to_owned());
                return Err(Refused::NotReviewer { by, environment, reviewers });
            }
        }
        let keys: Vec<JobKey> =
            self.keys().filter(|key| self.approves(*key, environment)).collect();
        if keys.is_empty() { Err(Refused::NothingWaits(environment.to_owned())) } else { Ok(keys) }
    }

    fn approves(&self, key: JobKey, environment: &str) -> bool {
        let Some(instance) = self.instance(key).filter(|one| one.phase == Phase::Approving) else {
            return false;
        };
        let own = instance.settings.as_ref().and_then(|settings| settings.environment.as_ref());
        own.is_some_and(|own| own.name.eq_ignore_ascii_case(environment))
    }

    /// Each job of the run of which it is known which jobs it has.
    pub(crate) fn keys(&self) -> impl Iterator<Item = JobKey> {
        let jobs = self.state.jobs.iter().enumerate();
        jobs.flat_map(|(job, state)| {
            (0..state.instances.len()).map(move |instance| JobKey { job, instance })
        })
    }

    /// What is to be told to whoever carries out plans that does not know what it was told before:
    /// all that was planned and may not have been done.
    pub fn pending(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if let GroupState::Asked(concurrency) = &self.state.group {
            actions.push(Action::Enter { who: Member::Run, concurrency: concurrency.clone() });
        }
        for key in self.keys() {
            let Some(instance) = self.instance(key) else { continue };
            for group in [&instance.group, &instance.inner] {
                if let GroupState::Asked(concurrency) = group {
                    let concurrency = concurrency.clone();
                    actions.push(Action::Enter { who: Member::Job(key), concurrency });
                }
            }
            let generation = instance.generation;
            match instance.phase {
                Phase::Approving => actions.extend(self.ask(key)),
                Phase::Ending { reason, killed: false, .. } => {
                    actions.push(Action::Cancel { key, generation, reason });
                }
                Phase::Ending { killed: true, .. } => {
                    actions.push(Action::Kill { key, generation });
                }
                _ => {}
            }
        }
        actions
    }

    /// The jobs that were told to begin and are not known to be over. Whoever takes up a run says of
    /// each whether it still runs, or that it is [lost](Seen::Lost).
    pub fn begun(&self) -> Vec<JobKey> {
        let told = |key: &JobKey| {
            let phase = self.instance(*key).map(|instance| &instance.phase);
            matches!(phase, Some(Phase::Begun { .. } | Phase::Ending { .. }))
        };
        self.keys().filter(told).collect()
    }
}

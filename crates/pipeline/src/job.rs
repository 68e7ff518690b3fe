//! One job: its steps as they follow from each other, and a room in which they are carried out.

use std::sync::Arc;

use tidegate_expression::Value;
use tidegate_ports::{HostedJob, JobHost, JobRoom, StepLog};
use tidegate_steps::{Act, FindId, Job, Order, OrderId, Over, Report, Sequence, StepAt};
use tidegate_workflow::{Begin, JobResult, Steps, Workflow};
use tokio::{sync::watch, task::JoinSet};

use crate::watcher::{JobName, Watcher};

/// What a job was told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// Nothing.
    Nothing,
    /// To end; steps whose condition holds even so run.
    Cancel,
    /// To end at once.
    Kill,
}

/// A job that begins.
pub(crate) struct Beginning {
    /// Its id as the workflow has it.
    pub(crate) id: Arc<str>,
    pub(crate) begin: Begin,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) steps: Steps,
    pub(crate) secrets: Value,
    /// What names the run among all.
    pub(crate) run: String,
}

/// What a job came to.
pub(crate) struct Came {
    pub(crate) result: JobResult,
    pub(crate) outputs: Vec<(String, String)>,
}

/// The room of a job that is over, which is to be cleared.
pub(crate) struct Left {
    room: Arc<dyn JobRoom>,
    log: Arc<dyn StepLog>,
}

impl Left {
    /// Clears it. Nobody waits for it but the end of the run: to look for what a job left takes longer than many a job.
    pub(crate) async fn clear(self) {
        if let Err(error) = self.room.close().await {
            self.log.line(&StepAt::set_up(), &format!("##[warning]{error}"));
        }
    }
}

/// Something that a job waited for.
enum Happened {
    Found(FindId, Result<tidegate_steps::Action, String>),
    Ended(OrderId, Report),
}

/// Runs a job to its end.
pub(crate) async fn run(
    job: Beginning,
    name: JobName,
    host: Arc<dyn JobHost>,
    watcher: Arc<dyn Watcher>,
    told: watch::Receiver<Told>,
) -> (Came, Option<Left>) {
    let log = watcher.job_began(&name);
    let hosted = HostedJob {
        id: format!("{}-{}-{}-{}", job.run, name.key.job, name.key.instance, name.generation),
        job: job.id.to_string(),
        attempt: job.begin.attempt,
        labels: job.begin.runs_on.labels.clone(),
        contexts: job.begin.contexts.clone(),
        secrets: texts(&job.secrets),
    };
    let (came, left) = match host.open(&hosted, log.clone()).await {
        Ok(room) => {
            let came = Running::new(&job, &name, room.clone(), watcher.as_ref()).run(told).await;
            (came, Some(Left { room, log }))
        }
        Err(error) => {
            log.line(&StepAt::set_up(), &format!("##[error]{error}"));
            (Came { result: JobResult::Failure, outputs: vec![] }, None)
        }
    };
    watcher.job_ended(&name, came.result);
    (came, left)
}

/// The texts of a value's members.
fn texts(value: &Value) -> Vec<String> {
    value.members().map(|(_, value)| value.as_text().to_string()).collect()
}

struct Running<'a> {
    sequence: Sequence,
    name: &'a JobName,
    room: Arc<dyn JobRoom>,
    watcher: &'a dyn Watcher,
    waits: JoinSet<Happened>,
    told: Told,
}

impl<'a> Running<'a> {
    fn new(
        job: &Beginning,
        name: &'a JobName,
        room: Arc<dyn JobRoom>,
        watcher: &'a dyn Watcher,
    ) -> Self {
        let own = room.contexts();
        let secrets = [("secrets", job.secrets.clone())];
        let own = own.members().map(|(name, value)| (&**name, value.clone()));
        let contexts = job.begin.contexts.with(secrets.into_iter().chain(own));
        let written = Job {
            steps: job.steps.steps.clone().into(),
            contexts,
            env: [&job.workflow.env, &job.steps.env].into_iter().flatten().cloned().collect(),
            defaults: [&job.workflow.defaults, &job.steps.defaults]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            outputs: job.steps.outputs.clone(),
        };
        let sequence = Sequence::new(written, room.as_ref());
        Self { sequence, name, room, watcher, waits: JoinSet::new(), told: Told::Nothing }
    }

    async fn run(mut self, mut told: watch::Receiver<Told>) -> Came {
        loop {
            for act in self.sequence.next(self.room.as_ref()) {
                self.act(act);
            }
            if let Some(over) = self.sequence.over()
                && self.waits.is_empty()
            {
                return self.came(over);
            }
            tokio::select! {
                Some(happened) = self.waits.join_next() => {
                    let Ok(happened) = happened else {
                        // Nobody knows any more what the step does.
                        self.room.kill();
                        return Came { result: JobResult::Failure, outputs: vec![] };
                    };
                    self.take(happened);
                }
                Ok(()) = told.changed() => {
                    let word = *told.borrow_and_update();
                    self.hear(word);
                }
                else => return Came { result: JobResult::Failure, outputs: vec![] },
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Run(order) => self.order(*order),
            Act::Find(find) => {
                let room = self.room.clone();
                self.waits.spawn(async move { Happened::Found(find.id, room.find(&find).await) });
            }
            Act::Stop(order) => self.room.stop(order),
            Act::Ended(mut ended) => {
                ended.step.title = self.room.mask(&ended.step.title);
                self.watcher.step_ended(self.name, &ended);
            }
            Act::Note(note) => self.room.note(&note),
        }
    }

    fn order(&mut self, mut order: Order) {
        // A title is made of what a step runs, and that may have a secret in it.
        order.step.title = self.room.mask(&order.step.title);
        self.watcher.step_began(self.name, &order.step);
        let room = self.room.clone();
        self.waits.spawn(async move { Happened::Ended(order.id, room.run(&order).await) });
    }

    fn take(&mut self, happened: Happened) {
        match happened {
            Happened::Found(id, action) => self.sequence.found(id, action, self.room.as_ref()),
            Happened::Ended(id, report) => self.sequence.ended(id, report, self.room.as_ref()),
        }
    }

    fn hear(&mut self, word: Told) {
        if word > Told::Nothing && self.told == Told::Nothing {
            self.sequence.cancel(self.room.as_ref());
        }
        if word == Told::Kill {
            self.room.kill();
        }
        self.told = self.told.max(word);
    }

    /// Outputs that have a secret in them are told to nobody.
    fn came(&self, over: &Over) -> Came {
        let (kept, hidden): (Vec<_>, Vec<_>) =
            over.outputs.iter().partition(|(_, value)| self.room.mask(value) == **value);
        for (name, _) in hidden {
            let text = format!("Skip output '{name}' since it may contain secret.");
            let level = tidegate_steps::NoteLevel::Warning;
            self.room.note(&tidegate_steps::Note { step: StepAt::set_up(), level, text });
        }
        let outputs = kept.into_iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Came { result: over.conclusion, outputs: outputs.collect() }
    }
}

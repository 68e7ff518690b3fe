use std::{collections::BTreeMap, sync::Arc};

use tidegate_expression::Value;
use tidegate_workflow::{Step, Template, setting};

use crate::{
    Act, Action, Conclusion, Find, FindId, Machine, Note, NoteLevel, Order, OrderId, Outcome, Pair,
    Report, StepAt, Work,
    context::{Sight, View},
    environment::Environment,
    frame::{Begun, Frame},
    inputs::from_contexts,
    post::Post,
    record::Records,
    strand::{Doing, MAX_BACKGROUND, Strand},
};

/// A job that is to run.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its steps.
    pub steps: Arc<[Step]>,
    /// The contexts that do not change while it runs: `github`, `needs`, `strategy`, `matrix`, `vars`, `inputs`,
    /// `secrets`, `runner` and `job` (but for its status).
    pub contexts: Value,
    /// Variables of all its steps: the workflow's, then its own. Each is a mapping of texts.
    pub env: Vec<Template>,
    /// `defaults` of the workflow, then its own.
    pub defaults: Vec<Template>,
    /// What it tells the jobs that need it: a mapping of texts.
    pub outputs: Option<Template>,
}

/// What a job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Whether it did what it was to do.
    pub conclusion: Conclusion,
    /// What it tells the jobs that need it; secrets that may be in it are not taken out here.
    pub outputs: Vec<Pair>,
}

/// The steps of a job that runs.
#[derive(Debug)]
pub struct Sequence {
    pub(crate) job: Job,
    pub(crate) shell: Option<Arc<str>>,
    pub(crate) directory: Option<Arc<str>>,
    pub(crate) env: Environment,
    /// Folders to look for programs in, the first one first.
    pub(crate) path: Vec<Arc<str>>,
    pub(crate) status: Outcome,
    pub(crate) records: Records,
    /// Those of the job itself, then those in the background.
    pub(crate) strands: Vec<Strand>,
    pub(crate) posts: Vec<Post>,
    /// What steps saved for their later stages, by the path of the step.
    pub(crate) states: BTreeMap<String, Vec<Pair>>,
    /// Actions of other repositories, by what `uses` says.
    pub(crate) actions: BTreeMap<String, Arc<Action>>,
    pub(crate) phase: Phase,
    pub(crate) acts: Vec<Act>,
    numbers: u64,
    titles: u32,
}

/// How far a job is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Actions of other repositories are looked for.
    Preparing(BTreeMap<FindId, String>),
    /// What actions do before all steps, from the step with this number on.
    Pre(usize),
    /// The steps.
    Steps,
    /// What actions do after all steps.
    Post,
    /// Nothing more.
    Over(Over),
}

impl Sequence {
    /// The sequence of a job that begins now.
    pub fn new(job: Job, machine: &dyn Machine) -> Self {
        let strands = vec![Strand::new(Frame::of_job(job.steps.clone()), None)];
        let mut sequence = Self {
            job,
            shell: None,
            directory: None,
            env: Environment::default(),
            path: vec![],
            status: Outcome::Success,
            records: Records::default(),
            strands,
            posts: vec![],
            states: BTreeMap::new(),
            actions: BTreeMap::new(),
            phase: Phase::Preparing(BTreeMap::new()),
            acts: vec![],
            numbers: 0,
            titles: 0,
        };
        match sequence.set_up(machine) {
            Ok(()) => sequence.want(&sequence.job.steps.clone(), None),
            Err(errors) => sequence.broken(&errors),
        }
        sequence
    }

    /// What is to be done now. Nothing, while all that was ordered is waited for and once the job is over.
    pub fn next(&mut self, machine: &dyn Machine) -> Vec<Act> {
        while self.moved(machine) {}
        std::mem::take(&mut self.acts)
    }

    /// Takes the action that was wanted, or why there is none.
    pub fn found(&mut self, id: FindId, action: Result<Action, String>, machine: &dyn Machine) {
        if let Phase::Preparing(wanted) = &mut self.phase {
            if let Some(uses) = wanted.remove(&id) {
                self.prepared(uses, action);
            }
        } else if let Some(at) = self
            .strands
            .iter()
            .position(|strand| matches!(strand.doing, Doing::Finding(find, _) if find == id))
        {
            self.found_local(at, action.map(Arc::new), machine);
        }
    }

    /// Takes what became of an order. One that is not waited for changes nothing.
    pub fn ended(&mut self, id: OrderId, report: Report, machine: &dyn Machine) {
        let waiting = self.strands.iter().position(|strand| strand.order() == Some(id));
        if let Some(at) = waiting
            && let Some(strand) = self.strands.get_mut(at)
            && let Doing::Running(_, begun) = std::mem::replace(&mut strand.doing, Doing::Ready)
        {
            self.conclude(at, &begun, report, machine);
        }
    }

    /// Ends the job: what runs is stopped, unless its condition holds even so; steps whose condition does not ask for
    /// success run still.
    pub fn cancel(&mut self, machine: &dyn Machine) {
        if self.status == Outcome::Cancelled {
            return;
        }
        self.status = Outcome::Cancelled;
        for at in 0..self.strands.len() {
            if self.is_to_stop(at, machine) {
                self.stop(at);
            }
        }
    }

    /// What the job came to, once it is over.
    pub fn over(&self) -> Option<&Over> {
        if let Phase::Over(over) = &self.phase { Some(over) } else { None }
    }

    fn moved(&mut self, machine: &dyn Machine) -> bool {
        match self.phase {
            Phase::Preparing(ref wanted) if wanted.is_empty() => self.phase = Phase::Pre(0),
            Phase::Preparing(_) | Phase::Over(_) => return false,
            Phase::Pre(step) => return self.moved_before(step, machine),
            Phase::Steps => return self.moved_strand(machine),
            Phase::Post => return self.moved_after(machine),
        }
        true
    }

    fn moved_strand(&mut self, machine: &dyn Machine) -> bool {
        let free = MAX_BACKGROUND.saturating_sub(self.in_background());
        let can = |strand: &Strand| match &strand.doing {
            Doing::Ready => strand.background.is_none() || strand.has_begun() || free > 0,
            Doing::Waiting(others, _) => others.iter().all(|other| self.is_over(*other)),
            _ => false,
        };
        // What goes to the background begins before the steps after it, and sees what is there by then.
        let background = self.strands.iter().skip(1).position(can).map(|at| at + 1);
        let ready = background.or_else(|| self.strands.first().is_some_and(can).then_some(0));
        match ready {
            Some(at) => self.advance(at, machine),
            None if self.strands.iter().all(Strand::is_over) => self.steps_are_over(),
            None => return false,
        }
        true
    }

    fn in_background(&self) -> usize {
        let all = self.strands.iter();
        all.filter(|one| one.background.is_some() && one.has_begun() && !one.is_over()).count()
    }

    pub(crate) fn is_over(&self, strand: usize) -> bool {
        self.strands.get(strand).is_none_or(Strand::is_over)
    }

    /// What the expressions of a step see.
    pub(crate) fn sight(&self, at: usize, overrides: &[Pair]) -> Sight {
        let frame = self.strands.get(at).and_then(|strand| strand.frames.last());
        let call = frame.and_then(|frame| frame.call.as_ref());
        let mut sight = self.outermost(overrides);
        if let Some(frame) = frame {
            sight.steps = self.records.context(&frame.scope);
        }
        if let Some(call) = call {
            sight.inputs = call.inputs.clone();
            sight.around = call.status;
            sight.github = sight.github.with([("action_status", call.status.name().into())]);
            sight.github = of_action(&sight.github, &call.action);
        }
        sight
    }

    /// What expressions see that are in no composite action.
    pub(crate) fn outermost(&self, overrides: &[Pair]) -> Sight {
        let mut env = self.env.clone();
        env.extend(overrides.iter().cloned());
        Sight {
            fixed: self.job.contexts.clone(),
            github: self.job.contexts.get("github"),
            inputs: self.job.contexts.get("inputs"),
            env: env.context(),
            steps: self.records.context(""),
            around: self.status,
            job: self.status,
        }
    }

    /// An order, with the whole environment of its step; `own` is what only this order has.
    pub(crate) fn order(
        &mut self,
        begun: &Begun,
        sight: &Sight,
        work: Work,
        own: Vec<Pair>,
        timeout_minutes: Option<f64>,
    ) -> OrderId {
        let mut env = self.env.clone();
        env.extend(begun.overrides.iter().cloned());
        let github = sight.github.with([("action", Value::Text(begun.id()))]);
        let mut context = own;
        context.extend(from_contexts(&github, &sight.fixed.get("runner")));
        let id = OrderId(self.number());
        let (step, path) = (begun.at.clone(), self.path.clone());
        let env = env.into_variables();
        let order = Order { id, step, work, env, context, path, timeout_minutes };
        self.acts.push(Act::Run(Box::new(order)));
        id
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The next number of a step.
    pub(crate) fn place(&mut self) -> u32 {
        self.titles += 1;
        self.titles
    }

    pub(crate) fn note(&mut self, step: &StepAt, level: NoteLevel, text: impl Into<String>) {
        self.acts.push(Act::Note(Note { step: step.clone(), level, text: text.into() }));
    }

    pub(crate) fn find(&mut self, uses: &str, from: Option<(String, String)>) -> FindId {
        let id = FindId(self.number());
        self.acts.push(Act::Find(Find { id, uses: uses.to_owned(), from }));
        id
    }

    /// The variables and defaults of the job.
    fn set_up(&mut self, machine: &dyn Machine) -> Result<(), Vec<String>> {
        let sight = self.outermost(&[]);
        let view = View { sight: &sight, machine };
        for template in &self.job.env {
            self.env.extend(setting::texts(template, &view).map_err(told)?);
        }
        for template in &self.job.defaults {
            let Some(run) = template.get("run") else { continue };
            let text = |name| run.get(name).map(|one| setting::text(one, &view)).transpose();
            self.shell = text("shell").map_err(told)?.or(self.shell.take());
            self.directory = text("working-directory").map_err(told)?.or(self.directory.take());
        }
        Ok(())
    }

    /// Ends a job that cannot begin: none of its steps runs.
    pub(crate) fn broken(&mut self, errors: &[String]) {
        let step = StepAt::set_up();
        for error in errors {
            self.note(&step, NoteLevel::Error, error.as_str());
        }
        self.status = Outcome::Failure;
        self.phase = Phase::Over(Over { conclusion: Outcome::Failure, outputs: vec![] });
    }

    /// What the job tells, once nothing of it runs any more.
    pub(crate) fn finish(&mut self, machine: &dyn Machine) {
        let outputs = match &self.job.outputs {
            None => Ok(vec![]),
            Some(template) => {
                let sight = self.outermost(&[]);
                setting::texts(template, &View { sight: &sight, machine }).map_err(told)
            }
        };
        let outputs = outputs.unwrap_or_else(|errors| {
            self.broken(&errors);
            vec![]
        });
        self.phase = Phase::Over(Over { conclusion: self.status, outputs });
    }
}

/// The context `github` of the steps of an action.
pub(crate) fn of_action(github: &Value, action: &Action) -> Value {
    let (repository, revision) = match &action.repository {
        Some((repository, revision)) => (repository.as_str().into(), revision.as_str().into()),
        None => (Value::Null, Value::Null),
    };
    let directory = action.directory.as_str().into();
    github.with([
        ("action_path", directory),
        ("action_repository", repository),
        ("action_ref", revision),
    ])
}

/// Errors as people read them.
pub(crate) fn told(errors: Vec<tidegate_workflow::TemplateError>) -> Vec<String> {
    errors.into_iter().map(|error| error.to_string()).collect()
}

//! What becomes of the jobs of a run: whether they run, which there are, when they begin and end.

use tidegate_expression::Value;
use tidegate_units::Timestamp;

use crate::action::{Action, Member};
use crate::contexts::{FrameScope, JobScope};
use crate::evaluate::TemplateError;
use crate::finish::together;
use crate::model::{Condition, Job};
use crate::naming::of_matrix_job;
use crate::run::{MOST_JOBS, Run};
use crate::setting::{self, Concurrency};
use crate::state::{GroupState, InstanceState, JobKey, JobPhase, JobResult, Phase};
use crate::strategy::Strategy;

/// What is wrong, as people read it.
pub(crate) fn told(errors: impl IntoIterator<Item = TemplateError>) -> Vec<String> {
    errors.into_iter().map(|error| error.to_string()).collect()
}

impl Run {
    /// Whether jobs may begin: the run is in its concurrency group, or has none.
    pub(crate) fn may_begin(&mut self, now: Timestamp) -> bool {
        if self.state.over_at.is_some() || self.state.cancelled.is_some() {
            return true;
        }
        if matches!(self.state.group, GroupState::None) {
            let workflow = self.graph.frame(0).map(|frame| frame.workflow.clone());
            let Some(template) =
                workflow.as_ref().and_then(|workflow| workflow.concurrency.as_ref())
            else {
                return true;
            };
            let scope = FrameScope { run: self, inputs: self.given.inputs.clone(), jobs: None };
            self.state.group = match Concurrency::read(template, &scope) {
                Ok(concurrency) => {
                    let who = Member::Run;
                    self.actions.push(Action::Enter { who, concurrency: concurrency.clone() });
                    GroupState::Asked(concurrency)
                }
                Err(errors) => GroupState::Wrong(told(errors)),
            };
        }
        if let GroupState::Wrong(errors) = self.state.group.clone() {
            let waiting: Vec<usize> =
                self.dirty.iter().copied().filter(|job| !self.is_over(*job)).collect();
            for job in waiting {
                self.close(job, JobResult::Failure, errors.clone(), now);
            }
        }
        !matches!(self.state.group, GroupState::Asked(_))
    }

    /// Leaves the concurrency group of the whole run.
    pub(crate) fn leave_group(&mut self) {
        if let GroupState::In(concurrency) | GroupState::Asked(concurrency) =
            std::mem::take(&mut self.state.group)
        {
            self.actions.push(Action::Leave { who: Member::Run, group: concurrency.group });
        }
    }

    /// Does what there is to do with a job.
    pub(crate) fn look_at(&mut self, job: usize, now: Timestamp) {
        if self.is_gone(job) {
            return;
        }
        let Some(state) = self.state.jobs.get(job) else { return };
        let left = self.graph.nodes.get(job).map_or(0, |node| node.left);
        match state.phase {
            JobPhase::Waiting if left == 0 || self.is_forced() => self.decide(job, now),
            JobPhase::Open => self.go_on(job, now),
            JobPhase::Waiting | JobPhase::Over { .. } => {}
        }
    }

    fn is_forced(&self) -> bool {
        self.state.cancelled.is_some_and(|cancelled| cancelled.forced)
    }

    /// Whether a job runs, and which jobs it is.
    fn decide(&mut self, job: usize, now: Timestamp) {
        if self.is_forced() {
            return self.close(job, JobResult::Cancelled, Vec::new(), now);
        }
        let key = JobKey { job, instance: 0 };
        let Some((workflow, number)) =
            self.job(key).map(|(workflow, _)| workflow.clone()).zip(self.number(job))
        else {
            return;
        };
        let Some(written) = workflow.jobs.get(number) else { return };
        // Its condition, its settings and whoever runs it ask for the same again and again.
        if !matches!(written.condition, Condition::Success)
            || self.holds(job, &Condition::Success) == Ok(true)
        {
            let sees = self.needs(job);
            if let Some(node) = self.graph.nodes.get_mut(job) {
                node.sees = Some(sees);
            }
        }
        match self.holds(job, &written.condition) {
            Err(errors) => self.close(job, JobResult::Failure, errors, now),
            Ok(false) => self.close(job, JobResult::Skipped, Vec::new(), now),
            Ok(true) => match self.expand(job, written) {
                Ok(()) => self.go_on(job, now),
                Err(errors) => self.close(job, JobResult::Failure, errors, now),
            },
        }
    }

    fn number(&self, job: usize) -> Option<usize> {
        self.graph.nodes.get(job).map(|node| node.index)
    }

    /// Which jobs a job is.
    fn expand(&mut self, job: usize, written: &Job) -> Result<(), Vec<String>> {
        let scope = JobScope { run: self, job, instance: None, secrets: None };
        let strategy = written.strategy.as_ref().map(|template| Strategy::read(template, &scope));
        let strategy = strategy.transpose().map_err(told)?.unwrap_or_default();
        let instances: Vec<InstanceState> = match strategy.combinations {
            None => vec![InstanceState::new(String::new(), String::new(), Value::Null)],
            Some(combinations) => combinations
                .into_iter()
                .map(|one| {
                    let name = one.name("");
                    InstanceState::new(one.id, name, Value::Object(one.values))
                })
                .collect(),
        };
        let jobs: usize = self.state.jobs.iter().map(|job| job.instances.len().max(1)).sum();
        if jobs + instances.len() > MOST_JOBS {
            return Err(vec![format!("a run has at most {MOST_JOBS} jobs")]);
        }
        if let (Some(state), Some(node)) =
            (self.state.jobs.get_mut(job), self.graph.nodes.get_mut(job))
        {
            state.fail_fast = strategy.fail_fast;
            state.max_parallel = strategy.max_parallel;
            state.phase = JobPhase::Open;
            (node.open, node.running, node.next) = (instances.len(), 0, 0);
            state.instances = instances;
        }
        self.name(job, written);
        Ok(())
    }

    /// Gives each of a job's jobs its name.
    fn name(&mut self, job: usize, written: &Job) {
        for instance in 0..self.instances(job) {
            let scope = JobScope { run: self, job, instance: Some(instance), secrets: None };
            let own = written.name.as_ref().map(|template| setting::text(template, &scope));
            let base = own.and_then(Result::ok).filter(|name| !name.is_empty());
            // A name with an expression in it tells them apart itself.
            let literal = written.name.as_ref().is_none_or(|name| name.as_text().is_some());
            let base = base.unwrap_or_else(|| written.id.clone());
            self.set(JobKey { job, instance }, |state| {
                let values = if literal { state.name.as_str() } else { "" };
                state.name = of_matrix_job(&format!("{base}{values}"), &[]);
            });
        }
    }

    /// Lets as many of a job's jobs begin as may, and closes it when none is left.
    fn go_on(&mut self, job: usize, now: Timestamp) {
        loop {
            let (Some(state), Some(node)) = (self.state.jobs.get(job), self.graph.nodes.get(job))
            else {
                return;
            };
            if node.open == 0 {
                let result = together(state.instances.iter().filter_map(InstanceState::result));
                return self.close(job, result, Vec::new(), now);
            }
            let instance = node.next;
            let Some(next) = state.instances.get(instance) else { return };
            if next.phase == Phase::Queued {
                if state.max_parallel.is_some_and(|most| node.running >= most) {
                    return;
                }
                self.admit(JobKey { job, instance }, now);
            }
            if let Some(node) = self.graph.nodes.get_mut(job) {
                node.next = node.next.max(instance + 1);
            }
        }
    }
}

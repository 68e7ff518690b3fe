//! The way of a job from its place in the line to its beginning, past all that holds it up.

use std::time::Duration;

use tidegate_expression::Value;
use tidegate_units::Timestamp;

use crate::action::{Action, Begin, Member};
use crate::advance::told;
use crate::contexts::{FrameScope, JobScope};
use crate::input;
use crate::model::{Job, Work, Workflow};
use crate::permissions::{Level, Permission, Permissions};
use crate::run::{MOST_CALLS_DEEP, MOST_JOBS, Protection, Run};
use crate::setting::{self, Concurrency, Environment, RunsOn};
use crate::state::{
    FrameState, GroupState, InstanceState, JobKey, JobResult, JobState, Kept, Phase, Settings,
};

/// How long a job may take that does not say: GitHub's own figure.
const TIMEOUT: Duration = Duration::from_hours(6);

/// How long a job may take to end after it was cancelled and does not say: GitHub's own figure.
const CANCEL_TIMEOUT: Duration = Duration::from_mins(5);

impl Run {
    /// Gives a job a place among those that run at once.
    pub(crate) fn admit(&mut self, key: JobKey, now: Timestamp) {
        if let Some(node) = self.graph.nodes.get_mut(key.job) {
            node.running += 1;
        }
        // It has its place from here on, also where its settings are wrong.
        self.set_phase(key, Phase::Entering);
        let known = self.settings(key).and_then(|settings| Ok((settings, self.concurrency(key)?)));
        match known {
            Err(errors) => self.end(key, JobResult::Failure, errors, now),
            Ok((settings, None)) => {
                self.set(key, |instance| instance.settings = Some(settings));
                self.past_group(key, now);
            }
            Ok((settings, Some(concurrency))) => {
                self.set(key, |instance| instance.settings = Some(settings));
                if self.enter(key, concurrency.clone(), now) {
                    self.set(key, |instance| instance.group = GroupState::Asked(concurrency));
                }
            }
        }
    }

    /// Asks to let a job into a group: its own, or that of the workflow that it calls. What it is
    /// part of may not be in there: neither could go on.
    fn enter(&mut self, key: JobKey, concurrency: Concurrency, now: Timestamp) -> bool {
        if self.is_part_of(key, &concurrency.group) {
            let group = concurrency.group;
            let error = format!(
                "the concurrency group '{group}' is that of what this job is part of: neither could go on"
            );
            self.end(key, JobResult::Failure, vec![error], now);
            return false;
        }
        self.actions.push(Action::Enter { who: Member::Job(key), concurrency });
        true
    }

    /// Whether a job, or what it is part of, is in that group or asked to be let into it.
    fn is_part_of(&self, key: JobKey, group: &str) -> bool {
        let callers = std::iter::successors(Some(key), |caller| self.caller(*caller));
        let states = callers.filter_map(|caller| self.instance(caller));
        let mut groups = states.flat_map(|one| [&one.group, &one.inner]).chain([&self.state.group]);
        groups.any(|state| state.group().is_some_and(|own| own.eq_ignore_ascii_case(group)))
    }

    /// A job is in its concurrency group, or has none: asks for approval, where that is needed.
    pub(crate) fn past_group(&mut self, key: JobKey, now: Timestamp) {
        let Some(instance) = self.instance(key) else { return };
        let approved = instance.approved_by.is_some();
        match self.ask(key).filter(|_| !approved) {
            Some(ask) => {
                self.actions.push(ask);
                self.set_phase(key, Phase::Approving);
            }
            None => self.past_approval(key, now),
        }
    }

    /// Asks people to approve a job's deployment, where its environment wants that.
    pub(crate) fn ask(&self, key: JobKey) -> Option<Action> {
        let (environment, protection) = self.protection(self.instance(key)?)?;
        let (environment, reviewers) = (environment.name.clone(), protection.reviewers.clone());
        (!reviewers.is_empty()).then_some(Action::Ask { key, environment, reviewers })
    }

    /// A job is approved, or need not be: waits, where its environment asks for that.
    pub(crate) fn past_approval(&mut self, key: JobKey, now: Timestamp) {
        let wait = self.instance(key).and_then(|instance| self.protection(instance));
        match wait.map_or(0, |(_, protection)| protection.wait_minutes) {
            0 => self.begin(key, now),
            minutes => {
                let until = now.after(Duration::from_secs(u64::from(minutes) * 60));
                self.set_phase(key, Phase::Resting { until });
                self.arm(key);
            }
        }
    }

    /// Nothing holds a job up any more.
    pub(crate) fn begin(&mut self, key: JobKey, now: Timestamp) {
        let Some((workflow, number)) = self.written(key) else { return };
        let Some(job) = workflow.jobs.get(number) else { return };
        if let Work::Call(_) = job.work {
            if let Err(errors) = self.call(key, now) {
                self.end(key, JobResult::Failure, errors, now);
            }
            return;
        }
        self.set(key, |instance| {
            instance.generation += 1;
            instance.phase = Phase::Begun { at: now };
        });
        self.arm(key);
        if let Some(begin) = self.beginning(key) {
            self.actions.push(Action::Begin(Box::new(begin)));
        }
    }

    /// All that is to be known of a job that begins.
    pub(crate) fn beginning(&self, key: JobKey) -> Option<Begin> {
        let instance = self.instance(key)?;
        let settings = instance.settings.clone()?;
        Some(Begin {
            key,
            attempt: self.state.attempt,
            generation: instance.generation,
            again: instance.again,
            id: self.full_id(key),
            name: self.full_name(key),
            runs_on: settings.runs_on,
            timeout: Duration::from_millis(settings.timeout_ms),
            cancel_timeout: Duration::from_millis(settings.cancel_timeout_ms),
            continue_on_error: settings.continue_on_error,
            environment: settings.environment,
            permissions: self.permissions(key),
            contexts: self.contexts(key),
        })
    }

    fn written(&self, key: JobKey) -> Option<(std::sync::Arc<Workflow>, usize)> {
        let node = self.graph.nodes.get(key.job)?;
        Some((self.graph.frame(node.frame)?.workflow.clone(), node.index))
    }

    pub(crate) fn protection<'a>(
        &'a self,
        instance: &'a InstanceState,
    ) -> Option<(&'a Environment, &'a Protection)> {
        let environment =
            instance.settings.as_ref()?.environment.as_ref().filter(|one| one.deployment)?;
        Some((environment, self.given.environments.get(&environment.name.to_lowercase())?))
    }

    fn settings(&self, key: JobKey) -> Result<Settings, Vec<String>> {
        let scope =
            JobScope { run: self, job: key.job, instance: Some(key.instance), secrets: None };
        let mut settings = Settings {
            runs_on: RunsOn::default(),
            environment: None,
            timeout_ms: 0,
            cancel_timeout_ms: 0,
            continue_on_error: false,
        };
        let Some(steps) = self.job(key).and_then(|(_, job)| job.as_steps()) else {
            return Ok(settings);
        };
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let read = || -> Result<Settings, setting::Errors> {
            settings.runs_on = RunsOn::read(&steps.runs_on, &scope)?;
            if let Some(environment) = &steps.environment {
                settings.environment = Environment::read(environment, &scope)?;
            }
            let (timeout, cancel) =
                (steps.timeout_minutes.as_ref(), steps.cancel_timeout_minutes.as_ref());
            settings.timeout_ms = millis(setting::minutes(timeout, &scope, TIMEOUT)?);
            settings.cancel_timeout_ms = millis(setting::minutes(cancel, &scope, CANCEL_TIMEOUT)?);
            if let Some(continues) = &steps.continue_on_error {
                settings.continue_on_error = setting::truth(continues, &scope)?;
            }
            Ok(settings)
        };
        read().map_err(told)
    }

    fn concurrency(&self, key: JobKey) -> Result<Option<Concurrency>, Vec<String>> {
        let scope =
            JobScope { run: self, job: key.job, instance: Some(key.instance), secrets: None };
        let template = self.job(key).and_then(|(_, job)| job.concurrency.as_ref());
        template.map(|template| Concurrency::read(template, &scope)).transpose().map_err(told)
    }

    /// Begins the workflow that a job calls.
    fn call(&mut self, key: JobKey, now: Timestamp) -> Result<(), Vec<String>> {
        let frame = self.state.frames.len();
        let Some((called, inputs)) = self.bound(key)? else {
            return Err(vec!["the workflow that it calls was not read".to_owned()]);
        };
        if let Some(concurrency) = self.inner(key, &called, &inputs)? {
            self.set_phase(key, Phase::Entering);
            if self.enter(key, concurrency.clone(), now) {
                self.set(key, |instance| instance.inner = GroupState::Asked(concurrency));
            }
            return Ok(());
        }
        let first = self.state.jobs.len();
        if first + called.jobs.len() > MOST_JOBS {
            return Err(vec![format!("a run has at most {MOST_JOBS} jobs")]);
        }
        let state = FrameState { caller: Some(key), first, inputs: Kept(inputs), gone: false };
        self.graph.add(called.clone(), frame, &state).map_err(|error| vec![error.to_string()])?;
        self.state.frames.push(state);
        self.state.jobs.extend(called.jobs.iter().map(|_| JobState::new(frame)));
        self.dirty.extend(first..self.state.jobs.len());
        self.set_phase(key, Phase::Calling { frame });
        if called.jobs.is_empty() {
            self.end(key, JobResult::Success, Vec::new(), now);
        }
        Ok(())
    }

    /// The concurrency group of a workflow that a job calls, before it is in there.
    fn inner(
        &self,
        key: JobKey,
        called: &Workflow,
        inputs: &Value,
    ) -> Result<Option<Concurrency>, Vec<String>> {
        let inside = self.instance(key).is_some_and(|instance| instance.inner.group().is_some());
        let scope = FrameScope { run: self, inputs: inputs.clone(), jobs: None };
        let template = called.concurrency.as_ref().filter(|_| !inside);
        template.map(|template| Concurrency::read(template, &scope)).transpose().map_err(told)
    }

    /// The workflow that a job calls, and what it is told.
    fn bound(&self, key: JobKey) -> Result<Option<(std::sync::Arc<Workflow>, Value)>, Vec<String>> {
        let Some((_, Job { work: Work::Call(call), .. })) = self.job(key) else { return Ok(None) };
        let Some(called) = &call.workflow else { return Ok(None) };
        let node = self.graph.nodes.get(key.job).and_then(|node| self.graph.frame(node.frame));
        if node.is_some_and(|frame| frame.depth + 1 >= MOST_CALLS_DEEP) {
            return Err(vec![format!("workflows call each other at most {MOST_CALLS_DEEP} deep")]);
        }
        let excess = self.excess(key, called);
        if !excess.is_empty() {
            return Err(excess);
        }
        let scope =
            JobScope { run: self, job: key.job, instance: Some(key.instance), secrets: None };
        let with =
            call.with.as_ref().map(|with| with.evaluate(&scope)).transpose().map_err(told)?;
        let interface =
            called.interface().map(|interface| interface.inputs.as_slice()).unwrap_or_default();
        // Defaults see what the workflow that is called sees, which has no inputs yet.
        let inside = FrameScope { run: self, inputs: Value::Null, jobs: None };
        let place = call.with.as_ref().map_or(call.uses.place, |with| with.place);
        let inputs =
            input::called(interface, place, &with.unwrap_or_default(), &inside).map_err(told)?;
        Ok(Some((called.clone(), inputs)))
    }

    /// What a workflow that is called asks for beyond what its caller may give.
    fn excess(&self, key: JobKey, called: &Workflow) -> Vec<String> {
        let most = self.most(key);
        let asked = called.permissions.iter().map(|asked| ("the workflow".to_owned(), asked));
        let jobs = called
            .jobs
            .iter()
            .filter_map(|job| Some((format!("the job '{}'", job.id), job.permissions.as_ref()?)));
        asked
            .chain(jobs)
            .flat_map(|(who, asked)| asked.excess(&most).into_iter().map(move |excess| (who.clone(), excess)))
            .map(|(who, excess)| {
                let (permission, asked, allowed) = (excess.permission, excess.asked, excess.allowed);
                format!("{who} is requesting '{permission}: {asked}', but is only allowed '{permission}: {allowed}'.")
            })
            .collect()
    }

    /// What the token of a job may do: what it says, or its workflow, or what those have that called
    /// it, and never more than those.
    pub fn permissions(&self, key: JobKey) -> Permissions {
        let said = self.said(key).unwrap_or_else(|| self.given.permissions.clone());
        said.within(&self.given.most)
    }

    /// What somebody said of the permissions of a job, on the way down to it.
    fn said(&self, key: JobKey) -> Option<Permissions> {
        let (workflow, job) = self.job(key)?;
        let caller = self.caller(key);
        match job.permissions.as_ref().or(workflow.permissions.as_ref()) {
            Some(own) => {
                Some(caller.map_or_else(|| own.clone(), |caller| own.within(&self.most(caller))))
            }
            None => self.said(caller?),
        }
    }

    /// The most that a workflow may ask for which a job calls. Where nobody said anything, and all may
    /// be written, an identity may be asked for as well.
    fn most(&self, key: JobKey) -> Permissions {
        let most = self.said(key).unwrap_or_else(|| {
            let mut all = self.given.permissions.clone();
            if all.level(Permission::Contents) == Level::Write {
                all.set(Permission::IdToken, Level::Write);
            }
            all
        });
        most.within(&self.given.most)
    }

    /// The id of a job, with those that called its workflow.
    pub fn full_id(&self, key: JobKey) -> String {
        let own = self.id(key.job).unwrap_or_default();
        let matrix = self.instance(key).map_or("", |instance| instance.id.as_str());
        let own = if matrix.is_empty() { own.to_string() } else { format!("{own}.{matrix}") };
        self.caller(key).map_or(own.clone(), |caller| format!("{}.{own}", self.full_id(caller)))
    }

    /// What a job is called, with those that called its workflow.
    pub fn full_name(&self, key: JobKey) -> String {
        let own = self.instance(key).map(|instance| instance.name.clone());
        let own = own.or_else(|| self.plain_name(key)).unwrap_or_default();
        self.caller(key).map_or(own.clone(), |caller| format!("{} / {own}", self.full_name(caller)))
    }

    /// What a job is called of which it is not known which jobs it has.
    fn plain_name(&self, key: JobKey) -> Option<String> {
        let (_, job) = self.job(key)?;
        let name =
            job.name.as_ref().and_then(|name| name.as_text()).filter(|name| !name.is_empty());
        Some(name.unwrap_or(&job.id).to_owned())
    }

    pub(crate) fn caller(&self, key: JobKey) -> Option<JobKey> {
        self.state.frames.get(self.state.jobs.get(key.job)?.frame)?.caller
    }
}

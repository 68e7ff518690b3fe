//! How jobs end: by themselves, by a sibling's failure, by somebody's word, by time.

use tidegate_units::Timestamp;

use crate::action::{Action, Member};
use crate::contexts::{FrameScope, tells};
use crate::run::Run;
use crate::setting;
use crate::state::{
    CancelReason, Cancelled, GroupState, InstanceState, JobKey, JobPhase, JobResult, JobState,
    Phase,
};

/// What jobs come to together: a failure outweighs a cancellation, and that all that went well; where
/// nothing was to run, nothing did.
pub(crate) fn together(results: impl Iterator<Item = JobResult>) -> JobResult {
    let mut together = JobResult::Skipped;
    for result in results {
        together = match (together, result) {
            (JobResult::Failure, _) | (_, JobResult::Failure) => JobResult::Failure,
            (JobResult::Cancelled, _) | (_, JobResult::Cancelled) => JobResult::Cancelled,
            (JobResult::Success, _) | (_, JobResult::Success) => JobResult::Success,
            (JobResult::Skipped, JobResult::Skipped) => JobResult::Skipped,
        };
    }
    together
}

/// Takes over what one of a job's jobs tells: the last one that has something to say is heard.
pub(crate) fn hear(heard: &mut Vec<(String, String)>, outputs: Vec<(String, String)>) {
    for (name, value) in outputs {
        match heard.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some(known) if !value.is_empty() => known.1 = value,
            Some(_) => {}
            None => heard.push((name, value)),
        }
    }
}

impl Run {
    /// What became of a job of a matrix, or of one without.
    pub(crate) fn instance(&self, key: JobKey) -> Option<&InstanceState> {
        self.state.jobs.get(key.job)?.instances.get(key.instance)
    }

    /// Changes what became of a job, and notes that it did.
    pub(crate) fn set(&mut self, key: JobKey, change: impl FnOnce(&mut InstanceState)) {
        let instance =
            self.state.jobs.get_mut(key.job).and_then(|job| job.instances.get_mut(key.instance));
        if let Some(instance) = instance {
            change(instance);
            self.changed.insert(key);
        }
    }

    pub(crate) fn set_phase(&mut self, key: JobKey, phase: Phase) {
        self.set(key, |instance| instance.phase = phase);
    }

    /// A job is over, as `outcome` says.
    pub(crate) fn end(
        &mut self,
        key: JobKey,
        outcome: JobResult,
        errors: Vec<String>,
        now: Timestamp,
    ) {
        let Some(instance) = self.instance(key).filter(|one| one.result().is_none()) else {
            return;
        };
        let forgiven =
            instance.settings.as_ref().is_some_and(|settings| settings.continue_on_error);
        let forgiven = forgiven && outcome == JobResult::Failure;
        let result = if forgiven { JobResult::Success } else { outcome };
        let (running, outputs) = (instance.is_running(), instance.outputs.clone());
        let who = Member::Job(key);
        let groups = [&instance.inner, &instance.group].into_iter().filter_map(GroupState::group);
        let leave: Vec<_> =
            groups.map(|group| Action::Leave { who, group: group.to_owned() }).collect();
        self.actions.extend(leave);
        self.disarm(key);
        self.set(key, |instance| {
            (instance.group, instance.inner) = (GroupState::None, GroupState::None);
            instance.phase = Phase::Over { at: now, outcome, result, errors };
        });
        if let Some(node) = self.graph.nodes.get_mut(key.job) {
            node.open = node.open.saturating_sub(1);
            node.running -= usize::from(running && node.running > 0);
        }
        self.dirty.insert(key.job);
        if let Some(job) = self.state.jobs.get_mut(key.job) {
            hear(&mut job.outputs, outputs);
        }
        if result == JobResult::Failure {
            self.fail_fast(key, now);
        }
    }

    fn fail_fast(&mut self, failed: JobKey, now: Timestamp) {
        let fast = self.state.jobs.get(failed.job).is_some_and(|job| job.fail_fast);
        for instance in 0..if fast { self.instances(failed.job) } else { 0 } {
            self.cancel_job(JobKey { instance, ..failed }, CancelReason::FailFast, now);
        }
    }

    /// Ends a job that is not over, for `reason`.
    pub(crate) fn cancel_job(&mut self, key: JobKey, reason: CancelReason, now: Timestamp) {
        let Some(instance) = self.instance(key) else { return };
        match instance.phase {
            Phase::Queued | Phase::Entering | Phase::Approving | Phase::Resting { .. } => {
                self.end(key, JobResult::Cancelled, Vec::new(), now);
            }
            Phase::Begun { .. } => {
                let generation = instance.generation;
                self.disarm(key);
                self.actions.push(Action::Cancel { key, generation, reason });
                self.set_phase(key, Phase::Ending { at: now, reason, killed: false });
                self.arm(key);
            }
            Phase::Calling { frame } => self.cancel_frame(frame, reason, now),
            Phase::Ending { .. } | Phase::Over { .. } => {}
        }
    }

    fn cancel_frame(&mut self, frame: usize, reason: CancelReason, now: Timestamp) {
        let of_frame =
            |job: &usize| self.state.jobs.get(*job).is_some_and(|job| job.frame == frame);
        let jobs: Vec<usize> = (0..self.state.jobs.len()).filter(of_frame).collect();
        for job in jobs {
            if self.state.jobs.get(job).is_some_and(|job| job.phase == JobPhase::Waiting) {
                self.close(job, JobResult::Cancelled, Vec::new(), now);
            }
            for instance in 0..self.instances(job) {
                self.cancel_job(JobKey { job, instance }, reason, now);
            }
        }
    }

    /// Somebody cancels the run: what has not begun does not, and what runs goes on where its
    /// condition holds even so.
    pub(crate) fn cancel(&mut self, cancelled: Cancelled) {
        if self.state.cancelled.is_some_and(|before| before.forced || !cancelled.forced) {
            return;
        }
        self.state.cancelled = Some(cancelled);
        for job in 0..self.state.jobs.len() {
            self.dirty.insert(job);
            let open = self.state.jobs.get(job).is_some_and(|job| job.phase == JobPhase::Open);
            if !open || (!cancelled.forced && self.stays(job)) {
                continue;
            }
            for instance in 0..self.instances(job) {
                let key = JobKey { job, instance };
                // The jobs of a workflow that it calls are among those that are looked at here.
                if !matches!(self.instance(key).map(|one| &one.phase), Some(Phase::Calling { .. }))
                {
                    self.cancel_job(key, CancelReason::Run, cancelled.at);
                }
                if cancelled.forced {
                    self.kill(key);
                }
            }
        }
    }

    /// Whether a job goes on in a run that is cancelled.
    fn stays(&self, job: usize) -> bool {
        let condition = self.job(JobKey { job, instance: 0 }).map(|(_, job)| &job.condition);
        condition.is_some_and(|condition| self.holds(job, condition) == Ok(true))
    }

    /// Ends a job at once that was told to end.
    pub(crate) fn kill(&mut self, key: JobKey) {
        let Some(instance) = self.instance(key) else { return };
        if let Phase::Ending { at, reason, killed: false } = instance.phase {
            self.actions.push(Action::Kill { key, generation: instance.generation });
            self.disarm(key);
            self.set_phase(key, Phase::Ending { at, reason, killed: true });
        }
    }

    /// Does what is to be done although nothing happened.
    pub(crate) fn due(&mut self, now: Timestamp) {
        while let Some((at, key)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, key));
            // What it was set for may not be so any more.
            if self.due_at(key) != Some(at) {
                continue;
            }
            match self.instance(key).map(|instance| &instance.phase) {
                Some(Phase::Resting { .. }) => self.begin(key, now),
                Some(Phase::Begun { .. }) => self.cancel_job(key, CancelReason::Timeout, now),
                Some(Phase::Ending { .. }) => self.kill(key),
                _ => {}
            }
        }
    }

    /// A job is over, with all of its matrix.
    pub(crate) fn close(
        &mut self,
        job: usize,
        result: JobResult,
        errors: Vec<String>,
        now: Timestamp,
    ) {
        let Some(state) = self.state.jobs.get_mut(job).filter(|job| job.result().is_none()) else {
            return;
        };
        state.phase = JobPhase::Over { result, errors };
        let (told, frame) = (tells(state), state.frame);
        self.changed.insert(JobKey { job, instance: 0 });
        if let Some(node) = self.graph.nodes.get_mut(job) {
            (node.told, node.sees) = (Some(told), None);
        }
        let ready = self.graph.close(job, result);
        self.dirty.extend(ready);
        if self.graph.frame(frame).is_some_and(|frame| frame.open == 0) {
            self.return_from(frame, now);
        }
    }

    /// All jobs of a workflow that was called are over.
    fn return_from(&mut self, frame: usize, now: Timestamp) {
        let Some(caller) = self.state.frames.get(frame).and_then(|frame| frame.caller) else {
            return;
        };
        let result = together(self.of_frame(frame).filter_map(JobState::result));
        match self.outputs_of(frame) {
            Ok(outputs) => {
                self.set(caller, |instance| instance.outputs = outputs);
                self.end(caller, result, Vec::new(), now);
            }
            Err(errors) => self.end(caller, JobResult::Failure, errors, now),
        }
    }

    fn of_frame(&self, frame: usize) -> impl Iterator<Item = &JobState> {
        self.state.jobs.iter().filter(move |job| job.frame == frame)
    }

    /// What a workflow that was called tells.
    fn outputs_of(&self, frame: usize) -> Result<Vec<(String, String)>, Vec<String>> {
        let workflow = self.graph.frame(frame).map(|frame| frame.workflow.clone());
        let Some(interface) = workflow.as_ref().and_then(|workflow| workflow.interface()) else {
            return Ok(Vec::new());
        };
        let inputs =
            self.state.frames.get(frame).map(|frame| frame.inputs.0.clone()).unwrap_or_default();
        let scope = FrameScope { run: self, inputs, jobs: Some(frame) };
        let output = |output: &crate::call::Output| {
            let text = setting::text(&output.value, &scope).map_err(crate::advance::told)?;
            Ok((output.name.to_string(), text.to_string()))
        };
        interface.outputs.iter().map(output).collect()
    }

    /// What the whole run comes to.
    pub(crate) fn conclusion(&self) -> JobResult {
        if self.state.cancelled.is_some() {
            return JobResult::Cancelled;
        }
        together(self.of_frame(0).filter_map(JobState::result))
    }
}

use std::sync::Arc;

use tidegate_workflow::{Step, StepKind};

use crate::{
    Act, Action, Machine, Outcome, Report, Runs, Stage,
    conclusion::worse,
    context::View,
    frame::{Begun, Frame},
    sequence::{Phase, Sequence},
    strand::{Doing, Strand},
};

impl Sequence {
    /// Begins steps beside each other, and tells their strands.
    pub(crate) fn spawn(&mut self, steps: &[Step]) -> Vec<usize> {
        let mut strands = vec![];
        for step in steps {
            let frame = Frame::of_job([step.clone()].into());
            strands.push(self.strands.len());
            self.strands.push(Strand::new(frame, Some(step.id.clone())));
        }
        strands
    }

    /// Begins a step that waits for others, or ends them.
    pub(crate) fn control(&mut self, at: usize, begun: Begun, step: &Step) {
        let others = match &step.kind {
            StepKind::Wait(ids) => ids.iter().filter_map(|id| self.named(&id.what)).collect(),
            StepKind::WaitAll => self.unwaited(),
            StepKind::Parallel(steps) => self.spawn(steps),
            StepKind::Cancel(id) => {
                let named: Vec<usize> = self.named(&id.what).into_iter().collect();
                for other in &named {
                    self.stop(*other);
                    if let Some(strand) = self.strands.get_mut(*other) {
                        strand.stopped = true;
                    }
                }
                named
            }
            StepKind::Run(_) | StepKind::Uses(_) => vec![],
        };
        self.does(at, Doing::Waiting(others, begun));
    }

    /// Ends a step whose wait is over. False where the strand does not wait.
    pub(crate) fn waited(&mut self, at: usize, machine: &dyn Machine) -> bool {
        let Some(strand) = self.strands.get_mut(at) else { return false };
        if !matches!(strand.doing, Doing::Waiting(..)) {
            return false;
        }
        let Doing::Waiting(others, begun) = std::mem::replace(&mut strand.doing, Doing::Ready)
        else {
            return false;
        };
        let came_to =
            others.iter().fold(Outcome::Success, |all, other| worse(all, self.join(*other)));
        let ends_others = begun.step().is_some_and(|step| matches!(step.kind, StepKind::Cancel(_)));
        let outcome = if ends_others { Outcome::Success } else { came_to };
        self.conclude(at, &begun, Report::of(outcome), machine);
        true
    }

    /// Lets others see what a strand told, and tells what it came to.
    fn join(&mut self, other: usize) -> Outcome {
        let Some(strand) = self.strands.get_mut(other) else { return Outcome::Success };
        strand.waited = true;
        let (stopped, came_to) = (strand.stopped, strand.came_to);
        for held in std::mem::take(&mut strand.held) {
            self.apply(&held.scope, &held.id, &held.report, held.conclusion, Stage::Main);
        }
        let was_asked_for = stopped && came_to == Outcome::Cancelled;
        if was_asked_for { Outcome::Success } else { came_to }
    }

    /// The last strand of that id.
    fn named(&self, id: &str) -> Option<usize> {
        let is = |strand: &Strand| {
            strand.background.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(id))
        };
        self.strands.iter().rposition(is)
    }

    fn unwaited(&self) -> Vec<usize> {
        let all = self.strands.iter().enumerate();
        all.filter(|(_, one)| one.background.is_some() && !one.waited).map(|(at, _)| at).collect()
    }

    /// Goes on with what is done after all steps.
    pub(crate) fn steps_are_over(&mut self) {
        for other in self.unwaited() {
            let came_to = self.join(other);
            self.status = worse(self.status, came_to);
        }
        self.strands.truncate(1);
        self.does(0, Doing::Ready);
        self.phase = Phase::Post;
    }

    /// Whether a strand is to be stopped as its job is cancelled: one in the background always, another one where the condition
    /// of a step that it is in does not hold any more.
    pub(crate) fn is_to_stop(&self, at: usize, machine: &dyn Machine) -> bool {
        let Some(strand) = self.strands.get(at) else { return false };
        if strand.background.is_some() {
            return true;
        }
        let mut around = Outcome::Cancelled;
        let mut calls = strand.frames.iter().filter_map(|frame| frame.call.as_ref());
        strand.begun().any(|begun| {
            let mut sight = self.outermost(&begun.overrides);
            sight.around = around;
            around = calls.next().map_or(around, |call| call.status);
            let execution = begun.step().and_then(|step| step.execution());
            let stage = begun.at.stage == Stage::Main;
            execution.filter(|_| stage).is_some_and(|execution| {
                !View { sight: &sight, machine }.holds(&execution.condition).unwrap_or(false)
            })
        })
    }

    /// Stops what a strand does.
    pub(crate) fn stop(&mut self, at: usize) {
        let Some(strand) = self.strands.get_mut(at) else { return };
        for call in strand.frames.iter_mut().filter_map(|frame| frame.call.as_mut()) {
            call.status = worse(call.status, Outcome::Cancelled);
        }
        let never_begun = strand.background.is_some() && !strand.has_begun();
        if never_begun {
            strand.doing = Doing::Over;
            strand.came_to = Outcome::Cancelled;
        } else if let Some(order) = strand.order() {
            self.acts.push(Act::Stop(order));
        } else if matches!(strand.doing, Doing::Finding(..)) {
            strand.halted = true;
        }
    }

    /// Wants each action of another repository that is not there yet.
    pub(crate) fn want(&mut self, steps: &[Step], from: Option<&(String, String)>) {
        for step in steps {
            match &step.kind {
                StepKind::Parallel(steps) => self.want(steps, from),
                StepKind::Uses(uses) => self.want_one(&uses.action.what, from),
                _ => {}
            }
        }
    }

    fn want_one(&mut self, uses: &str, from: Option<&(String, String)>) {
        let Phase::Preparing(wanted) = &self.phase else { return };
        let known = self.actions.contains_key(uses) || wanted.values().any(|other| other == uses);
        if known || uses.starts_with('.') || uses.starts_with('$') {
            return;
        }
        let id = self.find(uses, from.cloned());
        if let Phase::Preparing(wanted) = &mut self.phase {
            wanted.insert(id, uses.to_owned());
        }
    }

    /// Takes an action of another repository, and wants those that it uses.
    pub(crate) fn prepared(&mut self, uses: String, action: Result<Action, String>) {
        match action {
            Err(error) => self.broken(&[error]),
            Ok(action) => {
                let action = Arc::new(action);
                self.actions.insert(uses, action.clone());
                if let Runs::Composite(steps) = &action.runs {
                    self.want(steps, action.repository.as_ref());
                }
            }
        }
    }
}

/// Whether a step is one that the next one does not wait for. In the background already, it begins.
pub(crate) fn goes_to_background(at: usize, step: &Step) -> bool {
    at == 0 && step.execution().is_some_and(|execution| execution.background)
}

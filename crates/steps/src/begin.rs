use std::sync::Arc;

use tidegate_expression::Value;
use tidegate_workflow::{Execution, Step, StepKind, Uses, setting};

use crate::{
    Act, Action, Ended, Machine, NoteLevel, Outcome, Report, Runs, Stage, StepAt, Work,
    background::goes_to_background,
    context::{Sight, View},
    frame::{Begun, Call, Frame},
    inputs::Inputs,
    post::Post,
    sequence::{Sequence, of_action, told},
    strand::Doing,
    title::title,
};

/// Composite actions that may be in each other: the runner's own limit.
const MAX_DEPTH: usize = 10;

impl Sequence {
    /// Goes on with a strand that can.
    pub(crate) fn advance(&mut self, at: usize, machine: &dyn Machine) {
        if self.waited(at, machine) {
            return;
        }
        let Some(strand) = self.strands.get_mut(at) else { return };
        let Some(frame) = strand.frames.last_mut() else {
            strand.doing = Doing::Over;
            return;
        };
        let index = frame.next;
        if index < frame.steps.len() {
            frame.next += 1;
            self.begin(at, index, machine);
        } else if let Some(Frame { call: Some(call), scope, .. }) = strand.frames.pop() {
            self.end_call(at, &call, &scope, machine);
        } else {
            strand.doing = Doing::Over;
        }
    }

    /// Begins a step of the innermost frame of a strand.
    fn begin(&mut self, at: usize, index: usize, machine: &dyn Machine) {
        let number = self.place();
        let Some(strand) = self.strands.get(at) else { return };
        let Some(frame) = strand.frames.last() else { return };
        let (steps, scope) = (frame.steps.clone(), frame.scope.clone());
        let Some(step) = steps.get(index) else { return };
        if goes_to_background(at, step) {
            self.spawn(std::slice::from_ref(step));
            return;
        }
        let path =
            if scope.is_empty() { step.id.to_string() } else { format!("{scope}.{}", step.id) };
        let depth = strand.frames.iter().filter(|frame| frame.call.is_some()).count();
        let step_at = StepAt { number, path, title: title(step, None), depth, stage: Stage::Main };
        let overrides = frame.overrides().to_vec();
        let mut begun = Begun { at: step_at, steps: steps.clone(), index, scope, overrides };
        match step.execution() {
            None => self.control(at, begun, step),
            Some(execution) => match self.sight_of(at, &mut begun, step, execution, machine) {
                Err(errors) => self.fail(at, &begun, &errors, machine),
                Ok(sight) => self.begin_if(at, begun, step, execution, &sight, machine),
            },
        }
    }

    /// What a step sees, its own variables included, by which it gets its title.
    fn sight_of(
        &self,
        at: usize,
        begun: &mut Begun,
        step: &Step,
        execution: &Execution,
        machine: &dyn Machine,
    ) -> Result<Sight, Vec<String>> {
        let named = |mut sight: Sight| {
            sight.github = sight.github.with([("action", Value::Text(step.id.clone()))]);
            sight
        };
        let mut sight = named(self.sight(at, &begun.overrides));
        if let Some(env) = &execution.env {
            let own = setting::texts(env, &View { sight: &sight, machine }).map_err(told)?;
            begun.overrides.extend(own);
            sight = named(self.sight(at, &begun.overrides));
        }
        begun.at.title = title(step, Some(&View { sight: &sight, machine }));
        Ok(sight)
    }

    fn begin_if(
        &mut self,
        at: usize,
        begun: Begun,
        step: &Step,
        execution: &Execution,
        sight: &Sight,
        machine: &dyn Machine,
    ) {
        match (View { sight, machine }.holds(&execution.condition)) {
            Err(error) => self.fail(at, &begun, &[error], machine),
            Ok(false) => self.skip(at, &begun),
            Ok(true) => match &step.kind {
                StepKind::Uses(uses) => self.begin_uses(at, begun, uses, machine),
                _ => self.begin_script(at, begun, step, sight, machine),
            },
        }
    }

    fn begin_script(
        &mut self,
        at: usize,
        begun: Begun,
        step: &Step,
        sight: &Sight,
        machine: &dyn Machine,
    ) {
        let StepKind::Run(run) = &step.kind else { return };
        let view = View { sight, machine };
        let outermost = begun.at.depth == 0;
        let text = |template: Option<&_>, default: &Option<Arc<str>>| match template {
            Some(template) => setting::text(template, &view).map(Some),
            None => Ok(default.clone().filter(|_| outermost)),
        };
        let read = || {
            let script = setting::text(&run.script, &view)?;
            let shell = text(run.shell.as_ref(), &self.shell)?.filter(|shell| !shell.is_empty());
            let directory = text(run.working_directory.as_ref(), &self.directory)?;
            let timeout = timeout(&run.execution, &view)?;
            Ok((Work::Script { script, shell, directory }, timeout))
        };
        match read() {
            Err(errors) => self.fail(at, &begun, &told(errors), machine),
            Ok((work, timeout)) => {
                let id = self.order(&begun, sight, work, vec![], timeout);
                self.does(at, Doing::Running(id, begun));
            }
        }
    }

    fn begin_uses(&mut self, at: usize, begun: Begun, uses: &Uses, machine: &dyn Machine) {
        let wanted = uses.action.what.as_str();
        if let Some(action) = self.actions.get(wanted).cloned() {
            return self.begin_action(at, begun, &action, machine);
        }
        let around = self.strands.get(at).and_then(|strand| strand.frames.last());
        let call = around.and_then(|frame| frame.call.as_ref());
        let from = call.and_then(|call| call.action.repository.clone());
        let find = self.find(wanted, from);
        self.does(at, Doing::Finding(find, begun));
    }

    /// Goes on with a step whose action was looked for when it was its turn.
    pub(crate) fn found_local(
        &mut self,
        at: usize,
        action: Result<Arc<Action>, String>,
        machine: &dyn Machine,
    ) {
        let Some(strand) = self.strands.get_mut(at) else { return };
        let Doing::Finding(_, begun) = std::mem::replace(&mut strand.doing, Doing::Ready) else {
            return;
        };
        if std::mem::take(&mut strand.halted) {
            return self.conclude(at, &begun, Report::of(Outcome::Cancelled), machine);
        }
        match action {
            Ok(action) => self.begin_action(at, begun, &action, machine),
            Err(error) => self.fail(at, &begun, &[error], machine),
        }
    }

    fn begin_action(
        &mut self,
        at: usize,
        begun: Begun,
        action: &Arc<Action>,
        machine: &dyn Machine,
    ) {
        let Some(StepKind::Uses(uses)) = begun.step().map(|step| step.kind.clone()) else { return };
        let mut sight = self.sight(at, &begun.overrides);
        let view = View { sight: &sight, machine };
        let inputs = Inputs::read(uses.with.as_ref(), action, &view);
        let timeout = timeout(&uses.execution, &view).map_err(told);
        let (inputs, timeout) = match (inputs, timeout) {
            (Ok(inputs), Ok(timeout)) => (inputs, timeout),
            (Err(errors), _) | (_, Err(errors)) => return self.fail(at, &begun, &errors, machine),
        };
        for warning in &inputs.warnings {
            self.note(&begun.at, NoteLevel::Warning, warning.as_str());
        }
        if let Runs::Composite(steps) = &action.runs {
            return self.call(at, begun, action, steps, &inputs, machine);
        }
        if let Some(condition) = action.post() {
            self.posts.push(Post::of(&begun, action, &inputs, condition));
        }
        sight.github = without_path(&of_action(&sight.github, action));
        let id = self.order_action(&begun, action, Stage::Main, &inputs, &sight, timeout);
        self.does(at, Doing::Running(id, begun));
    }

    fn call(
        &mut self,
        at: usize,
        by: Begun,
        action: &Arc<Action>,
        steps: &Arc<[Step]>,
        inputs: &Inputs,
        machine: &dyn Machine,
    ) {
        if by.at.depth >= MAX_DEPTH {
            let error = format!("composite actions are nested more than {MAX_DEPTH} deep here");
            return self.fail(at, &by, &[error], machine);
        }
        let inputs = inputs.context();
        let call = Call { by, action: action.clone(), inputs, status: Outcome::Success };
        if let Some(strand) = self.strands.get_mut(at) {
            strand.frames.push(Frame::of_call(steps.clone(), call));
        }
    }

    /// Ends a step whose condition does not hold.
    pub(crate) fn skip(&mut self, at: usize, begun: &Begun) {
        let skipped = (Outcome::Skipped, Outcome::Skipped);
        self.records.take(&begun.scope, &begun.id(), &[], skipped);
        let ended = Ended {
            step: begun.at.clone(),
            outcome: Outcome::Skipped,
            conclusion: Outcome::Skipped,
        };
        self.acts.push(Act::Ended(ended));
        self.does(at, Doing::Ready);
    }

    /// Ends a step that cannot be run as it is written.
    pub(crate) fn fail(
        &mut self,
        at: usize,
        begun: &Begun,
        errors: &[String],
        machine: &dyn Machine,
    ) {
        for error in errors {
            self.note(&begun.at, NoteLevel::Error, error.as_str());
        }
        self.conclude(at, begun, Report::of(Outcome::Failure), machine);
    }

    pub(crate) fn does(&mut self, at: usize, doing: Doing) {
        if let Some(strand) = self.strands.get_mut(at) {
            strand.doing = doing;
        }
    }
}

/// How many minutes a step may take; zero is as long as it likes.
fn timeout(
    execution: &Execution,
    view: &View<'_>,
) -> Result<Option<f64>, Vec<tidegate_workflow::TemplateError>> {
    let minutes = execution.timeout_minutes.as_ref();
    let minutes = minutes.map(|minutes| setting::number(minutes, view)).transpose()?;
    Ok(minutes.filter(|minutes| *minutes > 0.0))
}

/// Actions that are no composite ones are not told where they are.
fn without_path(github: &Value) -> Value {
    github.with([("action_path", Value::Null)])
}

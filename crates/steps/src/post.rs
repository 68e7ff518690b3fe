use std::sync::Arc;

use tidegate_workflow::{Condition, StepKind};

use crate::{
    Action, Machine, OrderId, Runs, Stage, Work,
    context::{Sight, View},
    frame::Begun,
    inputs::Inputs,
    sequence::{Phase, Sequence, of_action},
    strand::Doing,
    title::title,
};

/// What an action does after all steps.
#[derive(Debug)]
pub(crate) struct Post {
    begun: Begun,
    action: Arc<Action>,
    inputs: Inputs,
    condition: Condition,
}

impl Post {
    pub(crate) fn of(
        begun: &Begun,
        action: &Arc<Action>,
        inputs: &Inputs,
        when: &Condition,
    ) -> Self {
        let mut begun = begun.clone();
        begun.at.title = format!("Post {}", begun.at.title);
        begun.at.stage = Stage::Post;
        Self { begun, action: action.clone(), inputs: inputs.clone(), condition: when.clone() }
    }
}

impl Sequence {
    /// Begins what an action does before all steps, from the step with that number on.
    pub(crate) fn moved_before(&mut self, step: usize, machine: &dyn Machine) -> bool {
        if !self.strands.first().is_some_and(|strand| matches!(strand.doing, Doing::Ready)) {
            return false;
        }
        if step >= self.job.steps.len() || self.status != crate::Outcome::Success {
            self.phase = Phase::Steps;
            return true;
        }
        self.phase = Phase::Pre(step + 1);
        self.begin_before(step, machine);
        true
    }

    fn begin_before(&mut self, index: usize, machine: &dyn Machine) {
        let steps = self.job.steps.clone();
        let Some(step) = steps.get(index) else { return };
        let StepKind::Uses(uses) = &step.kind else { return };
        let Some(action) = self.actions.get(&uses.action.what).cloned() else { return };
        let Runs::Node(node) = &action.runs else { return };
        let Some((_, condition)) = &node.pre else { return };
        let at = crate::StepAt {
            number: self.place(),
            path: step.id.to_string(),
            title: format!("Pre {}", title(step, None)),
            depth: 0,
            stage: Stage::Pre,
        };
        let begun = Begun { at, steps: steps.clone(), index, scope: "".into(), overrides: vec![] };
        let mut sight = self.outermost(&[]);
        let view = View { sight: &sight, machine };
        let inputs = match view.holds(condition) {
            Ok(true) => Inputs::read(uses.with.as_ref(), &action, &view),
            Ok(false) => return,
            Err(error) => Err(vec![error]),
        };
        match inputs {
            Err(errors) => self.fail(0, &begun, &errors, machine),
            Ok(inputs) => {
                sight.github = of_action(&sight.github, &action);
                let id = self.order_action(&begun, &action, Stage::Pre, &inputs, &sight, None);
                self.does(0, Doing::Running(id, begun));
            }
        }
    }

    /// Begins what the last action that has not yet done so does after all steps; the job is over where there is none.
    pub(crate) fn moved_after(&mut self, machine: &dyn Machine) -> bool {
        if !self.strands.first().is_some_and(|strand| matches!(strand.doing, Doing::Ready)) {
            return false;
        }
        let Some(mut post) = self.posts.pop() else {
            self.finish(machine);
            return true;
        };
        post.begun.at.number = self.place();
        let mut sight = self.outermost(&post.begun.overrides);
        sight.steps = self.records.context(&post.begun.scope);
        match (View { sight: &sight, machine }.holds(&post.condition)) {
            Err(error) => self.fail(0, &post.begun, &[error], machine),
            Ok(false) => self.skip(0, &post.begun),
            Ok(true) => {
                sight.github = of_action(&sight.github, &post.action);
                let (begun, stage) = (&post.begun, Stage::Post);
                let id = self.order_action(begun, &post.action, stage, &post.inputs, &sight, None);
                self.does(0, Doing::Running(id, post.begun));
            }
        }
        true
    }

    /// Orders a stage of an action that is none of steps.
    pub(crate) fn order_action(
        &mut self,
        begun: &Begun,
        action: &Arc<Action>,
        stage: Stage,
        inputs: &Inputs,
        sight: &Sight,
        timeout: Option<f64>,
    ) -> OrderId {
        let saved = self.states.get(&begun.at.path).cloned().unwrap_or_default();
        let (work, own) = match &action.runs {
            Runs::Native { name, .. } => {
                (Work::Native { name, inputs: inputs.values.clone(), state: saved }, vec![])
            }
            Runs::Node(node) => {
                let entry = match stage {
                    Stage::Pre => node.pre.as_ref().map(|(entry, _)| entry.clone()),
                    Stage::Main => None,
                    Stage::Post => node.post.as_ref().map(|(entry, _)| entry.clone()),
                };
                let before = saved
                    .iter()
                    .map(|(name, value)| (Arc::from(format!("STATE_{name}")), value.clone()));
                let own = inputs.variables().into_iter().chain(before).collect();
                let entry = entry.unwrap_or_else(|| node.main.clone());
                (Work::Node { action: action.clone(), entry }, own)
            }
            Runs::Composite(_) => {
                (Work::Script { script: "".into(), shell: None, directory: None }, vec![])
            }
        };
        self.order(begun, sight, work, own, timeout)
    }
}

use std::sync::Arc;

use tidegate_workflow::setting;

use crate::{
    Act, Ended, Machine, NoteLevel, Outcome, Report, Stage,
    conclusion::worse,
    context::View,
    frame::{Begun, Call},
    sequence::Sequence,
    strand::{Doing, Held},
};

impl Sequence {
    /// Takes what became of a step.
    pub(crate) fn conclude(
        &mut self,
        at: usize,
        begun: &Begun,
        report: Report,
        machine: &dyn Machine,
    ) {
        self.does(at, Doing::Ready);
        let outcome = report.outcome;
        let conclusion = self.concluded(at, begun, outcome, machine);
        let ended = Ended { step: begun.at.clone(), outcome, conclusion };
        self.acts.push(Act::Ended(ended));
        self.states.entry(begun.at.path.clone()).or_default().extend(report.state.iter().cloned());
        let Some(strand) = self.strands.get_mut(at) else { return };
        if strand.background.is_some() && strand.frames.len() == 1 {
            strand.came_to = conclusion;
            let (scope, id) = (begun.scope.clone(), begun.id());
            strand.held.push(Held { scope, id, report, conclusion });
            return;
        }
        let frame = strand.frames.last_mut().and_then(|frame| frame.call.as_mut());
        let status = frame.map_or(&mut self.status, |call| &mut call.status);
        if matches!(conclusion, Outcome::Failure | Outcome::Cancelled) {
            *status = worse(*status, conclusion);
        }
        self.apply(&begun.scope, &begun.id(), &report, conclusion, begun.at.stage);
    }

    /// Lets the steps that come see what a step told and came to.
    pub(crate) fn apply(
        &mut self,
        scope: &Arc<str>,
        id: &Arc<str>,
        report: &Report,
        conclusion: Outcome,
        stage: Stage,
    ) {
        if stage == Stage::Main {
            self.records.take(scope, id, &report.outputs, (report.outcome, conclusion));
        }
        self.env.extend(report.env.iter().cloned());
        for folder in &report.path {
            self.path.retain(|other| other != folder);
            self.path.insert(0, folder.clone());
        }
    }

    /// What an outcome means for what is around the step.
    fn concluded(
        &mut self,
        at: usize,
        begun: &Begun,
        outcome: Outcome,
        machine: &dyn Machine,
    ) -> Outcome {
        let step = begun.step().filter(|_| begun.at.stage == Stage::Main);
        let template = step.and_then(|step| step.continue_on_error.as_ref());
        let Some(template) = template.filter(|_| outcome == Outcome::Failure) else {
            return outcome;
        };
        let sight = self.sight(at, &begun.overrides);
        match setting::truth(template, &View { sight: &sight, machine }) {
            Ok(true) => Outcome::Success,
            Ok(false) => outcome,
            Err(errors) => {
                for error in crate::sequence::told(errors) {
                    self.note(&begun.at, NoteLevel::Error, error);
                }
                outcome
            }
        }
    }

    /// Ends a composite action of which all steps are over.
    pub(crate) fn end_call(
        &mut self,
        at: usize,
        call: &Call,
        scope: &Arc<str>,
        machine: &dyn Machine,
    ) {
        let mut sight = self.sight(at, &call.by.overrides);
        sight.steps = self.records.context(scope);
        sight.inputs = call.inputs.clone();
        let view = View { sight: &sight, machine };
        let outputs: Result<Vec<_>, Vec<String>> = call
            .action
            .outputs
            .iter()
            .map(|output| {
                let value = output.value.evaluate(&view).map_err(crate::sequence::told)?;
                Ok((output.name.clone(), value.as_text()))
            })
            .collect();
        match outputs {
            Err(errors) => self.fail(at, &call.by, &errors, machine),
            Ok(outputs) => {
                let report = Report { outputs, ..Report::of(call.status) };
                self.conclude(at, &call.by, report, machine);
            }
        }
    }
}

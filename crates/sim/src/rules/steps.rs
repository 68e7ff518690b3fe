//! Whether a rollout goes from step to step as its steps say.

use std::collections::BTreeSet;

use tidegate_rollout::{AbortReason, Event, RolloutSpec, RolloutStatus, Step, Strategy};
use tidegate_units::{Owner, RunName, Timestamp, Weight};

use super::{Rules, record::Turn};

/// What was seen of a rollout since it was last taken back, retried or released.
#[derive(Clone, Default)]
pub(super) struct Story {
    /// Somebody asked for something since it was taken back.
    pub(super) asked: bool,
    /// Somebody promoted since the step began.
    promoted: bool,
    /// An analysis has passed since the step began.
    passed: bool,
    /// Runs that were begun since it was last released or tried again.
    runs: BTreeSet<RunName>,
}

impl Rules {
    /// A step is passed only once what it waits for is there: time, a person, an analysis, a share.
    pub(super) fn check_steps(&mut self, turn: &Turn<'_>) {
        let Turn { key, before, after, .. } = turn;
        let mut story = self.stories.remove(*key).unwrap_or_default();
        self.follow(turn, &mut story);
        let spec = self.specs.get(*key).cloned();
        if let Some(spec) = spec.filter(|spec| after.current.as_ref() == Some(&spec.revision)) {
            match &spec.strategy {
                Strategy::Canary(_) => self.check_canary(turn, &story, &spec),
                Strategy::BlueGreen(settings) => {
                    let (was, is) = (before.blue_green, after.blue_green);
                    let passed = settings.pre_promotion.is_none() || story.passed;
                    if is.tested && !was.tested && !passed {
                        self.breaks(format!(
                            "{key}: it counts as tested, and its tests have not passed"
                        ));
                    }
                    let tested = passed || was.tested;
                    let skipped = after.promote_full || is.returning || story.promoted;
                    if is.cleared && !was.cleared && !tested && !skipped {
                        self.breaks(format!(
                            "{key}: it may take over, and its tests have not passed"
                        ));
                    }
                }
            }
        }
        let same = |status: &RolloutStatus| {
            (status.current.clone(), status.attempt, status.steps_hash, status.step_index)
        };
        if same(before) != same(after) {
            (story.promoted, story.passed) = (false, false);
        }
        self.stories.insert((*key).clone(), story);
    }

    /// What happened since, in the order in which it is written down: people first.
    fn follow(&mut self, turn: &Turn<'_>, story: &mut Story) {
        for asked in &turn.asked {
            story.promoted |= ["Promote", "PromoteFull"].contains(asked);
            if *asked == "Retry" {
                story.runs.clear();
            }
        }
        for event in &turn.events {
            match event {
                Event::RevisionWanted { .. } => story.runs.clear(),
                Event::RunStarted { run } => {
                    story.runs.insert(run.clone());
                }
                Event::RunEnded { outcome, .. } => story.passed |= outcome == "successful",
                Event::Aborted { reason: AbortReason::Analysis { run, .. } }
                    if !story.runs.contains(run) =>
                {
                    let key = turn.key;
                    self.breaks(format!("{key}: taken back by {run}, which is of another attempt"));
                }
                Event::Aborted { reason: AbortReason::StoreWentBack { .. } }
                    if !self.has_lost(turn.key) =>
                {
                    let key = turn.key;
                    self.breaks(format!(
                        "{key}: taken back for a loss, and nothing of it was lost"
                    ));
                }
                _ => {}
            }
        }
    }

    fn check_canary(&mut self, turn: &Turn<'_>, story: &Story, spec: &RolloutSpec) {
        let Turn { key, before, after, .. } = turn;
        let canary = spec.canary();
        let advances = after.stable.is_some()
            && before.stable != after.current
            && after.abort.is_none()
            && !(before.promote_full || after.promote_full)
            && after.skipped_from.is_none()
            && spec.replicas > 0;
        if !advances {
            return;
        }
        let goes_on = before.current == after.current
            && before.attempt == after.attempt
            && before.steps_hash == after.steps_hash
            && before.abort.is_none();
        let from = if goes_on { before.step_index } else { 0 };
        let passed = canary.steps.iter().enumerate().take(after.step_index).skip(from);
        for (index, step) in passed {
            let first = goes_on && index == from;
            let begun = before.step_started.filter(|_| first).unwrap_or(turn.at);
            let fresh = Story::default();
            let story = if first { story } else { &fresh };
            if let Some(why) = self.is_early(turn, step, story, begun) {
                self.breaks(format!("{key}: step {index} was passed, and {why}"));
            }
        }
    }

    /// Why a step is not done yet, if it is not.
    fn is_early(
        &self,
        turn: &Turn<'_>,
        step: &Step,
        story: &Story,
        begun: Timestamp,
    ) -> Option<String> {
        if story.promoted {
            return None;
        }
        match step {
            Step::Pause(None) => Some("nobody let it go on".to_owned()),
            Step::Pause(Some(lasts)) => {
                let waited = turn.at.since(begun);
                (waited < *lasts).then(|| format!("it has paused for {waited:?} of {lasts:?}"))
            }
            Step::Analysis(_) => (!story.passed).then(|| "its analysis has not passed".to_owned()),
            Step::SetWeight(weight) => {
                let slot = (Owner::rollout(turn.key), turn.after.current.clone()?);
                let has = self.shares.get(&slot).copied().unwrap_or(Weight::ZERO);
                (has < *weight).then(|| format!("the router gives {has} of {weight}"))
            }
            _ => None,
        }
    }
}

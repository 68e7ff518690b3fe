//! The step `tidegate/shadow`: a revision that answers nobody, whose answers to copies of requests
//! are compared with those of the stable one.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_traffic::{CompareSettings, Comparing, RequestMatch, Rule, RuleAction, TextMatch};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    Canary, RunKind, Step, rules, runs,
    turn::{Turn, share},
};

/// The name of the rule that compares.
pub const SHADOW_RULE: &str = "tidegate/shadow";

/// A comparison that a step begins, or ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// Of how many requests copies are made. None of them: the step ends what another has begun.
    pub share: Weight,
    /// Of which requests: those that meet any of these.
    pub any: Vec<RequestMatch>,
    /// How long the step compares before it judges, and passes or takes the revision back. Without it
    /// the comparison goes on beside the steps that follow, for analyses to ask about.
    pub duration: Option<Duration>,
    /// So many requests have to be compared before no difference says anything.
    pub least: u64,
    /// What is compared.
    pub settings: CompareSettings,
}

/// Methods that change nothing (RFC 9110, section 9.2.1).
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

impl Shadow {
    /// What compares the preview of a blue-green rollout: requests that change nothing.
    pub fn of_preview(share: Weight, settings: CompareSettings) -> Self {
        let method = SAFE.map(|method| TextMatch::Exact(method.to_owned())).to_vec();
        Self {
            share,
            any: vec![RequestMatch { method, ..RequestMatch::default() }],
            duration: None,
            least: 100,
            settings,
        }
    }

    /// Whether the step waits for what the comparison shows.
    pub fn is_judged(&self) -> bool {
        self.duration.is_some() && self.share > Weight::ZERO
    }

    /// The rule that it is for a new revision beside the stable one.
    pub fn rule(&self, name: String, canary: &RevisionHash, stable: &RevisionHash) -> Rule {
        let comparing = Comparing {
            name,
            to: canary.clone(),
            with: stable.clone(),
            share: self.share,
            settings: self.settings.clone(),
        };
        let then = RuleAction::Compare(comparing);
        Rule { name: SHADOW_RULE.to_owned(), any: self.any.clone(), then }
    }
}

impl Step {
    /// The comparison that the step begins or ends.
    pub fn shadow(&self) -> Option<&Shadow> {
        self.parts().iter().find_map(|part| match part {
            Self::Shadow(shadow) => Some(&**shadow),
            _ => None,
        })
    }

    /// Whether the step passes only when an analysis or an experiment of its own succeeds.
    pub fn is_judged(&self) -> bool {
        let measured = self.analysis().is_some() || self.experiment().is_some();
        measured || self.shadow().is_some_and(Shadow::is_judged)
    }
}

impl Canary {
    /// The comparison that holds once step `index` is reached, and the step that has begun it: the
    /// last, unless it was for the time of its step only, or ends another.
    pub fn shadow_at(&self, index: usize) -> Option<(usize, &Shadow)> {
        if !self.routed {
            return None;
        }
        let mut reached = self.steps.iter().enumerate().take(index.saturating_add(1)).rev();
        let last = reached.find_map(|(place, step)| Some((place, step.shadow()?)));
        last.filter(|(place, shadow)| {
            shadow.share > Weight::ZERO && (*place == index || shadow.duration.is_none())
        })
    }
}

/// The rule that should compare now. Its name tells the comparisons of one revision apart: another
/// step, and a retry, begin anew.
pub(crate) fn rule(turn: &Turn<'_>) -> Option<Rule> {
    let stable = turn.stable_beside()?;
    let number = turn.status.revisions.get(turn.current()).map_or(0, |record| record.number);
    let name = |place: &str| format!("{number}-{}-{place}", turn.status.attempt);
    if let Some(settings) = turn.spec.blue_green() {
        let nobody = turn.spec.replicas == 0 || settings.preview_replicas == Some(0);
        let waits = !nobody
            && !turn.status.blue_green.cleared
            && share(&turn.status.route, turn.current()) == Weight::ZERO;
        let shadow = Shadow::of_preview(settings.shadow, settings.compare.clone());
        return (waits && settings.shadow > Weight::ZERO)
            .then(|| shadow.rule(name("preview"), turn.current(), stable));
    }
    let (place, shadow) = turn.spec.canary().shadow_at(turn.status.step_index)?;
    Some(shadow.rule(name(&place.to_string()), turn.current(), stable))
}

/// Whether the step is done: the router compares, and what it found is in order where somebody waits
/// for it.
pub(crate) fn is_done(turn: &mut Turn<'_>, shadow: &Shadow) -> bool {
    let index = turn.status.step_index;
    let begun = turn.status.step_run.is_some();
    // Where there is nobody to be compared, nobody is waited for: the comparison then shows nothing.
    let none = shadow.share == Weight::ZERO || turn.spec.canary_replicas_at(index) == 0;
    let none = none || !turn.spec.canary().routed;
    let compares = (none || turn.carries(index)) && rules::are_followed(turn);
    if !shadow.is_judged() {
        return compares;
    }
    (begun || compares) && runs::passed(turn, RunKind::Step(index))
}

//! Rings: users who get the new revision before all others, ring after ring.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_traffic::{RequestMatch, Rule, RuleAction, UserKey, UserShare};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    AnalysisUse, Canary, CanaryScale, PauseReason, PauseState, RingState, RingView, RunKind, Step,
    rules, runs, turn::Turn,
};

/// All users, in the hundredths of a percent that their shares are counted in.
const ALL: u64 = 10_000;

/// A ring of users. It is open from its step on until the rollout ends, one way or the other: whoever
/// is in it stays in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Its name, which no other ring has.
    pub name: String,
    /// Requests that meet any of these are of its users.
    pub any: Vec<RequestMatch>,
    /// The least replicas that the new revision has from this ring on, until the next ring or the
    /// next `setCanaryScale`. None: what the shares of users and the weight need, one at least.
    #[serde(default)]
    pub scale: Option<CanaryScale>,
    /// How long the ring has to be open. Default: not at all.
    #[serde(default)]
    pub soak: Duration,
    /// What has to succeed while it is open.
    #[serde(default)]
    pub analysis: Option<AnalysisUse>,
}

impl Ring {
    /// The rule by which its users reach a new revision.
    pub fn rule(&self, canary: &RevisionHash) -> Rule {
        let then = RuleAction::Send { to: canary.clone() };
        Rule { name: self.name.clone(), any: self.any.clone(), then }
    }
}

impl Canary {
    /// Every ring with the index of its step, in order.
    pub fn rings(&self) -> impl Iterator<Item = (usize, &Ring)> {
        let steps = self.steps.iter().enumerate();
        steps.filter_map(|(index, step)| Some((index, step.ring()?)))
    }

    /// The rings that are reached at step `index`.
    pub fn rings_at(&self, index: usize) -> impl Iterator<Item = (usize, &Ring)> {
        self.rings().take_while(move |(at, _)| *at <= index)
    }

    /// How many of all requests the new revision gets once step `index` is reached: by its weight,
    /// and of the others by the shares of users of its rings. Users who are told apart in another way
    /// are chosen apart, and conditions beside a share are not known to leave anybody out, so that it
    /// is rather more than less.
    pub(crate) fn reach_at(&self, index: usize) -> Weight {
        let mut shares: Vec<(&UserKey, &str, u16)> = Vec::new();
        for users in self.rings_at(index).flat_map(|(_, ring)| &ring.any).filter_map(users) {
            let mut known = shares.iter_mut();
            match known.find(|known| (known.0, known.1) == (&users.by, users.salt.as_str())) {
                Some(known) => known.2 = known.2.max(users.hundredths),
                None => shares.push((&users.by, &users.salt, users.hundredths)),
            }
        }
        let rest = self.weight_at(index).rest();
        let shares = shares.into_iter().map(|(.., share)| u64::from(share).min(ALL));
        let left = |rest: Weight, share| {
            Weight::at_most(rest.parts() * (ALL - share), Weight::PARTS * ALL)
        };
        shares.fold(rest, left).rest()
    }
}

fn users(of: &RequestMatch) -> Option<&UserShare> {
    of.users.as_ref()
}

/// The rules of the rings that are open or may open now. One opens once its replicas are there, and
/// none does while the steps are jumped over.
pub(crate) fn rules<'a>(turn: &'a Turn<'_>) -> impl Iterator<Item = Rule> + 'a {
    let rings = turn.spec.canary().rings_at(turn.status.step_index);
    rings.filter_map(|(step, ring)| {
        let rule = ring.rule(turn.current());
        let may_open = || turn.is_stepwise() && turn.carries(step);
        (turn.before.rules.contains(&rule) || may_open()).then_some(rule)
    })
}

/// Whether the ring of the step that is being taken is done: it was open for as long as it soaks, and
/// its analysis has succeeded.
pub(crate) fn is_done(turn: &mut Turn<'_>, ring: &Ring) -> bool {
    if !is_open(turn, ring) {
        turn.status.ring_open = None;
        turn.status.pause = None;
        return false;
    }
    let opened = *turn.status.ring_open.get_or_insert(turn.now);
    let kind = RunKind::Step(turn.status.step_index);
    let passed = ring.analysis.is_none() || runs::passed(turn, kind);
    if turn.frozen() {
        // The analysis could not tell; nothing else may be written over that.
        return false;
    }
    let soaks = opened.after(ring.soak) > turn.now;
    let pause = PauseState { reason: PauseReason::Step, started: opened };
    turn.status.pause = soaks.then_some(pause);
    passed && !soaks
}

/// Whether the router is known to send the ring's users to the new revision. What was open stays so
/// while the router is told something else beside it. With no replicas wanted there is nobody to be
/// sent anywhere, and with no router nobody who could send.
fn is_open(turn: &Turn<'_>, ring: &Ring) -> bool {
    let told = turn.status.rules.contains(&ring.rule(turn.current()));
    let known = turn.status.ring_open.is_some()
        || (turn.carries(turn.status.step_index) && rules::are_followed(turn));
    turn.spec.replicas == 0 || !turn.spec.canary().routed || (told && known)
}

/// Whether the step that is being taken is a ring that is open.
pub(crate) fn is_soaking(turn: &Turn<'_>) -> bool {
    turn.step().is_some_and(|step| step.ring().is_some()) && turn.status.ring_open.is_some()
}

/// The rings of the update on its way.
pub(crate) fn views(turn: &Turn<'_>) -> Vec<RingView> {
    if !turn.advancing() {
        return Vec::new();
    }
    let rings = turn.spec.canary().rings();
    rings.map(|(step, ring)| view(turn, step, ring)).collect()
}

fn view(turn: &Turn<'_>, step: usize, ring: &Ring) -> RingView {
    let here = turn.status.step_index;
    let state = if turn.status.rules.contains(&ring.rule(turn.current())) {
        RingState::Open
    } else if step <= here && turn.is_stepwise() {
        RingState::Opening
    } else {
        RingState::Ahead
    };
    let users: Vec<_> = ring.any.iter().map(ToString::to_string).collect();
    let end = turn.status.ring_open.filter(|_| step == here).map(|open| open.after(ring.soak));
    RingView {
        name: ring.name.clone(),
        users: users.join(", or "),
        state,
        soaks_until: end.filter(|end| *end > turn.now),
    }
}

impl Step {
    /// The ring, if the step is one.
    pub fn ring(&self) -> Option<&Ring> {
        match self {
            Self::Ring(ring) => Some(ring),
            _ => None,
        }
    }
}

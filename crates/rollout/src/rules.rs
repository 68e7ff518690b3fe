//! The routes that steps set: which requests go to the new revision whatever its share is, and of
//! which it gets copies.

use serde::{Deserialize, Serialize};
use tidegate_traffic::{RequestMatch, Rule, RuleAction};
use tidegate_units::{RevisionHash, Weight};

use crate::{Canary, Step, ring, shadow, turn::Turn};

/// A route that a step sets. It holds from that step on, until another step sets one of its name or
/// the rollout ends, one way or the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// A request meets it when it meets any of these. With none, the step takes the route away.
    pub any: Vec<RequestMatch>,
    /// What becomes of a request that meets it.
    pub kind: RouteKind,
}

/// What becomes of a request that meets a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteKind {
    /// It goes to the new revision.
    Header,
    /// It goes by the split; of this share of them the new revision gets a copy.
    Mirror(Weight),
}

impl Route {
    /// The rule that it is for a new revision.
    pub fn rule(&self, canary: &RevisionHash) -> Rule {
        let to = canary.clone();
        let then = match self.kind {
            RouteKind::Header => RuleAction::Send { to },
            RouteKind::Mirror(share) => RuleAction::Mirror { to, share },
        };
        Rule { name: self.name.clone(), any: self.any.clone(), then }
    }
}

impl Canary {
    /// The routes that hold once step `index` is reached, the first counting first: in the order of
    /// `managed_routes`, then in that of the steps.
    pub fn routes_at(&self, index: usize) -> Vec<&Route> {
        let mut routes: Vec<&Route> = Vec::new();
        let reached = self.steps.iter().take(index.saturating_add(1));
        for part in reached.flat_map(Step::parts) {
            let Step::SetRoute(route) = part else { continue };
            routes.retain(|known| known.name != route.name);
            if !route.any.is_empty() {
                routes.push(route);
            }
        }
        let order =
            |route: &&Route| self.managed_routes.iter().position(|name| *name == route.name);
        routes.sort_by_key(|route| order(route).unwrap_or(usize::MAX));
        routes
    }
}

/// The rules that should hold now: those of the steps taken so far, while the new revision has a
/// replica to answer. Steps that are skipped set none, and what is held gets none that it had not.
pub(crate) fn wanted(turn: &Turn<'_>) -> Vec<Rule> {
    let canary = turn.current();
    let index = turn.status.step_index;
    let canary_spec = turn.spec.canary();
    // Who scales it to nothing wants nobody sent there.
    let scaled_away =
        canary_spec.scale_at(index).is_some() && turn.spec.canary_replicas_at(index) == 0;
    let may = canary_spec.routed && turn.advancing();
    if !may || scaled_away || turn.available(canary) == 0 {
        return Vec::new();
    }
    let steps = turn.is_stepwise();
    let routes = if steps { canary_spec.routes_at(index) } else { Vec::new() };
    let routes = routes.into_iter().map(|route| route.rule(canary));
    // Rings first: who is in one is not to be sent back to the split by a route that copies.
    let shadow = shadow::rule(turn).filter(|_| steps);
    let rules = ring::rules(turn).chain(routes).chain(shadow);
    rules.filter(|rule| !turn.frozen() || turn.before.rules.contains(rule)).collect()
}

/// Whether the router is known to follow the rules that should hold.
pub(crate) fn are_followed(turn: &Turn<'_>) -> bool {
    turn.status.rules == wanted(turn) && turn.routed()
}

/// Replicas of a revision that the rules need: one, while requests may still come by them.
pub(crate) fn replicas_needed(turn: &Turn<'_>, revision: &RevisionHash) -> u32 {
    let mut rules = turn.status.rules.iter().chain(&turn.before.rules);
    u32::from(rules.any(|rule| rule.then.revision() == revision))
}

/// Whether users get answers of the new revision by a rule.
pub(crate) fn send(rules: &[Rule]) -> bool {
    rules.iter().any(|rule| matches!(rule.then, RuleAction::Send { .. }))
}

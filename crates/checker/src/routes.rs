use tidegate_rollout::{Action, Route, RouteKind, Step};
use tidegate_traffic::{Rule, RuleAction};
use tidegate_units::RevisionHash;

use crate::{capacity::wanted, case::Case, rings, shadow};

/// What is wrong with requests that go past the split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteViolation {
    /// Requests go past the split where they may not.
    #[error("requests go past the split by the route {route}, but {why}")]
    Refused {
        /// The name of the route.
        route: String,
        /// What speaks against it.
        why: &'static str,
    },
    /// Requests go past the split to where nobody answers.
    #[error("the route {route} leads to a revision with no replica to answer")]
    ToNobody {
        /// The name of the route.
        route: String,
    },
}

/// What the router will have been told to put before the split after this plan.
pub(crate) fn told<'a>(case: &Case<'a>) -> &'a [Rule] {
    let ordered = case.plan.actions.iter().rev().find_map(|action| match action {
        Action::Route { rules, .. } => Some(rules.as_slice()),
        _ => None,
    });
    ordered.unwrap_or(&case.before.rules)
}

/// Requests go past the split only to a new revision on its way that was not taken back, and only
/// as a step that is reached has set it.
pub(crate) fn set_by_steps(case: &mut Case<'_>) {
    for rule in told(case).iter().chain(&case.after.rules) {
        if let Some(why) = refused(case, rule) {
            case.breaks(RouteViolation::Refused { route: rule.name.clone(), why });
        }
    }
}

fn refused(case: &Case<'_>, rule: &Rule) -> Option<&'static str> {
    let Some(canary) = case.canary() else {
        return Some("no new revision is on its way");
    };
    if !case.spec.canary().routed {
        return Some("no router splits");
    }
    if case.after.abort.is_some() {
        return Some("the new revision was taken back");
    }
    if revision(rule) != canary {
        return Some("it is for another revision");
    }
    let stays_in_ring = rings::is_reached(case, rule) && case.before.rules.contains(rule);
    if (case.is_promoted_in_full() || case.is_return()) && !stays_in_ring {
        return Some("the steps are skipped");
    }
    if let RuleAction::Compare(comparing) = &rule.then {
        return shadow::refused(case, rule, comparing);
    }
    let reached = case.spec.canary().steps.iter().take(case.after.step_index + 1).rev();
    let parts = reached.flat_map(|step| step.parts().iter().rev());
    let last = parts.filter_map(route).find(|route| route.name == rule.name);
    let set = last.is_some_and(|route| says_the_same(route, rule));
    (!set && !rings::is_reached(case, rule)).then_some("no step that is reached has set it")
}

pub(crate) fn revision(rule: &Rule) -> &RevisionHash {
    match &rule.then {
        RuleAction::Send { to } | RuleAction::Mirror { to, .. } => to,
        RuleAction::Compare(comparing) => &comparing.to,
    }
}

fn route(step: &Step) -> Option<&Route> {
    match step {
        Step::SetRoute(route) => Some(route),
        _ => None,
    }
}

fn says_the_same(route: &Route, rule: &Rule) -> bool {
    let kind = match (&rule.then, route.kind) {
        (RuleAction::Send { .. }, RouteKind::Header) => true,
        (RuleAction::Mirror { share, .. }, RouteKind::Mirror(set)) => *share == set,
        _ => false,
    };
    kind && !route.any.is_empty() && route.any == rule.any
}

/// A new rule needs somebody to answer, and one that holds needs a replica that stays.
pub(crate) fn somebody_answers(case: &mut Case<'_>) {
    for rule in told(case) {
        let nobody = case.available(revision(rule)) == 0 && !case.before.rules.contains(rule);
        if nobody || wanted(case.after, revision(rule)) == 0 {
            case.breaks(RouteViolation::ToNobody { route: rule.name.clone() });
        }
    }
}

/// Whether requests may still come to a revision past the split: by what is told now, or by what
/// was told before, until the router has confirmed the former.
pub(crate) fn may_lead_to(case: &Case<'_>, of: &RevisionHash) -> bool {
    told(case).iter().chain(&case.before.rules).any(|rule| revision(rule) == of)
}

/// Whether a step that sets a route may be passed: the router was seen to follow it, or there is
/// nobody whom it could lead to.
pub(crate) fn is_seen(case: &Case<'_>, route: &Route) -> bool {
    let mut rules = case.before.rules.iter();
    let there = rules.any(|rule| rule.name == route.name && says_the_same(route, rule));
    let gone = case.before.rules.iter().all(|rule| rule.name != route.name);
    let told = if route.any.is_empty() { gone } else { there };
    let followed = case.seen.routed_generation >= case.before.route_generation;
    let nobody = case.available(&case.spec.revision) == 0 || !case.spec.canary().routed;
    (told && followed) || nobody
}

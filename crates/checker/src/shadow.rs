use tidegate_rollout::{BlueGreen, Shadow, Step};
use tidegate_traffic::{Comparing, Rule, RuleAction, TextMatch};
use tidegate_units::Weight;

use crate::case::{Case, share};

/// What speaks against a rule that compares answers: a shadow is compared with the stable revision
/// only, of those requests only that its step names, and no longer than it says.
pub(crate) fn refused(case: &Case<'_>, rule: &Rule, comparing: &Comparing) -> Option<&'static str> {
    if case.after.stable.as_ref() != Some(&comparing.with) || comparing.with == comparing.to {
        return Some("it does not compare with the stable revision");
    }
    if let Some(settings) = case.spec.blue_green() {
        return refused_beside(case, settings, rule, comparing);
    }
    let holds = reached(case, case.after.step_index).is_some_and(|shadow| {
        shadow.share > Weight::ZERO && says_the_same(shadow, rule, comparing)
    });
    (!holds).then_some("no step that is reached has set it")
}

/// By blue-green the preview is compared until it may take over, and by reads alone.
fn refused_beside(
    case: &Case<'_>,
    settings: &BlueGreen,
    rule: &Rule,
    comparing: &Comparing,
) -> Option<&'static str> {
    let reads = |method: &TextMatch| match method {
        TextMatch::Exact(method) => matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS"),
        _ => false,
    };
    let only_reads = rule.any.iter().all(|it| !it.method.is_empty() && it.method.iter().all(reads));
    let as_said = comparing.share == settings.shadow && comparing.settings == settings.compare;
    let set = settings.shadow > Weight::ZERO && as_said && only_reads;
    let over = case.after.blue_green.cleared || share(case.told(), &comparing.to) > Weight::ZERO;
    if set && !over { None } else { Some("the preview is not to be compared, or no longer") }
}

/// The comparison that holds at a step.
fn reached<'a>(case: &Case<'a>, step: usize) -> Option<&'a Shadow> {
    let mut last = None;
    for (index, one) in case.spec.canary().steps.iter().enumerate().take(step + 1) {
        for part in one.parts() {
            if let Step::Shadow(shadow) = part {
                last = Some((index, &**shadow));
            }
        }
    }
    let (index, shadow) = last?;
    (shadow.duration.is_none() || index == step).then_some(shadow)
}

fn says_the_same(shadow: &Shadow, rule: &Rule, comparing: &Comparing) -> bool {
    shadow.any == rule.any
        && shadow.share == comparing.share
        && shadow.settings == comparing.settings
}

/// Whether a step waits for what its comparison shows.
pub(crate) fn is_judged(part: &Step) -> bool {
    match part {
        Step::Shadow(shadow) => shadow.duration.is_some() && shadow.share > Weight::ZERO,
        _ => false,
    }
}

/// Whether the router was seen to compare as a step says, or to do so no longer.
pub(crate) fn is_seen(case: &Case<'_>, shadow: &Shadow) -> bool {
    let compares = |rule: &Rule| match &rule.then {
        RuleAction::Compare(comparing) => says_the_same(shadow, rule, comparing),
        _ => false,
    };
    let any = |rule: &Rule| matches!(rule.then, RuleAction::Compare(_));
    let told = if shadow.share > Weight::ZERO {
        case.before.rules.iter().any(compares)
    } else {
        !case.before.rules.iter().any(any)
    };
    let followed = case.seen.routed_generation >= case.before.route_generation;
    let nobody = case.available(&case.spec.revision) == 0 || !case.spec.canary().routed;
    (told && followed) || nobody
}

use tidegate_rollout::{BlueGreen, BlueGreenProgress};
use tidegate_units::{RevisionHash, Weight};

use crate::{
    blue_green::{BlueGreenViolation, is_returning, known},
    case::{Case, Split, share},
};

/// Whether a split is part of a gradual switch: between the stable revision and the one that takes
/// over, with the share whose turn it is for that one, or no more than it had.
pub(crate) fn is_share(case: &Case<'_>, split: &Split) -> bool {
    let Some(settings) = case.spec.blue_green() else { return false };
    let (Some(canary), Some(stable)) = (case.canary(), case.after.stable.as_ref()) else {
        return false;
    };
    let of_two = split.iter().all(|(revision, _)| revision == canary || revision == stable);
    let turn = settings.cut_over.get(case.after.blue_green.shares_taken);
    let given = share(split, canary);
    let fits = turn.is_some_and(|cut| {
        given == cut.weight || given <= share(&case.before.route, canary).min(cut.weight)
    });
    of_two && case.after.abort.is_none() && fits
}

/// The share that may be taken once so many have held for their time.
fn allowed(settings: &BlueGreen, taken: usize) -> Weight {
    settings.cut_over.get(taken).map_or(Weight::FULL, |cut| cut.weight)
}

/// The shares of a gradual switch are taken one after the other, each for its time, and only with
/// every gate before the switch open and all replicas there.
pub(crate) fn one_by_one(case: &mut Case<'_>) {
    let Some(settings) = case.spec.blue_green().filter(|it| !it.cut_over.is_empty()) else {
        return;
    };
    if !case.is_gated() || case.after.abort.is_some() {
        return;
    }
    let (known, after) = (known(case), case.after.blue_green);
    let seen = known.share_since.is_some() || follows(case, settings, known.shares_taken);
    let why = [
        (after.share_since.is_some() && !seen).then_some("its share was not seen at the router"),
        hurried(case, settings, known).then_some("a share has not held for its time"),
        too_much(case, settings).then_some("it is given more than the share whose turn it is"),
        raised_in_part(case).then_some("not all of its replicas are available"),
        (raised(case) && !after.cleared).then_some("a gate before the switch is closed"),
    ];
    for why in why.into_iter().flatten() {
        case.breaks(BlueGreenViolation::TookOverEarly { why });
    }
}

/// Whether the router is seen to give the new revision this share.
fn follows(case: &Case<'_>, settings: &BlueGreen, taken: usize) -> bool {
    let seen = case.seen.routed.as_ref().and_then(|routed| routed.get(&case.spec.revision));
    seen.copied() == Some(allowed(settings, taken))
        && case.seen.routed_generation >= case.before.route_generation
}

/// Whether a share counts as taken that has not held for its time.
fn hurried(case: &Case<'_>, settings: &BlueGreen, known: BlueGreenProgress) -> bool {
    let taken = case.after.blue_green.shares_taken;
    let cut = settings.cut_over.get(known.shares_taken);
    let held = cut.is_some_and(|cut| match known.share_since {
        Some(since) => since.after(cut.wait) <= case.now,
        None => cut.wait.is_zero() && follows(case, settings, known.shares_taken),
    });
    taken > known.shares_taken + 1 || (taken > known.shares_taken && !held)
}

/// Whether the new revision gets more of the stable one's requests than the share whose turn it is.
/// What skips the gates skips the shares, and who was superseded gives its requests up at once.
fn too_much(case: &Case<'_>, settings: &BlueGreen) -> bool {
    let skipped = case.is_promoted_in_full() || is_returning(case);
    let most = allowed(settings, case.after.blue_green.shares_taken);
    let given = share(case.told(), &case.spec.revision);
    let others = |(revision, _): &(RevisionHash, Weight)| {
        *revision != case.spec.revision && case.after.stable.as_ref() != Some(revision)
    };
    let from_others = case.before.route.iter().any(others);
    raised(case) && given > most && !skipped && !from_others
}

fn raised(case: &Case<'_>) -> bool {
    let canary = &case.spec.revision;
    case.canary().is_some() && share(case.told(), canary) > share(&case.before.route, canary)
}

fn raised_in_part(case: &Case<'_>) -> bool {
    raised(case) && case.available(&case.spec.revision) < case.spec.replicas
}

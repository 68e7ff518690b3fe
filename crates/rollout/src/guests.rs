//! Templates of the step's experiment that get requests of the rollout.
//!
//! Where a router splits, a template gets the share that it asks for, out of the stable revision's.
//! Where none does, its replicas stand behind the same Service as the others, and get as much of it
//! as there are of them.

use tidegate_units::{RevisionHash, RunPhase, Weight};

use crate::{
    GuestView, StepTemplate, TemplateSeen, experiments,
    split::Split,
    turn::{Turn, share},
};

/// A split of the rollout's own revisions with the templates that should get a share beside them.
pub(crate) fn beside(turn: &Turn<'_>, stable: &RevisionHash, own: Split) -> Split {
    let open: Vec<_> = open(turn).collect();
    if open.is_empty() {
        own
    } else if turn.spec.canary().routed {
        out_of_stable(turn, stable, own, &open)
    } else {
        by_counts(turn, own, &open)
    }
}

/// The split that holds, as if the templates had left. Where a router splits, their share is the stable
/// revision's again; where none does, each of the others has back what it gave, for they will take it
/// anew of the split that follows from this one.
pub(crate) fn without(turn: &Turn<'_>) -> Split {
    let is_guest = |revision: &RevisionHash| !turn.status.revisions.contains_key(revision);
    let route = &turn.status.route;
    if !route.iter().any(|(revision, _)| is_guest(revision)) {
        return route.clone();
    }
    let mut own: Split = route.iter().filter(|(named, _)| !is_guest(named)).cloned().collect();
    let sum = own.iter().fold(Weight::ZERO, |sum, (_, weight)| sum.plus(*weight));
    if sum > Weight::ZERO && !turn.spec.canary().routed {
        return grown(own, sum);
    }
    let rest = sum.rest();
    let stable = turn.status.stable.as_ref();
    match own.iter_mut().find(|(named, _)| Some(named) == stable) {
        Some((_, weight)) => *weight = weight.plus(rest),
        None => own.extend(stable.map(|stable| (stable.clone(), rest))),
    }
    own
}

/// A split of `sum` made one of everything, in the same proportions.
fn grown(mut own: Split, sum: Weight) -> Split {
    let mut left = Weight::FULL;
    let last = own.len().saturating_sub(1);
    for (index, (_, weight)) in own.iter_mut().enumerate() {
        let part = Weight::at_most(weight.parts(), sum.parts());
        *weight = if index == last { left } else { part };
        left = left.minus(*weight);
    }
    own
}

/// The templates that can answer, while their experiment runs.
fn open<'t>(turn: &'t Turn<'_>) -> impl Iterator<Item = (&'t StepTemplate, &'t TemplateSeen)> {
    let running = experiments::current(turn)
        .filter(|(_, seen)| seen.phase == RunPhase::Running && !seen.ending);
    let templates = experiments::step(turn).zip(running).into_iter();
    let seen = templates.flat_map(|(step, (_, seen))| {
        step.templates.iter().filter_map(|one| Some((one, seen.templates.get(&one.name)?)))
    });
    seen.filter(|(_, seen)| seen.available > 0)
}

fn out_of_stable(
    turn: &Turn<'_>,
    stable: &RevisionHash,
    mut own: Split,
    open: &[(&StepTemplate, &TemplateSeen)],
) -> Split {
    let mut left = share(&own, stable);
    let mut guests = Split::new();
    for (template, seen) in open {
        let asked = template.weight.unwrap_or_default().min(left);
        let weight = capped(turn, &seen.revision, asked);
        left = left.minus(weight);
        guests.push((seen.revision.clone(), weight));
    }
    own.retain(|(revision, _)| revision != stable);
    own.push((stable.clone(), left));
    own.extend(guests);
    own.retain(|(_, weight)| *weight > Weight::ZERO);
    own
}

fn by_counts(turn: &Turn<'_>, own: Split, open: &[(&StepTemplate, &TemplateSeen)]) -> Split {
    let selected: Vec<_> = open.iter().filter(|(_, seen)| seen.selected).collect();
    let serving: u64 = own.iter().map(|(revision, _)| u64::from(turn.available(revision))).sum();
    let beside: u64 = selected.iter().map(|(_, seen)| u64::from(seen.available)).sum();
    if serving == 0 || beside == 0 {
        return own;
    }
    let mut left = Weight::FULL;
    let mut guests = Split::new();
    for (_, seen) in selected {
        let part = u64::from(seen.available) * 100 / (serving + beside);
        // What serves keeps at least a percent for each of its revisions.
        let most = left.minus(percent(own.len() as u64)).max(percent(1));
        let part = percent(part).clamp(percent(1), most);
        let weight = capped(turn, &seen.revision, part);
        left = left.minus(weight);
        guests.push((seen.revision.clone(), weight));
    }
    let mut split = shrunk(own, left);
    split.extend(guests.into_iter().filter(|(_, weight)| *weight > Weight::ZERO));
    split
}

/// A split of everything made one of `whole`, in percents; what has a share keeps some.
fn shrunk(own: Split, whole: Weight) -> Split {
    let mut left = whole;
    let mut behind = own.len() as u64;
    let part = |(revision, weight): (RevisionHash, Weight)| {
        behind -= 1;
        let exact = percent(weight.out_of(whole.out_of(100)).into());
        let most = left.minus(percent(behind)).max(percent(1));
        let part = if behind == 0 { left } else { exact.clamp(percent(1), most) };
        left = left.minus(part);
        (revision, part)
    };
    own.into_iter().map(part).collect()
}

/// While it is held, a share may fall but not rise.
fn capped(turn: &Turn<'_>, revision: &RevisionHash, target: Weight) -> Weight {
    if turn.frozen() { target.min(share(&turn.status.route, revision)) } else { target }
}

fn percent(percent: u64) -> Weight {
    Weight::at_most(percent, 100)
}

/// The templates that get requests.
pub(crate) fn view(turn: &Turn<'_>) -> Vec<GuestView> {
    let Some((experiment, seen)) = experiments::current(turn) else { return Vec::new() };
    let guests = seen.templates.iter().map(|(name, template)| GuestView {
        experiment: experiment.to_owned(),
        template: name.clone(),
        revision: template.revision.clone(),
        weight: share(&turn.status.route, &template.revision),
    });
    guests.filter(|guest| guest.weight > Weight::ZERO).collect()
}

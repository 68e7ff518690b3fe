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

/// The split that holds, as if the templates had left: their share is the stable revision's again.
pub(crate) fn without(turn: &Turn<'_>) -> Split {
    let is_guest = |revision: &RevisionHash| !turn.status.revisions.contains_key(revision);
    let route = &turn.status.route;
    if !route.iter().any(|(revision, _)| is_guest(revision)) {
        return route.clone();
    }
    let mut own: Split = route.iter().filter(|(named, _)| !is_guest(named)).cloned().collect();
    let sum = own.iter().map(|(_, weight)| weight.percent()).sum();
    let rest = percent(sum).rest();
    let stable = turn.status.stable.as_ref();
    match own.iter_mut().find(|(named, _)| Some(named) == stable) {
        Some((_, weight)) => *weight = percent(weight.percent() + rest.percent()),
        None => own.extend(stable.map(|stable| (stable.clone(), rest))),
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
        left = percent(left.percent() - weight.percent());
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
    let mut left = 100;
    let mut guests = Split::new();
    for (_, seen) in selected {
        let part = u64::from(seen.available) * 100 / (serving + beside);
        // What serves keeps at least a percent for each of its revisions.
        let most = left - own.len() as u64;
        let part = u8::try_from(part.clamp(1, most.max(1))).unwrap_or(1);
        let weight = capped(turn, &seen.revision, percent(part));
        left -= u64::from(weight.percent());
        guests.push((seen.revision.clone(), weight));
    }
    let mut split = shrunk(own, u8::try_from(left).unwrap_or(100));
    split.extend(guests.into_iter().filter(|(_, weight)| *weight > Weight::ZERO));
    split
}

/// A split of everything made one of `whole` percent; what has a share keeps some.
fn shrunk(own: Split, whole: u8) -> Split {
    let mut left = u16::from(whole);
    let mut behind = u16::try_from(own.len()).unwrap_or(u16::MAX);
    let part = |(revision, weight): (RevisionHash, Weight)| {
        behind -= 1;
        let exact = (u16::from(weight.percent()) * u16::from(whole) + 50) / 100;
        let part = if behind == 0 { left } else { exact.clamp(1, left - behind) };
        left -= part;
        (revision, percent(u8::try_from(part).unwrap_or(100)))
    };
    own.into_iter().map(part).collect()
}

/// While it is held, a share may fall but not rise.
fn capped(turn: &Turn<'_>, revision: &RevisionHash, target: Weight) -> Weight {
    if turn.frozen() { target.min(share(&turn.status.route, revision)) } else { target }
}

fn percent(percent: u8) -> Weight {
    Weight::new(percent).unwrap_or(Weight::FULL)
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

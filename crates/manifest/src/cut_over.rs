//! The annotation `tidegate.dev/cut-over` of a blue-green Rollout.

use std::time::Duration;

use tidegate_rollout::{CutOver, Strategy};
use tidegate_units::Weight;

use crate::{duration, report::Complaint, walk::Spot};

/// The annotation by which a blue-green rollout takes over little by little.
pub(crate) const CUT_OVER: &str = "tidegate.dev/cut-over";

/// Reads the annotation into the strategy. `watched`: whether the rollout leaves the default analysis
/// on.
pub(crate) fn read(note: &Spot<'_>, strategy: &mut Strategy, watched: bool) {
    let Strategy::BlueGreen(settings) = strategy else {
        let complaint = Complaint::new("a canary has no cut-over");
        note.complain(complaint.hint("write setWeight and pause as its steps"));
        return;
    };
    let Some(shares) = note.filled_text().and_then(shares) else {
        note.complain(note.found().allow(
            "shares that rise, each below 100% and with how long it holds, such as 10%:30s,50%:1m",
        ));
        return;
    };
    settings.cut_over = shares;
    let judged = settings.pre_promotion.is_some() || settings.post_promotion.is_some();
    settings.default_watch = watched && !judged;
}

fn shares(text: &str) -> Option<Vec<CutOver>> {
    let shares: Vec<CutOver> = text.split(',').map(share).collect::<Option<_>>()?;
    let rises =
        shares.iter().zip(shares.iter().skip(1)).all(|(one, next)| one.weight < next.weight);
    rises.then_some(shares)
}

fn share(text: &str) -> Option<CutOver> {
    let (percent, wait) = text.split_once(':')?;
    let percent: u8 = percent.trim().strip_suffix('%')?.parse().ok()?;
    let wait: Duration = duration::go(wait.trim())?;
    let weight = Weight::new(percent).ok()?;
    (weight > Weight::ZERO && weight < Weight::FULL).then_some(CutOver { weight, wait })
}

//! The step of the plugin `tidegate/auto`.

use std::time::Duration;

use tidegate_rollout::{ExposureSettings, Step};
use tidegate_units::Weight;

use crate::{
    duration,
    fields::auto::AUTO,
    given::Fields,
    quoted::{fraction, number},
    report::Complaint,
    routing::{self, Routing},
    walk::Spot,
};

/// Reads the step.
pub(crate) fn read(
    step: &Spot<'_>,
    config: Option<&Spot<'_>>,
    routing: Option<&Routing>,
) -> Option<Step> {
    routing::needed_for("shares that follow evidence", step, routing);
    let usual = ExposureSettings::default();
    let Some(config) = config else { return Some(Step::Auto(Box::new(usual))) };
    let fields = config.fields(&AUTO)?;
    let settings = ExposureSettings {
        budget: fields.or("budget", usual.budget, |spot| number(spot, 1, i64::from(u32::MAX))),
        start: fields.or("start", usual.start, share),
        max: fields.or("max", usual.max, share),
        tolerate: fields.get("tolerate").and_then(|spot| millionths(spot, 0.0001, 50.0, 1e4)),
        alpha: fields.or("alpha", usual.alpha, |spot| millionths(spot, 1e-6, 0.5, 1e6)),
        reaction: fields.or("reaction", usual.reaction, reaction),
        slow: fields.get("slow").and_then(slow),
        dwell: fields.or("dwell", usual.dwell, duration::seconds_or_text),
        growth: fields.or("growth", usual.growth, |spot| millionths(spot, 1.5, 100.0, 100.0)),
        deadline: fields.get("deadline").and_then(deadline),
    };
    if settings.start > settings.max {
        refuse_start(&fields);
    }
    if settings.slow.is_some_and(|slow| slow > settings.reaction) {
        refuse_slow(&fields);
    }
    Some(Step::Auto(Box::new(settings)))
}

/// Reports a step that ends below the share which the steps before it gave.
pub(crate) fn refuse_less(spot: &Spot<'_>, settings: &ExposureSettings, share: Weight) {
    if settings.max < share {
        let complaint = Complaint::new(format!("max is less than the {share} set before"));
        spot.complain(complaint.allow("a step that ends at more"));
    }
}

fn refuse_start(fields: &Fields<'_>) {
    if let Some(spot) = fields.get("start").or_else(|| fields.get("max")) {
        spot.complain(Complaint::new("start is more than max").allow("start up to max"));
    }
}

/// What is slow is seen when it was answered.
fn refuse_slow(fields: &Fields<'_>) {
    if let Some(spot) = fields.get("slow") {
        let complaint = Complaint::new("slow is more than reaction").allow("slow up to reaction");
        spot.complain(complaint.hint("answers of the new revision have to be seen to be slow"));
    }
}

/// A share in percent, more than none.
fn share(spot: &Spot<'_>) -> Option<Weight> {
    Weight::try_from(fraction(spot, 0.001, 100.0)?).ok()
}

/// A number from `least` to `most`, of which `whole` parts are counted.
fn millionths(spot: &Spot<'_>, least: f64, most: f64, whole: f64) -> Option<u32> {
    let number = fraction(spot, least, most)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,000,000")]
    Some((number * whole).round() as u32)
}

fn reaction(spot: &Spot<'_>) -> Option<Duration> {
    let duration = duration::seconds_or_text(spot)?;
    if !(Duration::from_secs(1)..=Duration::from_mins(1)).contains(&duration) {
        spot.refuse("1s to 1m");
    }
    Some(duration)
}

fn slow(spot: &Spot<'_>) -> Option<Duration> {
    let duration = duration::seconds_or_text(spot)?;
    if !(Duration::from_millis(1)..=Duration::from_mins(1)).contains(&duration) {
        spot.refuse("1ms to 1m");
    }
    Some(duration)
}

fn deadline(spot: &Spot<'_>) -> Option<Duration> {
    let duration = duration::seconds_or_text(spot)?;
    if duration.is_zero() {
        spot.refuse("more than no time, such as 1h");
    }
    Some(duration)
}

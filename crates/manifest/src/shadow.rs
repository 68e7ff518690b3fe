//! The plugin `tidegate/shadow`: as a step, and as a metric.

use std::time::Duration;

use tidegate_analysis::ShadowSettings;
use tidegate_comparison::is_pattern;
use tidegate_rollout::{Shadow, Step, Strategy};
use tidegate_traffic::{CompareSettings, RequestMatch};
use tidegate_units::Weight;

use crate::{
    duration,
    fields::shadow::{COMPARE, SHADOW, SHADOW_METRIC},
    given::Fields,
    quoted::{fraction, number},
    report::Complaint,
    routes,
    routing::{self, Routing},
    walk::Spot,
};

/// The annotation by which the preview of a blue-green rollout is compared.
pub(crate) const SHADOW_NOTE: &str = "tidegate.dev/shadow";

/// The annotation that says what may differ meanwhile.
pub(crate) const IGNORE_NOTE: &str = "tidegate.dev/shadow-ignore";

/// What can be ignored.
const FIELDS: &str = "status, latency, header.NAME, body, or what is in it: body.items[].id";

/// More bytes of three bodies for each of 64 comparisons would be too much to hold.
const MOST_BODY: i64 = 1024 * 1024;

/// Reads the step.
pub(crate) fn step(
    step: &Spot<'_>,
    config: Option<&Spot<'_>>,
    routing: Option<&Routing>,
) -> Option<Step> {
    routing::needed_for("requests that can be copied", step, routing);
    let fields = match config {
        Some(config) => config.fields(&SHADOW)?,
        None => return Some(Step::Shadow(Box::new(defaults()))),
    };
    let share = fields.or("percentage", 100, |spot| number(spot, 0, 100));
    let writes = fields.or("writes", false, Spot::boolean);
    let least = defaults().least;
    let (settings, least) =
        fields.or("compare", (CompareSettings::default(), least), |spot| compare(spot, least));
    let shadow = Shadow {
        share: Weight::new(share).unwrap_or(Weight::FULL),
        any: matches(&fields, writes),
        duration: fields.get("duration").and_then(lasting),
        least,
        settings,
    };
    if shadow.share == Weight::ZERO {
        refuse_beside_none(&fields);
    }
    Some(Step::Shadow(Box::new(shadow)))
}

/// All requests that change nothing, until another step ends it.
fn defaults() -> Shadow {
    Shadow {
        share: Weight::FULL,
        any: vec![RequestMatch { method: routes::safe_methods(), ..RequestMatch::default() }],
        duration: None,
        least: ShadowSettings::default().least,
        settings: CompareSettings::default(),
    }
}

/// Reads the annotation: of how many requests the preview of a blue-green rollout is compared.
pub(crate) fn note(note: &Spot<'_>, strategy: &mut Strategy) {
    let Strategy::BlueGreen(settings) = strategy else {
        let complaint = Complaint::new("a canary has no preview");
        note.complain(complaint.hint("write a step: plugin: {name: tidegate/shadow}"));
        return;
    };
    let percent = note.filled_text().and_then(|text| text.trim().strip_suffix('%')?.parse().ok());
    let share = percent.and_then(|percent| Weight::new(percent).ok());
    match share.filter(|share| *share > Weight::ZERO) {
        Some(share) => settings.shadow = share,
        None => note.complain(note.found().allow("a share from 1% to 100%")),
    }
}

/// Reads the annotation that says what may differ: names of the report, with commas between them.
pub(crate) fn ignore_note(note: &Spot<'_>, strategy: &mut Strategy) {
    let compared = match strategy {
        Strategy::BlueGreen(settings) if settings.shadow > Weight::ZERO => settings,
        _ => {
            let complaint = Complaint::new(format!("has no effect without {SHADOW_NOTE}"));
            note.complain(complaint.hint(format!("add {SHADOW_NOTE}: 20%")));
            return;
        }
    };
    let Some(text) = note.filled_text() else { return };
    let names: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if let Some(name) = names.iter().find(|name| !is_pattern(name)) {
        note.complain(Complaint::new(format!("found {name:?}")).allow(FIELDS));
    }
    compared.compare.ignored = names;
}

fn matches(fields: &Fields<'_>, writes: bool) -> Vec<RequestMatch> {
    let methods = if writes { Vec::new() } else { routes::safe_methods() };
    let Some(spot) = fields.get("match") else {
        return vec![RequestMatch { method: methods, ..RequestMatch::default() }];
    };
    let items = spot.items().unwrap_or_default();
    if items.is_empty() {
        spot.complain(Complaint::new("found no match").allow("at least one, or leave it out"));
    }
    let read = |item: &Spot<'_>| {
        let found = routes::request_match(item, &methods)?;
        let safe = found.method.iter().all(|method| methods.contains(method));
        if !writes && !safe {
            let complaint = Complaint::new("a method that may change something");
            let complaint = complaint.allow("GET, HEAD or OPTIONS, each exact");
            item.complain(
                complaint.hint("write writes: true to have it carried out three times more"),
            );
        }
        Some(found)
    };
    items.iter().filter_map(read).collect()
}

/// What a step that ends a comparison has no use for.
fn refuse_beside_none(fields: &Fields<'_>) {
    for name in ["match", "writes", "duration", "compare"] {
        if let Some(spot) = fields.get(name) {
            let complaint = Complaint::new("has no effect where percentage is 0");
            spot.complain_of_key(complaint.hint("leave it out: the step ends a comparison"));
        }
    }
}

fn lasting(spot: &Spot<'_>) -> Option<Duration> {
    let duration = duration::seconds_or_text(spot)?;
    if duration.is_zero() {
        spot.refuse("more than no time, such as 5m");
    }
    Some(duration)
}

fn compare(spot: &Spot<'_>, least: u64) -> Option<(CompareSettings, u64)> {
    let fields = spot.fields(&COMPARE)?;
    let usual = CompareSettings::default();
    let settings = CompareSettings {
        ignored: fields.or("ignore", Vec::new(), ignored),
        most_body: fields.or("maxBody", usual.most_body, |spot| number(spot, 1, MOST_BODY)),
        latency_margin: fields.or("latencyMargin", usual.latency_margin, percent),
        examples: fields.or("examples", usual.examples, |spot| number(spot, 0, 10)),
    };
    Some((settings, fields.or("minRequests", least, |spot| number(spot, 1, i64::from(u32::MAX)))))
}

fn ignored(spot: &Spot<'_>) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for item in spot.items()? {
        let Some(text) = item.filled_text() else { continue };
        if !is_pattern(text) {
            item.refuse(FIELDS);
        }
        all.push(text.to_owned());
    }
    Some(all)
}

/// A share, as whole percents.
fn percent(spot: &Spot<'_>) -> Option<u32> {
    let share = fraction(spot, 0.0, 100.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10 000")]
    Some((share * 100.0).round() as u32)
}

/// Reads the metric.
pub(crate) fn metric(spot: &Spot<'_>) -> Option<ShadowSettings> {
    let usual = ShadowSettings::default();
    if spot.is_null() {
        return Some(usual);
    }
    let fields = spot.fields(&SHADOW_METRIC)?;
    Some(ShadowSettings {
        alpha: fields.or("alpha", usual.alpha, |spot| fraction(spot, 1e-9, 0.5)),
        least: fields.or("minRequests", usual.least, |spot| number(spot, 1, i64::from(u32::MAX))),
        wait: fields.or("wait", usual.wait, duration::read),
    })
}

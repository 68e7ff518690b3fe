//! The plugin `tidegate/judge`.

use std::time::Duration;

use tidegate_analysis::{Design, Direction, JudgeSettings, SeriesSettings, Spending};

use crate::{
    duration,
    fields::judge::{COMPARED, DESIGN, JUDGE},
    report::Complaint,
    walk::Spot,
};

/// Each quantile is a test of its own, among which alpha is shared.
const MOST_QUANTILES: usize = 16;

/// Each is a test of its own too, and is weighed anew with each value.
const MOST_METRICS: usize = 16;

/// A change of a metric that is seldom worth a release.
const MARGIN: f64 = 0.1;

/// What a canary needs to be warm is over by then, or it will never be.
const LONGEST_WARM_UP: Duration = Duration::from_hours(1);

/// With more looks a design gains little over the tests that hold at every look.
const MOST_LOOKS: i64 = 20;

/// As many looks as the usual designs have.
const LOOKS: u32 = 5;

/// Reads what is configured of it; nothing need be.
pub(crate) fn read(spot: &Spot<'_>) -> Option<JudgeSettings> {
    let defaults = JudgeSettings::default();
    if spot.is_null() {
        return Some(defaults);
    }
    let fields = spot.fields(&JUDGE)?;
    Some(JudgeSettings {
        alpha: fields.or("alpha", defaults.alpha, |spot| spot.fraction_from(1e-9, 0.5)),
        error_odds_margin: fields.or("errorOddsMargin", defaults.error_odds_margin, |spot| {
            spot.fraction_from(1.0, 1_000.0)
        }),
        quantiles: fields.or("quantiles", defaults.quantiles, quantiles),
        latency_margin: fields
            .or("latencyMargin", defaults.latency_margin, |spot| spot.fraction_from(0.0, 100.0)),
        warm_up: fields.or("warmUp", defaults.warm_up, warm_up),
        design: fields.get("design").and_then(design),
        series: fields.get("metrics").map(series).unwrap_or_default(),
    })
}

/// The other metrics that are compared.
fn series(spot: &Spot<'_>) -> Vec<SeriesSettings> {
    let items = spot.items().unwrap_or_default();
    if items.len() > MOST_METRICS {
        let complaint = Complaint::new(format!("found {} metrics", items.len()));
        spot.complain(complaint.allow(format!("at most {MOST_METRICS}")));
    }
    let read: Vec<_> = items.iter().filter_map(one_series).collect();
    for (index, one) in read.iter().enumerate() {
        if read.iter().take(index).any(|other| other.name == one.name) {
            spot.complain(Complaint::new(format!("the name {:?} is given twice", one.name)));
        }
    }
    read
}

fn one_series(spot: &Spot<'_>) -> Option<SeriesSettings> {
    let fields = spot.fields(&COMPARED)?;
    let text = |name| fields.need(name).and_then(Spot::text).map(str::to_owned);
    let (name, canary, stable) = (text("name"), text("canary"), text("stable"));
    let words = [
        ("increase", Direction::Increase),
        ("decrease", Direction::Decrease),
        ("either", Direction::Either),
    ];
    let harm = fields.get("harm").and_then(|spot| spot.word(&words));
    let margin = fields.or("margin", MARGIN, |spot| spot.fraction_from(0.0, 100.0));
    let name = name?;
    let harm = harm.unwrap_or_else(|| Direction::of_metric(&name));
    Some(SeriesSettings { name, canary: canary?, stable: stable?, harm, margin })
}

fn warm_up(spot: &Spot<'_>) -> Option<Duration> {
    let time = duration::read(spot)?;
    if time > LONGEST_WARM_UP {
        spot.refuse("a duration of at most 1h");
        return None;
    }
    Some(time)
}

fn design(spot: &Spot<'_>) -> Option<Design> {
    let fields = spot.fields(&DESIGN)?;
    let words = [("obrien-fleming", Spending::ObrienFleming), ("pocock", Spending::Pocock)];
    let spending = fields.or("spending", Spending::ObrienFleming, |spot| spot.word(&words));
    let looks = fields.or("looks", LOOKS, |spot| spot.number(1, MOST_LOOKS));
    let requests = fields.need("requests")?.number(1, 1_000_000_000_000)?;
    Some(Design { spending, requests, looks })
}

fn quantiles(spot: &Spot<'_>) -> Option<Vec<f64>> {
    let mut quantiles: Vec<f64> = Vec::new();
    let items = spot.items()?;
    if items.len() > MOST_QUANTILES {
        let complaint = Complaint::new(format!("found {} quantiles", items.len()));
        spot.complain(complaint.allow(format!("at most {MOST_QUANTILES}")));
    }
    for item in items {
        let Some(quantile) = item.fraction_between(0.0, 1.0) else {
            continue;
        };
        if quantiles.iter().any(|other| other.total_cmp(&quantile).is_eq()) {
            let complaint = Complaint::new(format!("the quantile {quantile} is given twice"));
            item.complain(complaint.hint("keep one of the two"));
        }
        quantiles.push(quantile);
    }
    Some(quantiles)
}

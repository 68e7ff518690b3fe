//! Where the values of a metric come from.

use std::time::Duration;

use tidegate_analysis::{ArmMeasure, JudgeSettings, Provider, Query, RevisionRole, RouterMeasure};

use crate::{
    duration,
    fields::analysis::{JUDGE, PROVIDER, ROUTER},
    given::Fields,
    job, query,
    report::Complaint,
    suggest::nearest,
    vendor,
    walk::{Spot, all_of},
};

/// The router keeps two minutes of seconds.
const LONGEST_WINDOW: Duration = Duration::from_mins(2);

/// A window that is long enough for a rate and short enough to see a change.
const WINDOW: Duration = Duration::from_mins(1);

/// Each quantile is a test of its own, among which alpha is shared.
const MOST_QUANTILES: usize = 16;

const PLUGINS: [&str; 2] = ["tidegate/router", "tidegate/judge"];

/// Reads a provider.
pub(crate) fn read(spot: &Spot<'_>) -> Option<Provider> {
    let fields = spot.fields(&PROVIDER)?;
    let (name, spot) = fields.exactly_one(&[
        "plugin",
        "prometheus",
        "web",
        "datadog",
        "newRelic",
        "cloudWatch",
        "graphite",
        "influxdb",
        "wavefront",
        "skywalking",
        "job",
    ])?;
    let query = match name {
        "prometheus" => query::prometheus(spot).map(Query::Prometheus),
        "web" => query::web(spot).map(Query::Web),
        "datadog" => vendor::datadog(spot).map(Query::Datadog),
        "newRelic" => vendor::new_relic(spot).map(Query::NewRelic),
        "cloudWatch" => vendor::cloud_watch(spot).map(Query::CloudWatch),
        "graphite" => vendor::graphite(spot).map(Query::Graphite),
        "influxdb" => vendor::influxdb(spot).map(Query::Influxdb),
        "wavefront" => vendor::wavefront(spot).map(Query::Wavefront),
        "skywalking" => vendor::skywalking(spot).map(Query::SkyWalking),
        "job" => return job::read(spot).map(Provider::Job),
        _ => return plugin(spot),
    };
    query.map(Provider::Query)
}

fn plugin(plugin: &Spot<'_>) -> Option<Provider> {
    let mut given = Vec::new();
    for (name, config) in plugin.entries()? {
        if PLUGINS.contains(&name) {
            given.push((name, config));
            continue;
        }
        let complaint = Complaint::new(format!("not supported: the plugin {name:?}"));
        let allowed = complaint.allow("tidegate/router or tidegate/judge").hint("programs that Argo Rollouts loads are not run here: ask a server that has the answer, by provider.web");
        config.complain_of_key(allowed.suggest(nearest(name, PLUGINS)));
    }
    match given.as_slice() {
        [("tidegate/router", config)] => router(config).map(Provider::Router),
        [(_, config)] => judge(config).map(Provider::Judge),
        [] if plugin.entries()?.is_empty() => {
            plugin.complain(
                Complaint::new("no plugin is named").allow("tidegate/router or tidegate/judge"),
            );
            None
        }
        [] => None,
        several => {
            let names = all_of(several.iter().map(|(name, _)| *name));
            let complaint = Complaint::new(format!("found {names} together"));
            plugin.complain(complaint.allow("exactly one plugin"));
            None
        }
    }
}

fn router(spot: &Spot<'_>) -> Option<RouterMeasure> {
    let fields = spot.fields(&ROUTER)?;
    let measure = fields.need("measure").and_then(|spot| measure(spot, &fields));
    let roles = [
        ("canary", RevisionRole::Canary),
        ("stable", RevisionRole::Stable),
        ("copies", RevisionRole::Copies),
    ];
    let of = fields.or("of", RevisionRole::Canary, |spot| spot.word(&roles));
    let window = fields.or("window", WINDOW, |spot| {
        let window = duration::read(spot)?;
        let fits = window >= Duration::from_secs(1) && window <= LONGEST_WINDOW;
        if !fits {
            spot.refuse("a duration from 1s to 2m: the router keeps two minutes");
        }
        fits.then_some(window)
    });
    Some(RouterMeasure { measure: measure?, of, window })
}

fn measure(spot: &Spot<'_>, fields: &Fields<'_>) -> Option<ArmMeasure> {
    let latency = ArmMeasure::LatencyMs { quantile: 0.0 };
    let quantile = fields.get("quantile");
    let measure = spot.word(&[
        ("error-rate", ArmMeasure::ErrorRate),
        ("request-rate", ArmMeasure::RequestRate),
        ("latency", latency),
    ])?;
    match (measure, quantile) {
        (ArmMeasure::LatencyMs { .. }, _) => {
            let quantile = fields.need("quantile")?.fraction_between(0.0, 1.0)?;
            Some(ArmMeasure::LatencyMs { quantile })
        }
        (_, None) => Some(measure),
        (_, Some(spot)) => {
            let complaint = Complaint::new("has no effect on this measure");
            spot.complain(complaint.hint("leave it out, or write measure: latency"));
            None
        }
    }
}

fn judge(spot: &Spot<'_>) -> Option<JudgeSettings> {
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
    })
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

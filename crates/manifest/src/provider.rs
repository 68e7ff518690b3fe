//! Where the values of a metric come from.

use std::time::Duration;

use tidegate_analysis::{
    ArmMeasure, PluginQuery, PluginTask, Provider, Query, RevisionRole, RouterMeasure,
};

use crate::{
    decision, duration,
    fields::analysis::{PROVIDER, ROUTER},
    given::Fields,
    job, judge, kayenta, query,
    report::Complaint,
    shadow,
    suggest::nearest,
    vendor,
    walk::{Spot, all_of, shortened},
};

/// The router keeps two minutes of seconds.
const LONGEST_WINDOW: Duration = Duration::from_mins(2);

/// A window that is long enough for a rate and short enough to see a change.
const WINDOW: Duration = Duration::from_mins(1);

const PLUGINS: [&str; 4] =
    ["tidegate/router", "tidegate/judge", "tidegate/shadow", "tidegate/decision"];

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
        "kayenta",
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
        "kayenta" => kayenta::read(spot).map(Query::Kayenta),
        "job" => return job::read(spot).map(Provider::Job),
        _ => return plugin(spot),
    };
    query.map(Provider::Query)
}

fn plugin(plugin: &Spot<'_>) -> Option<Provider> {
    let given = plugin.entries()?;
    match given.as_slice() {
        [("tidegate/router", config)] => router(config).map(Provider::Router),
        [("tidegate/shadow", config)] => shadow::metric(config).map(Provider::Shadow),
        [("tidegate/judge", config)] => judge::read(config).map(Provider::Judge),
        [("tidegate/decision", config)] => {
            decision::metric(config).map(|settings| Provider::Decision(Box::new(settings)))
        }
        [(name, config)] => foreign(name, config),
        [] => {
            let complaint = Complaint::new("no plugin is named");
            plugin.complain(complaint.allow(
                "tidegate/router, tidegate/judge, tidegate/shadow, tidegate/decision or a program's \
                 name",
            ));
            None
        }
        several => {
            let names = all_of(several.iter().map(|(name, _)| *name));
            let complaint = Complaint::new(format!("found {names} together"));
            plugin.complain(complaint.allow("exactly one plugin"));
            None
        }
    }
}

/// A program that the server may know; whether it does is found out when this is applied.
fn foreign(name: &str, config: &Spot<'_>) -> Option<Provider> {
    let near = nearest(name, PLUGINS);
    if name.starts_with("tidegate/") || near.is_some() {
        let complaint = Complaint::new(format!("unknown plugin {:?}", shortened(name)));
        let complaint = complaint
            .allow("tidegate/router, tidegate/judge, tidegate/decision or a program's name");
        config.complain_of_key(complaint.suggest(near));
        return None;
    }
    config.note(format!("needs a server that was started with --plugin {name}=PROGRAM"));
    let config = config.node.to_json();
    Some(Provider::Query(Query::Plugin(PluginQuery::new(name, config, PluginTask::Metric))))
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
    let window = fields.or("window", WINDOW, window);
    Some(RouterMeasure { measure: measure?, of, window })
}

/// Over which time the router's counts are taken.
pub(crate) fn window(spot: &Spot<'_>) -> Option<Duration> {
    let window = duration::read(spot)?;
    let fits = window >= Duration::from_secs(1) && window <= LONGEST_WINDOW;
    if !fits {
        spot.refuse("a duration from 1s to 2m: the router keeps two minutes");
    }
    fits.then_some(window)
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

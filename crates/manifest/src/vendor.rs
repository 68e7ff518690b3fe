//! Where the values of a metric come from: the services that people rent.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use tidegate_analysis::{
    CloudWatchQuery, DatadogQuery, DatadogVersion, GraphiteQuery, InfluxdbQuery, NewRelicQuery,
    SkyWalkingQuery, WavefrontQuery, parse_duration,
};

use crate::{
    fields::vendor::{
        CLOUD_WATCH, CLOUD_WATCH_DIMENSION, CLOUD_WATCH_METRIC, CLOUD_WATCH_QUERY,
        CLOUD_WATCH_STAT, DATADOG, DATADOG_SECRET, GRAPHITE, INFLUXDB, NEW_RELIC, SKYWALKING,
        WAVEFRONT,
    },
    given::Fields,
    query::url,
    report::Complaint,
    walk::Spot,
};

/// What begins a hole for an argument.
const HOLE: &str = "{{";

/// Reads `provider.datadog`.
pub(crate) fn datadog(spot: &Spot<'_>) -> Option<DatadogQuery> {
    let fields = spot.fields(&DATADOG)?;
    let versions = [("v1", DatadogVersion::V1), ("v2", DatadogVersion::V2)];
    let aggregators =
        ["avg", "min", "max", "sum", "last", "percentile", "mean", "l2norm", "area", ""];
    let secret = fields.get("secretRef").and_then(|spot| {
        let fields = spot.fields(&DATADOG_SECRET)?;
        Some((text(&fields, "name"), fields.or("namespaced", false, Spot::boolean)))
    });
    let (secret, namespaced) = secret.unwrap_or_default();
    let query = DatadogQuery {
        version: fields.or("apiVersion", DatadogVersion::V1, |spot| spot.word(&versions)),
        interval: duration(&fields, "interval"),
        query: text(&fields, "query"),
        queries: fields.or("queries", BTreeMap::new(), Spot::text_map),
        formula: text(&fields, "formula"),
        aggregator: fields.or("aggregator", String::new(), |spot| {
            spot.word(&aggregators.map(|word| (word, word.to_owned())))
        }),
        secret,
        namespaced,
        timeout: duration(&fields, "requestTimeout"),
    };
    told(&fields, query.problem(), query)
}

/// Reads `provider.newRelic`.
pub(crate) fn new_relic(spot: &Spot<'_>) -> Option<NewRelicQuery> {
    let fields = spot.fields(&NEW_RELIC)?;
    let timeout = fields.get("timeout").and_then(|spot| spot.number(0, i64::from(i32::MAX)));
    let profile = text(&fields, "profile");
    let query = fields.need("query")?.filled_text()?.to_owned();
    Some(NewRelicQuery { profile, query, timeout })
}

/// Reads `provider.graphite`.
pub(crate) fn graphite(spot: &Spot<'_>) -> Option<GraphiteQuery> {
    let fields = spot.fields(&GRAPHITE)?;
    let address = fields.need("address").and_then(url);
    let query = fields.need("query").and_then(Spot::filled_text).map(str::to_owned);
    Some(GraphiteQuery { address: address?, query: query? })
}

/// Reads `provider.influxdb`.
pub(crate) fn influxdb(spot: &Spot<'_>) -> Option<InfluxdbQuery> {
    let fields = spot.fields(&INFLUXDB)?;
    let profile = text(&fields, "profile");
    let query = fields.need("query")?.filled_text()?.to_owned();
    Some(InfluxdbQuery { profile, query })
}

/// Reads `provider.wavefront`.
pub(crate) fn wavefront(spot: &Spot<'_>) -> Option<WavefrontQuery> {
    let fields = spot.fields(&WAVEFRONT)?;
    let address = fields.need("address").and_then(Spot::filled_text).map(str::to_owned);
    let query = fields.need("query").and_then(Spot::filled_text).map(str::to_owned);
    Some(WavefrontQuery { address: address?, query: query? })
}

/// Reads `provider.skywalking`.
pub(crate) fn skywalking(spot: &Spot<'_>) -> Option<SkyWalkingQuery> {
    let fields = spot.fields(&SKYWALKING)?;
    let interval = duration(&fields, "interval");
    fields.need("interval");
    let address = fields.need("address").and_then(url);
    let query = fields.need("query").and_then(Spot::filled_text).map(str::to_owned);
    Some(SkyWalkingQuery { address: address?, query: query?, interval: interval? })
}

/// Reads `provider.cloudWatch`.
pub(crate) fn cloud_watch(spot: &Spot<'_>) -> Option<CloudWatchQuery> {
    let fields = spot.fields(&CLOUD_WATCH)?;
    let interval = duration(&fields, "interval");
    let queries = fields.need("metricDataQueries").and_then(Spot::items).unwrap_or_default();
    let queries = queries.iter().filter_map(cloud_watch_query).collect();
    let query = CloudWatchQuery { interval, queries };
    let problem = query.problem().filter(|problem| !problem.contains(HOLE));
    told(&fields, problem, query)
}

/// A query in the service's own form.
fn cloud_watch_query(spot: &Spot<'_>) -> Option<Json> {
    let fields = spot.fields(&CLOUD_WATCH_QUERY)?;
    let mut query = Map::new();
    let id = fields.need("id").and_then(Spot::filled_text);
    put(&mut query, "Id", id.map(Json::from));
    put(&mut query, "Expression", fields.get("expression").and_then(Spot::text).map(Json::from));
    put(&mut query, "Label", fields.get("label").and_then(Spot::text).map(Json::from));
    put(&mut query, "Period", fields.get("period").and_then(period));
    put(&mut query, "ReturnData", fields.get("returnData").and_then(Spot::boolean).map(Json::from));
    put(&mut query, "MetricStat", fields.get("metricStat").and_then(cloud_watch_stat));
    Some(Json::Object(query))
}

fn cloud_watch_stat(spot: &Spot<'_>) -> Option<Json> {
    let fields = spot.fields(&CLOUD_WATCH_STAT)?;
    let mut stat = Map::new();
    put(&mut stat, "Stat", fields.need("stat").and_then(Spot::filled_text).map(Json::from));
    put(&mut stat, "Period", fields.need("period").and_then(period));
    let unit = fields.get("unit").and_then(Spot::text).filter(|unit| !unit.is_empty());
    put(&mut stat, "Unit", unit.map(Json::from));
    put(&mut stat, "Metric", fields.need("metric").and_then(cloud_watch_metric));
    Some(Json::Object(stat))
}

fn cloud_watch_metric(spot: &Spot<'_>) -> Option<Json> {
    let fields = spot.fields(&CLOUD_WATCH_METRIC)?;
    let mut metric = Map::new();
    let name = fields.need("metricName").and_then(Spot::filled_text);
    put(&mut metric, "MetricName", name.map(Json::from));
    put(&mut metric, "Namespace", fields.get("namespace").and_then(Spot::text).map(Json::from));
    let dimensions = fields.or("dimensions", Vec::new(), |spot| {
        let dimension = |item: &Spot<'_>| {
            let fields = item.fields(&CLOUD_WATCH_DIMENSION)?;
            let name = fields.need("name").and_then(Spot::text);
            let value = fields.need("value").and_then(Spot::text);
            Some(json!({ "Name": name?, "Value": value? }))
        };
        Some(spot.items()?.iter().filter_map(dimension).collect())
    });
    if !dimensions.is_empty() {
        metric.insert("Dimensions".to_owned(), Json::Array(dimensions));
    }
    Some(Json::Object(metric))
}

/// Seconds: a number, also between quotes; one that an argument says is known later.
fn period(spot: &Spot<'_>) -> Option<Json> {
    let text = spot.node.as_text();
    if let Some(open) = text.filter(|text| text.contains(HOLE)) {
        return Some(Json::from(open));
    }
    let quoted = text.and_then(|text| text.parse::<u32>().ok());
    quoted.or_else(|| spot.number(1, i64::from(i32::MAX))).map(Json::from)
}

fn put(object: &mut Map<String, Json>, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value);
    }
}

fn text(fields: &Fields<'_>, name: &str) -> String {
    fields.get(name).and_then(Spot::text).unwrap_or_default().to_owned()
}

/// A duration; one with arguments in it can be checked only once they are filled in.
fn duration(fields: &Fields<'_>, name: &str) -> Option<String> {
    let spot = fields.get(name)?;
    let text = spot.text().filter(|text| !text.is_empty())?;
    if !text.contains(HOLE)
        && let Err(problem) = parse_duration(text)
    {
        spot.complain(Complaint::new(problem.to_string()));
        return None;
    }
    Some(text.to_owned())
}

/// The query, unless its fields contradict each other; what waits for arguments is asked again.
fn told<T>(fields: &Fields<'_>, problem: Option<String>, query: T) -> Option<T> {
    match problem.filter(|problem| !problem.contains(HOLE) && !fields.has_refused()) {
        Some(problem) => {
            fields.of.complain(Complaint::new(problem));
            None
        }
        None => Some(query),
    }
}

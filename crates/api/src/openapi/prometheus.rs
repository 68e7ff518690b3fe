//! Prometheus' API, which is as Prometheus documents it.

use utoipa::openapi::{
    ContentBuilder, HttpMethod, RefOr, Required, Schema,
    path::{Parameter, ParameterIn},
    schema::{ArrayBuilder, ObjectBuilder},
};

use crate::openapi::{
    operation::{Described, Describing},
    parameter::{of_schema, text},
    shapes::{PrometheusAnswer, PrometheusError},
};

const TAG: &str = "series";

/// What is asked with: its name, what it is, and whether it has to be there.
type Part = (&'static str, &'static str, Required);

const QUERY: Part = ("query", "The query, in PromQL.", Required::True);
const TIME: Part = ("time", MOMENT, Required::False);
const TIMEOUT: Part = ("timeout", "How long it may take, as a duration.", Required::False);
const RANGE: [Part; 3] = [
    ("start", MOMENT, Required::True),
    ("end", MOMENT, Required::True),
    ("step", "From one moment to the next: seconds, or a duration.", Required::True),
];
const WITHIN: [Part; 2] = [("start", MOMENT, Required::False), ("end", MOMENT, Required::False)];
const MOMENT: &str = "As Prometheus has it: seconds since 1970, or RFC 3339.";
/// The one that may be there several times.
const MATCH: &str = "match[]";

/// The questions that may also be asked by a form.
fn asked() -> [(&'static str, &'static str, &'static str, Vec<Part>); 5] {
    let of_match = |required| (MATCH, "A selector of series; each tells its own.", required);
    let range = [&[QUERY], &RANGE[..], &[TIMEOUT]].concat();
    let series = [&[of_match(Required::True)], &WITHIN[..]].concat();
    let labels = [&[of_match(Required::False)], &WITHIN[..]].concat();
    [
        ("query", "Query", "What a query comes to at a moment", vec![QUERY, TIME, TIMEOUT]),
        ("query_range", "QueryRange", "What a query comes to over a time", range),
        ("series", "Series", "The series that match", series),
        ("labels", "Labels", "The names of labels", labels),
        ("query_exemplars", "Exemplars", "Examples: there are none here", vec![]),
    ]
}

pub(super) fn all() -> Vec<Described> {
    let mut all = Vec::new();
    for (at, id, what, parts) in asked() {
        let path = format!("/api/v1/{at}");
        let get = Describing::new(HttpMethod::Get, &path, TAG, &format!("get{id}"), what);
        all.push(parts.iter().fold(get, |one, part| one.with(parameter(part.clone()))));
        let post = Describing::new(HttpMethod::Post, &path, TAG, &format!("post{id}"), what);
        all.push(if parts.is_empty() { post } else { with_form(post, &parts) });
    }
    let get = |at: &str, id: &str, what: &str| {
        Describing::new(HttpMethod::Get, &format!("/api/v1/{at}"), TAG, id, what)
    };
    let values = get("label/{name}/values", "getLabelValues", "The values of a label");
    let [_, _, _, (_, _, _, parts), _] = asked();
    all.push(parts.into_iter().fold(values, |one, part| one.with(parameter(part))));
    let metric = ("metric", "Only what this one is.", Required::False);
    let limit = ("limit", "At most so many.", Required::False);
    all.push(
        get("metadata", "getMetadata", "What the series are")
            .with(parameter(metric))
            .with(parameter(limit)),
    );
    all.push(get(
        "status/buildinfo",
        "getBuildInfo",
        "The version, as clients of Prometheus ask for it",
    ));
    all.push(get("rules", "getRules", "Rules: there are none here"));
    all.push(get("alerts", "getAlerts", "Alerts: there are none here"));
    let mut all: Vec<_> = all.into_iter().map(answered).collect();
    let scrape = Describing::new(
        HttpMethod::Get,
        "/metrics",
        TAG,
        "getMetrics",
        "The newest value of each series, to be scraped",
    );
    all.push(scrape.answers_text("text/plain; version=0.0.4", "In Prometheus' format.").end());
    all
}

fn schema(name: &str) -> Schema {
    if name == MATCH {
        Schema::Array(ArrayBuilder::new().items(text()).build())
    } else {
        Schema::Object(text().build())
    }
}

fn parameter((name, what, required): Part) -> Parameter {
    of_schema((ParameterIn::Query, required), name, what, RefOr::T(schema(name)))
}

/// The same in a body, which has room for long queries.
fn with_form(one: Describing, parts: &[Part]) -> Describing {
    let mut form = ObjectBuilder::new();
    for (name, _, required) in parts {
        // A form has one value or several of a name, and does not tell which is meant.
        form = form.property(*name, text());
        if *required == Required::True {
            form = form.required(*name);
        }
    }
    let content = ContentBuilder::new().schema(Some(Schema::Object(form.build()))).build();
    let needed = parts.iter().any(|(_, _, required)| *required == Required::True);
    let required = if needed { Required::True } else { Required::False };
    one.about("Parameters of the address count as well.").takes_content(
        "application/x-www-form-urlencoded",
        required,
        content,
    )
}

fn answered(one: Describing) -> Described {
    one.answers::<PrometheusAnswer>("In Prometheus' shape.")
        .or_json::<PrometheusError>(400, "The question makes no sense.")
        .or_json::<PrometheusError>(422, "It cannot be worked out.")
        .or_json::<PrometheusError>(503, "It took too long.")
        .end()
}

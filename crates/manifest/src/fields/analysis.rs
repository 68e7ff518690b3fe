//! The fields of `argoproj.io/v1alpha1` `AnalysisTemplate`.

use super::{
    Table, empty, not_yet,
    object::{API_VERSION, KIND, METADATA, STATUS},
    read,
};

const PLUGIN: &str = "built are prometheus, web, and without any server plugin: \
                      {tidegate/router: ...} and plugin: {tidegate/judge: ...}";

pub(crate) static TEMPLATE: Table = Table {
    place: "AnalysisTemplate",
    fields: &[API_VERSION, KIND, METADATA, read("spec", "metrics and arguments; required"), STATUS],
};

pub(crate) static SPEC: Table = Table {
    place: "spec",
    fields: &[
        read("args", "a list of arguments; {{args.NAME}} in a text stands for their values"),
        read("metrics", "a list of metrics, at least one; required"),
        empty("dryRun", ""),
        empty("measurementRetention", ""),
        empty("templates", "name all templates in the rollout"),
    ],
};

pub(crate) static ARG: Table = Table {
    place: "spec.args[]",
    fields: &[
        read("name", "unique; required"),
        read("value", "a text, used where the rollout gives none"),
        not_yet("valueFrom", "let the rollout give the value"),
    ],
};

pub(crate) static METRIC: Table = Table {
    place: "spec.metrics[]",
    fields: &[
        read("name", "unique; required"),
        read("interval", "a duration such as 30s; required when count is above 1"),
        read("initialDelay", "a duration such as 1m; default: none"),
        read("count", "a whole number; default: one, or without end when there is an interval"),
        read("successCondition", "an expression over result"),
        read("failureCondition", "an expression over result"),
        read("failureLimit", "a whole number; default 0; -1: never"),
        read("inconclusiveLimit", "a whole number; default 0"),
        read("consecutiveErrorLimit", "a whole number; default 4"),
        read("consecutiveSuccessLimit", "a whole number; default: none"),
        read("provider", "where the values come from; required"),
    ],
};

pub(crate) static PROVIDER: Table = Table {
    place: "spec.metrics[].provider",
    fields: &[
        read("plugin", "tidegate/router or tidegate/judge: what the router measured itself"),
        read("prometheus", "a query to a Prometheus server"),
        read("web", "a request to any server that answers over HTTP"),
        not_yet("kayenta", PLUGIN),
        not_yet("datadog", PLUGIN),
        not_yet("wavefront", PLUGIN),
        not_yet("newRelic", PLUGIN),
        not_yet("job", PLUGIN),
        not_yet("cloudWatch", PLUGIN),
        not_yet("graphite", PLUGIN),
        not_yet("influxdb", PLUGIN),
        not_yet("skywalking", PLUGIN),
    ],
};

pub(crate) static ROUTER: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/router\"]",
    fields: &[
        read("measure", "error-rate, request-rate or latency; required"),
        read("quantile", "above 0 and below 1; required for latency, and only there"),
        read("of", "canary or stable; default canary"),
        read("window", "the last so many seconds, a duration up to 2m; default 60s"),
    ],
};

pub(crate) static JUDGE: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/judge\"]",
    fields: &[
        read("alpha", "P(ever a false alarm), 1e-9 to 0.5; default 0.01"),
        read(
            "errorOddsMargin",
            "the odds ratio of errors that is accepted, 1 to 1000; default 1.25",
        ),
        read("quantiles", "a list of up to 16 latency quantiles; default 0.5, 0.9, 0.99"),
        read(
            "latencyMargin",
            "the rise of a quantile that is accepted, as a share, 0 to 100; default 0.1",
        ),
    ],
};

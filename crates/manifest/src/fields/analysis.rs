//! The fields of `argoproj.io/v1alpha1` `AnalysisTemplate` and `ClusterAnalysisTemplate`.

use super::{
    Table,
    object::{API_VERSION, KIND, METADATA, STATUS},
    read,
};

pub(crate) static TEMPLATE: Table = Table {
    place: "AnalysisTemplate",
    fields: &[API_VERSION, KIND, METADATA, read("spec", "metrics and arguments; required"), STATUS],
};

pub(crate) static SPEC: Table = Table {
    place: "spec",
    fields: &[
        read("args", "a list of arguments; {{args.NAME}} in a text stands for their values"),
        read("metrics", "a list of metrics; at least one where templates names none"),
        read("dryRun", "a list of metrics that are measured and do not count"),
        read("measurementRetention", "how many measurements are kept of which metrics"),
        read("templates", "a list of templates whose metrics are measured with these"),
    ],
};

pub(crate) static RUN: Table = Table {
    place: "AnalysisRun",
    fields: &[API_VERSION, KIND, METADATA, read("spec", "metrics and arguments; required"), STATUS],
};

pub(crate) static RUN_SPEC: Table = Table {
    place: "AnalysisRun.spec",
    fields: &[
        read("metrics", "a list of metrics as in an AnalysisTemplate, at least one; required"),
        read("args", "a list of arguments, each with a value or valueFrom"),
        read("terminate", "true: it ends now").default("false"),
        read("dryRun", "a list of metrics that are measured and do not count"),
        read("measurementRetention", "how many measurements are kept of which metrics"),
        read("ttlStrategy", "when it is taken away after its end; {}: never").default("{}"),
    ],
};

pub(crate) static TTL: Table = Table {
    place: "AnalysisRun.spec.ttlStrategy",
    fields: &[
        read("secondsAfterCompletion", "however it ended, where nothing else is said for that end"),
        read("secondsAfterFailure", "of a run that failed"),
        read("secondsAfterSuccess", "of a run that succeeded"),
    ],
};

pub(crate) static ARG: Table = Table {
    place: "spec.args[]",
    fields: &[
        read("name", "unique; required"),
        read("value", "a text, used where the rollout gives none"),
        read("valueFrom", "where the value comes from"),
    ],
};

pub(crate) static ARG_VALUE_FROM: Table = Table {
    place: "spec.args[].valueFrom",
    fields: &[
        read(
            "secretKeyRef",
            "an entry of a Secret: used whatever else is given, and shown nowhere",
        ),
        read("fieldRef", "a field of the Rollout, used where there is no other value"),
    ],
};

pub(crate) static SECRET_KEY: Table = Table {
    place: "spec.args[].valueFrom.secretKeyRef",
    fields: &[
        read("name", "the name of a Secret in the rollout's namespace; required"),
        read("key", "the name of the entry; required"),
    ],
};

pub(crate) static DRY_RUN: Table = Table {
    place: "dryRun[]",
    fields: &[read(
        "metricName",
        "a regular expression that fits in the names of metrics, at least one; required",
    )],
};

pub(crate) static RETENTION: Table = Table {
    place: "measurementRetention[]",
    fields: &[
        read(
            "metricName",
            "a regular expression that fits in the names of metrics, at least one; required",
        ),
        read("limit", "a whole number; 0: 10; above 1000: 1000; required"),
    ],
};

pub(crate) static METRIC: Table = Table {
    place: "spec.metrics[]",
    fields: &[
        read("name", "unique; required"),
        read("interval", "a duration such as 30s; required when count is above 1"),
        read("initialDelay", "a duration such as 1m").by_default("none"),
        read("count", "a whole number").by_default("one, or without end when there is an interval"),
        read("successCondition", "an expression over result"),
        read("failureCondition", "an expression over result"),
        read("failureLimit", "a whole number; -1: never").default("0"),
        read("inconclusiveLimit", "a whole number").default("0"),
        read("consecutiveErrorLimit", "a whole number").default("4"),
        read("consecutiveSuccessLimit", "a whole number; 0: they are not counted").default("0"),
        read("provider", "where the values come from; required"),
    ],
};

pub(crate) static PROVIDER: Table = Table {
    place: "spec.metrics[].provider",
    fields: &[
        read(
            "plugin",
            "tidegate/router, tidegate/judge or tidegate/shadow: what the router measured itself; \
             tidegate/decision: what is to be done with the revision; any other: a program that the server was told of by --plugin NAME=PROGRAM, else apply \
             refuses it",
        ),
        read("prometheus", "a query to a Prometheus server"),
        read("web", "a request to any server that answers over HTTP"),
        read("datadog", "a query to Datadog"),
        read("newRelic", "a query to New Relic"),
        read("cloudWatch", "queries to Amazon's CloudWatch"),
        read("graphite", "a query to a Graphite server"),
        read("influxdb", "a query to an InfluxDB server"),
        read("wavefront", "a query to Wavefront"),
        read("skywalking", "a query to a SkyWalking server"),
        read("job", "a Job that is run for each measurement: it succeeds when the Job does"),
        read(
            "kayenta",
            "a judgement of a Kayenta server: its score decides, whatever the conditions say",
        ),
    ],
};

pub(crate) static ROUTER: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/router\"]",
    fields: &[
        read("measure", "error-rate, request-rate or latency; required"),
        read("quantile", "above 0 and below 1; required for latency, and only there"),
        read(
            "of",
            "canary, stable, or copies: of requests that a setMirrorRoute sends to the canary",
        )
        .or_empty()
        .default("canary"),
        read("window", "the last so many seconds, a duration up to 2m").default("60s"),
    ],
};

//! The fields of the providers that ask services which people rent.

use super::{Table, read};

pub(crate) static DATADOG: Table = Table {
    place: "spec.metrics[].provider.datadog",
    fields: &[
        read("apiVersion", "v1 or v2").or_empty().default("v1"),
        read("interval", "how far back it looks, a duration").default("5m"),
        read("query", "a query; this or queries is required"),
        read("queries", "with v2: a mapping of queries, by names that the formula uses"),
        read("formula", "with queries: what is made of them"),
        read("aggregator", "with v2: avg, min, max, sum, last, percentile, mean, l2norm or area")
            .default("last"),
        read("secretRef", "where its keys are").by_default(
            "DD_API_KEY and DD_APP_KEY in the server's environment, else the Secret datadog",
        ),
        read("requestTimeout", "how long to wait for the answer, a duration").default("10s"),
    ],
};

pub(crate) static DATADOG_SECRET: Table = Table {
    place: "spec.metrics[].provider.datadog.secretRef",
    fields: &[
        read("name", "a Secret with api-key, app-key and, where it is not Datadog's own, address"),
        read(
            "namespaced",
            "true: in the rollout's namespace; false: in argo-rollouts, else in the rollout's",
        )
        .default("false"),
    ],
};

pub(crate) static NEW_RELIC: Table = Table {
    place: "spec.metrics[].provider.newRelic",
    fields: &[
        read("profile", "a Secret with personal-api-key and account-id").default("newrelic"),
        read("query", "a query in NRQL; required"),
        read("timeout", "seconds that New Relic may take").default("5"),
    ],
};

pub(crate) static GRAPHITE: Table = Table {
    place: "spec.metrics[].provider.graphite",
    fields: &[
        read("address", "the server's URL; required"),
        read("query", "the parameters of a rendering: target=...&from=-5min; required"),
    ],
};

pub(crate) static INFLUXDB: Table = Table {
    place: "spec.metrics[].provider.influxdb",
    fields: &[
        read("profile", "a Secret with address, org and authToken").default("influxdb"),
        read("query", "a query in Flux; required"),
    ],
};

pub(crate) static WAVEFRONT: Table = Table {
    place: "spec.metrics[].provider.wavefront",
    fields: &[
        read(
            "address",
            "the server's host, for which the Secret wavefront-api-tokens has a token; required",
        ),
        read("query", "a query in Wavefront's language; required"),
    ],
};

pub(crate) static SKYWALKING: Table = Table {
    place: "spec.metrics[].provider.skywalking",
    fields: &[
        read("address", "the server's URL; required"),
        read("query", "a query in GraphQL, over $duration; required"),
        read("interval", "how far back $duration begins, a duration such as 5m; required"),
    ],
};

pub(crate) static CLOUD_WATCH: Table = Table {
    place: "spec.metrics[].provider.cloudWatch",
    fields: &[
        read("interval", "how far back it looks, a duration").default("5m"),
        read("metricDataQueries", "a list of queries, at least one; required"),
    ],
};

pub(crate) static CLOUD_WATCH_QUERY: Table = Table {
    place: "spec.metrics[].provider.cloudWatch.metricDataQueries[]",
    fields: &[
        read("id", "a name; required"),
        read("expression", "what is made of other queries"),
        read("label", "a text"),
        read("metricStat", "what is looked up"),
        read("period", "seconds, with an expression"),
        read("returnData", "false: it is for other queries only").default("true"),
    ],
};

pub(crate) static CLOUD_WATCH_STAT: Table = Table {
    place: "spec.metrics[].provider.cloudWatch.metricDataQueries[].metricStat",
    fields: &[
        read("metric", "which; required"),
        read("period", "seconds; required"),
        read("stat", "such as Sum, Average or p99; required"),
        read("unit", "such as Count; \"\": any").default("\"\""),
    ],
};

pub(crate) static CLOUD_WATCH_METRIC: Table = Table {
    place: "spec.metrics[].provider.cloudWatch.metricDataQueries[].metricStat.metric",
    fields: &[
        read("namespace", "such as AWS/ApplicationELB"),
        read("metricName", "its name; required"),
        read("dimensions", "a list of names and values"),
    ],
};

pub(crate) static CLOUD_WATCH_DIMENSION: Table = Table {
    place: "spec.metrics[].provider.cloudWatch.metricDataQueries[].metricStat.metric.dimensions[]",
    fields: &[read("name", "its name; required"), read("value", "its value; required")],
};

pub(crate) static KAYENTA: Table = Table {
    place: "spec.metrics[].provider.kayenta",
    fields: &[
        read("address", "the server's URL; required"),
        read("application", "the application that the configuration is for"),
        read("canaryConfigName", "the name of the configuration; required"),
        read("metricsAccountName", "the account that has the values"),
        read("configurationAccountName", "the account that has the configuration"),
        read("storageAccountName", "the account that keeps the result"),
        read("threshold", "which score, from 0 to 100, is a success; required"),
        read("thresholds", "the same, as Argo's documentation writes it"),
        read("scopes", "what is compared: a list, at least one; required"),
        read("lookback", "true: each comparison begins where the run did; false: one interval ago")
            .default("false"),
    ],
};

pub(crate) static KAYENTA_THRESHOLD: Table = Table {
    place: "spec.metrics[].provider.kayenta.threshold",
    fields: &[
        read("pass", "from this score on it is a success; required"),
        read("marginal", "from this score on it is no failure; required"),
    ],
};

pub(crate) static KAYENTA_SCOPE: Table = Table {
    place: "spec.metrics[].provider.kayenta.scopes[]",
    fields: &[
        read("name", "as the configuration names it; required"),
        read("controlScope", "what it is compared with; required"),
        read("experimentScope", "what is judged; required"),
    ],
};

pub(crate) static KAYENTA_DETAIL: Table = Table {
    place: "spec.metrics[].provider.kayenta.scopes[].controlScope, experimentScope",
    fields: &[
        read("scope", "what the values are found by"),
        read("region", "where it runs"),
        read("step", "seconds from one value to the next"),
        read("start", "a time such as 2026-01-31T12:00:00Z, for both or for none")
            .by_default("as lookback says"),
        read("end", "a time, for both or for none").by_default("now"),
    ],
};

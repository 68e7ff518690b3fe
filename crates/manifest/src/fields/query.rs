//! The fields of the providers that ask servers.

use super::{Table, empty, not_yet, read};

pub(crate) static PROMETHEUS: Table = Table {
    place: "spec.metrics[].provider.prometheus",
    fields: &[
        read(
            "address",
            "the server's URL; the router's own series answer for a name that only a cluster \
             knows, too",
        )
        .or_empty()
        .by_default(
            "the server's ARGO_ROLLOUTS_PROMETHEUS_ADDRESS in its environment, else the router's \
             own series",
        ),
        read("query", "a query in PromQL; required"),
        read("timeout", "seconds to wait for the answer, from 1").default("30"),
        read("insecure", "true takes any certificate").default("false"),
        read("headers", "a list of headers that are sent with the question"),
        read("authentication", "who asks"),
        read("rangeQuery", "over which time").by_default("as of now"),
    ],
};

pub(crate) static RANGE: Table = Table {
    place: "spec.metrics[].provider.prometheus.rangeQuery",
    fields: &[
        read("start", "from: now(), or now() - duration(\"1h\"); required"),
        read("end", "to: now(), or now() - duration(\"1m\"); required"),
        read("step", "a duration such as 1m, from one value to the next; required"),
    ],
};

pub(crate) static AUTHENTICATION: Table = Table {
    place: "spec.metrics[].provider.{prometheus,web}.authentication",
    fields: &[
        read("basicAuth", "a name and a password"),
        read("oauth2", "the client credentials of OAuth 2.0"),
        read("sigv4", "prometheus: AWS' signature, where the address is one of aps-workspaces"),
    ],
};

pub(crate) static BASIC_AUTH: Table = Table {
    place: "spec.metrics[].provider.{prometheus,web}.authentication.basicAuth",
    fields: &[read("username", "a text"), read("password", "a text")],
};

pub(crate) static OAUTH2: Table = Table {
    place: "spec.metrics[].provider.{prometheus,web}.authentication.oauth2",
    fields: &[
        read("tokenUrl", "where a token is had; without it there is none").or_empty(),
        read("clientId", "a text; required with tokenUrl"),
        read("clientSecret", "a text; required with tokenUrl"),
        read("scopes", "a list of texts"),
    ],
};

pub(crate) static SIGV4: Table = Table {
    place: "spec.metrics[].provider.{prometheus,web}.authentication.sigv4",
    fields: &[
        read("region", "such as us-east-1")
            .by_default("the server's AWS_REGION in its environment"),
        empty("profile", "start the server with the profile's keys in its environment"),
        empty("roleArn", "start the server with the role's keys in its environment"),
    ],
};

pub(crate) static WEB: Table = Table {
    place: "spec.metrics[].provider.web",
    fields: &[
        read("url", "what is asked for; required"),
        read("method", "GET, POST or PUT").or_empty().default("GET"),
        read("headers", "a list of headers that are sent with the request"),
        read("body", "a text that is sent, with POST and PUT alone"),
        read("jsonBody", "JSON that is sent, with POST and PUT alone, in place of body"),
        read("timeoutSeconds", "seconds to wait for the answer; 0 counts as left out")
            .default("10"),
        read("jsonPath", "where the value stands in the answer, such as {$.data.value}")
            .default("{$}"),
        read("insecure", "true takes any certificate").default("false"),
        read("authentication", "who asks"),
    ],
};

pub(crate) static HEADER: Table = Table {
    place: "spec.metrics[].provider.{prometheus,web}.headers[]",
    fields: &[
        read("key", "the name of the header; required"),
        read("value", "its value; required"),
        not_yet("valueFrom", "write its value"),
    ],
};

//! The plugin `tidegate/judge`.

use super::{Table, read};

pub(crate) static JUDGE: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/judge\"]",
    fields: &[
        read("alpha", "P(ever a false alarm), 1e-9 to 0.5").default("0.01"),
        read("errorOddsMargin", "the odds ratio of errors that is accepted, 1 to 1000")
            .default("1.25"),
        read("quantiles", "a list of up to 16 latency quantiles").default("[0.5, 0.9, 0.99]"),
        read("latencyMargin", "the rise of a quantile that is accepted, as a share, 0 to 100")
            .default("0.1"),
        read(
            "warmUp",
            "for so long after its first request the canary's latency does not count, up to 1h",
        )
        .default("2s"),
        read(
            "design",
            "a group-sequential design, where the number of requests is known beforehand",
        )
        .by_default("none"),
        read("metrics", "up to 16 other metrics of the run that are compared too").default("[]"),
    ],
};

pub(crate) static DESIGN: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/judge\"].design",
    fields: &[
        read("requests", "how many requests of the canary there are at the end; required"),
        read("spending", "how alpha is spent over the looks: obrien-fleming or pocock")
            .or_empty()
            .default("obrien-fleming"),
        read("looks", "at how many moments, evenly spread over the requests, 1 to 20").default("5"),
    ],
};

pub(crate) static COMPARED: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/judge\"].metrics[]",
    fields: &[
        read("name", "what it is called among the tests; required"),
        read("canary", "the metric of the run that measures the canary; required"),
        read("stable", "the metric of the run that measures the stable revision; required"),
        read("harm", "which change is harmful: increase, decrease or either")
            .or_empty()
            .by_default("told by the name: increase of a latency, decrease of a conversion"),
        read("margin", "the change that is accepted, as a share, 0 to 100").default("0.1"),
    ],
};

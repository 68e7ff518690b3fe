//! The fields of the plugin `tidegate/shadow`, as a step and as a metric.

use super::{Table, read};

pub(crate) static SHADOW: Table = Table {
    place: "spec.strategy.canary.steps[].plugin of tidegate/shadow: config",
    fields: &[
        read(
            "percentage",
            "of how many requests that match answers are compared, 0 to 100; 0 ends what another \
             step has begun",
        )
        .default("100"),
        read("match", "a list as that of setMirrorRoute, any of which is enough")
            .by_default("every request"),
        read(
            "writes",
            "true: also methods other than GET, HEAD and OPTIONS, which are then carried out \
             three times more",
        )
        .default("false"),
        read(
            "duration",
            "how long answers are compared before the step judges, passes or takes the revision \
             back",
        )
        .by_default("they are compared beside the steps that follow"),
        read("compare", "what is compared, and how closely"),
    ],
};

pub(crate) static COMPARE: Table = Table {
    place: "spec.strategy.canary.steps[].plugin of tidegate/shadow: config.compare",
    fields: &[
        read(
            "ignore",
            "a list of fields by the names of the report, with all within them: \
             body.items[].seen, header.x-build, latency; * stands for one part",
        )
        .default("[]"),
        read("maxBody", "larger bodies are not compared, in bytes, up to 1048576")
            .default("262144"),
        read(
            "latencyMargin",
            "the share by which an answer may take longer than both others, 0 to 100",
        )
        .default("0.2"),
        read("examples", "how many examples of a difference are kept of each field, 0 to 10")
            .default("3"),
        read(
            "minRequests",
            "with duration: so many have to be compared for no difference to pass, from 1",
        )
        .default("100"),
    ],
};

pub(crate) static SHADOW_METRIC: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/shadow\"]",
    fields: &[
        read("alpha", "P(ever a false alarm), 1e-9 to 0.5").default("0.01"),
        read("minRequests", "so many have to be compared for no difference to succeed, from 1")
            .default("100"),
        read("wait", "how long a measurement waits for them, a duration").default("5m"),
    ],
};

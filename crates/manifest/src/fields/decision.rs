//! The fields of the plugin `tidegate/decision`.

use super::{Table, read};

pub(crate) static DECISION: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/decision\"]",
    fields: &[
        read("rules", "a list of what the revision must not do, up to 64").by_default(
            "error-rate-threshold, response-time-degradation, conversion-rate-impact and \
             memory-leak-detection",
        ),
        read(
            "override",
            "a list of who may say that the judge, the prediction or a rule without a list of its own \
             does not count; \"*\": anybody",
        )
        .default("[]"),
        read("values", "further values that rules speak of, by their names, up to 64"),
        read("window", "the last so many seconds of the router's counts, a duration up to 2m")
            .default("60s"),
        read(
            "minRequests",
            "a share or a quantile of fewer requests in the window is not known, from 1",
        )
        .default("100"),
        read("judge", "settings as of tidegate/judge; false: rules and the prediction alone")
            .default("{}"),
        read("prediction", "a metric that asks a model"),
        read("monitoring", "how long a revision is watched more closely, a duration")
            .default("30m"),
        read("warmUp", "the memory of a replica is not looked at so long after it became ready")
            .default("60s"),
    ],
};

pub(crate) static RULE: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/decision\"].rules[]",
    fields: &[
        read("name", "unique, and neither judge nor prediction; required"),
        read("severity", "critical, major or minor; required"),
        read(
            "condition",
            "when it is violated: errorRate > 5, memoryUsage > 85 && memoryLeak; required",
        ),
        read(
            "message",
            "what is said when it is violated, before the values; {NAME} stands for a value of the \
             condition, without its sign",
        ),
        read(
            "autoRollback",
            "whether a critical rule takes the revision back at once, a major one after \
             rollbackAfter; else a person is asked",
        )
        .by_default("true of a critical rule, else false"),
        read(
            "rollbackAfter",
            "of a major rule with autoRollback: how long it may be violated, a duration",
        )
        .by_default("a person is asked"),
        read("override", "a list of who may say that it does not count; \"*\": anybody")
            .by_default("the decision's list"),
    ],
};

pub(crate) static VALUE: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/decision\"].values.*",
    fields: &[
        read("metric", "the metric of the same run whose last value it is; required"),
        read(
            "baseline",
            "the metric that it is compared with; without it there is no change of it",
        ),
        read("unit", "percent, ms, perSecond or number: for those who read it").default("number"),
    ],
};

pub(crate) static PREDICTION: Table = Table {
    place: "spec.metrics[].provider.plugin[\"tidegate/decision\"].prediction",
    fields: &[
        read(
            "metric",
            "the metric of the same run whose last value is the probability, 0 to 1, that the \
             revision has to go, or an object with probability and explanation; required",
        ),
        read("rollbackAfter", "how long after a prediction above 0.9 it goes, a duration")
            .default("5m"),
    ],
};

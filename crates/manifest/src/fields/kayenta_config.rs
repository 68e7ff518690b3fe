//! The fields of a canary configuration of Kayenta.

use super::{Table, empty, harmless, read};

pub(crate) static CONFIG: Table = Table {
    place: "canary configuration",
    fields: &[
        read("id", "what it is looked up by"),
        read("name", "its name"),
        read("applications", "the applications that it is for, as texts").default("[]"),
        read("judge", "which judge"),
        read("metrics", "a list, each name once; required"),
        read("templates", "texts that queries refer to by name").default("{}"),
        read("classifier", "what the groups count").default("{}"),
        harmless("description", "a note"),
        harmless("configVersion", "there is one"),
        harmless("createdTimestamp", "written by whoever keeps it"),
        harmless("updatedTimestamp", "written by whoever keeps it"),
        harmless("createdTimestampIso", "written by whoever keeps it"),
        harmless("updatedTimestampIso", "written by whoever keeps it"),
        harmless("isNew", "written by Spinnaker's page"),
        harmless("isDisabled", "written by Spinnaker's page"),
    ],
};

pub(crate) static JUDGE: Table = Table {
    place: "judge",
    fields: &[
        read("name", "NetflixACAJudge-v1.0").default("NetflixACAJudge-v1.0"),
        empty("judgeConfigurations", "this judge has none: leave it out, or write {}"),
    ],
};

pub(crate) static METRIC: Table = Table {
    place: "metrics[]",
    fields: &[
        read(
            "name",
            "its name, which is that of its column where values come from a file; required",
        ),
        read("groups", "the groups that it counts in, as texts; required"),
        read("analysisConfigurations", "how it is judged").default("{}"),
        read("query", "where its values come from; not needed where they come from a file"),
        read("scopeName", "which scope of a question it is asked for; Kayenta fails without")
            .default("default"),
        harmless("id", "written by Spinnaker's page"),
    ],
};

pub(crate) static ANALYSIS: Table = Table {
    place: "metrics[].analysisConfigurations",
    fields: &[read("canary", "how it is judged").default("{}")],
};

pub(crate) static CANARY: Table = Table {
    place: "metrics[].analysisConfigurations.canary",
    fields: &[
        read("direction", "which change is a failure: increase, decrease or either")
            .default("either"),
        read(
            "nanStrategy",
            "values that are not there: remove, or replace by 0; none is remove, as Kayenta has it",
        )
        .default("remove"),
        read("critical", "whether its failure alone brings the score to 0").default("false"),
        read("mustHaveData", "whether having no values is a failure").default("false"),
        read("muted", "whether it is judged and told, but does not count").default("false"),
        read("effectSize", "how large a change has to be").default("{}"),
        read("outliers", "what becomes of values far from the others").default("{}"),
    ],
};

pub(crate) static EFFECT_SIZE: Table = Table {
    place: "metrics[].analysisConfigurations.canary.effectSize",
    fields: &[
        read(
            "measure",
            "meanRatio, or cles: the share of pairs in which the canary's value is higher",
        )
        .default("meanRatio"),
        read("allowedIncrease", "from here on an increase is a failure")
            .by_default("1, with cles 0.5"),
        read("allowedDecrease", "from here down a decrease is a failure")
            .by_default("1, with cles 0.5"),
        read("criticalIncrease", "from here on it is critical, where the metric is")
            .by_default("1, with cles 0.5"),
        read("criticalDecrease", "from here down it is critical, where the metric is")
            .by_default("1, with cles 0.5"),
    ],
};

pub(crate) static OUTLIERS: Table = Table {
    place: "metrics[].analysisConfigurations.canary.outliers",
    fields: &[
        read("strategy", "remove or keep; none is keep, as Kayenta has it").default("keep"),
        read(
            "outlierFactor",
            "how many interquartile ranges beyond the quartiles; above 0 where it counts",
        )
        .default("3"),
    ],
};

pub(crate) static QUERY: Table = Table {
    place: "metrics[].query",
    fields: &[
        read(
            "type",
            "prometheus; another is taken, but its values can only come from a file; required",
        ),
        read("metricName", "the name of the series"),
        read("resourceType", "gce_instance or aws_ec2_instance: labels are added for the scope"),
        read("labelBindings", "matchers of labels, as texts").default("[]"),
        read("groupByFields", "labels by which there is one series each").default("[]"),
        read(
            "customInlineTemplate",
            "matchers with ${...} in them, or a whole query after PromQL:",
        ),
        read("customFilterTemplate", "the name of such a text among templates"),
        empty("customFilter", "Kayenta no longer takes it: write customInlineTemplate"),
        harmless("serviceType", "the same as type"),
    ],
};

pub(crate) static CLASSIFIER: Table = Table {
    place: "classifier",
    fields: &[
        read("groupWeights", "what each group counts, of 100; the others share what is left")
            .default("{}"),
        read("scoreThresholds", "the scores to pass, where whoever asks gives none"),
    ],
};

pub(crate) static THRESHOLDS: Table = Table {
    place: "classifier.scoreThresholds",
    fields: &[
        read("pass", "from this score on it passes; required"),
        read("marginal", "from this score on it does not fail; required"),
    ],
};

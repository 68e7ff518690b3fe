//! The fields of the canary step `experiment`.

use super::{Table, read};

pub(crate) static EXPERIMENT: Table = Table {
    place: "spec.strategy.canary.steps[].experiment",
    fields: &[
        read("templates", "what stands side by side: a list, at least one; required"),
        read("duration", "a duration such as 20m, from when all templates are available")
            .or_empty()
            .by_default("until the required analyses have succeeded, or somebody promotes"),
        read("analyses", "what is measured while it runs").default("[]"),
        read(
            "dryRun",
            "a list of metricName, each a regular expression: metrics that do not count, of all \
             analyses",
        ),
        read("analysisRunMetadata", "labels and annotations of the runs of all analyses"),
        read(
            "scaleDownDelaySeconds",
            "how long replicas stay once they are not needed; 0: they go at once",
        )
        .default("30"),
    ],
};

pub(crate) static TEMPLATE: Table = Table {
    place: "spec.strategy.canary.steps[].experiment.templates[]",
    fields: &[
        read("name", "a name of its own within the experiment; required"),
        read("specRef", "stable or canary: which revision its replicas run; required"),
        read("replicas", "how many; 0 or more").default("1"),
        read("metadata", "more labels and annotations of its replicas"),
        read(
            "selector",
            "the labels by which its replicas are known; shown in the Experiment, whose replicas \
             are known by whose they are",
        )
        .by_default("those of the rollout"),
        read(
            "weight",
            "with trafficRouting: its share of the requests in percent while the experiment runs, \
             taken from the stable revision's. Without trafficRouting its replicas get as many \
             requests as they are, behind Services that select their labels too",
        )
        .by_default("none"),
        read("service", "a Service is made that reaches its replicas alone; {}: with its own name")
            .by_default("one is made where weight is set"),
    ],
};

pub(crate) static METADATA: Table = Table {
    place: "spec.strategy.canary.steps[].experiment.templates[].metadata",
    fields: &[
        read("labels", "a mapping of texts, by the rules of Kubernetes"),
        read("annotations", "a mapping of texts"),
    ],
};

pub(crate) static SERVICE_OF: Table = Table {
    place: "spec.strategy.canary.steps[].experiment.templates[].service",
    fields: &[read("name", "the name of that Service")
        .or_empty()
        .by_default("EXPERIMENT-TEMPLATE")],
};

pub(crate) static ANALYSIS: Table = Table {
    place: "spec.strategy.canary.steps[].experiment.analyses[]",
    fields: &[
        read("name", "a name of its own within the experiment; required"),
        read("templateName", "the name of an AnalysisTemplate in the same namespace; required"),
        read("clusterScope", "true: the name of a ClusterAnalysisTemplate").default("false"),
        read(
            "args",
            "values for the template's arguments, as in an analysis of the rollout; \
             {{templates.NAME.podTemplateHash}}, {{templates.NAME.replicaset.name}}, \
             {{experiment.availableAt}}, {{experiment.finishedAt}}, {{experiment.name}} and \
             {{experiment.namespace}} are filled in",
        ),
        read(
            "requiredForCompletion",
            "true: the experiment goes on until this analysis is decided, and ends well once all \
             such analyses have succeeded",
        )
        .default("false"),
    ],
};

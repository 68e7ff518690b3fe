//! The fields of `argoproj.io/v1alpha1` Experiment.

use super::{
    Field, Table, not_yet,
    object::{API_VERSION, KIND, METADATA, STATUS},
    read,
};

pub(crate) static EXPERIMENT: Table = Table {
    place: "Experiment",
    fields: &[API_VERSION, KIND, METADATA, read("spec", "what is wanted; required"), STATUS],
};

pub(crate) static SPEC: Table = Table {
    place: "Experiment.spec",
    fields: &[
        read("templates", "what stands side by side: a list, at least one; required"),
        read("duration", "a duration such as 20m, from when all templates are available")
            .or_empty()
            .by_default("until the required analyses have succeeded, or somebody ends it"),
        read("progressDeadlineSeconds", "a template that makes no progress for so long fails")
            .default("600"),
        read("terminate", "true: it ends now").default("false"),
        read("analyses", "what is measured while it runs").default("[]"),
        read(
            "scaleDownDelaySeconds",
            "how long replicas stay once they are not needed; 0: they go at once",
        )
        .default("30"),
        DRY_RUN,
        RETENTION,
        RUN_METADATA,
    ],
};

const DRY_RUN: Field = read(
    "dryRun",
    "a list of metricName, each a regular expression: metrics that do not count, of all analyses",
);
const RETENTION: Field = read(
    "measurementRetention",
    "a list of metricName and limit: how many measurements are kept, of all analyses",
);
const RUN_METADATA: Field =
    read("analysisRunMetadata", "labels and annotations of the runs of all analyses");

pub(crate) static TEMPLATE: Table = Table {
    place: "Experiment.spec.templates[]",
    fields: &[
        read("name", "a name of its own within the experiment; required"),
        read("replicas", "how many; 0 or more").default("1"),
        read(
            "minReadySeconds",
            "how long a replica is ready before it counts; at most progressDeadlineSeconds",
        )
        .default("0"),
        read("selector", "the labels by which its replicas are known; required"),
        read("template", "what its replicas run: a pod template; required"),
        read("service", "a Service is made that reaches its replicas alone; {}: with its own name"),
    ],
};

pub(crate) static TEMPLATE_SERVICE: Table = Table {
    place: "Experiment.spec.templates[].service",
    fields: &[read("name", "the name of that Service")
        .or_empty()
        .by_default("EXPERIMENT-TEMPLATE")],
};

pub(crate) static ARG: Table = Table {
    place: "Experiment.spec.analyses[].args[]",
    fields: &[
        read("name", "as the template declares it; required"),
        read("value", "a text, which counts whatever valueFrom says")
            .by_default("what the template declares"),
        read("valueFrom", "where the value comes from"),
    ],
};

pub(crate) static ARG_VALUE_FROM: Table = Table {
    place: "Experiment.spec.analyses[].args[].valueFrom",
    fields: &[
        read("secretKeyRef", "an entry of a Secret of the namespace, shown nowhere"),
        read("fieldRef", "a field of the Experiment itself"),
        not_yet("podTemplateHashValue", "write value: \"{{templates.NAME.podTemplateHash}}\""),
    ],
};

pub(crate) static ANALYSIS: Table = Table {
    place: "Experiment.spec.analyses[]",
    fields: &[
        read("name", "a name of its own within the experiment; required"),
        read("templateName", "the name of an AnalysisTemplate in the same namespace; required"),
        read("clusterScope", "true: the name of a ClusterAnalysisTemplate").default("false"),
        read(
            "args",
            "values for the template's arguments; {{templates.NAME.podTemplateHash}}, \
             {{templates.NAME.replicaset.name}}, {{experiment.availableAt}}, \
             {{experiment.finishedAt}}, {{experiment.name}} and {{experiment.namespace}} are \
             filled in",
        ),
        read(
            "requiredForCompletion",
            "true: the experiment goes on until this analysis is decided, and ends well once all \
             such analyses have succeeded",
        )
        .default("false"),
    ],
};

//! The fields of `argoproj.io/v1alpha1` Rollout.

use super::{
    Field, Table,
    object::{API_VERSION, KIND, METADATA, STATUS},
    read, scale,
};

pub(crate) static ROLLOUT: Table = Table {
    place: "Rollout",
    fields: &[API_VERSION, KIND, METADATA, read("spec", "what is wanted; required"), STATUS],
};

pub(crate) static SPEC: Table = Table {
    place: "spec",
    fields: &[
        read("replicas", "how many; 0 or more").default("1"),
        read("selector", "the labels by which its replicas are known; required"),
        read("template", "what its replicas run; required"),
        read("workloadRef", "a Deployment, whose pod template is run; or template"),
        read("minReadySeconds", "0 or more").default("0"),
        read("rollbackWindow", "which returns to an earlier revision take no steps"),
        read("strategy", "how a new revision is released; required"),
        read(
            "revisionHistoryLimit",
            "how many revisions with no replicas are kept for undo; 0 or more",
        )
        .default("10"),
        read("paused", "true or false").default("false"),
        read("progressDeadlineSeconds", "more than minReadySeconds").default("600"),
        read("progressDeadlineAbort", "true or false").default("false"),
        read(
            "restartAt",
            "a time such as 2026-01-31T12:00:00Z: replicas started before it are replaced",
        ),
        read("analysis", "how many ended analysis runs are kept"),
    ],
};

pub(crate) static DEPLOYMENT: Table = Table {
    place: "Deployment",
    fields: &[
        API_VERSION,
        KIND,
        METADATA,
        read(
            "spec",
            "its template and selector are those of Rollouts whose workloadRef names it, and are \
             checked with them; the rest has no effect, for it is not run by itself; required",
        ),
        STATUS,
    ],
};

pub(crate) static WORKLOAD_REF: Table = Table {
    place: "spec.workloadRef",
    fields: &[
        read("apiVersion", "apps/v1; required"),
        read("kind", "Deployment; required"),
        read(
            "name",
            "of a Deployment of the same namespace: until it is applied the Rollout waits; \
             required",
        ),
        read(
            "scaleDown",
            "never, onsuccess or progressively: checked; without effect, for the Deployment itself is \
             never run",
        ).or_empty(),
    ],
};

pub(crate) static SELECTOR: Table = Table {
    place: "spec.selector",
    fields: &[
        read(
            "matchLabels",
            "a mapping of labels, all of them on the template; this or matchExpressions is \
             required",
        ),
        read("matchExpressions", "a list; each has to hold for the labels of the template"),
    ],
};

pub(crate) static MATCH_EXPRESSION: Table = Table {
    place: "spec.selector.matchExpressions[]",
    fields: &[
        read("key", "of a label; required"),
        read("operator", "In, NotIn, Exists or DoesNotExist; required"),
        read("values", "a list of texts, with In and NotIn only"),
    ],
};

pub(crate) static STRATEGY: Table = Table {
    place: "spec.strategy",
    fields: &[
        read("canary", "step by step; this or blueGreen is required"),
        read("blueGreen", "at once, after the new revision was made whole beside the old one"),
    ],
};

pub(crate) static CANARY: Table = Table {
    place: "spec.strategy.canary",
    fields: &[
        read("canaryService", "the name of a Service that reaches the new revision only")
            .or_empty(),
        read("stableService", "the name of a Service that reaches the stable revision only")
            .or_empty(),
        read("steps", "a list of steps, taken in order").default("[]"),
        read("trafficRouting", "who splits the traffic").by_default("the numbers of replicas"),
        scale::MAX_UNAVAILABLE,
        scale::MAX_SURGE,
        read("analysis", "an analysis that runs beside the steps"),
        scale::AFFINITY,
        read("canaryMetadata", "more labels and annotations of the new revision's replicas"),
        read("stableMetadata", "more labels and annotations of the stable revision's replicas"),
        scale::SCALE_DOWN_DELAY,
        scale::REVISION_LIMIT,
        scale::ABORT_DELAY,
        scale::DYNAMIC_STABLE,
        read("pingPong", "two Services that take turns in reaching the stable revision"),
        scale::LEAST,
        scale::PROGRESS,
    ],
};

pub(crate) static STEP: Table = Table {
    place: "spec.strategy.canary.steps[]",
    fields: &[
        read("setWeight", "the share of the new revision in percent, 0 to 100"),
        read("pause", "a wait; {}: until somebody promotes"),
        read("analysis", "an analysis that has to succeed"),
        read("experiment", "revisions side by side, with replicas of their own; has to succeed"),
        read(
            "setCanaryScale",
            "how many replicas the new revision has, whatever its weight is; like a route it may \
             stand beside another action: then a pause decides when the step is done, else the \
             scale, else the weight; an analysis has to succeed in any case",
        ),
        read("setHeaderRoute", "requests that go to the new revision whatever its share is"),
        read(
            "setMirrorRoute",
            "requests of which the new revision gets copies that nobody answers",
        ),
        read("plugin", "a step of a plugin, by its name"),
    ],
};

pub(crate) static PLUGIN_STEP: Table = Table {
    place: "spec.strategy.canary.steps[].plugin",
    fields: &[
        read(
            "name",
            "of a program that the server was told of by --plugin NAME=PROGRAM, else apply refuses \
             it; required",
        ),
        read("config", "what the plugin reads"),
    ],
};

pub(crate) static PING_PONG: Table = Table {
    place: "spec.strategy.canary.pingPong",
    fields: &[
        read(
            "pingService",
            "reaches the first stable revision, the next new one, and so on by turns; where no root \
             Service is named, both reach every revision by its weight; required",
        ),
        read("pongService", "the other one; required"),
    ],
};

pub(crate) static PAUSE: Table = Table {
    place: "spec.strategy.canary.steps[].pause",
    fields: &[read("duration", "seconds, or a duration such as 30s, 5m, 1h30m")
        .by_default("until somebody promotes")],
};

pub(crate) static ANALYSIS: Table = Table {
    place: "spec.strategy.canary.steps[].analysis",
    fields: &[TEMPLATES, ARGS, DRY_RUN, RETENTION, METADATA_OF_RUNS],
};

pub(crate) static BACKGROUND: Table = Table {
    place: "spec.strategy.canary.analysis",
    fields: &[
        TEMPLATES,
        ARGS,
        read("startingStep", "the first step (from 0) at which it runs").default("0"),
        DRY_RUN,
        RETENTION,
        METADATA_OF_RUNS,
    ],
};

const TEMPLATES: Field = read("templates", "a list of AnalysisTemplates, at least one; required");
const ARGS: Field = read("args", "values for the templates' arguments");
const DRY_RUN: Field =
    read("dryRun", "a list of metricName, each a regular expression: metrics that do not count");
const RETENTION: Field = read(
    "measurementRetention",
    "a list of metricName and limit: how many measurements are kept, 1000 at most",
)
.by_default("10 of each metric");
const METADATA_OF_RUNS: Field = read("analysisRunMetadata", "labels and annotations of its runs");

/// A replica's environment is made when it starts, as in Kubernetes; Services look at all times.
const LABELS_OF_ROLES: &str = "a mapping of texts, by the rules of Kubernetes; Services select by \
     what a revision is now; environment variables keep what it was when the replica started";

pub(crate) static ROLE_METADATA: Table = Table {
    place: "spec.strategy.canary.canaryMetadata and .stableMetadata, spec.strategy.blueGreen.previewMetadata and \
            .activeMetadata",
    fields: &[
        read("labels", LABELS_OF_ROLES),
        read("annotations", "a mapping of texts, seen by replicas that start from then on"),
    ],
};

pub(crate) static RUN_METADATA: Table = Table {
    place: "analysis.analysisRunMetadata",
    fields: &[
        read("labels", "a mapping of texts, by the rules of Kubernetes"),
        read("annotations", "a mapping of texts"),
    ],
};

pub(crate) static TEMPLATE_USE: Table = Table {
    place: "analysis.templates[]",
    fields: &[
        read("templateName", "the name of an AnalysisTemplate in the same namespace; required"),
        read("clusterScope", "true: the name of a ClusterAnalysisTemplate").default("false"),
    ],
};

pub(crate) static ARG: Table = Table {
    place: "analysis.args[]",
    fields: &[
        read("name", "as the template declares it; required"),
        read("value", "a text").default("\"\""),
        read("valueFrom", "where the value comes from, whatever value says"),
    ],
};

pub(crate) static ARG_VALUE_FROM: Table = Table {
    place: "analysis.args[].valueFrom",
    fields: &[
        read("podTemplateHashValue", "Stable or Latest"),
        read("fieldRef", "a field of the Rollout itself"),
    ],
};

pub(crate) static ARG_FIELD_REF: Table = Table {
    place: "analysis.args[].valueFrom.fieldRef",
    fields: &[read(
        "fieldPath",
        "such as metadata.labels['region'], metadata.name, spec.replicas; required",
    )],
};

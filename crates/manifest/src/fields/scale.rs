//! The fields of a canary that say how many replicas there are on the way.

use super::{Field, Table, read};

const COUNT_OR_PERCENT: &str = "without trafficRouting: a whole number, or a share such as 25%";

pub(crate) const MAX_SURGE: Field = read("maxSurge", COUNT_OR_PERCENT).default("25%");
pub(crate) const MAX_UNAVAILABLE: Field = read("maxUnavailable", COUNT_OR_PERCENT).default("25%");
pub(crate) const SCALE_DOWN_DELAY: Field = read(
    "scaleDownDelaySeconds",
    "with trafficRouting: how long the old replicas stay after a promotion; not with \
     dynamicStableScale",
)
.default("30");
pub(crate) const REVISION_LIMIT: Field = read(
    "scaleDownDelayRevisionLimit",
    "with trafficRouting: how many old revisions may have replicas in that time",
)
.by_default("all");
pub(crate) const ABORT_DELAY: Field = read(
    "abortScaleDownDelaySeconds",
    "with trafficRouting: how long the new replicas stay after an abort, from when the stable \
     revision has all of its own; 0: for ever; without trafficRouting it has no effect, as in \
     Argo Rollouts",
)
.by_default("30; with dynamicStableScale: they go with their share");
pub(crate) const DYNAMIC_STABLE: Field = read(
    "dynamicStableScale",
    "only with trafficRouting: whether the stable revision has no more replicas than its share \
     needs",
)
.default("false");
pub(crate) const LEAST: Field = read(
    "minPodsPerReplicaSet",
    "with trafficRouting: replicas that a revision has at least while it has any, never more than \
     spec.replicas; without trafficRouting it has no effect, as in Argo Rollouts",
)
.default("1");
pub(crate) const PROGRESS: Field =
    read("replicaProgressThreshold", "how many replicas have to be available to go on")
        .by_default("all that are wanted");
pub(crate) const AFFINITY: Field =
    read("antiAffinity", "checked; without effect, for there is one machine");

pub(crate) static SET_CANARY_SCALE: Table = Table {
    place: "spec.strategy.canary.steps[].setCanaryScale",
    fields: &[
        read("matchTrafficWeight", "true: as many replicas as the weight needs").default("false"),
        read("replicas", "so many; counts before weight"),
        read("weight", "a share of spec.replicas in percent, rounded up; it may be above 100"),
    ],
};

pub(crate) static THRESHOLD: Table = Table {
    place: "spec.strategy.canary.replicaProgressThreshold",
    fields: &[
        read("type", "Percent of the replicas that are wanted, or Pods: a number; required"),
        read(
            "value",
            "1 or more, up to 100 for Percent; where fewer Pods are wanted, all of them suffice; \
             required",
        ),
    ],
};

pub(crate) static ANTI_AFFINITY: Table = Table {
    place: "spec.strategy.canary.antiAffinity",
    fields: &[
        read("preferredDuringSchedulingIgnoredDuringExecution", "one of the two"),
        read("requiredDuringSchedulingIgnoredDuringExecution", "one of the two; {}"),
    ],
};

pub(crate) static PREFERRED: Table = Table {
    place: "spec.strategy.canary.antiAffinity.preferredDuringSchedulingIgnoredDuringExecution",
    fields: &[read("weight", "1 to 100; required")],
};

pub(crate) static ROLLBACK_WINDOW: Table = Table {
    place: "spec.rollbackWindow",
    fields: &[read(
        "revisions",
        "a return to one of so many revisions before the stable one takes no steps and no \
         analysis; 0 or more",
    )
    .default("0")],
};

pub(crate) static RUN_HISTORY: Table = Table {
    place: "spec.analysis",
    fields: &[
        read("successfulRunHistoryLimit", "how many successful runs are kept").default("5"),
        read(
            "unsuccessfulRunHistoryLimit",
            "how many runs are kept that failed, erred or could not tell",
        )
        .default("5"),
    ],
};

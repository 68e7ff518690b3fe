//! The fields of `spec.strategy.blueGreen`.

use super::{Table, harmless, read, scale};

pub(crate) static BLUE_GREEN: Table = Table {
    place: "spec.strategy.blueGreen",
    fields: &[
        read("activeService", "the name of the Service that users come by; required"),
        read(
            "previewService",
            "the name of a Service that reaches the newest revision, whether or not users get it",
        )
        .or_empty(),
        read("previewReplicaCount", "replicas of the new revision until it is to take over")
            .by_default("replicas"),
        read("autoPromotionEnabled", "true, or false: it takes over when somebody promotes")
            .default("true"),
        read(
            "autoPromotionSeconds",
            "how long it waits, whole and tested, before it takes over; without effect where \
             autoPromotionEnabled is false, as in Argo Rollouts",
        )
        .default("0"),
        read(
            "prePromotionAnalysis",
            "an analysis as in steps[].analysis, which has to succeed before it takes over",
        ),
        read(
            "postPromotionAnalysis",
            "an analysis as in steps[].analysis, which has to succeed after it took over; \
             otherwise the old revision takes everything back",
        ),
        read(
            "scaleDownDelaySeconds",
            "how long the replicas of the old revision stay; 0: they go at once",
        )
        .default("30"),
        read(
            "scaleDownDelayRevisionLimit",
            "how many old revisions stay for that time at most, newest first; 0 to \
             revisionHistoryLimit",
        )
        .by_default("all"),
        read(
            "abortScaleDownDelaySeconds",
            "how long the new replicas stay after an abort; 0: for ever",
        )
        .default("30"),
        harmless(
            "maxUnavailable",
            "it bounds restarts: here each new replica is ready before an old one goes, so that \
             none is unavailable",
        ),
        scale::AFFINITY,
        read("previewMetadata", "more labels and annotations of the new revision's replicas"),
        read(
            "activeMetadata",
            "more labels and annotations of the stable revision's replicas: the new one has them once \
             it is stable, as in Argo Rollouts",
        ),
    ],
};

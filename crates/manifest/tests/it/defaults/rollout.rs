//! Rollouts and their strategies, but for the steps.

use super::{
    Proof::{Acts, Not},
    Proofs,
};

const SPEC: &str = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, spec: \
                    {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, \
                    spec: {containers: [{name: web, image: 'web:1'}]}}, @}}";
const BLUE_GREEN: &str = "strategy: {blueGreen: {activeService: web, @}}";
pub(super) const CANARY: &[&str] = &[SPEC, "strategy: {canary: {@}}"];
pub(super) const ROUTED: &[&str] =
    &[SPEC, "strategy: {canary: {trafficRouting: {plugins: {tidegate/router: {}}}, @}}"];

pub(super) const ALL: &[Proofs] = &[
    Proofs {
        table: ("Rollout", "spec"),
        around: &[SPEC, "strategy: {canary: {}}, @"],
        fields: &[
            ("replicas", Not("2")),
            ("minReadySeconds", Not("1")),
            ("revisionHistoryLimit", Not("9")),
            ("paused", Not("true")),
            ("progressDeadlineSeconds", Not("599")),
            ("progressDeadlineAbort", Not("true")),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.rollbackWindow"),
        around: &[SPEC, "strategy: {canary: {}}, rollbackWindow: {@}"],
        fields: &[("revisions", Not("1"))],
    },
    Proofs {
        table: ("Rollout", "spec.analysis"),
        around: &[SPEC, "strategy: {canary: {}}, analysis: {@}"],
        fields: &[
            ("successfulRunHistoryLimit", Not("4")),
            ("unsuccessfulRunHistoryLimit", Not("4")),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary"),
        around: ROUTED,
        fields: &[
            ("steps", Not("[{setWeight: 10}]")),
            (
                "trafficRouting",
                Acts(
                    "rollout/tests/it/scenario_release.rs",
                    "without_a_router_no_weight_means_none_as_soon_as_stable_carries_it",
                ),
            ),
            ("maxUnavailable", Not("24%")),
            ("maxSurge", Not("24%")),
            ("scaleDownDelaySeconds", Not("29")),
            (
                "scaleDownDelayRevisionLimit",
                Acts(
                    "rollout/tests/it/scenario_scale.rs",
                    "without_a_limit_all_old_revisions_wait_for_their_end",
                ),
            ),
            (
                "abortScaleDownDelaySeconds",
                Acts(
                    "manifest/tests/it/scales.rs",
                    "aborted_replicas_go_with_their_share_where_the_stable_ones_do",
                ),
            ),
            ("dynamicStableScale", Not("true")),
            ("minPodsPerReplicaSet", Not("2")),
            (
                "replicaProgressThreshold",
                Acts(
                    "rollout/tests/it/scenario_scale.rs",
                    "without_a_threshold_a_step_waits_for_all_replicas",
                ),
            ),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.blueGreen"),
        around: &[SPEC, BLUE_GREEN],
        fields: &[
            (
                "previewReplicaCount",
                Acts(
                    "rollout/tests/it/blue_green.rs",
                    "by_default_the_new_revision_takes_over_once_all_of_it_is_available",
                ),
            ),
            ("autoPromotionEnabled", Not("false")),
            ("autoPromotionSeconds", Not("1")),
            ("scaleDownDelaySeconds", Not("29")),
            (
                "scaleDownDelayRevisionLimit",
                Acts(
                    "rollout/tests/it/blue_green/taken_back.rs",
                    "by_default_all_old_revisions_stand_by",
                ),
            ),
            ("abortScaleDownDelaySeconds", Not("29")),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.trafficRouting"),
        around: &[
            SPEC,
            "strategy: {canary: {trafficRouting: {plugins: {tidegate/router: {}}, @}, steps: [{setWeight: 40}]}}",
        ],
        fields: &[("maxTrafficWeight", Not("200"))],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.trafficRouting.plugins[\"tidegate/router\"]"),
        around: CANARY,
        fields: &[(
            "service",
            Acts(
                "traffic/src/compile/tests.rs",
                "a_service_splits_over_the_revisions_that_it_selects",
            ),
        )],
    },
    Proofs {
        table: ("Rollout", "trafficRouting.alb"),
        around: CANARY,
        fields: &[(
            "rootService",
            Acts(
                "traffic/src/compile/tests.rs",
                "with_no_root_the_stable_service_is_where_users_come_in",
            ),
        )],
    },
    Proofs {
        table: ("Rollout", "trafficRouting.smi"),
        around: CANARY,
        fields: &[(
            "rootService",
            Acts(
                "traffic/src/compile/tests.rs",
                "with_no_root_the_stable_service_is_where_users_come_in",
            ),
        )],
    },
];

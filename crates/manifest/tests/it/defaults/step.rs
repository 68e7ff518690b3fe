//! The steps of a canary, and the analyses of rollouts.

use super::{
    Proof::{Acts, Beside, Means, Not},
    Proofs,
    rollout::{CANARY, ROUTED},
};

/// The fields of a ring, by the step's plugin.
const RING: &str =
    "steps: [{plugin: {name: tidegate/ring, config: {ring: a, match: [{header: {name: x}}], @}}}]";
const RING_MATCH: &str = "steps: [{plugin: {name: tidegate/ring, config: {ring: a, match: [@]}}}]";
const SHADOW: &str = "steps: [{plugin: {name: tidegate/shadow, config: {duration: 1m, @}}}]";
const RINGS: &str = "manifest/tests/it/rings.rs";

pub(super) const ALL: &[Proofs] = &[
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].pause"),
        around: CANARY,
        fields: &[(
            "duration",
            Acts("rollout/tests/it/commands.rs", "a_promotion_is_for_the_step_it_was_asked_for"),
        )],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].setCanaryScale"),
        around: &[ROUTED[0], ROUTED[1], "steps: [{setCanaryScale: {@}}]"],
        fields: &[("matchTrafficWeight", Beside("replicas: 2, ", "true"))],
    },
    Proofs {
        table: ("Rollout", "steps[].setHeaderRoute"),
        around: &[
            CANARY[0],
            CANARY[1],
            "trafficRouting: {plugins: {tidegate/router: {}}, managedRoutes: [{name: a}]}, steps: [{setHeaderRoute: {name: a, @}}]",
        ],
        fields: &[("match", Not("[{headerName: x, headerValue: {exact: z}}]"))],
    },
    Proofs {
        table: ("Rollout", "steps[].setMirrorRoute"),
        around: &[
            CANARY[0],
            CANARY[1],
            "trafficRouting: {plugins: {tidegate/router: {}}, managedRoutes: [{name: a}]}, steps: [{setMirrorRoute: {name: a, @}}]",
        ],
        fields: &[("match", Not("[{path: {prefix: /}}]")), ("percentage", Not("99"))],
    },
    Proofs {
        table: ("Rollout", "steps[].setMirrorRoute.match[]"),
        around: CANARY,
        fields: &[(
            "method",
            Acts(
                "manifest/tests/it/routing.rs",
                "mirror_routes_take_writes_only_when_they_are_named",
            ),
        )],
    },
    Proofs {
        table: ("Rollout", "steps[].plugin.config of tidegate/ring"),
        around: &[ROUTED[0], ROUTED[1], RING],
        fields: &[
            (
                "scale",
                Acts(
                    "rollout/tests/it/scenario_rings.rs",
                    "a_ring_has_a_scale_of_its_own_or_what_its_users_need",
                ),
            ),
            ("soak", Not("1")),
        ],
    },
    Proofs {
        table: ("Rollout", "match[].header and match[].cookie of tidegate/ring"),
        around: CANARY,
        fields: &[("exact", Acts(RINGS, "conditions_of_a_match_are_joined_and_matches_are_any"))],
    },
    Proofs {
        table: ("Rollout", "match[].region of tidegate/ring"),
        around: &[ROUTED[0], ROUTED[1], RING_MATCH, "{region: {names: eu, @}}"],
        fields: &[("header", Not("X-Zone"))],
    },
    Proofs {
        table: ("Rollout", "match[].users of tidegate/ring"),
        around: &[ROUTED[0], ROUTED[1], RING_MATCH, "{users: {percent: 5, @}}"],
        fields: &[
            ("by", Acts("router/tests/it/rings.rs", "a_newcomer_gets_a_number_and_keeps_its_side")),
            ("salt", Means("default/web", "default/other")),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].plugin of tidegate/auto: config"),
        around: &[ROUTED[0], ROUTED[1], "steps: [{plugin: {name: tidegate/auto, config: {@}}}]"],
        fields: &[
            ("budget", Not("49")),
            ("start", Not("2")),
            ("max", Not("99")),
            (
                "tolerate",
                Acts("exposure/tests/it/ramp.rs", "without_a_tolerance_slight_harm_is_accepted"),
            ),
            ("alpha", Not("0.02")),
            ("reaction", Not("3s")),
            (
                "slow",
                Acts("exposure/tests/it/arms.rs", "a_slow_answer_is_hurt_where_that_is_asked_for"),
            ),
            ("dwell", Not("11s")),
            ("growth", Not("4")),
            (
                "deadline",
                Acts(
                    "exposure/tests/it/ramp.rs",
                    "a_step_that_is_late_says_so_unless_it_is_proven",
                ),
            ),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].plugin of tidegate/shadow: config"),
        around: &[ROUTED[0], ROUTED[1], "steps: [{plugin: {name: tidegate/shadow, config: {@}}}]"],
        fields: &[
            ("percentage", Not("99")),
            (
                "match",
                Acts(
                    "manifest/tests/it/shadow.rs",
                    "without_a_config_everything_that_changes_nothing_is_compared",
                ),
            ),
            ("writes", Not("true")),
            (
                "duration",
                Acts(
                    "rollout/tests/it/scenario_shadow.rs",
                    "a_later_step_ends_it_and_another_begins_anew",
                ),
            ),
        ],
    },
    Proofs {
        table: (
            "Rollout",
            "spec.strategy.canary.steps[].plugin of tidegate/shadow: config.compare",
        ),
        around: &[ROUTED[0], ROUTED[1], SHADOW, "compare: {@}"],
        fields: &[
            ("ignore", Not("[body.id]")),
            ("maxBody", Not("262143")),
            ("latencyMargin", Not("0.21")),
            ("examples", Not("4")),
            ("minRequests", Not("99")),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].analysis"),
        around: CANARY,
        fields: &[(
            "measurementRetention",
            Acts("analysis/tests/it/limits.rs", "ten_measurements_are_kept"),
        )],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.analysis"),
        around: &[
            CANARY[0],
            CANARY[1],
            "steps: [{setWeight: 1}, {setWeight: 2}], analysis: {templates: [{templateName: a}], @}",
        ],
        fields: &[
            ("startingStep", Not("1")),
            (
                "measurementRetention",
                Acts("analysis/tests/it/limits.rs", "ten_measurements_are_kept"),
            ),
        ],
    },
    Proofs {
        table: ("Rollout", "analysis.templates[]"),
        around: &[CANARY[0], CANARY[1], "analysis: {templates: [{templateName: a, @}]}"],
        fields: &[("clusterScope", Not("true"))],
    },
    Proofs {
        table: ("Rollout", "analysis.args[]"),
        around: &[
            CANARY[0],
            CANARY[1],
            "analysis: {templates: [{templateName: a}], args: [{name: b, @}]}",
        ],
        fields: &[("value", Not("x"))],
    },
];

//! Experiments, by themselves and as a step.

use super::{
    Proof::{Acts, Not},
    Proofs,
    rollout::ROUTED,
};

const SPEC: &str =
    "{apiVersion: argoproj.io/v1alpha1, kind: Experiment, metadata: {name: ab}, spec: {@}}";
const TEMPLATES: &str = "templates: [{name: a, selector: {matchLabels: {app: x}}, template: {metadata: \
                         {labels: {app: x}}, spec: {containers: [{name: x, image: x}]}}, @}]";
const WITH_ONE: &str = "templates: [{name: a, selector: {matchLabels: {app: x}}, template: {metadata: \
                        {labels: {app: x}}, spec: {containers: [{name: x, image: x}]}}}], @";
const STEP: &str = "steps: [{experiment: {@}}]";
const RULES: &str = "experiment/tests/it/rules.rs";
const STEPS: &str = "controller/tests/it/step_experiments.rs";

pub(super) const ALL: &[Proofs] = &[
    Proofs {
        table: ("Experiment", "Experiment.spec"),
        around: &[SPEC, WITH_ONE],
        fields: &[
            ("duration", Acts(RULES, "with_nothing_to_end_it_somebody_has_to")),
            ("progressDeadlineSeconds", Not("599")),
            ("terminate", Not("true")),
            ("analyses", Not("[{name: a, templateName: b}]")),
            ("scaleDownDelaySeconds", Not("29")),
        ],
    },
    Proofs {
        table: ("Experiment", "Experiment.spec.templates[]"),
        around: &[SPEC, TEMPLATES],
        fields: &[("replicas", Not("2")), ("minReadySeconds", Not("1"))],
    },
    Proofs {
        table: ("Experiment", "Experiment.spec.templates[].service"),
        around: &[SPEC, TEMPLATES, "service: {@}"],
        fields: &[(
            "name",
            Acts(
                "controller/tests/it/experiments.rs",
                "templates_stand_side_by_side_behind_services_of_their_own",
            ),
        )],
    },
    Proofs {
        table: ("Experiment", "Experiment.spec.analyses[]"),
        around: &[SPEC, WITH_ONE, "analyses: [{name: a, templateName: b, @}]"],
        fields: &[("clusterScope", Not("true")), ("requiredForCompletion", Not("true"))],
    },
    Proofs {
        table: ("Experiment", "Experiment.spec.analyses[].args[]"),
        around: &[],
        fields: &[(
            "value",
            Acts(
                "manifest/tests/it/experiments.rs",
                "an_argument_may_be_a_secret_a_field_or_what_the_template_declares",
            ),
        )],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].experiment"),
        around: &[ROUTED[0], ROUTED[1], STEP, "templates: [{name: a, specRef: stable}], @"],
        fields: &[
            ("duration", Acts(RULES, "with_nothing_to_end_it_somebody_has_to")),
            ("analyses", Not("[{name: a, templateName: b}]")),
            ("scaleDownDelaySeconds", Not("29")),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].experiment.templates[]"),
        around: &[ROUTED[0], ROUTED[1], STEP, "templates: [{name: a, specRef: stable, @}]"],
        fields: &[
            ("replicas", Not("2")),
            (
                "selector",
                Acts(STEPS, "what_is_made_runs_the_revisions_and_reads_like_what_somebody_wrote"),
            ),
            (
                "weight",
                Acts(
                    "manifest/tests/it/experiments.rs",
                    "a_step_of_an_experiment_has_the_defaults_of_argo",
                ),
            ),
            (
                "service",
                Acts(
                    "manifest/tests/it/experiments.rs",
                    "every_field_of_a_step_of_an_experiment_is_taken_over",
                ),
            ),
        ],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].experiment.templates[].service"),
        around: ROUTED,
        fields: &[(
            "name",
            Acts(STEPS, "what_is_made_runs_the_revisions_and_reads_like_what_somebody_wrote"),
        )],
    },
    Proofs {
        table: ("Rollout", "spec.strategy.canary.steps[].experiment.analyses[]"),
        around: &[
            ROUTED[0],
            ROUTED[1],
            STEP,
            "templates: [{name: a, specRef: stable}], analyses: [{name: a, templateName: b, @}]",
        ],
        fields: &[("clusterScope", Not("true")), ("requiredForCompletion", Not("true"))],
    },
];

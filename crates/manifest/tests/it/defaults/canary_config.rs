//! Canary configurations of Kayenta.

use super::{
    Proof::{self, Acts},
    Proofs,
};

const KIND: &str = "Canary configuration of Kayenta";
const LEFT_OUT: Proof =
    Acts("manifest/tests/it/canary_configs.rs", "what_is_left_out_is_as_kayenta_has_it");

const fn table(place: &'static str, fields: &'static [(&'static str, Proof)]) -> Proofs {
    Proofs { table: (KIND, place), around: &[], fields }
}

pub(super) const ALL: &[Proofs] = &[
    table(
        "canary configuration",
        &[("applications", LEFT_OUT), ("templates", LEFT_OUT), ("classifier", LEFT_OUT)],
    ),
    table("judge", &[("name", LEFT_OUT)]),
    table("metrics[]", &[("analysisConfigurations", LEFT_OUT), ("scopeName", LEFT_OUT)]),
    table("metrics[].analysisConfigurations", &[("canary", LEFT_OUT)]),
    table(
        "metrics[].analysisConfigurations.canary",
        &[
            ("direction", LEFT_OUT),
            ("nanStrategy", LEFT_OUT),
            ("critical", LEFT_OUT),
            ("mustHaveData", LEFT_OUT),
            ("muted", LEFT_OUT),
            ("effectSize", LEFT_OUT),
            ("outliers", LEFT_OUT),
        ],
    ),
    table(
        "metrics[].analysisConfigurations.canary.effectSize",
        &[
            ("measure", LEFT_OUT),
            ("allowedIncrease", LEFT_OUT),
            ("allowedDecrease", LEFT_OUT),
            ("criticalIncrease", LEFT_OUT),
            ("criticalDecrease", LEFT_OUT),
        ],
    ),
    table(
        "metrics[].analysisConfigurations.canary.outliers",
        &[("strategy", LEFT_OUT), ("outlierFactor", LEFT_OUT)],
    ),
    table("metrics[].query", &[("labelBindings", LEFT_OUT), ("groupByFields", LEFT_OUT)]),
    table("classifier", &[("groupWeights", LEFT_OUT)]),
];

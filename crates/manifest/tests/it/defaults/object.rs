//! Objects, Services, `ConfigMaps`.

use super::{
    Proof::{Acts, Not, Only},
    Proofs,
};

pub(super) const ALL: &[Proofs] = &[
    Proofs {
        table: ("Every object", "metadata"),
        around: &["{apiVersion: v1, kind: ConfigMap, metadata: {name: web, @}}"],
        fields: &[("namespace", Not("shop"))],
    },
    Proofs {
        table: ("Service", "spec"),
        around: &[
            "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}], @}}",
        ],
        fields: &[("sessionAffinity", Only("ClientIP"))],
    },
    Proofs {
        table: ("Service", "spec.ports[]"),
        around: &[
            "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80, @}]}}",
        ],
        fields: &[
            ("protocol", Not("UDP")),
            (
                "targetPort",
                Acts(
                    "manifest/tests/it/good.rs",
                    "a_service_port_leads_to_its_own_number_and_a_cookie_lasts_three_hours",
                ),
            ),
        ],
    },
];

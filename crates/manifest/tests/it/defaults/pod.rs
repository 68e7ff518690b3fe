//! Pod templates: containers, probes, volumes, rights.

use super::{
    Proof::{Acts, Means, Not, Only},
    Proofs,
};

const POD: &str = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, spec: \
                   {selector: {matchLabels: {app: web}}, strategy: {canary: {}}, template: \
                   {metadata: {labels: {app: web}}, spec: {@}}}}";
const POD_FIELDS: &str = "containers: [{name: web, image: 'web:1'}], @";
const CONTAINER: &str = "containers: [{name: web, image: 'web:1', @}]";
const VOLUME: &str = "containers: [{name: web, image: 'web:1'}], volumes: [{name: a, @}]";
const PROBE: &str = "readinessProbe: {tcpSocket: {port: 80}, @}";
const HTTP: &str = "readinessProbe: {httpGet: {port: 80, @}}";
const OWN_ADDRESS: super::Proof = Acts(
    "replicas/src/probe/attempt/tests.rs",
    "a_connection_that_opens_passes_and_one_that_is_refused_fails",
);

pub(super) const ALL: &[Proofs] = &[
    Proofs {
        table: ("Pod template", "spec.template.spec"),
        around: &[POD, POD_FIELDS],
        fields: &[("terminationGracePeriodSeconds", Not("29")), ("restartPolicy", Only("Never"))],
    },
    Proofs {
        table: ("Pod template", "spec.template.spec.containers[], initContainers[]"),
        around: &[POD, CONTAINER],
        fields: &[
            (
                "imagePullPolicy",
                Acts("workload/src/image.rs", "the_tag_latest_written_or_not_is_pulled_always"),
            ),
            (
                "restartPolicy",
                Acts(
                    "manifest/tests/it/init.rs",
                    "an_init_container_runs_to_its_end_unless_it_is_a_sidecar",
                ),
            ),
        ],
    },
    Proofs {
        table: ("Pod template", "containers[].env[]"),
        around: &[POD, CONTAINER, "env: [{name: A, @}]"],
        fields: &[("value", Not("x"))],
    },
    Proofs {
        table: ("Pod template", "containers[].env[].valueFrom.configMapKeyRef, secretKeyRef"),
        around: &[
            POD,
            CONTAINER,
            "env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b, @}}}]",
        ],
        fields: &[("optional", Not("true"))],
    },
    Proofs {
        table: ("Pod template", "containers[].env[].valueFrom.resourceFieldRef"),
        around: &[
            POD,
            CONTAINER,
            "resources: {limits: {memory: 1Gi}}, env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.memory, @}}}]",
        ],
        fields: &[("containerName", Means("web", "other")), ("divisor", Not("1Ki"))],
    },
    Proofs {
        table: ("Pod template", "containers[].envFrom[]"),
        around: &[POD, CONTAINER, "envFrom: [{secretRef: {name: a}, @}]"],
        fields: &[("prefix", Not("A_"))],
    },
    Proofs {
        table: ("Pod template", "containers[].envFrom[].configMapRef, secretRef"),
        around: &[POD, CONTAINER, "envFrom: [{secretRef: {name: a, @}}]"],
        fields: &[("optional", Not("true"))],
    },
    Proofs {
        table: ("Pod template", "containers[].ports[]"),
        around: &[POD, CONTAINER, "ports: [{containerPort: 80, @}]"],
        fields: &[("protocol", Not("UDP"))],
    },
    Proofs {
        table: ("Pod template", "containers[].startupProbe, readinessProbe, livenessProbe"),
        around: &[POD, CONTAINER, PROBE],
        fields: &[
            ("initialDelaySeconds", Not("1")),
            ("periodSeconds", Not("9")),
            ("timeoutSeconds", Not("2")),
            ("successThreshold", Not("2")),
            ("failureThreshold", Not("2")),
        ],
    },
    Proofs {
        table: ("Pod template", "httpGet"),
        around: &[POD, CONTAINER, HTTP],
        fields: &[("path", Not("/ready")), ("host", OWN_ADDRESS), ("scheme", Not("HTTPS"))],
    },
    Proofs {
        table: ("Pod template", "grpc"),
        around: &[POD, CONTAINER, "readinessProbe: {grpc: {port: 80, @}}"],
        fields: &[("service", Not("x"))],
    },
    Proofs {
        table: ("Pod template", "tcpSocket"),
        around: &[POD],
        fields: &[("host", OWN_ADDRESS)],
    },
    Proofs {
        table: ("Pod template", "containers[].resources"),
        around: &[POD],
        fields: &[
            (
                "requests",
                Acts("manifest/tests/it/good.rs", "every_field_of_a_container_is_taken_over"),
            ),
            (
                "limits",
                Acts(
                    "runtime-process/src/cgroup.rs",
                    "nothing_is_said_where_no_limit_is_asked_for",
                ),
            ),
        ],
    },
    Proofs {
        table: ("Pod template", "spec.template.spec.securityContext"),
        around: &[POD, POD_FIELDS, "securityContext: {@}"],
        fields: &[
            (
                "runAsUser",
                Acts(
                    "runtime-container/src/rights.rs",
                    "what_the_manifest_leaves_open_is_the_images_to_say",
                ),
            ),
            ("runAsNonRoot", Not("true")),
        ],
    },
    Proofs {
        table: ("Pod template", "containers[].securityContext"),
        around: &[POD, CONTAINER, "securityContext: {@}"],
        fields: &[
            (
                "runAsUser",
                Acts(
                    "runtime-container/src/rights.rs",
                    "what_the_manifest_leaves_open_is_the_images_to_say",
                ),
            ),
            (
                "runAsNonRoot",
                Acts(
                    "manifest/tests/it/volumes.rs",
                    "what_a_pod_says_of_rights_holds_where_its_container_says_nothing",
                ),
            ),
            ("allowPrivilegeEscalation", Not("false")),
            ("readOnlyRootFilesystem", Not("true")),
            ("privileged", Not("true")),
            ("procMount", Not("Unmasked")),
        ],
    },
    Proofs {
        table: ("Pod template", "volumes[].emptyDir"),
        around: &[POD, VOLUME, "emptyDir: {@}"],
        fields: &[("medium", Not("Memory"))],
    },
    Proofs {
        table: ("Pod template", "volumes[].configMap, projected.sources[].configMap, secret"),
        around: &[POD, VOLUME, "configMap: {name: b, @}"],
        fields: &[
            ("items", Not("[{key: c, path: d}]")),
            ("optional", Not("true")),
            ("defaultMode", Not("0600")),
        ],
    },
    Proofs {
        table: ("Pod template", "volumes[].secret"),
        around: &[POD, VOLUME, "secret: {secretName: b, @}"],
        fields: &[
            ("items", Not("[{key: c, path: d}]")),
            ("optional", Not("true")),
            ("defaultMode", Not("0600")),
        ],
    },
    Proofs {
        table: ("Pod template", "volumes[].downwardAPI"),
        around: &[POD, VOLUME, "downwardAPI: {@}"],
        fields: &[("defaultMode", Not("0600"))],
    },
    Proofs {
        table: ("Pod template", "volumes[].projected"),
        around: &[POD, VOLUME, "projected: {@}"],
        fields: &[("defaultMode", Not("0600"))],
    },
    Proofs {
        table: ("Pod template", "volumes[].hostPath"),
        around: &[POD, VOLUME, "hostPath: {path: /srv, @}"],
        fields: &[("type", Not("Directory"))],
    },
    Proofs {
        table: ("Pod template", "volumes[].persistentVolumeClaim"),
        around: &[POD, VOLUME, "persistentVolumeClaim: {claimName: b, @}"],
        fields: &[("readOnly", Not("true"))],
    },
    Proofs {
        table: ("Pod template", "containers[].volumeMounts[]"),
        around: &[
            POD,
            "volumes: [{name: a}], containers: [{name: web, image: 'web:1', volumeMounts: [{name: a, mountPath: /a, @}]}]",
        ],
        fields: &[("subPath", Not("b")), ("readOnly", Not("true"))],
    },
];

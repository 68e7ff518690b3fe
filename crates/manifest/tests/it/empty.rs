//! An empty text means the same as leaving a text out, as it does to the readers of Kubernetes:
//! charts write `""` for what nobody has set.

use tidegate_manifest::{Resource, read};

const ROLLOUT: &str = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, \
                       spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: \
                       {app: web}}, spec: {containers: [{name: web, image: 'web:1'CONTAINER}]POD}}, \
                       strategy: {STRATEGY}}}";
const SERVICE: &str = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: \
                       {app: web}, ports: [{port: 80PORT}]SPEC}}";
const METRIC: &str = "{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: {name: a}, \
                      spec: {metrics: [{name: mMETRIC, provider: {PROVIDER}}]}}";
const EXPERIMENT: &str = "{apiVersion: argoproj.io/v1alpha1, kind: Experiment, metadata: {name: a}, \
                          spec: {DURATION templates: [{name: a, service: {NAME}, selector: \
                          {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: \
                          {containers: [{name: x, image: x}]}}}]}}";

fn resource(text: &str) -> Resource {
    let mut documents = read("it.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    documents.remove(0).resource
}

/// What a text of a base is read as, with these in the places of its words, and nothing in others.
fn with(base: &str, filled: &[(&str, &str)]) -> Resource {
    let text = filled.iter().fold(base.to_owned(), |text, (word, put)| text.replace(word, put));
    let words = ["CONTAINER", "POD", "PORT", "SPEC", "METRIC", "DURATION", "NAME"];
    let text = words.iter().fold(text, |text, word| text.replace(word, ""));
    let text =
        text.replace("STRATEGY", "canary: {}").replace("PROVIDER", "prometheus: {query: up}");
    resource(&text)
}

/// Fields, each empty, are as if they were not there.
fn check(base: &str, word: &str, around: &str, fields: &[&str]) {
    for field in fields {
        let put = |inner: &str| with(base, &[(word, &around.replace('@', inner))]);
        assert_eq!(put(&format!(", {field}: \"\"")), put(""), "{around} {field}");
    }
}

#[test]
fn texts_of_a_rollout_may_be_empty() {
    check(ROLLOUT, "POD", "@", &["restartPolicy", "dnsPolicy", "hostname", "serviceAccountName"]);
    let container = ["imagePullPolicy", "workingDir", "terminationMessagePolicy"];
    check(ROLLOUT, "CONTAINER", "@", &container);
    let ports = ", ports: [{containerPort: 80@}]";
    check(ROLLOUT, "CONTAINER", ports, &["name", "protocol", "hostIP"]);
    let get = ", livenessProbe: {httpGet: {port: 80@}}";
    check(ROLLOUT, "CONTAINER", get, &["path", "host", "scheme"]);
    let sockets = ", livenessProbe: {tcpSocket: {port: 80@}}";
    check(ROLLOUT, "CONTAINER", sockets, &["host"]);
    check(ROLLOUT, "CONTAINER", ", envFrom: [{secretRef: {name: a}@}]", &["prefix"]);
    let canary = "canary: {maxSurge: 1@}";
    check(ROLLOUT, "STRATEGY", canary, &["canaryService", "stableService"]);
    check(ROLLOUT, "STRATEGY", "blueGreen: {activeService: web@}", &["previewService"]);
    let routed = "canary: {stableService: a, canaryService: b, trafficRouting: {smi: {trafficSplitName: c@}}}";
    check(ROLLOUT, "STRATEGY", routed, &["rootService"]);
    let matched = "canary: {trafficRouting: {plugins: {tidegate/router: {}}, managedRoutes: [{name: a}]}, \
                   steps: [{setHeaderRoute: {name: a, match: [{headerName: x, headerValue: {exact: z@}}]}}]}";
    check(ROLLOUT, "STRATEGY", matched, &["prefix", "regex"]);
    let step = "canary: {steps: [{experiment: {templates: [{name: a, specRef: stable}]@}}]}";
    check(ROLLOUT, "STRATEGY", step, &["duration"]);
}

#[test]
fn texts_of_volumes_may_be_empty() {
    let volume = |inner: &str| format!(", volumes: [{{name: a, {inner}}}]");
    check(ROLLOUT, "POD", &volume("emptyDir: {sizeLimit: 1Mi@}"), &["medium"]);
    check(ROLLOUT, "POD", &volume("hostPath: {path: /srv@}"), &["type"]);
    let mounted = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, spec: \
                   {selector: {matchLabels: {app: web}}, strategy: {canary: {}}, template: {metadata: \
                   {labels: {app: web}}, spec: {volumes: [{name: a}], containers: [{name: web, image: \
                   'web:1', volumeMounts: [{name: a, mountPath: /a@}]}]}}}}";
    let put = |inner: &str| resource(&mounted.replace('@', inner));
    assert_eq!(put(", subPath: '', subPathExpr: '', mountPropagation: ''"), put(""));
    assert_eq!(put(", subPath: b, subPathExpr: ''"), put(", subPath: b"));
}

#[test]
fn texts_of_a_service_may_be_empty_and_its_target_nought() {
    let spec = ["type", "sessionAffinity", "clusterIP", "externalName", "loadBalancerIP"];
    check(SERVICE, "SPEC", "@", &spec);
    check(SERVICE, "PORT", "@", &["name", "protocol", "targetPort"]);
    assert_eq!(with(SERVICE, &[("PORT", ", targetPort: 0")]), with(SERVICE, &[]));
}

#[test]
fn texts_of_an_analysis_and_an_experiment_may_be_empty() {
    check(METRIC, "METRIC", "@", &["interval", "initialDelay", "successCondition"]);
    check(METRIC, "PROVIDER", "prometheus: {query: up@}", &["address"]);
    let oauth2 = "prometheus: {query: up, authentication: {oauth2: {scopes: []@}}}";
    check(METRIC, "PROVIDER", oauth2, &["tokenUrl", "clientId", "clientSecret"]);
    let web = "web: {url: 'http://a.example'@}";
    check(METRIC, "PROVIDER", web, &["method", "body", "jsonPath"]);
    let datadog = ["apiVersion", "interval", "aggregator", "formula", "requestTimeout"];
    check(METRIC, "PROVIDER", "datadog: {query: a@}", &datadog);
    let experiment = with(EXPERIMENT, &[("DURATION", "duration: '',"), ("NAME", "name: ''")]);
    assert_eq!(experiment, with(EXPERIMENT, &[]));
}

#[test]
fn texts_of_metadata_and_of_a_reference_may_be_empty() {
    let named = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a@}}";
    let put = |inner: &str| resource(&named.replace('@', inner));
    assert_eq!(put(", namespace: '', generateName: ''"), put(""));
    let elsewhere = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, spec: \
                     {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: a@}, strategy: \
                     {canary: {}}}}";
    let put = |inner: &str| resource(&elsewhere.replace('@', inner));
    assert_eq!(put(", scaleDown: ''"), put(""));
}

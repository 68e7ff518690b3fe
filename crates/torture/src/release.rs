use std::{net::SocketAddr, path::Path};

use crate::{metric::ADDRESS, script::Kind};

/// The secret that must be nowhere but in its places.
pub(crate) const MARK: &str = "mark-3f9c1e77d05b4a86";

/// Replicas of each application.
pub(crate) const REPLICAS: usize = 2;

/// What a good revision's users may be given, step by step.
const GOOD_STEPS: &str =
    "[{setWeight: 20}, {pause: {duration: 2}}, {setWeight: 60}, {pause: {duration: 1}}]";

/// The application whose good revisions are judged by a number that a server tells.
pub(crate) const JUDGED_BY_A_NUMBER: u32 = 0;

/// Its good steps. The server is shown the secret.
const JUDGED_STEPS: &str = "[{setWeight: 20}, {analysis: {templates: [{templateName: number}]}}, \
                            {setWeight: 60}, {pause: {duration: 1}}]";

/// What a bad one's may be. It is held at each step until somebody says that it may go on.
const BAD_STEPS: &str = "[{setWeight: 20}, {pause: {}}, {setWeight: 50}, {pause: {}}]";

/// The memory that a replica may have that takes ever more, in bytes; a request takes a sixteenth of it.
pub(crate) const MEMORY_LIMIT: u64 = 64 << 20;

/// The share that a bad revision may have, after so many commands to go on.
pub(crate) fn bad_share(promotes: u32) -> f64 {
    match promotes {
        0 => 0.2,
        1 => 0.5,
        _ => 1.0,
    }
}

/// An application with one revision of it, as YAML.
pub(crate) fn manifest(
    app: u32,
    address: SocketAddr,
    sample: &Path,
    version: &str,
    kind: Kind,
) -> String {
    let steps = match kind.is_good() {
        true if app == JUDGED_BY_A_NUMBER => JUDGED_STEPS,
        true => GOOD_STEPS,
        false => BAD_STEPS,
    };
    let deadline = if kind == Kind::CrashesAtStart { 8 } else { 120 };
    let (limits, variables) = behaviour(kind);
    let rule = serde_json::json!([{ "image": "sample:*", "command": [sample] }]);
    let images = serde_json::Value::from(rule.to_string());
    format!(
        r#"apiVersion: v1
kind: Secret
metadata: {{name: mark}}
stringData: {{mark: "{MARK}"}}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: number}}
spec:
  args: [{{name: token, valueFrom: {{secretKeyRef: {{name: mark, key: mark}}}}}}]
  metrics:
  - name: number
    interval: 1s
    count: 2
    successCondition: result >= 0.5
    provider:
      web:
        url: "http://{ADDRESS}/number"
        headers: [{{key: Authorization, value: "Bearer {{{{args.token}}}}"}}]
        jsonPath: "{{$.value}}"
        timeoutSeconds: 2
---
apiVersion: v1
kind: Service
metadata:
  name: app-{app}
  annotations: {{tidegate.dev/listen: "{address}"}}
spec:
  selector: {{app: app-{app}}}
  ports: [{{port: 80, targetPort: http}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app-{app}}}
spec:
  replicas: {REPLICAS}
  revisionHistoryLimit: 3
  progressDeadlineSeconds: {deadline}
  progressDeadlineAbort: true
  selector: {{matchLabels: {{app: app-{app}}}}}
  strategy:
    canary:
      trafficRouting: {{plugins: {{tidegate/router: {{}}}}}}
      scaleDownDelaySeconds: 1
      abortScaleDownDelaySeconds: 1
      steps: {steps}
  template:
    metadata:
      labels: {{app: app-{app}}}
      annotations: {{tidegate.dev/image-map: {images}}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: web
          image: "sample:{version}"
          env:
            - {{name: APP, value: "{app}"}}
            - {{name: VERSION, value: "{version}"}}
            - {{name: MARK, valueFrom: {{secretKeyRef: {{name: mark, key: mark}}}}}}
{variables}          ports: [{{name: http, containerPort: 8080}}]
{limits}          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
            periodSeconds: 1
"#
    )
}

/// The limits and variables by which a revision behaves so.
fn behaviour(kind: Kind) -> (&'static str, String) {
    let variable =
        |name: &str, value: &str| format!("            - {{name: {name}, value: \"{value}\"}}\n");
    match kind {
        Kind::Good => ("", variable("LATENCY_P50_MS", "3")),
        Kind::IgnoresTerm => {
            ("", variable("LATENCY_P50_MS", "3") + &variable("ENDS", "ignores-term"))
        }
        Kind::Errors => ("", variable("LATENCY_P50_MS", "3") + &variable("ERROR_RATE", "0.5")),
        Kind::Slow => ("", variable("LATENCY_P50_MS", "300")),
        Kind::CrashesAtStart => ("", variable("ENDS", "at-once")),
        Kind::OutOfMemory => (
            "          resources: {limits: {memory: 64Mi}}\n",
            variable("LATENCY_P50_MS", "3") + &variable("LEAK_BYTES", "4194304"),
        ),
    }
}

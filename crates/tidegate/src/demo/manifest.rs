use std::{net::SocketAddr, path::Path};

/// A revision of the sample service.
pub(crate) struct Revision {
    pub(crate) version: &'static str,
    /// Share of requests answered with 500.
    pub(crate) error_rate: f64,
    /// 90th percentile of its latency; the median is 12 ms.
    pub(crate) p90_ms: u32,
}

/// The Service and the Rollout, as a user would write them.
pub(crate) fn write(revision: &Revision, sample: &Path, address: SocketAddr) -> String {
    let Revision { version, error_rate, p90_ms } = revision;
    let sample = serde_json::Value::from(sample.display().to_string());
    format!(
        r#"apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    tidegate.dev/listen: {address}
spec:
  selector:
    app: web
  ports:
    - port: 80
      targetPort: http
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  strategy:
    canary:
      trafficRouting:
        plugins:
          tidegate/router: {{}}
      scaleDownDelaySeconds: 2
      abortScaleDownDelaySeconds: 2
      steps:
        - setWeight: 5
        - pause: {{duration: 4s}}
        - setWeight: 25
        - pause: {{duration: 8s}}
        - setWeight: 50
        - pause: {{duration: 8s}}
  template:
    metadata:
      labels:
        app: web
      annotations:
        tidegate.dev/image-map: |
          - image: "sample:*"
            command: [{sample}]
    spec:
      terminationGracePeriodSeconds: 10
      containers:
        - name: web
          image: sample:{version}
          env:
            - {{name: VERSION, value: "{version}"}}
            - {{name: ERROR_RATE, value: "{error_rate}"}}
            - {{name: LATENCY_P50_MS, value: "12"}}
            - {{name: LATENCY_P90_MS, value: "{p90_ms}"}}
          ports:
            - {{name: http, containerPort: 8080}}
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
            periodSeconds: 1
"#
    )
}

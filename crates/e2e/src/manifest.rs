use std::{fmt::Write as _, net::SocketAddr, path::Path};

/// A step of the rollout under test.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// `setWeight`.
    Weight(u8),
    /// `pause` for so many seconds.
    Pause(u32),
    /// `pause` until somebody promotes.
    Hold,
    /// `analysis` by the template of this name, with the canary's hash as its argument `canary`.
    Analysis(&'static str),
    /// A ring with this `config`, as YAML.
    Ring(&'static str),
    /// `tidegate/auto` with this `config`, as YAML.
    Auto(&'static str),
}

/// The Service and the Rollout `web` under test.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Sent back by the service as `x-version`.
    pub version: String,
    /// Share of requests answered with 500.
    pub error_rate: f64,
    /// Median latency in milliseconds; the tail is twice as long at p90.
    pub p50_ms: u32,
    /// Replicas.
    pub replicas: u32,
    /// The canary's steps.
    pub steps: Vec<Step>,
    /// The fields of `blueGreen` beside `activeService`, as YAML between braces; none: a canary.
    pub blue_green: Option<&'static str>,
    /// The template of an analysis beside the canary's steps, with the canary's hash as its argument
    /// `canary`.
    pub beside: Option<&'static str>,
}

impl Manifest {
    /// A good revision of three replicas that answers at once.
    pub fn good(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            error_rate: 0.0,
            p50_ms: 0,
            replicas: 3,
            steps: Vec::new(),
            blue_green: None,
            beside: None,
        }
    }

    /// The same with other steps.
    pub fn steps(mut self, steps: &[Step]) -> Self {
        self.steps = steps.to_vec();
        self
    }

    /// The same with an analysis by this template beside the steps.
    pub fn judged_by(mut self, template: &'static str) -> Self {
        self.beside = Some(template);
        self
    }

    /// The same by blue-green, with these fields, such as `autoPromotionEnabled: false`.
    pub fn blue_green(mut self, fields: &'static str) -> Self {
        self.blue_green = Some(fields);
        self
    }

    /// The same, failing a share of its requests.
    pub fn failing(mut self, error_rate: f64) -> Self {
        self.error_rate = error_rate;
        self
    }

    /// The same, with another median latency.
    pub fn slow(mut self, p50_ms: u32) -> Self {
        self.p50_ms = p50_ms;
        self
    }

    /// As YAML, with the Service at `address`. Its image stands for the program `sample`, if one is
    /// given; else there has to be an engine that has it.
    pub fn yaml(&self, sample: Option<&Path>, address: SocketAddr) -> String {
        let Self { version, error_rate, p50_ms, replicas, .. } = self;
        let p90_ms = p50_ms * 2;
        let annotations = sample.map(image_map).unwrap_or_default();
        let strategy = self.strategy_yaml();
        format!(
            r#"apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {{tidegate.dev/listen: "{address}"}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: http}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  strategy: {strategy}
  template:
    metadata:
      labels: {{app: web}}
      annotations: {{{annotations}}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
        - name: web
          image: "sample:{version}"
          env:
            - {{name: VERSION, value: "{version}"}}
            - {{name: ERROR_RATE, value: "{error_rate}"}}
            - {{name: LATENCY_P50_MS, value: "{p50_ms}"}}
            - {{name: LATENCY_P90_MS, value: "{p90_ms}"}}
          ports: [{{name: http, containerPort: 8080}}]
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
            periodSeconds: 1
"#
        )
    }

    fn strategy_yaml(&self) -> String {
        match self.blue_green {
            Some(fields) => format!("{{blueGreen: {{activeService: web, {fields}}}}}"),
            None => format!(
                "{{canary: {{trafficRouting: {{plugins: {{tidegate/router: {{}}}}}}, \
                 scaleDownDelaySeconds: 1, abortScaleDownDelaySeconds: 1, {}steps: {}}}}}",
                self.beside
                    .map(|template| format!("analysis: {}, ", by(template)))
                    .unwrap_or_default(),
                self.steps_yaml()
            ),
        }
    }

    fn steps_yaml(&self) -> String {
        let mut text = "[".to_owned();
        for (index, step) in self.steps.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            // Writing into a String cannot fail.
            let _ = match step {
                Step::Weight(weight) => write!(text, "{comma}{{setWeight: {weight}}}"),
                Step::Pause(seconds) => write!(text, "{comma}{{pause: {{duration: {seconds}}}}}"),
                Step::Hold => write!(text, "{comma}{{pause: {{}}}}"),
                Step::Ring(config) => {
                    write!(text, "{comma}{{plugin: {{name: tidegate/ring, config: {config}}}}}")
                }
                Step::Auto(config) => {
                    write!(text, "{comma}{{plugin: {{name: tidegate/auto, config: {config}}}}}")
                }
                Step::Analysis(template) => {
                    write!(text, "{comma}{{analysis: {}}}", by(template))
                }
            };
        }
        text + "]"
    }
}

/// An analysis by a template, of the canary.
fn by(template: &str) -> String {
    format!(
        "{{templates: [{{templateName: {template}}}], args: \
         [{{name: canary, valueFrom: {{podTemplateHashValue: Latest}}}}]}}"
    )
}

/// The annotation by which the sample's image is a program.
fn image_map(sample: &Path) -> String {
    let rule = serde_json::json!([{ "image": "sample:*", "command": [sample] }]);
    format!("tidegate.dev/image-map: {}", serde_json::Value::from(rule.to_string()))
}

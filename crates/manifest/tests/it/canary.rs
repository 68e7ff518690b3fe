//! A canary with what is to be read in it.

/// What routes it by requests.
pub(crate) const ROUTED: &str = "trafficRouting: {plugins: {tidegate/router: {}}}";

/// A rollout with this line in its canary, and this text after `steps:`.
pub(crate) fn canary(routing: &str, steps: &str) -> String {
    rollout(&format!("      {routing}\n      steps:{steps}\n"))
}

/// A rollout with these lines in its canary.
pub(crate) fn rollout(lines: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  strategy:
    canary:
{lines}  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: 'web:1'}}]}}
"
    )
}

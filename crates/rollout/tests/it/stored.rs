//! What other versions stored is read.

use tidegate_rollout::RolloutSpec;

use crate::world::{routed, set_weight};

/// A spec as the version stored it that knew no strategy but the canary.
const BEFORE_STRATEGIES: &str = r#"{
  "replicas": 4, "revision": "a", "paused": false, "min_ready": {"secs": 0, "nanos": 0},
  "revision_history_limit": 10, "progress_deadline": {"secs": 600, "nanos": 0},
  "progress_deadline_abort": false, "restart_at": null,
  "canary": {
    "steps": [{"SetWeight": 25}, {"Pause": null}], "routed": true,
    "max_surge": {"Percent": 25}, "max_unavailable": {"Percent": 25},
    "scale_down_delay": {"secs": 30, "nanos": 0},
    "abort_scale_down_delay": {"secs": 30, "nanos": 0},
    "background": null, "starting_step": 0, "default_watch": false
  }
}"#;

#[test]
fn a_canary_is_stored_where_it_always_was() {
    let mut spec = routed(vec![set_weight(25), tidegate_rollout::Step::Pause(None)]);
    spec.name.clear();
    let read: RolloutSpec = serde_json::from_str(BEFORE_STRATEGIES).unwrap();
    assert_eq!(read, spec);
    let written = serde_json::to_value(&spec).unwrap();
    assert_eq!(written["canary"]["steps"][0]["SetWeight"], 25);
    assert_eq!(written.get("strategy"), None);
}

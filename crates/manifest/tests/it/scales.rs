//! What a Rollout says about replicas on the way.

use std::time::Duration;

use tidegate_manifest::{Resource, read};
use tidegate_rollout::{
    Canary, CanaryScale, CountOrPercent, PingPong, RolloutResource, RunHistory, Step, Threshold,
};
use tidegate_units::Weight;

const ROUTED: &str = "trafficRouting: {plugins: {tidegate/router: {}}}";

/// A Rollout with these fields of `spec` and of `spec.strategy.canary`.
fn rollout(spec: &str, canary: &str) -> RolloutResource {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec:\n  \
         {spec}\n  selector: {{matchLabels: {{app: web}}}}\n  strategy: {{canary: {{{canary}}}}}\n  \
         template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: 'web:1'}}]}}}}\n"
    );
    let documents = read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    match documents.into_iter().next().unwrap().resource {
        Resource::Rollout(rollout) => rollout,
        other => panic!("{other:#?}"),
    }
}

fn routed(canary: &str) -> Canary {
    rollout("", &format!("{ROUTED}, {canary}")).spec.canary().clone()
}

#[test]
fn a_step_may_do_several_things_and_the_first_of_argos_order_decides() {
    let text = "managedRoutes: [{name: new}], plugins: {tidegate/router: {}}";
    let header =
        "setHeaderRoute: {name: new, match: [{headerName: x, headerValue: {exact: yes-it-is}}]}";
    let steps = |steps: &str| {
        let canary = format!("trafficRouting: {{{text}}}, steps: [{steps}]");
        rollout("", &canary).spec.canary().steps.clone()
    };
    let read = steps(&format!(
        "{{setWeight: 20, {header}, setCanaryScale: {{replicas: 3}}}}, {{{header}, pause: {{}}}}, \
         {{setWeight: 30, pause: null}}"
    ));
    let [Step::Several(all), Step::Several(held), Step::SetWeight(_)] = read.as_slice() else {
        panic!("{read:#?}")
    };
    let three = Step::SetScale(CanaryScale::Replicas(3));
    assert_eq!(all[0], three, "the scale decides");
    assert!(matches!(all[1..], [Step::SetWeight(_), Step::SetRoute(_)]), "{all:#?}");
    assert!(matches!(held.as_slice(), [Step::Pause(None), Step::SetRoute(_)]), "{held:#?}");
}

#[test]
fn a_scale_is_a_number_a_share_or_the_weights() {
    for (written, scale) in [
        ("replicas: 3", CanaryScale::Replicas(3)),
        ("replicas: 0", CanaryScale::Replicas(0)),
        ("weight: 25", CanaryScale::Share(25)),
        ("weight: 150", CanaryScale::Share(150)),
        ("matchTrafficWeight: true", CanaryScale::MatchTraffic),
        // As Argo Rollouts takes what contradicts itself.
        ("matchTrafficWeight: true, replicas: 3", CanaryScale::MatchTraffic),
        ("matchTrafficWeight: false, weight: 9, replicas: 3", CanaryScale::Replicas(3)),
        ("matchTrafficWeight: false", CanaryScale::MatchTraffic),
        ("", CanaryScale::MatchTraffic),
    ] {
        let canary = routed(&format!("steps: [{{setCanaryScale: {{{written}}}}}]"));
        assert_eq!(canary.steps, [Step::SetScale(scale)], "{written}");
    }
}

#[test]
fn amounts_are_taken_over() {
    let canary = routed(
        "dynamicStableScale: true, minPodsPerReplicaSet: 2, scaleDownDelayRevisionLimit: 1, \
         replicaProgressThreshold: {type: Percent, value: 90}",
    );
    assert!(canary.dynamic_stable);
    assert_eq!((canary.least_replicas, canary.scale_down_revision_limit), (2, Some(1)));
    assert_eq!(canary.progress_threshold, Threshold::Percent(90));
    for kind in ["Pods", "Pod"] {
        let canary = routed(&format!("replicaProgressThreshold: {{type: {kind}, value: 7}}"));
        assert_eq!(canary.progress_threshold, Threshold::Count(7));
    }
    assert_eq!(routed("minPodsPerReplicaSet: 0").least_replicas, 1);
}

#[test]
fn aborted_replicas_go_with_their_share_where_the_stable_ones_do() {
    let second = Duration::from_secs;
    for (written, delay) in [
        ("dynamicStableScale: true", Some(second(0))),
        ("dynamicStableScale: true, abortScaleDownDelaySeconds: 600", Some(second(600))),
        ("dynamicStableScale: true, abortScaleDownDelaySeconds: 0", None),
        ("dynamicStableScale: false", Some(second(30))),
        ("abortScaleDownDelaySeconds: 0", None),
    ] {
        assert_eq!(routed(written).abort_scale_down_delay, delay, "{written}");
    }
}

#[test]
fn what_has_no_effect_without_a_router_is_accepted_where_argo_does() {
    let canary = rollout("", "abortScaleDownDelaySeconds: 5, minPodsPerReplicaSet: 3").spec;
    assert!(!canary.canary().routed);
    let canary = rollout("", "maxUnavailable: 150%, dynamicStableScale: false").spec;
    assert_eq!(canary.canary().max_unavailable, CountOrPercent::Percent(150));
    let affinity = "antiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}";
    assert_eq!(routed(affinity), routed(""));
    let affinity = "antiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: {weight: 1}}";
    assert_eq!(routed(affinity), routed(""));
}

#[test]
fn ping_and_pong_stand_in_for_the_services_of_a_canary() {
    let services = "pingPong: {pingService: ping, pongService: pong}";
    let istio = "trafficRouting: {istio: {virtualService: {name: web}}}";
    let alb = "trafficRouting: {alb: {ingress: web, rootService: web, servicePort: 80}}";
    for routing in [istio, alb, ROUTED] {
        let rollout = rollout("", &format!("{routing}, {services}"));
        let services = PingPong { ping: "ping".to_owned(), pong: "pong".to_owned() };
        assert_eq!(rollout.ping_pong, Some(services));
        assert_eq!((rollout.stable_service, rollout.canary_service), (None, None));
    }
}

#[test]
fn metadata_of_roles_is_taken_over() {
    let rollout = rollout(
        "",
        "canaryMetadata: {labels: {role: canary}, annotations: {a: b}}, stableMetadata: {labels: {role: stable}}",
    );
    let role = |meta: &tidegate_workload::WorkloadMeta| meta.labels["role"].clone();
    let meta = &rollout.role_meta;
    assert_eq!((role(&meta.canary), role(&meta.stable)), ("canary".into(), "stable".into()));
    assert_eq!(meta.canary.annotations["a"], "b");
    assert_eq!(rollout.template.meta.labels.get("role"), None, "the revision is the same");
}

#[test]
fn a_selector_can_be_of_expressions_alone() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  \
        selector: {matchExpressions: [{key: app, operator: In, values: [web, api]}, {key: tier, operator: DoesNotExist}]}\n  \
        strategy: {canary: {}}\n  \
        template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'web:1'}]}}\n";
    assert_eq!(read("web.yaml", text).unwrap_or_else(|problems| panic!("{problems}")).len(), 1);
}

#[test]
fn the_window_and_the_history_are_taken_over() {
    let spec = "rollbackWindow: {revisions: 3}\n  analysis: {successfulRunHistoryLimit: 0}";
    let rollout = rollout(spec, "");
    assert_eq!(rollout.spec.rollback_window, 3);
    assert_eq!(rollout.run_history, RunHistory { successful: 0, unsuccessful: 5 });
}

#[test]
fn a_weight_is_a_share_of_as_much_as_there_is() {
    let of = |steps: &str| {
        let router = "trafficRouting: {maxTrafficWeight: 1000, plugins: {tidegate/router: {}}}";
        rollout("", &format!("{router}, steps: [{steps}]")).spec.canary().clone()
    };
    let canary = of("{setWeight: 250}, {setCanaryScale: {weight: 1500}}, {setWeight: 1000}");
    let weights = [1, 2].map(|index| canary.weight_at(index).to_string());
    assert_eq!(weights, ["25%", "100%"]);
    assert_eq!(canary.scale_at(1), Some(CanaryScale::Part { part: 1500, whole: 1000 }));
    let canary = of("{setWeight: 1}, {setCanaryScale: {weight: 5}}");
    assert_eq!((canary.weight_at(0), canary.max_weight), (Weight::of(1, 1000).unwrap(), 1000));
    assert_eq!(canary.scale_at(1), Some(CanaryScale::Part { part: 5, whole: 1000 }));
    for (step, whole, expect) in [
        ("setWeight: 5", "17", "5 of 17 cannot be kept exactly"),
        ("setWeight: 1001", "1000", "a whole number from 0 to 1000"),
        ("setWeight: 0.1", "1000", "a whole number from 0 to 1000"),
    ] {
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec:\n  \
             selector: {{matchLabels: {{app: web}}}}\n  strategy: {{canary: {{trafficRouting: {{maxTrafficWeight: {whole}, plugins: {{tidegate/router: {{}}}}}}, steps: [{{{step}}}]}}}}\n  \
             template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: 'web:1'}}]}}}}\n"
        );
        let told = read("web.yaml", &text).unwrap_err().to_string();
        assert!(told.contains(expect), "{told}");
    }
}

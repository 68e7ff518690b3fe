//! Blue-green as manifests write it.

use std::time::Duration;

use tidegate_manifest::{Resource, read};
use tidegate_rollout::{BlueGreen, CutOver, Promotion, RolloutResource};
use tidegate_traffic::CompareSettings;
use tidegate_units::Weight;

/// A Rollout with these fields of `blueGreen` beside `activeService: web`.
fn rollout(fields: &str) -> RolloutResource {
    let text = format!(
        "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  strategy: {{blueGreen: {{activeService: web, {fields}}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: 'web:1'}}]}}
"
    );
    let mut documents = read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    match documents.remove(0).resource {
        Resource::Rollout(rollout) => rollout,
        other => panic!("{other:#?}"),
    }
}

fn settings(fields: &str) -> BlueGreen {
    rollout(fields).spec.blue_green().unwrap().clone()
}

#[test]
fn what_is_left_out_is_as_in_argo_rollouts() {
    let found = rollout("");
    assert_eq!(found.active_service.as_deref(), Some("web"));
    assert_eq!((found.preview_service, found.root_service), (None, None));
    let half_a_minute = Duration::from_secs(30);
    let expected = BlueGreen {
        shadow: Weight::ZERO,
        compare: CompareSettings::default(),
        promotion: Promotion::AtOnce,
        preview_replicas: None,
        pre_promotion: None,
        post_promotion: None,
        cut_over: Vec::new(),
        default_watch: false,
        scale_down_delay: half_a_minute,
        scale_down_revision_limit: None,
        abort_scale_down_delay: Some(half_a_minute),
    };
    assert_eq!(found.spec.blue_green(), Some(&expected));
    assert_eq!(BlueGreen::default(), expected);
}

#[test]
fn every_field_is_taken_over() {
    let fields = "previewService: web-preview, previewReplicaCount: 1, \
                  prePromotionAnalysis: {templates: [{templateName: smoke}]}, \
                  postPromotionAnalysis: {templates: [{templateName: slo}]}, \
                  scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 2, \
                  abortScaleDownDelaySeconds: 5, maxUnavailable: 1, \
                  antiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}";
    assert_eq!(rollout(fields).preview_service.as_deref(), Some("web-preview"));
    let found = settings(fields);
    assert_eq!((found.preview_replicas, found.scale_down_revision_limit), (Some(1), Some(2)));
    assert_eq!(found.scale_down_delay, Duration::from_mins(10));
    assert_eq!(found.abort_scale_down_delay, Some(Duration::from_secs(5)));
    assert_eq!(found.pre_promotion.unwrap().templates[0].name, "smoke");
    assert_eq!(found.post_promotion.unwrap().templates[0].name, "slo");
}

/// A Rollout with this strategy and these annotations: what is read, or the problems.
fn annotated(annotations: &str, strategy: &str) -> Result<BlueGreen, String> {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web, annotations: {{{annotations}}}}}\n\
         spec:\n  selector: {{matchLabels: {{app: web}}}}\n  strategy: {strategy}\n  \
         template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: 'web:1'}}]}}}}\n"
    );
    let documents = read("web.yaml", &text).map_err(|problems| problems.to_string())?;
    match documents.into_iter().next().unwrap().resource {
        Resource::Rollout(rollout) => Ok(rollout.spec.blue_green().unwrap().clone()),
        other => panic!("{other:#?}"),
    }
}

const PLAIN: &str = "{blueGreen: {activeService: web}}";

#[test]
fn a_preview_is_compared_by_a_share_of_the_requests() {
    assert_eq!(annotated("tidegate.dev/shadow: 20%", PLAIN).unwrap().shadow.out_of(100), 20);
    assert_eq!(annotated("x: z", PLAIN).unwrap().shadow, Weight::ZERO);
    for value in ["", "20", "0%", "101%", "a%", "20%:1m"] {
        let found = annotated(&format!("tidegate.dev/shadow: '{value}'"), PLAIN).unwrap_err();
        let expect = "metadata.annotations[\"tidegate.dev/shadow\"]: ";
        assert!(found.contains(expect), "{value}: {found}");
    }
    let ignored = |names: &str| {
        let notes = format!("tidegate.dev/shadow: 20%, tidegate.dev/shadow-ignore: '{names}'");
        annotated(&notes, PLAIN).map(|found| found.compare.ignored)
    };
    let names = ["body.items[].seen", "header.x-build", "latency"];
    assert_eq!(ignored("body.items[].seen, header.x-build,latency").unwrap(), names);
    for wrong in ["", "bodies", "body.a,,latency"] {
        let found = ignored(wrong).unwrap_err();
        assert!(found.contains("tidegate.dev/shadow-ignore\"]: "), "{wrong}: {found}");
    }
    let alone = annotated("tidegate.dev/shadow-ignore: latency", PLAIN).unwrap_err();
    assert!(alone.contains("has no effect without tidegate.dev/shadow"), "{alone}");
    let canary = annotated("tidegate.dev/shadow: 20%", "{canary: {}}").unwrap_err();
    assert!(canary.contains("write a step: plugin: {name: tidegate/shadow}"), "{canary}");
}

#[test]
fn a_cut_over_is_a_list_of_shares_and_how_long_each_holds() {
    let note = "tidegate.dev/cut-over: '10%:30s, 50%:1m'";
    let share = |percent, seconds| CutOver {
        weight: Weight::new(percent).unwrap(),
        wait: Duration::from_secs(seconds),
    };
    let found = annotated(note, PLAIN).unwrap();
    assert_eq!(found.cut_over, [share(10, 30), share(50, 60)]);
    assert!(found.default_watch, "the two are compared while both have users");
    let off = format!("{note}, tidegate.dev/default-analysis: 'off'");
    assert!(!annotated(&off, PLAIN).unwrap().default_watch);
    let on = format!("{note}, tidegate.dev/default-analysis: 'on'");
    assert!(annotated(&on, PLAIN).unwrap().default_watch);
    let judged = "{blueGreen: {activeService: web, postPromotionAnalysis: {templates: [{templateName: slo}]}}}";
    assert!(!annotated(note, judged).unwrap().default_watch);
}

#[test]
fn a_cut_over_that_does_not_rise_or_is_of_a_canary_is_refused() {
    for value in [
        "",
        "10%",
        "10:30s",
        "0%:30s",
        "100%:1s",
        "50%:1s,10%:1s",
        "5%:1s,5%:1s",
        "10%:30",
        "a:b",
        "10%:1s,",
    ] {
        let found = annotated(&format!("tidegate.dev/cut-over: '{value}'"), PLAIN).unwrap_err();
        let expected = "metadata.annotations[\"tidegate.dev/cut-over\"]: ";
        assert!(found.contains(expected), "{value}: {found}");
    }
    let canary = annotated("tidegate.dev/cut-over: '10%:30s'", "{canary: {}}").unwrap_err();
    assert!(
        canary.contains("a canary has no cut-over; write setWeight and pause as its steps"),
        "{canary}"
    );
}

#[test]
fn metadata_of_roles_is_taken_over() {
    let found = rollout(
        "activeMetadata: {labels: {role: active}}, \
         previewMetadata: {labels: {role: preview}, annotations: {a: b}}",
    );
    let role = |meta: &tidegate_workload::WorkloadMeta| meta.labels["role"].clone();
    let meta = &found.role_meta;
    assert_eq!((role(&meta.stable), role(&meta.canary)), ("active".into(), "preview".into()));
    assert_eq!(meta.canary.annotations["a"], "b");
    assert_eq!(found.template.meta.labels.get("role"), None, "the revision is the same");
}

#[test]
fn who_promotes_is_told_by_two_fields() {
    for (fields, expected) in [
        ("autoPromotionEnabled: true", Promotion::AtOnce),
        ("autoPromotionSeconds: 0", Promotion::AtOnce),
        ("autoPromotionSeconds: 60", Promotion::After(Duration::from_mins(1))),
        (
            "autoPromotionEnabled: true, autoPromotionSeconds: 5",
            Promotion::After(Duration::from_secs(5)),
        ),
        ("autoPromotionEnabled: false", Promotion::ByHand),
        ("autoPromotionEnabled: false, autoPromotionSeconds: 60", Promotion::ByHand),
    ] {
        assert_eq!(settings(fields).promotion, expected, "{fields}");
    }
}

#[test]
fn zero_keeps_the_replicas_of_an_aborted_revision_and_ends_those_of_an_old_one() {
    let found = settings("scaleDownDelaySeconds: 0, abortScaleDownDelaySeconds: 0");
    assert_eq!((found.scale_down_delay, found.abort_scale_down_delay), (Duration::ZERO, None));
}

//! Good files, and what they mean.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    ArmMeasure, Design, Direction, JudgeSettings, Provider, RevisionRole, Setting, Spending,
};
use tidegate_manifest::{Document, Kind, Resource, read};
use tidegate_rollout::{ArgValue, CountOrPercent, RolloutResource, RunHistory, Step, Threshold};
use tidegate_traffic::Target;
use tidegate_units::{ObjectKey, Weight};
use tidegate_workload::{
    EnvFrom, EnvSource, FieldPath, ImageRule, PodTemplate, PortRef, Probe, ProbeAction,
};

const ROLLOUT: &str = include_str!("cases/rollout.yaml");

const SMALL: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  strategy: {canary: {}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
";

fn documents(text: &str) -> Vec<Document> {
    read("web.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn rollout(text: &str) -> RolloutResource {
    match documents(text).remove(0).resource {
        Resource::Rollout(rollout) => rollout,
        other => panic!("{other:#?}"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_rollout_has_the_defaults_of_argo() {
    let rollout = rollout(SMALL);
    let spec = &rollout.spec;
    assert_eq!(rollout.key, ObjectKey::new("default", "web"));
    assert_eq!((spec.replicas, spec.paused, spec.revision_history_limit), (1, false, 10));
    assert_eq!((spec.min_ready, spec.progress_deadline), (Duration::ZERO, seconds(600)));
    assert!(!spec.progress_deadline_abort && spec.restart_at.is_none());
    let canary = &spec.canary();
    let quarter = CountOrPercent::Percent(25);
    assert_eq!((canary.max_surge, canary.max_unavailable), (quarter, quarter));
    assert_eq!(canary.scale_down_delay, seconds(30));
    assert_eq!(canary.abort_scale_down_delay, Some(seconds(30)));
    assert!(canary.steps.is_empty() && canary.background.is_none());
    assert!(!canary.routed && canary.default_watch);
    assert_eq!((spec.rollback_window, rollout.run_history), (0, RunHistory::default()));
    assert_eq!((rollout.run_history.successful, rollout.run_history.unsuccessful), (5, 5));
    assert_eq!((canary.least_replicas, canary.scale_down_revision_limit), (1, None));
    assert_eq!((canary.dynamic_stable, canary.progress_threshold), (false, Threshold::All));
}

#[test]
fn a_pod_template_has_the_defaults_of_kubernetes() {
    let PodTemplate { containers, termination_grace, images, .. } =
        (*rollout(SMALL).template).clone();
    assert_eq!((termination_grace, images), (seconds(30), Vec::new()));
    let [web] = containers.as_slice() else { panic!("{containers:#?}") };
    assert_eq!((web.name.as_str(), web.image.as_str()), ("web", "web:1"));
    assert!(web.command.is_empty() && web.env.is_empty() && web.ports.is_empty());
    assert!(web.startup.is_none() && web.readiness.is_none() && web.liveness.is_none());
    assert_eq!(web.resources, tidegate_workload::Resources::default());
}

#[test]
fn every_field_of_a_rollout_is_taken_over() {
    let rollout = rollout(ROLLOUT);
    let spec = &rollout.spec;
    assert_eq!((spec.replicas, spec.revision_history_limit), (3, 4));
    assert_eq!((spec.min_ready, spec.progress_deadline), (seconds(5), seconds(120)));
    assert_eq!(rollout.labels, map(&[("region", "north")]));
    assert_eq!(rollout.annotations, map(&[("example.com/owner", "shop")]));
    assert_eq!(rollout.selector, map(&[("app", "web")]));
    assert_eq!(rollout.stable_service.as_deref(), Some("web-stable"));
    assert_eq!(rollout.canary_service.as_deref(), Some("web-canary"));
    assert_eq!(rollout.root_service.as_deref(), Some("web"));
    let canary = &spec.canary();
    assert_eq!(canary.max_surge, CountOrPercent::Count(1));
    assert_eq!(canary.max_unavailable, CountOrPercent::Count(0));
    assert_eq!((canary.scale_down_delay, canary.routed), (seconds(60), true));
    assert!(!canary.default_watch, "it has an analysis of its own");
    let background = canary.background.as_ref().unwrap();
    assert_eq!((background.templates[0].name.as_str(), canary.starting_step), ("errors", 1));
    let service = ("service".to_owned(), ArgValue::Literal("web".to_owned()));
    assert_eq!(background.args, [service]);
}

#[test]
fn steps_are_taken_over_in_their_order() {
    let steps = rollout(ROLLOUT).spec.canary().steps.clone();
    assert_eq!(steps.len(), 5);
    assert_eq!(steps[0], Step::SetWeight(Weight::new(5).unwrap()));
    assert_eq!(steps[1], Step::Pause(Some(seconds(10))));
    assert_eq!(steps[4], Step::Pause(None));
    let Step::Analysis(analysis) = &steps[2] else { panic!("{steps:#?}") };
    assert_eq!(analysis.templates[0].name, "latency");
    let region = ArgValue::Field("metadata.labels['region']".to_owned());
    let expected = [("canary".to_owned(), ArgValue::LatestHash), ("region".to_owned(), region)];
    assert_eq!(analysis.args, expected);
}

#[test]
fn every_field_of_a_container_is_taken_over() {
    let PodTemplate { containers, termination_grace, .. } = (*rollout(ROLLOUT).template).clone();
    let web = &containers[0];
    assert_eq!(termination_grace, seconds(20));
    assert_eq!((web.command[0].as_str(), web.args[0].as_str()), ("./web", "--verbose"));
    assert_eq!(web.working_dir.as_deref(), Some("srv"));
    let sources: Vec<_> = web.env.iter().map(|var| var.source.clone()).collect();
    let greeting = EnvSource::ConfigMapKey {
        name: "texts".to_owned(),
        key: "greeting".to_owned(),
        optional: false,
    };
    let mode = EnvSource::Literal("fast".to_owned());
    assert_eq!(sources, [mode, greeting, EnvSource::Field(FieldPath::Name)]);
    let keys =
        EnvFrom::Secret { name: "keys".to_owned(), prefix: "KEY_".to_owned(), optional: false };
    assert_eq!(web.env_from, [keys]);
    assert_eq!((web.ports[0].number, web.ports[0].name.as_deref()), (8080, Some("http")));
    let resources = &web.resources;
    assert_eq!(
        (resources.requests.cpu_millis, resources.limits.cpu_millis),
        (Some(100), Some(500))
    );
    assert_eq!(resources.limits.memory_bytes, Some(64 << 20));
    assert_eq!(resources.requests.memory_bytes, Some(64 << 20), "from the limit");
    let drain = ProbeAction::Exec { command: vec!["./drain".to_owned()] };
    assert_eq!(web.lifecycle.pre_stop, Some(drain));
}

#[test]
fn a_probe_is_taken_over_with_its_defaults() {
    let web = rollout(ROLLOUT).template.containers[0].clone();
    let action = ProbeAction::Http {
        path: "/ready".to_owned(),
        port: PortRef::Name("http".to_owned()),
        host: None,
        headers: BTreeMap::new(),
        tls: false,
    };
    let expected = Probe {
        action,
        initial_delay: Duration::ZERO,
        period: seconds(2),
        timeout: seconds(1),
        success_threshold: 1,
        failure_threshold: 3,
        termination_grace: None,
    };
    assert_eq!(web.readiness, Some(expected));
}

/// The probe of a container with one port that has the name `http`.
fn probe(probe: &str) -> Probe {
    let container = format!(
        "{{name: web, image: a, ports: [{{containerPort: 80, name: http}}], livenessProbe: {probe}}}"
    );
    let text = SMALL.replace("{name: web, image: 'web:1'}", &container);
    rollout(&text).template.containers[0].liveness.clone().unwrap()
}

#[test]
fn probes_of_every_kind_are_read() {
    let tcp = probe(
        "{tcpSocket: {port: 80, host: localhost}, timeoutSeconds: 0, terminationGracePeriodSeconds: 4}",
    );
    let port = PortRef::Number(80);
    assert_eq!(tcp.action, ProbeAction::Tcp { port, host: Some("localhost".to_owned()) });
    assert_eq!((tcp.timeout, tcp.termination_grace), (seconds(1), Some(seconds(4))));
    let exec = probe("{exec: {command: [a, b]}, initialDelaySeconds: 7, failureThreshold: 9}");
    assert_eq!(exec.action, ProbeAction::Exec { command: vec!["a".to_owned(), "b".to_owned()] });
    assert_eq!((exec.initial_delay, exec.failure_threshold), (seconds(7), 9));
    let http = probe(
        "{httpGet: {path: ready, scheme: HTTPS, port: http, httpHeaders: [{name: A, value: b}]}}",
    );
    let grpc = |service: &str| ProbeAction::Grpc { port: 9000, service: service.to_owned() };
    assert_eq!(probe("{grpc: {port: 9000}}").action, grpc(""));
    assert_eq!(probe("{grpc: {port: 9000, service: web}}").action, grpc("web"));
    let ProbeAction::Http { path, headers, tls, .. } = http.action else { panic!("{http:#?}") };
    assert_eq!((path.as_str(), headers, tls), ("/ready", map(&[("A", "b")]), true));
}

#[test]
fn pauses_are_seconds_texts_or_durations() {
    for (written, expected) in
        [("10", 10), ("\"10\"", 10), ("10s", 10), ("1m30s", 90), ("1h", 3_600), ("0", 0)]
    {
        let canary = format!("{{canary: {{steps: [{{pause: {{duration: {written}}}}}]}}}}");
        let steps = rollout(&SMALL.replace("{canary: {}}", &canary)).spec.canary().steps.clone();
        assert_eq!(steps, [Step::Pause(Some(seconds(expected)))], "{written}");
    }
}

#[test]
fn zero_keeps_the_replicas_of_an_aborted_revision_for_ever() {
    let canary = "{canary: {abortScaleDownDelaySeconds: 0, trafficRouting: {plugins: {tidegate/router: null}}}}";
    let canary = rollout(&SMALL.replace("{canary: {}}", canary)).spec.canary().clone();
    assert_eq!((canary.abort_scale_down_delay, canary.routed), (None, true));
}

#[test]
fn the_default_analysis_can_be_switched_off() {
    let with = |word: &str| {
        let meta = format!("{{name: web, annotations: {{tidegate.dev/default-analysis: {word}}}}}");
        rollout(&SMALL.replace("{name: web}", &meta)).spec.canary().default_watch
    };
    assert!(with("\"on\""));
    assert!(!with("\"off\""));
}

#[test]
fn an_image_map_is_a_list_or_a_mapping_and_the_templates_own_comes_first() {
    let rule = ImageRule {
        image: "web:*".to_owned(),
        command: vec!["./web".to_owned()],
        args: vec!["$1".to_owned()],
        env: map(&[("A", "b")]),
        folder: Some("/srv".to_owned()),
    };
    let list = "\"[{image: 'web:*', command: [./web], args: [$1], env: {A: b}, folder: /srv}]\"";
    let mapping = "\"{'web:*': {command: [./web], args: [$1], env: {A: b}, folder: /srv}}\"";
    let annotated = |where_from: &str, where_to: &str, map: &str| {
        let to =
            where_to.replace("MAP", &format!("annotations: {{tidegate.dev/image-map: {map}}}"));
        SMALL.replace(where_from, &to)
    };
    for map in [list, mapping] {
        let text = annotated("{name: web}", "{name: web, MAP}", map);
        assert_eq!(rollout(&text).template.images, std::slice::from_ref(&rule));
        let text =
            annotated("metadata: {labels: {app: web}}", "metadata: {labels: {app: web}, MAP}", map);
        let template = rollout(&text).template;
        assert_eq!(
            (template.images.as_slice(), template.meta.annotations.len()),
            ([rule.clone()].as_slice(), 0)
        );
        let both = text
            .replace("{name: web}\n", "{name: web, annotations: {tidegate.dev/image-map: '[]'}}\n");
        assert_eq!(rollout(&both).template.images, std::slice::from_ref(&rule));
    }
}

#[test]
fn an_analysis_template_is_taken_over() {
    let mut documents = documents(include_str!("cases/analysis.yaml"));
    let Resource::AnalysisTemplate(template) = documents.remove(0).resource else {
        panic!("{documents:#?}")
    };
    assert_eq!(template.key, ObjectKey::new("default", "errors"));
    let defaults: Vec<_> = template.args.iter().map(|arg| arg.default.as_deref()).collect();
    assert_eq!(defaults, [None, Some("0.05")]);
    let metric = &template.metrics[0];
    assert_eq!(metric.interval, Some(Setting::Known(seconds(10))));
    assert_eq!(metric.initial_delay, Some(Setting::Known(seconds(30))));
    assert_eq!(metric.count, Some(Setting::Known(6)));
    assert_eq!(metric.success_condition.as_deref(), Some("result < {{args.limit}}"));
    assert_eq!(
        (metric.failure_limit.clone(), metric.inconclusive_limit.clone()),
        (Some(Setting::Known(2)), None)
    );
    let Provider::Router(measure) = &metric.provider else { panic!("{metric:#?}") };
    assert_eq!(
        (measure.measure, measure.of, measure.window),
        (ArmMeasure::ErrorRate, RevisionRole::Canary, seconds(30))
    );
    let judge = JudgeSettings { quantiles: vec![0.5, 0.9], ..JudgeSettings::default() };
    assert_eq!(template.metrics[1].provider, Provider::Judge(judge));
}

#[test]
fn the_judge_may_be_given_a_design() {
    let text = include_str!("cases/analysis.yaml").replace(
        "quantiles:",
        "warmUp: 1m\n          design: {requests: 20000, spending: pocock, looks: 4}\n          quantiles:",
    );
    let Resource::AnalysisTemplate(template) = documents(&text).remove(0).resource else {
        panic!("{text}")
    };
    let Provider::Judge(judge) = &template.metrics[1].provider else { panic!("{text}") };
    let design = Design { spending: Spending::Pocock, requests: 20_000, looks: 4 };
    assert_eq!((judge.design, judge.warm_up), (Some(design), seconds(60)));
}

#[test]
fn the_judge_may_compare_other_metrics() {
    let text = include_str!("cases/analysis.yaml").replace(
        "quantiles:",
        "metrics:\n          - {name: conversion, canary: a, stable: b, margin: 0.05}\n          \
         - {name: p99-latency, canary: c, stable: d}\n          \
         - {name: success, canary: e, stable: f, harm: either}\n          quantiles:",
    );
    let Resource::AnalysisTemplate(template) = documents(&text).remove(0).resource else {
        panic!("{text}")
    };
    let Provider::Judge(judge) = &template.metrics[1].provider else { panic!("{text}") };
    let read: Vec<_> =
        judge.series.iter().map(|one| (one.canary.as_str(), one.harm, one.margin)).collect();
    let expect = [
        ("a", Direction::Decrease, 0.05),
        ("c", Direction::Increase, 0.1),
        ("e", Direction::Either, 0.1),
    ];
    assert_eq!(read, expect);
}

#[test]
fn a_metric_may_be_of_the_copies_of_requests() {
    let text = include_str!("cases/analysis.yaml").replace("of: canary", "of: copies");
    let Resource::AnalysisTemplate(template) = documents(&text).remove(0).resource else {
        panic!("{text}")
    };
    let Provider::Router(measure) = &template.metrics[0].provider else { panic!("{text}") };
    assert_eq!(measure.of, RevisionRole::Copies);
}

#[test]
fn settings_of_a_metric_may_wait_for_arguments() {
    let text = include_str!("cases/analysis.yaml")
        .replace("count: 6", "count: \"{{args.limit}}\"")
        .replace("interval: 10s", "interval: \"{{ args.limit }}\"");
    let mut documents = documents(&text);
    let Resource::AnalysisTemplate(template) = documents.remove(0).resource else {
        panic!("{documents:#?}")
    };
    let metric = &template.metrics[0];
    assert_eq!(metric.count, Some(Setting::Text("{{args.limit}}".to_owned())));
    assert_eq!(metric.interval, Some(Setting::Text("{{ args.limit }}".to_owned())));
}

#[test]
fn a_service_is_taken_over() {
    let mut documents = documents(include_str!("cases/service.yaml"));
    let Resource::Service(service) = documents.remove(0).resource else { panic!("{documents:#?}") };
    assert_eq!(service.listen, Some("127.0.0.1:8080".parse().unwrap()));
    assert_eq!(service.sticky, Some(("shop".to_owned(), seconds(3_600))));
    assert_eq!(service.selector, map(&[("app", "web")]));
    let ports: Vec<_> = service.ports.iter().map(|port| (port.port, port.target.clone())).collect();
    assert_eq!(ports, [(80, Target::Name("http".to_owned())), (81, Target::Number(9000))]);
}

#[test]
fn a_service_port_leads_to_its_own_number_and_a_cookie_lasts_three_hours() {
    let text = "{apiVersion: v1, kind: Service, metadata: {name: web, annotations: {tidegate.dev/sticky: id}},
                 spec: {selector: {app: web}, ports: [{port: 80}]}}";
    let Resource::Service(service) = documents(text).remove(0).resource else {
        panic!("a Service")
    };
    assert_eq!(service.ports[0].target, Target::Number(80));
    assert_eq!(service.sticky, Some(("id".to_owned(), seconds(10_800))));
}

#[test]
fn a_list_gives_its_items() {
    let documents = documents(include_str!("cases/config.yaml"));
    let kinds: Vec<_> = documents.iter().map(|it| (it.resource.kind(), it.line)).collect();
    assert_eq!(kinds, [(Kind::ConfigMap, 4), (Kind::Secret, 10)]);
    let (Resource::ConfigMap(texts), Resource::Secret(keys)) =
        (&documents[0].resource, &documents[1].resource)
    else {
        panic!("{documents:#?}")
    };
    assert_eq!(texts.data, map(&[("greeting", "hello")]));
    assert_eq!(keys.data, map(&[("token", "secret"), ("plain", "secret")]));
    assert!(!format!("{:?}", documents[1].resource).contains("\"secret\""));
    assert_eq!(documents[0].manifest["data"]["greeting"], "hello");
}

#[test]
fn what_a_cluster_writes_into_an_object_is_accepted() {
    let text = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
  namespace: shop
  creationTimestamp: \"2026-01-31T12:00:00Z\"
  generation: 4
  resourceVersion: \"12\"
  uid: 6f7
  managedFields: [{manager: kubectl}]
  annotations: {kubectl.kubernetes.io/last-applied-configuration: \"{}\", rollout.argoproj.io/revision: \"4\"}
spec:
  restartAt: null
  selector: {matchLabels: {app: web}, matchExpressions: []}
  strategy: {canary: {}}
  template:
    metadata: {creationTimestamp: null, labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        imagePullPolicy: IfNotPresent
        resources: {}
        terminationMessagePath: /dev/termination-log
        terminationMessagePolicy: File
        volumeMounts: []
      dnsPolicy: ClusterFirst
      restartPolicy: Always
      schedulerName: default-scheduler
      securityContext: {}
      serviceAccountName: web
status: {phase: Healthy, replicas: 1}
";
    assert_eq!(rollout(text).key, ObjectKey::new("shop", "web"));
    assert_eq!(rollout(text).spec.revision, rollout(SMALL).spec.revision);
}

#[test]
fn an_image_is_pulled_as_the_manifest_says() {
    let read = |policy: &str| {
        let text = ROLLOUT.replacen("image:", &format!("{policy}image:"), 1);
        rollout(&text).template.containers[0].pull_policy
    };
    let indent = ROLLOUT.lines().find(|line| line.contains("image:")).unwrap();
    let blank: String = indent.chars().take_while(|letter| *letter == ' ').collect();
    assert_eq!(read(""), None);
    let never = read(&format!("imagePullPolicy: Never\n{blank}"));
    assert_eq!(never, Some(tidegate_workload::PullPolicy::Never));
}

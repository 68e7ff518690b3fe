//! Variables that tell a container of itself.

use tidegate_manifest::{Resource, read};
use tidegate_workload::{EnvSource, FieldPath};

/// A variable of a container with these resources.
fn variable(resources: &str, pod: &str, from: &str) -> Result<EnvSource, String> {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  strategy: {{canary: {{}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      {pod}
      containers:
      - name: web
        image: 'web:1'
        env: [{{name: A, valueFrom: {{{from}}}}}]
        resources: {{{resources}}}
"
    );
    let documents = read("web.yaml", &text).map_err(|problems| problems.to_string())?;
    match documents.into_iter().next().unwrap().resource {
        Resource::Rollout(rollout) => Ok(rollout.template.containers[0].env[0].source.clone()),
        other => panic!("{other:#?}"),
    }
}

#[test]
fn an_amount_is_told_in_units_rounded_up() {
    let resources = "limits: {cpu: 1500m, memory: 100Mi}, requests: {cpu: 250m}";
    for (from, expect) in [
        ("resource: limits.cpu", "2"),
        ("resource: limits.cpu, divisor: '0'", "2"),
        ("resource: limits.cpu, divisor: 1m", "1500"),
        ("resource: requests.cpu, divisor: 1", "1"),
        ("resource: limits.memory", "104857600"),
        ("containerName: web, resource: limits.memory, divisor: 1Gi", "1"),
        ("resource: limits.memory, divisor: 1M", "105"),
        // Kubernetes takes the limit where no request is written.
        ("resource: requests.memory, divisor: 1Mi", "100"),
    ] {
        let found = variable(resources, "", &format!("resourceFieldRef: {{{from}}}"));
        assert_eq!(found, Ok(EnvSource::Literal(expect.to_owned())), "{from}");
    }
    let none = variable("", "", "resourceFieldRef: {resource: requests.cpu}");
    assert_eq!(none, Ok(EnvSource::Literal("0".to_owned())));
}

#[test]
fn an_amount_that_nobody_wrote_is_refused() {
    for (from, expect) in [
        ("resource: limits.cpu", "the container has no such limit"),
        ("containerName: other, resource: requests.cpu", "the amounts of another container"),
        ("resource: limits.disk", "limits.disk"),
        ("divisor: 1m", "\"resource\" is missing"),
    ] {
        let told = variable("", "", &format!("resourceFieldRef: {{{from}}}")).unwrap_err();
        assert!(told.contains(expect), "{told}");
    }
}

#[test]
fn a_field_may_be_the_account_or_a_list_of_one_address() {
    let field = |pod: &str, path: &str| {
        variable("", pod, &format!("fieldRef: {{fieldPath: {path}}}")).unwrap()
    };
    let account = "spec.serviceAccountName";
    assert_eq!(field("", account), EnvSource::Literal("default".to_owned()));
    assert_eq!(field("serviceAccountName: bot", account), EnvSource::Literal("bot".to_owned()));
    assert_eq!(field("serviceAccount: old", account), EnvSource::Literal("old".to_owned()));
    assert_eq!(field("", "status.podIPs"), EnvSource::Field(FieldPath::PodIp));
    assert_eq!(field("", "status.hostIPs"), EnvSource::Field(FieldPath::HostIp));
    let ndots = "dnsConfig: {options: [{name: ndots, value: '2'}]}";
    assert_eq!(field(ndots, "status.podIP"), EnvSource::Field(FieldPath::PodIp));
    let told =
        variable("", "dnsConfig: {nameservers: [1.1.1.1]}", "fieldRef: {fieldPath: metadata.name}");
    assert!(told.unwrap_err().contains("dnsConfig.nameservers"));
}

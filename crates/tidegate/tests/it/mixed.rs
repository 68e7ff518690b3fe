//! Files in which Rollouts stand beside what a cluster needs.

use crate::program::Program;

const MIXED: &str = r"apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: NodePort
  selector: {app: web}
  ports:
  - {name: http, port: 80, nodePort: 30080}
  - {name: dns, port: 53, protocol: UDP}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: shop.example.com}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 9}
";

#[test]
fn what_a_cluster_needs_is_left_alone_with_its_reason() {
    let program = Program::new();
    program.write("a.yaml", MIXED);
    let said = program.run(&["validate", "-f", "a.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(said.out);
    let said = program.run(&["validate", "-f", "a.yaml", "-o", "json"]);
    let verdict: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &verdict["valid"], &verdict["resources"]), (0, &true.into(), &1.into()));
    let kinds: Vec<_> =
        verdict["leftAlone"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["Ingress", "HorizontalPodAutoscaler"]);
    assert_eq!(verdict["notes"][0]["line"], 10);
}

#[test]
fn strict_leaves_nothing_alone() {
    let program = Program::new();
    program.write("a.yaml", MIXED);
    let said = program.run(&["validate", "--strict", "-f", "a.yaml"]);
    assert_eq!(said.code, 1, "{}", said.out);
    insta::assert_snapshot!(said.out);
    let said = program.run(&["apply", "--strict", "-f", "a.yaml"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.err.contains("nothing was changed"), "{}", said.err);
}

#[test]
fn a_file_of_nothing_but_other_kinds_needs_no_server() {
    let program = Program::new();
    let other = MIXED.split("---\n").nth(1).unwrap();
    program.write("a.yaml", other);
    let said = program.run(&["apply", "-f", "a.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with("a.yaml:1: left alone: Ingress web"), "{}", said.out);
}

use tidegate_manifest::{Resource, read};

const PLAIN: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  strategy:
    canary:
      trafficRouting: {plugins: {tidegate/router: {}}}
      steps:
      - setWeight: 5
      - pause: {duration: 10s}
      - setWeight: 50
      - pause: {}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: file:./web
        command: [./web]
        ports:
        - containerPort: 8080
          name: http
        readinessProbe:
          httpGet: {path: /ready, port: http}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    tidegate.dev/listen: 127.0.0.1:8080
spec:
  selector: {app: web}
  ports:
  - port: 80
    targetPort: http
";

#[test]
fn a_plain_canary_and_its_service_are_read() {
    let documents = read("web.yaml", PLAIN).unwrap();
    let [rollout, service] = documents.as_slice() else {
        panic!("{documents:#?}");
    };
    assert_eq!((rollout.line, service.line), (1, 31));
    let (Resource::Rollout(rollout), Resource::Service(service)) =
        (&rollout.resource, &service.resource)
    else {
        panic!("{documents:#?}");
    };
    assert!(rollout.spec.canary.routed && rollout.spec.canary.default_watch);
}

//! Volumes, and what they mean.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_manifest::{Resource, read};
use tidegate_workload::{
    Entries, EntryFile, Extra, FieldFile, FieldPath, FileSource, HostKind, PodTemplate, Security,
    VolumeMount, VolumeSource,
};

fn template(volumes: &str, mounts: &str) -> PodTemplate {
    let text = format!(
        "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  strategy: {{canary: {{}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      volumes: {volumes}
      containers: [{{name: web, image: 'web:1', volumeMounts: {mounts}}}]
"
    );
    match read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")).remove(0).resource
    {
        Resource::Rollout(rollout) => (*rollout.template).clone(),
        other => panic!("{other:#?}"),
    }
}

fn check(volume: &str, expect: &VolumeSource) {
    let found = template(&format!("[{{name: a, {volume}}}]"), "[]").volumes.remove(0);
    assert_eq!(&found.source, expect, "{volume}");
}

#[test]
fn a_volume_means_what_it_means_in_kubernetes() {
    let scratch = |memory| VolumeSource::Scratch { memory };
    check("", &scratch(false));
    check("emptyDir: {}", &scratch(false));
    check("emptyDir: {medium: Memory, sizeLimit: 64Mi}", &scratch(true));
    check(
        "persistentVolumeClaim: {claimName: disk, readOnly: yes}",
        &VolumeSource::Claim { name: "disk".to_owned(), read_only: true },
    );
    let host = |kind| VolumeSource::Host { path: "/srv".to_owned(), kind };
    check("hostPath: {path: /srv}", &host(HostKind::Any));
    check("hostPath: {path: /srv, type: DirectoryOrCreate}", &host(HostKind::DirectoryOrCreate));
}

#[test]
fn files_come_from_what_is_declared() {
    let whole = |name: &str| Entries { name: name.to_owned(), optional: false, items: Vec::new() };
    let files = |sources, mode| VolumeSource::Files { sources, mode };
    let config = FileSource::ConfigMap(whole("texts"));
    check("configMap: {name: texts}", &files(vec![config.clone()], 0o644));
    let entry = EntryFile { key: "k".to_owned(), path: "p/q".to_owned(), mode: Some(0o400) };
    let some = Entries { optional: true, items: vec![entry], ..whole("keys") };
    check(
        "secret: {secretName: keys, optional: true, defaultMode: 0600, \
         items: [{key: k, path: p/q, mode: 256}]}",
        &files(vec![FileSource::Secret(some)], 0o600),
    );
    let field = |field, path: &str| FieldFile { field, path: path.to_owned(), mode: None };
    let labels = field(FieldPath::Labels, "labels");
    check(
        "downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}",
        &files(vec![FileSource::Fields(vec![labels])], 0o644),
    );
    let name = FileSource::Fields(vec![field(FieldPath::Name, "name")]);
    check(
        "projected: {sources: [{configMap: {name: texts}}, {secret: {name: keys}}, \
         {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}]}",
        &files(vec![config, FileSource::Secret(whole("keys")), name], 0o644),
    );
}

#[test]
fn a_container_sees_a_volume_at_a_path() {
    let mounts = "[{name: a, mountPath: /etc/app/, readOnly: true, subPath: ''}, \
                   {name: a, mountPath: /b, subPathExpr: $(POD)/x, mountPropagation: None}]";
    let mount = VolumeMount {
        volume: "a".to_owned(),
        path: "/etc/app".to_owned(),
        sub_path: None,
        expand: false,
        read_only: true,
    };
    let other = VolumeMount {
        path: "/b".to_owned(),
        sub_path: Some("$(POD)/x".to_owned()),
        expand: true,
        read_only: false,
        ..mount.clone()
    };
    assert_eq!(template("[{name: a}]", mounts).containers[0].mounts, [mount, other]);
}

#[test]
fn what_a_pod_says_of_rights_holds_where_its_container_says_nothing() {
    let text = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  strategy: {canary: {}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext:
        {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000,
         supplementalGroups: [7], seccompProfile: {type: Unconfined}}
      containers:
      - {name: plain, image: 'web:1', securityContext: {}}
      - name: own
        image: web:1
        securityContext:
          runAsUser: 0
          runAsNonRoot: false
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: {drop: [all], add: [CAP_NET_BIND_SERVICE]}
          seccompProfile: {type: RuntimeDefault}
      - name: more
        image: web:1
        securityContext: {privileged: true, procMount: Unmasked}
";
    let Resource::Rollout(rollout) = read("web.yaml", text).unwrap().remove(0).resource else {
        panic!("no Rollout")
    };
    let pod = Security {
        user: Some(1000),
        group: Some(3000),
        groups: vec![7, 2000],
        not_root: true,
        extra: [Extra::SystemCalls].into(),
        ..Security::default()
    };
    let own = Security {
        user: Some(0),
        not_root: false,
        no_new_privileges: true,
        read_only: true,
        drop: vec!["ALL".to_owned()],
        add: vec!["NET_BIND_SERVICE".to_owned()],
        extra: BTreeSet::new(),
        ..pod.clone()
    };
    let more =
        Security { extra: [Extra::Devices, Extra::SystemCalls, Extra::Proc].into(), ..pod.clone() };
    let found: Vec<_> =
        rollout.template.containers.iter().map(|one| one.security.clone()).collect();
    assert_eq!(found, [pod, own, more]);
}

#[test]
fn what_is_no_text_is_kept_as_it_is() {
    let text = "apiVersion: v1
kind: ConfigMap
metadata: {name: store}
data: {a: text}
binaryData: {b: AP8=, c: aGVsbG8=}
---
apiVersion: v1
kind: Secret
metadata: {name: store}
data: {d: AP8=, e: /u0=, f: aGVsbG8=}
stringData: {e: plain}
";
    let documents = read("store.yaml", text).unwrap();
    let [Resource::ConfigMap(texts), Resource::Secret(keys)] =
        [&documents[0].resource, &documents[1].resource]
    else {
        panic!("{documents:#?}")
    };
    let texts_of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    };
    let bytes = |key: &str, bytes: &[u8]| (key.to_owned(), bytes.to_vec());
    assert_eq!(texts.data, texts_of(&[("a", "text")]));
    assert_eq!(texts.bytes, [bytes("b", &[0, 0xff]), bytes("c", b"hello")].into());
    assert_eq!(keys.data, texts_of(&[("e", "plain"), ("f", "hello")]));
    assert_eq!(keys.bytes, [bytes("d", &[0, 0xff])].into());
    assert!(!format!("{keys:?}").contains("255"), "{keys:?}");
}

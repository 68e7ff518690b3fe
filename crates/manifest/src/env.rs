//! The environment of a container.

use tidegate_workload::{EnvFrom, EnvSource, EnvVar, FieldPath};

use crate::{
    fields::pod::{ENV, ENV_FROM, ENV_VALUE_FROM, FIELD_REF, KEY_REF, OBJECT_REF},
    given::Fields,
    names::{CONFIG_KEY, SUBDOMAIN, VARIABLE, is_label_key},
    report::Complaint,
    suggest::nearest,
    walk::{Spot, one_of},
};

/// Reads `env`. A name that is given twice is kept twice: the later one wins, as in Kubernetes.
pub(crate) fn vars(spot: &Spot<'_>) -> Option<Vec<EnvVar>> {
    Some(spot.items()?.iter().filter_map(var).collect())
}

fn var(spot: &Spot<'_>) -> Option<EnvVar> {
    let fields = spot.fields(&ENV)?;
    let name = fields.need("name").and_then(|spot| VARIABLE.read(spot));
    let source = match (fields.get("value"), fields.get("valueFrom")) {
        (Some(value), None) => value.text().map(|text| EnvSource::Literal(text.to_owned())),
        (None, None) => Some(EnvSource::Literal(String::new())),
        (None, Some(from)) => from.fields(&ENV_VALUE_FROM).and_then(|from| source(&from)),
        (Some(_), Some(_)) => {
            fields.exactly_one(&["value", "valueFrom"]);
            None
        }
    };
    Some(EnvVar { name: name?, source: source? })
}

fn source(from: &Fields<'_>) -> Option<EnvSource> {
    match from.exactly_one(&["configMapKeyRef", "secretKeyRef", "fieldRef"])? {
        ("configMapKeyRef", spot) => {
            let (name, key, optional) = key_ref(spot)?;
            Some(EnvSource::ConfigMapKey { name, key, optional })
        }
        ("secretKeyRef", spot) => {
            let (name, key, optional) = key_ref(spot)?;
            Some(EnvSource::SecretKey { name, key, optional })
        }
        (_, spot) => {
            let fields = spot.fields(&FIELD_REF)?;
            field_path(fields.need("fieldPath")?).map(EnvSource::Field)
        }
    }
}

fn key_ref(spot: &Spot<'_>) -> Option<(String, String, bool)> {
    let fields = spot.fields(&KEY_REF)?;
    let name = fields.need("name").and_then(|spot| SUBDOMAIN.read(spot));
    let key = fields.need("key").and_then(|spot| CONFIG_KEY.read(spot));
    let optional = fields.or("optional", false, Spot::boolean);
    Some((name?, key?, optional))
}

/// Paths that need no key.
const PATHS: [(&str, FieldPath); 6] = [
    ("metadata.name", FieldPath::Name),
    ("metadata.namespace", FieldPath::Namespace),
    ("metadata.uid", FieldPath::Uid),
    ("spec.nodeName", FieldPath::NodeName),
    ("status.podIP", FieldPath::PodIp),
    ("status.hostIP", FieldPath::HostIp),
];

/// Paths that Kubernetes has beside those.
const NOT_YET: [&str; 3] = ["spec.serviceAccountName", "status.podIPs", "status.hostIPs"];

/// Reads the `fieldRef` of a file, which may be all labels or all annotations as well.
pub(crate) fn file_field(spot: &Spot<'_>) -> Option<FieldPath> {
    let fields = spot.fields(&FIELD_REF)?;
    let path = fields.need("fieldPath")?;
    match path.node.as_text() {
        Some("metadata.labels") => Some(FieldPath::Labels),
        Some("metadata.annotations") => Some(FieldPath::Annotations),
        _ => field_path(path),
    }
}

fn field_path(spot: &Spot<'_>) -> Option<FieldPath> {
    let text = spot.text()?;
    if let Some((_, path)) = PATHS.iter().find(|(name, _)| *name == text) {
        return Some(path.clone());
    }
    let keyed = |prefix| {
        let key = text.strip_prefix(prefix)?.strip_suffix("']")?;
        is_label_key(key).then(|| key.to_owned())
    };
    if let Some(key) = keyed("metadata.labels['") {
        return Some(FieldPath::Label(key));
    }
    if let Some(key) = keyed("metadata.annotations['") {
        return Some(FieldPath::Annotation(key));
    }
    let names = || PATHS.iter().map(|(name, _)| *name);
    let patterns = ["metadata.labels['KEY']", "metadata.annotations['KEY']"];
    let complaint = if NOT_YET.contains(&text) {
        Complaint::new(format!("not supported yet: the field {text}"))
    } else {
        spot.found().suggest(nearest(text, names()))
    };
    spot.complain(complaint.allow(one_of(names().chain(patterns))));
    None
}

/// Reads `envFrom`.
pub(crate) fn from(spot: &Spot<'_>) -> Option<Vec<EnvFrom>> {
    Some(spot.items()?.iter().filter_map(one_from).collect())
}

fn one_from(spot: &Spot<'_>) -> Option<EnvFrom> {
    let fields = spot.fields(&ENV_FROM)?;
    let prefix = fields.or("prefix", String::new(), |spot| VARIABLE.read(spot));
    let (which, spot) = fields.exactly_one(&["configMapRef", "secretRef"])?;
    let object = spot.fields(&OBJECT_REF)?;
    let optional = object.or("optional", false, Spot::boolean);
    let name = SUBDOMAIN.read(object.need("name")?)?;
    Some(if which == "configMapRef" {
        EnvFrom::ConfigMap { name, prefix, optional }
    } else {
        EnvFrom::Secret { name, prefix, optional }
    })
}

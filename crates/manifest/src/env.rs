//! The environment of a container.

use tidegate_workload::{EnvFrom, EnvSource, EnvVar, FieldPath, Resources};

use crate::{
    fields::pod::{ENV, ENV_FROM, ENV_VALUE_FROM, FIELD_REF, KEY_REF, OBJECT_REF, RESOURCE_FIELD},
    given::Fields,
    names::{CONFIG_KEY, SUBDOMAIN, VARIABLE, is_label_key},
    quantity::{cpu_millis, memory_bytes},
    report::Complaint,
    suggest::nearest,
    walk::{Spot, one_of},
};

/// What a variable may be told of the container that it is for.
pub(crate) struct Around<'a> {
    pub(crate) container: &'a str,
    pub(crate) resources: &'a Resources,
    /// The name of the service account.
    pub(crate) account: &'a str,
}

/// Reads `env`. A name that is given twice is kept twice: the later one wins, as in Kubernetes.
pub(crate) fn vars(spot: &Spot<'_>, around: &Around<'_>) -> Option<Vec<EnvVar>> {
    Some(spot.items()?.iter().filter_map(|item| var(item, around)).collect())
}

fn var(spot: &Spot<'_>, around: &Around<'_>) -> Option<EnvVar> {
    let fields = spot.fields(&ENV)?;
    let name = fields.need("name").and_then(|spot| VARIABLE.read(spot));
    let source = match (fields.get("value"), fields.get("valueFrom")) {
        (Some(value), None) => value.text().map(|text| EnvSource::Literal(text.to_owned())),
        (None, None) => Some(EnvSource::Literal(String::new())),
        (None, Some(from)) => from.fields(&ENV_VALUE_FROM).and_then(|from| source(&from, around)),
        (Some(_), Some(_)) => {
            fields.exactly_one(&["value", "valueFrom"]);
            None
        }
    };
    Some(EnvVar { name: name?, source: source? })
}

fn source(from: &Fields<'_>, around: &Around<'_>) -> Option<EnvSource> {
    match from.exactly_one(&["configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef"])? {
        ("configMapKeyRef", spot) => {
            let (name, key, optional) = key_ref(spot)?;
            Some(EnvSource::ConfigMapKey { name, key, optional })
        }
        ("secretKeyRef", spot) => {
            let (name, key, optional) = key_ref(spot)?;
            Some(EnvSource::SecretKey { name, key, optional })
        }
        ("resourceFieldRef", spot) => amount(spot, around).map(EnvSource::Literal),
        (_, spot) => {
            let fields = spot.fields(&FIELD_REF)?;
            let path = fields.need("fieldPath")?;
            match path.node.as_text() {
                Some("spec.serviceAccountName") => {
                    Some(EnvSource::Literal(around.account.to_owned()))
                }
                _ => field_path(path).map(EnvSource::Field),
            }
        }
    }
}

/// An amount of the container in units of the divisor, rounded up, as Kubernetes writes it.
fn amount(spot: &Spot<'_>, around: &Around<'_>) -> Option<String> {
    let fields = spot.fields(&RESOURCE_FIELD)?;
    if let Some(name) = fields.get("containerName")
        && let Some(other) = name.text().filter(|other| *other != around.container)
    {
        let complaint = Complaint::new(format!("the amounts of another container, {other:?}"));
        name.complain(complaint.allow("this container's own").hint("write the amount as value"));
    }
    let Resources { requests, limits } = around.resources;
    let divisor = fields.get("divisor");
    let place = fields.need("resource")?;
    let (given, is_limit, is_cpu) = place.word(&[
        ("limits.cpu", (limits.cpu_millis, true, true)),
        ("limits.memory", (limits.memory_bytes, true, false)),
        ("requests.cpu", (requests.cpu_millis, false, true)),
        ("requests.memory", (requests.memory_bytes, false, false)),
    ])?;
    let (read, one): (fn(&Spot<'_>) -> Option<u64>, u64) =
        if is_cpu { (cpu_millis, 1_000) } else { (memory_bytes, 1) };
    let unit = divisor.and_then(read).unwrap_or(one);
    let unit = if unit == 0 { one } else { unit };
    match given {
        None if is_limit => {
            let complaint = Complaint::new("the container has no such limit");
            place.complain(complaint.hint(
                "on a cluster it would be that of the machine: write the limit, or the amount as value",
            ));
            None
        }
        given => Some(given.unwrap_or(0).div_ceil(unit).to_string()),
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
const PATHS: [(&str, FieldPath); 8] = [
    ("metadata.name", FieldPath::Name),
    ("metadata.namespace", FieldPath::Namespace),
    ("metadata.uid", FieldPath::Uid),
    ("spec.nodeName", FieldPath::NodeName),
    ("status.podIP", FieldPath::PodIp),
    ("status.hostIP", FieldPath::HostIp),
    // There is one of each.
    ("status.podIPs", FieldPath::PodIp),
    ("status.hostIPs", FieldPath::HostIp),
];

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
    let complaint = spot.found().suggest(nearest(text, names()));
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

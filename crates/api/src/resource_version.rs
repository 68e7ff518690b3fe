//! `metadata.resourceVersion`, as Kubernetes' clients know it: whoever applies what they read says by it which state they saw.

use serde_json::{Value, json};
use tidegate_controller::{Expected, Kind, Resource, Version};
use tidegate_units::ObjectKey;

use crate::{
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// What a server gives and nobody wants: it stands in what was read, and is no part of what is applied.
const GIVEN: [&str; 6] =
    ["uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"];

/// The same document with its version.
pub(crate) fn with_version(mut document: Value, version: Option<Version>) -> Value {
    if let (Some(metadata), Some(version)) =
        (document.get_mut("metadata").and_then(Value::as_object_mut), version)
    {
        metadata.insert("resourceVersion".to_owned(), json!(version.to_string()));
    }
    document
}

/// Takes out of a manifest what only an answer has, so that what was read and is applied again changes nothing, and
/// returns the version that was seen, if it says so.
pub(crate) fn take(api: &Api, resource: &Resource, manifest: &mut Value) -> Option<String> {
    let (kind, key) = (resource.kind(), resource.key());
    let known = api.control.get(kind, key).map(|view| view.manifest);
    let fields = manifest.as_object_mut()?;
    fields.remove("status");
    let metadata = fields.get_mut("metadata")?.as_object_mut()?;
    let seen = metadata.get("resourceVersion").and_then(Value::as_str).map(ToOwned::to_owned);
    for name in GIVEN {
        metadata.remove(name);
    }
    // An answer says where it is, also where the file did not.
    let left_out = known.is_some_and(|known| known.pointer("/metadata/namespace").is_none());
    if left_out && metadata.get("namespace").and_then(Value::as_str) == Some(&*key.namespace) {
        metadata.remove("namespace");
    }
    seen.filter(|seen| !seen.is_empty())
}

/// What a resource has to be for whoever saw this version of it; the problem if it is not so now.
pub(crate) fn expected(api: &Api, resource: &Resource, seen: &str) -> Result<Expected, Problem> {
    let (kind, key) = (resource.kind(), resource.key().clone());
    let versions = seen.parse().into_iter().collect();
    let expected = Expected { kind, key, versions: Some(versions) };
    match api.control.meets(&expected) {
        Ok(()) => Ok(expected),
        Err(_) => Err(stale(api, kind, resource.key(), seen)),
    }
}

/// The problem that a resource has come further than what was seen of it.
pub(crate) fn stale(api: &Api, kind: Kind, key: &ObjectKey, seen: &str) -> Problem {
    let detail = match api.control.version(kind, key) {
        Some(now) => format!(
            "{kind} {key} was changed since it was read: its resourceVersion is {now}, not {seen}"
        ),
        None => format!("{kind} {key} is not there, and what is made has no resourceVersion"),
    };
    Problem::new(ProblemKind::Conflict, detail).with_hint(
        "read it again and make the change in that; without `metadata.resourceVersion` it is applied whatever was changed",
    )
}

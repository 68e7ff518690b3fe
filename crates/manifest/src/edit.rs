use serde_json::{Map, Value, json};
use tidegate_units::Timestamp;

/// An edit that a manifest does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It has no container of that name.
    #[error("there is no container {name:?}; the template has {}", have.join(", "))]
    NoContainer {
        /// What was asked for.
        name: String,
        /// The containers that are there.
        have: Vec<String>,
    },
}

/// The annotation that holds the image map.
pub(crate) const IMAGE_MAP: &str = "tidegate.dev/image-map";

/// The manifest of a Rollout with another image for the container of that name, or for all of
/// them, init containers among them, when the name is `*`. The result still has to be read.
pub fn with_image(manifest: &Value, container: &str, image: &str) -> Result<Value, EditError> {
    let mut edited = manifest.clone();
    let mut have = Vec::new();
    let mut found = false;
    let mut pod = edited.pointer_mut("/spec/template/spec").and_then(Value::as_object_mut);
    let lists = pod.iter_mut().flat_map(|pod| pod.iter_mut());
    // As Argo's `set image` does it, which counts all kinds of containers.
    let lists = lists.filter(|(name, _)| ["containers", "initContainers"].contains(&name.as_str()));
    for one in lists.filter_map(|(_, list)| list.as_array_mut()).flatten() {
        let name = one.get("name").and_then(Value::as_str).unwrap_or_default();
        if (container == "*" || name == container)
            && let Value::Object(fields) = one
        {
            fields.insert("image".to_owned(), json!(image));
            found = true;
            continue;
        }
        have.push(name.to_owned());
    }
    if found {
        return Ok(edited);
    }
    Err(EditError::NoContainer { name: container.to_owned(), have })
}

/// The pod template of a Rollout's manifest, with the image map that holds for it: what has to be
/// kept of a revision so that [`with_template`] can bring it back with the same hash.
pub fn template_of(manifest: &Value) -> Value {
    let mut template = manifest.pointer("/spec/template").cloned().unwrap_or_else(|| json!({}));
    if let Some(map) = image_map(manifest)
        && image_map(&template).is_none()
    {
        annotate(&mut template, map.clone());
    }
    template
}

/// The manifest of a Rollout with the pod template that [`template_of`] gave.
pub fn with_template(manifest: &Value, template: &Value) -> Value {
    let mut edited = manifest.clone();
    let mut template = template.clone();
    if image_map(manifest).is_some() && image_map(&template).is_none() {
        // The map of the Rollout must not reach a revision that was made without one.
        annotate(&mut template, json!("[]"));
    }
    object_at(&mut edited, "spec").insert("template".to_owned(), template);
    edited
}

/// The name of the Deployment whose pod template a Rollout takes.
pub fn workload_of(manifest: &Value) -> Option<&str> {
    manifest.pointer("/spec/workloadRef/name")?.as_str()
}

/// The manifest of a Rollout with the template of a Deployment in place of its `workloadRef`, and
/// with its selector where it has none of its own.
pub fn with_workload(manifest: &Value, deployment: &Value) -> Value {
    let mut edited = manifest.clone();
    let spec = object_at(&mut edited, "spec");
    spec.remove("workloadRef");
    for field in ["template", "selector"] {
        let own = spec.get(field).filter(|own| !own.is_null() && **own != json!({}));
        let given = deployment.pointer(&format!("/spec/{field}"));
        if let (None, Some(given)) = (own, given) {
            spec.insert(field.to_owned(), given.clone());
        }
    }
    edited
}

/// The manifest of a Rollout whose replicas started before `moment` are to be replaced.
pub fn with_restart_at(manifest: &Value, moment: Timestamp) -> Value {
    let mut edited = manifest.clone();
    object_at(&mut edited, "spec").insert("restartAt".to_owned(), json!(moment));
    edited
}

fn image_map(of: &Value) -> Option<&Value> {
    of.get("metadata")?.get("annotations")?.get(IMAGE_MAP)
}

fn annotate(template: &mut Value, map: Value) {
    let metadata = object_at(template, "metadata");
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    as_object(annotations).insert(IMAGE_MAP.to_owned(), map);
}

fn object_at<'a>(value: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    as_object(as_object(value).entry(name).or_insert_with(|| json!({})))
}

/// Anything that is no object, such as the null of an empty field, becomes an empty one.
fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("it was made an object above"),
    }
}

//! The fields of a rollout that arguments refer to.

use serde_json::Value;
use tidegate_units::ObjectKey;

/// The rollout's field at a path such as `metadata.labels['region']`, `spec.replicas` or
/// `spec.template.spec.containers[0].image`. As in Argo Rollouts a label or annotation that is not
/// there is an empty text, and all of them together are lines of `key="value"`.
pub(crate) fn field(key: &ObjectKey, manifest: &Value, path: &str) -> Result<String, String> {
    let parts = parts(path);
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["metadata", "name"] => return Ok(key.name.to_string()),
        ["metadata", "namespace"] => return Ok(key.namespace.to_string()),
        ["metadata", kind @ ("labels" | "annotations")] => {
            return Ok(lines(manifest.pointer(&format!("/metadata/{kind}"))));
        }
        ["metadata", kind @ ("labels" | "annotations"), name] => {
            let all = manifest.pointer(&format!("/metadata/{kind}"));
            return Ok(all.and_then(|all| all.get(name)).map(shown).unwrap_or_default());
        }
        _ => {}
    }
    let found = names.iter().try_fold(manifest, |here, name| match here {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    });
    match found {
        None | Some(Value::Null) => Err(format!("the rollout has no field {path}")),
        Some(Value::Array(_) | Value::Object(_)) => {
            Err(format!("the rollout's field {path} is no single value"))
        }
        Some(value) => Ok(shown(value)),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn lines(map: Option<&Value>) -> String {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.map(|(key, value)| format!("{key}={:?}", shown(value))).collect::<Vec<_>>().join("\n")
}

/// The names in a path: between dots, and in brackets with or without quotes.
fn parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let quoted = ["['", "[\""].into_iter().find_map(|open| rest.strip_prefix(open));
        let (part, after) = match (quoted, rest.strip_prefix('[')) {
            (Some(inside), _) => {
                let close = inside.find("']").or_else(|| inside.find("\"]"));
                close.map_or((inside, ""), |at| {
                    (inside.get(..at).unwrap_or_default(), inside.get(at + 2..).unwrap_or_default())
                })
            }
            (None, Some(inside)) => inside.split_once(']').unwrap_or((inside, "")),
            (None, None) => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        parts.push(part.to_owned());
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &str, expect: Result<&str, &str>) {
        let manifest = json!({
            "metadata": { "labels": { "app.kubernetes.io/name": "web", "tier": "a \"b\"" } },
            "spec": { "replicas": 3, "paused": false, "steps": [1, {"name": "x"}] }
        });
        let found = field(&ObjectKey::new("shop", "cart"), &manifest, path);
        assert_eq!(found.as_deref().map_err(String::as_str), expect, "{path}");
    }

    #[test]
    fn a_field_path_is_followed_into_lists_and_maps_with_dots_in_their_keys() {
        check("metadata.labels['app.kubernetes.io/name']", Ok("web"));
        check("metadata.labels[\"app.kubernetes.io/name\"]", Ok("web"));
        check("spec.replicas", Ok("3"));
        check("spec.paused", Ok("false"));
        check("spec.steps.0", Ok("1"));
        check("spec.steps[1].name", Ok("x"));
    }

    #[test]
    fn metadata_is_there_although_the_manifest_leaves_it_out() {
        check("metadata.name", Ok("cart"));
        check("metadata.namespace", Ok("shop"));
        check("metadata.labels['none']", Ok(""));
        check("metadata.annotations['none']", Ok(""));
        check("metadata.annotations", Ok(""));
        check("metadata.labels", Ok("app.kubernetes.io/name=\"web\"\ntier=\"a \\\"b\\\"\""));
    }

    #[test]
    fn what_leads_to_no_single_value_is_an_error() {
        check("spec.steps", Err("the rollout's field spec.steps is no single value"));
        check("spec.nothing", Err("the rollout has no field spec.nothing"));
        check("spec.steps[9].name", Err("the rollout has no field spec.steps[9].name"));
        check("spec.steps['open", Err("the rollout has no field spec.steps['open"));
    }
}

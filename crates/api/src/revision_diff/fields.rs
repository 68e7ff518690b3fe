use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangedField {
    /// Where, as a JSON path (RFC 9535); an index is that of the newer template, of what was removed that of the
    /// older.
    #[schema(example = "$.spec.containers[0].image")]
    pub path: String,
    /// What became of it.
    pub change: FieldChange,
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub from: Option<Value>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub to: Option<Value>,
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldChange {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// It has another value.
    Changed,
}

/// Every field that differs, outermost first, in the order of the newer value; what was removed after the rest of
/// its object.
pub(super) fn changes(from: &Value, to: &Value) -> Vec<ChangedField> {
    let mut found = Vec::new();
    compare("$", from, to, &mut found);
    found
}

fn compare(path: &str, from: &Value, to: &Value, found: &mut Vec<ChangedField>) {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => members(path, from, to, found),
        (Value::Array(from), Value::Array(to)) => items(path, from, to, found),
        _ if from == to => {}
        _ => found.push(ChangedField {
            path: path.to_owned(),
            change: FieldChange::Changed,
            from: Some(from.clone()),
            to: Some(to.clone()),
        }),
    }
}

fn members(
    path: &str,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    found: &mut Vec<ChangedField>,
) {
    for (name, value) in to {
        let path = member(path, name);
        match from.get(name) {
            Some(before) => compare(&path, before, value, found),
            None => found.push(added(path, value)),
        }
    }
    let gone = from.iter().filter(|(name, _)| !to.contains_key(*name));
    found.extend(gone.map(|(name, value)| removed(member(path, name), value)));
}

/// Items that have names are those of the same name, as containers and variables are; others those of the same
/// place.
fn items(path: &str, from: &[Value], to: &[Value], found: &mut Vec<ChangedField>) {
    let by_name = is_named(from) && is_named(to);
    let partner = |index: usize, one: &Value, others: &'_ [Value]| {
        if by_name {
            return others.iter().position(|other| other.get("name") == one.get("name"));
        }
        (index < others.len()).then_some(index)
    };
    for (index, value) in to.iter().enumerate() {
        let path = format!("{path}[{index}]");
        match partner(index, value, from).and_then(|index| from.get(index)) {
            Some(before) => compare(&path, before, value, found),
            None => found.push(added(path, value)),
        }
    }
    for (index, value) in from.iter().enumerate() {
        if partner(index, value, to).is_none() {
            found.push(removed(format!("{path}[{index}]"), value));
        }
    }
}

/// Whether each item has a name of its own.
fn is_named(items: &[Value]) -> bool {
    let names: Vec<_> = items.iter().map(|item| item.get("name").and_then(Value::as_str)).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.into_iter().all(|name| name.is_some_and(|name| seen.insert(name)))
}

fn added(path: String, value: &Value) -> ChangedField {
    ChangedField { path, change: FieldChange::Added, from: None, to: Some(value.clone()) }
}

fn removed(path: String, value: &Value) -> ChangedField {
    ChangedField { path, change: FieldChange::Removed, from: Some(value.clone()), to: None }
}

/// A name after a dot where RFC 9535 lets it be, else in brackets.
fn member(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if begins && letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return format!("{path}.{name}");
    }
    let quoted = name.replace('\\', "\\\\").replace('\'', "\\'");
    format!("{path}['{quoted}']")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_that_differs_is_named_with_both_values() {
        let check = |from: Value, to: Value, expect: &[&str]| {
            let told = changes(&from, &to).into_iter().map(|one| {
                let show = |value: &Option<Value>| value.as_ref().map(Value::to_string);
                let (from, to) = (show(&one.from), show(&one.to));
                format!(
                    "{:?} {} {}>{}",
                    one.change,
                    one.path,
                    from.unwrap_or_default(),
                    to.unwrap_or_default()
                )
            });
            assert_eq!(told.collect::<Vec<_>>(), expect);
        };
        check(json!({"a": 1}), json!({"a": 1}), &[]);
        check(json!({"a": 1}), json!({"a": 2}), &["Changed $.a 1>2"]);
        check(json!({"a": 1}), json!({"b": 1}), &["Added $.b >1", "Removed $.a 1>"]);
        check(json!({"a": [1, 2]}), json!({"a": [1]}), &["Removed $.a[1] 2>"]);
        check(json!({"a": {}}), json!({"a": []}), &["Changed $.a {}>[]"]);
        let one = json!([{"name": "web", "image": "v1"}]);
        let two = json!([{"name": "log", "image": "l"}, {"name": "web", "image": "v2"}]);
        check(
            one,
            two,
            &[r#"Added $[0] >{"image":"l","name":"log"}"#, r#"Changed $[1].image "v1">"v2""#],
        );
        check(
            json!({"x.y/z": 1, "it's": 2}),
            json!({"x.y/z": 2, "it's": 3}),
            &["Changed $['it\\'s'] 2>3", "Changed $['x.y/z'] 1>2"],
        );
        // Two of one name cannot be told apart by it.
        let twins = json!([{"name": "a", "v": 1}, {"name": "a", "v": 2}]);
        check(twins, json!([{"name": "a", "v": 1}]), &[r#"Removed $[1] {"name":"a","v":2}>"#]);
    }
}

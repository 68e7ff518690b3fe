use serde_json::{Map, Value};

use crate::{node::Content, scalar};

/// A value as a YAML document: keys in their order, block style, quoted where any reader, of YAML
/// 1.1 or 1.2, could take the text for something else. [`crate::read`] gives the same value back.
pub fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => write_members(&mut out, members, 0),
        Value::Array(items) if !items.is_empty() => write_items(&mut out, items, 0),
        scalar => {
            write_scalar(&mut out, scalar, 0);
            out.push('\n');
        }
    }
    out
}

fn write_members(out: &mut String, members: &Map<String, Value>, indent: usize) {
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        write_key(out, key, indent);
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push('\n');
                pad(out, indent + 2);
                write_members(out, members, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                pad(out, indent);
                write_items(out, items, indent);
            }
            scalar => {
                out.push(' ');
                write_scalar(out, scalar, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn write_items(out: &mut String, items: &[Value], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Object(members) if !members.is_empty() => {
                write_members(out, members, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => write_items(out, items, indent + 2),
            scalar => {
                write_scalar(out, scalar, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A key. One that is longer than a kilobyte needs a `?` before it (YAML 1.2.2, section 8.2.2).
fn write_key(out: &mut String, key: &str, indent: usize) {
    if key.len() > 250 {
        out.push_str("? ");
        write_quoted(out, key);
        out.push('\n');
        pad(out, indent);
        out.push(':');
        return;
    }
    if is_plain(key) {
        out.push_str(key);
    } else {
        write_quoted(out, key);
    }
    out.push(':');
}

fn write_scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(text) if is_plain(text) => out.push_str(text),
        Value::String(text) if is_block(text) => write_block(out, text, indent),
        Value::String(text) => write_quoted(out, text),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

/// Whether a text can stand without quotes: only letters that mean nothing at their place, and not
/// taken for anything but a text.
fn is_plain(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "_-./+*$()%@=,".contains(c);
    let first = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/' | '$' | '(');
    let fits = text.chars().next().is_some_and(first)
        && text.split(' ').all(|word| !word.is_empty() && word.chars().all(inside))
        && text.len() <= 250;
    fits && !is_boolean_elsewhere(text) && matches!(scalar::resolve(text), Content::Text(_))
}

/// What some reader of YAML 1.1 takes for a boolean (<https://yaml.org/type/bool.html>), in any
/// case of its letters.
fn is_boolean_elsewhere(text: &str) -> bool {
    let words = ["y", "n", "yes", "no", "on", "off"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a text of several lines can stand as it is after a `|`.
fn is_block(text: &str) -> bool {
    let printable = |c: char| c == '\n' || c == '\t' || (' '..='~').contains(&c);
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with("\n\n")
        && text.chars().all(printable)
        && !text.lines().any(|line| line.ends_with([' ', '\t']))
        && !text.lines().any(|line| line.starts_with('\t'))
}

fn write_block(out: &mut String, text: &str, indent: usize) {
    out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
    for line in text.lines() {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
}

/// Between double quotes, by the escapes of JSON, which YAML has as well.
fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => write_escaped(out, u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_escaped(out: &mut String, code: u32) {
    let escaped = match code {
        0..=0xFF => format!("\\x{code:02X}"),
        0x100..=0xFFFF => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    };
    out.push_str(&escaped);
}

/// Control characters, other line breaks, byte order marks and what is no character at all.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{load::load, report::Reports};

    /// The same value, read back by our own reader.
    fn again(text: &str) -> Option<Value> {
        let reports = Reports::new("test", text);
        let documents = load(&reports, text);
        assert_eq!(reports.into_problems(), None, "{text}");
        match documents.as_slice() {
            [only] => Some(only.to_json()),
            _ => None,
        }
    }

    fn check(value: &Value, expect: &str) {
        let text = to_yaml(value);
        assert_eq!(text, expect);
        assert_eq!(again(&text).as_ref(), Some(value), "{text}");
    }

    #[test]
    fn manifests_are_written_in_block_style() {
        check(
            &json!({"kind": "Rollout", "spec": {"replicas": 3, "paused": false, "args": [], "more": {},
                "steps": [{"setWeight": 5}, {"pause": {"duration": "30s"}}, [1, [2.5, null]]]}}),
            "kind: Rollout\nspec:\n  args: []\n  more: {}\n  paused: false\n  replicas: 3\n  steps:\n  \
             - setWeight: 5\n  - pause:\n      duration: \"30s\"\n  - - 1\n    - - 2.5\n      - null\n",
        );
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_quoted() {
        check(
            &json!([
                "yes", "010", "1e3", "", "~", "- a", "a: b", "a #b", "null", "No", "<<", "a b",
                "x\ny\n", "x\ny"
            ]),
            "- \"yes\"\n- \"010\"\n- \"1e3\"\n- \"\"\n- \"~\"\n- \"- a\"\n- \"a: b\"\n- \"a #b\"\n- \"null\"\n\
             - \"No\"\n- \"<<\"\n- a b\n- |\n  x\n  y\n- |-\n  x\n  y\n",
        );
        check(&json!({"yes": "\u{7}\u{85}\u{2028}é😀"}), "\"yes\": \"\\x07\\x85\\u2028é😀\"\n");
        check(&json!("plain"), "plain\n");
        check(&json!({}), "{}\n");
    }

    fn values() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[a-z0-9:#\\- \n\t'\"&*!|>%@`{}\\[\\],?~<=.]{0,12}",
            "[yYnNoOfFtTrRuUeEsS.0-9x_]{0,5}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(
                    "[a-zA-Z0-9./:\\- #\n]{0,8}|.{0,4}|[a-z]{300}",
                    inner,
                    0..6
                )
                .prop_map(|map| Value::Object(
                    map.into_iter().filter(|(key, _)| key != "<<").collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(value in values()) {
            let text = to_yaml(&value);
            prop_assert_eq!(again(&text), Some(value), "{}", text);
        }
    }
}

use serde_json::Value;

use crate::{
    Problems,
    load::load,
    node::Node,
    report::{Complaint, Reports},
    walk::Spot,
};

/// Any YAML document as JSON, such as what is written in an entry of a `ConfigMap`. `file_name` is for the problems
/// only. A text of nothing but comments is null.
pub fn read_yaml(file_name: &str, text: &str) -> Result<Value, Problems> {
    let reports = Reports::new(file_name, text);
    let documents = load(&reports, text);
    if let [_, second, ..] = documents.as_slice() {
        let complaint = Complaint::new("found several documents");
        Spot::root(&reports, second).complain(complaint.allow("one"));
    }
    let value = documents.first().map(Node::to_json).unwrap_or_default();
    match reports.into_problems() {
        Some(problems) => Err(problems),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_as_json() {
        let read = |text: &str| {
            read_yaml("x", text).map(|value| value.to_string()).map_err(|it| it.to_string())
        };
        assert_eq!(
            read("- send: [a]\n  when: x == 'y'\n").unwrap(),
            r#"[{"send":["a"],"when":"x == 'y'"}]"#
        );
        assert_eq!(read("{\"token\": \"abc\"}").unwrap(), r#"{"token":"abc"}"#);
        assert_eq!(read("# nothing").unwrap(), "null");
        assert!(read("a: [").unwrap_err().starts_with("x:"));
        assert!(read("a\n---\nb\n").is_err());
    }
}

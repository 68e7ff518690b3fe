//! What the text itself may look like.

use tidegate_manifest::{Document, read};

const SMALL: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  strategy: {canary: {}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
";

fn documents(text: &str) -> Vec<Document> {
    read("web.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn anchors_and_merge_keys_are_filled_in() {
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: a, labels: &one {x: one, w: one}, annotations: {<<: [{w: two, z: two}, *one], z: mine}}
data: {text: &text block, b: *text}
";
    let document = documents(text).remove(0);
    assert_eq!(
        document.manifest["metadata"]["annotations"],
        serde_json::json!({"x": "one", "w": "two", "z": "mine"})
    );
    let data = serde_json::json!({"text": "block", "b": "block"});
    assert_eq!(document.manifest["data"], data);
}

#[test]
fn line_endings_byte_order_marks_and_empty_documents_do_not_matter() {
    let text = format!("\u{feff}---\n# nothing\n---\n{SMALL}---\n...\n---\n~\n");
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let documents = documents(&text);
        assert_eq!((documents.len(), documents[0].line), (1, 4));
    }
}

#[test]
fn json_is_yaml() {
    let text = serde_json::to_string_pretty(&documents(SMALL)[0].manifest).unwrap();
    assert_eq!(documents(&text)[0].resource, documents(SMALL)[0].resource);
}

use std::collections::BTreeSet;

use utoipa::openapi::HttpMethod;

use super::{described, openapi, operation::ambiguous};
use crate::door::TABLE;

/// A method at an address, with what an action is called left open.
fn general(method: &str, path: &str) -> (String, String) {
    let is_action = method == "POST" && path.starts_with("/v1/namespaces/");
    let path = match path.rsplit_once('/') {
        Some((before, _)) if is_action => format!("{before}/{{action}}"),
        _ => path.to_owned(),
    };
    (method.to_owned(), path)
}

#[test]
fn every_address_is_described_and_nothing_else() {
    let word = |method: &HttpMethod| match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Put => "PUT",
        _ => panic!("an operation has a method that no address has"),
    };
    let told: BTreeSet<_> =
        described().iter().map(|one| general(word(&one.method), &one.path)).collect();
    let rows: BTreeSet<_> =
        TABLE.iter().map(|(method, path, _)| general(method.as_str(), path)).collect();
    let untold: Vec<_> = rows.difference(&told).collect();
    assert!(untold.is_empty(), "these are not described: {untold:#?}");
    let unknown: Vec<_> = told.difference(&rows).collect();
    assert!(unknown.is_empty(), "these are described and not there: {unknown:#?}");
}

#[test]
fn every_action_that_a_rollout_knows_is_described() {
    let text = openapi().to_json().unwrap();
    for verb in [
        "promote",
        "promote-full",
        "pause",
        "resume",
        "abort",
        "retry",
        "undo",
        "restart",
        "override",
        "set-image",
    ] {
        assert!(text.contains(&format!("rollouts/{{name}}/{verb}\"")), "{verb}");
    }
}

#[test]
fn a_name_stands_for_one_schema_and_every_reference_for_one_that_is_there() {
    let all = described();
    assert_eq!(ambiguous(&all), Vec::<String>::new());
    let document = serde_json::to_value(openapi()).unwrap();
    let known = document["components"]["schemas"].as_object().unwrap();
    assert!(known.len() > 80, "{}", known.len());
    let text = document.to_string();
    for piece in text.split("#/components/schemas/").skip(1) {
        let name = piece.split('"').next().unwrap();
        assert!(known.contains_key(name), "{name} is referred to and not there");
    }
    let ids: Vec<_> = all.iter().filter_map(|one| one.operation.operation_id.clone()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert_eq!(document["openapi"], "3.1.0");
}

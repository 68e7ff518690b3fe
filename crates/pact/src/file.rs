//! The file as a whole.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tidegate_contract::Pact;

use crate::{
    error::{PactError, Problem},
    interaction,
    locate::locate,
    node::{Node, Problems},
};

/// The longest file: bodies of some megabytes are in some contracts, as base64.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Interactions of one contract; the largest known have some hundreds, and each is a request to a provider.
pub const MOST_INTERACTIONS: usize = 10_000;

const KNOWN: [&str; 9] = [
    "consumer",
    "provider",
    "interactions",
    "messages",
    "metadata",
    "metaData",
    "_links",
    "createdAt",
    "_id",
];

/// Reads a contract; `file` is what problems call it.
///
/// # Errors
/// All that is wrong, with the places.
pub fn read(file: &str, bytes: &[u8]) -> Result<Pact, PactError> {
    let fail = |problems| Err(PactError { file: file.to_owned(), problems });
    let problem = |line, column, message: String| {
        vec![Problem { line, column, pointer: String::new(), message }]
    };
    if bytes.len() > MOST_BYTES {
        return fail(problem(1, 1, format!("the file is longer than {} MiB", MOST_BYTES >> 20)));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return fail(problem(1, 1, "the file is not UTF-8".to_owned()));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(wrong) => {
            let message = format!("this is no JSON: {wrong}");
            return fail(problem(wrong.line(), wrong.column().max(1), message));
        }
    };
    let mut problems = Problems::default();
    let pact = pact(&Node::root(&value), &mut problems);
    if problems.0.is_empty() {
        return Ok(pact);
    }
    let mut placed: Vec<_> = problems.0.into_iter().map(|it| placed(text, it)).collect();
    placed.sort();
    fail(placed)
}

fn placed(text: &str, (pointer, message): (String, String)) -> Problem {
    let (line, column) = locate(text, &pointer);
    Problem { line, column, pointer, message }
}

fn pact(root: &Node<'_>, problems: &mut Problems) -> Pact {
    root.only("a contract", &KNOWN, problems);
    let specification = specification(root);
    let known = ["1", "1.0", "1.1", "2", "3", "4"];
    if !known.iter().any(|known| specification == *known) {
        let node = root.first(&["metadata", "metaData"]).unwrap_or_else(|| root.clone());
        let message =
            format!("version {specification} of the Pact specification is not known; 1 to 4 are");
        problems.add(&node, message);
    }
    plugins(root, problems);
    let mut interactions = Vec::new();
    for (key, is_message) in [("interactions", false), ("messages", true)] {
        let Some(node) = root.get(key) else { continue };
        let items = node.items(problems);
        if items.len() > MOST_INTERACTIONS {
            problems.add(&node, format!("there are more than {MOST_INTERACTIONS}"));
            continue;
        }
        let is_v4 = specification == "4";
        interactions.extend(
            items.iter().filter_map(|item| interaction::read(item, is_v4, is_message, problems)),
        );
    }
    if root.first(&["interactions", "messages"]).is_none() {
        problems.add(root, "a contract has \"interactions\" or \"messages\"");
    }
    Pact {
        consumer: name(root, "consumer", problems),
        provider: name(root, "provider", problems),
        specification,
        interactions,
    }
}

fn name(root: &Node<'_>, key: &str, problems: &mut Problems) -> String {
    if let Some(node) = root.get(key) {
        return node.text_at("name", problems);
    }
    problems.add(root, format!("{key:?} is missing"));
    String::new()
}

/// The version of the specification, as the many libraries write it; 3 where none does, as verifiers take it.
fn specification(root: &Node<'_>) -> String {
    let metadata = root.first(&["metadata", "metaData"]);
    let told = metadata.and_then(|metadata| {
        let nested = metadata.first(&["pactSpecification", "pact-specification"]);
        nested
            .and_then(|node| node.get("version"))
            .or_else(|| metadata.first(&["pactSpecificationVersion", "pact-specification-version"]))
    });
    let Some(told) = told else { return "3".to_owned() };
    let text = told.loose_text();
    match text.split('.').next() {
        Some(major @ ("2" | "3" | "4")) => major.to_owned(),
        _ if text.starts_with("1.1") => "1.1".to_owned(),
        _ if text.starts_with('1') => "1".to_owned(),
        _ => text,
    }
}

fn plugins(root: &Node<'_>, problems: &mut Problems) {
    let plugins = root.get("metadata").and_then(|metadata| metadata.get("plugins"));
    let Some(plugins) = plugins else { return };
    for plugin in plugins.items(problems) {
        let name = plugin.get("name").map_or_else(|| "?".to_owned(), |name| name.loose_text());
        let message =
            format!("the contract needs the plugin {name:?}, and no plugins are run here");
        problems.add(&plugin, message);
    }
}

/// The hash of what a contract says, whoever wrote it down and however: its interactions as canonical JSON.
///
/// # Errors
/// When it is no JSON.
pub fn content_hash(bytes: &[u8]) -> Result<String, serde_json::Error> {
    let value: Value = serde_json::from_slice(bytes)?;
    let told = ["interactions", "messages"].map(|key| value.get(key).cloned().unwrap_or_default());
    let text = tidegate_ledger::canonical(&Value::Array(told.into()));
    let mut hash = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hash, "{byte:02x}");
    }
    Ok(hash)
}

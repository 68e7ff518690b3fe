//! `metadata.generateName`: a beginning, from which an API server makes a name that nothing has yet.
//!
//! Here the letters follow from what the object says: to apply the same file twice leaves one object
//! as it is, and another content is another object.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::{
    node::{Content, Entry, Node},
    walk::Spot,
};

/// The letters that Kubernetes draws from: with no vowels they spell no words.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// How many of them, as in Kubernetes.
const SUFFIX: usize = 5;

/// Kubernetes cuts what is longer, so that the whole fits into a label.
const LONGEST_BASE: usize = 63 - SUFFIX;

/// The object with a name in its metadata, where it has a `generateName` in place of one.
pub(crate) fn named(root: &Spot<'_>) -> Option<Node> {
    let meta = root.node.get("metadata")?;
    let says = |field| meta.get(field).and_then(Node::as_text).filter(|text| !text.is_empty());
    let base = says("generateName").filter(|_| says("name").is_none())?;
    let base: String = base.chars().take(LONGEST_BASE).collect();
    let name = format!("{base}{}", suffix(root.node));
    let place = meta.get("generateName")?.place;
    let mut object = root.node.clone();
    let meta = entries(&mut object)?.iter_mut().find(|entry| &*entry.key == "metadata")?;
    let fields = entries(&mut meta.value)?;
    fields.retain(|entry| &*entry.key != "name");
    let value = Node { place, content: Content::Text(Arc::from(name.as_str())) };
    fields.push(Entry { key: Arc::from("name"), key_place: place, value });
    root.note(format!("named {name}: the last letters follow from what the object says"));
    Some(object)
}

fn suffix(object: &Node) -> String {
    let digest = Sha256::digest(object.to_json().to_string().as_bytes());
    let mut rest = digest.iter().take(8).fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    let mut letter = || {
        let at = usize::try_from(rest % 27).unwrap_or(0);
        rest /= 27;
        LETTERS.get(at).copied().map_or('b', char::from)
    };
    (0..SUFFIX).map(|_| letter()).collect()
}

fn entries(node: &mut Node) -> Option<&mut Vec<Entry>> {
    match &mut node.content {
        Content::Map(entries) => Some(entries),
        _ => None,
    }
}

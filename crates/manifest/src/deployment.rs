//! `apps/v1` Deployment: kept as it is written, for Rollouts that take its pod template.

use tidegate_resource::Deployment;

use crate::{
    change::{self, CHANGE},
    fields::rollout::DEPLOYMENT,
    meta,
    names::SUBDOMAIN,
    node::{Content, Entry, Node},
    walk::Spot,
};

/// Whether an object can be a Deployment that a Rollout refers to. Others are left alone, like all
/// that nobody refers to.
pub(crate) fn is_whole(node: &Node) -> bool {
    let map = |field| node.get(field).is_some_and(|it| matches!(it.content, Content::Map(_)));
    let known = |entry: &Entry| DEPLOYMENT.field(&entry.key).is_some();
    let named = |field| node.get("metadata").and_then(|meta| meta.get(field)).is_some();
    let Content::Map(entries) = &node.content else { return false };
    entries.iter().all(known) && map("spec") && (named("name") || named("generateName"))
}

/// Reads a Deployment as far as it counts by itself: its template is read with the Rollout that
/// refers to it.
pub(crate) fn read(document: &Spot<'_>) -> Option<Deployment> {
    let object = document.fields(&DEPLOYMENT)?;
    let meta = meta::read(&object, SUBDOMAIN, &CHANGE);
    change::check(&meta.notes);
    let _ = object.need("spec")?;
    Some(Deployment { key: meta.key })
}

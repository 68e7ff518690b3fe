//! Whether what is stored can be read, and is what the ledger says.

use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_ledger::{Entry, canonical};
use tidegate_ports::{StoredObject, StoredText};
use tidegate_units::{Generation, ObjectKey};

use crate::{
    Kind,
    manifest_text::ManifestText,
    restore::{DocumentError, restore},
    stage::redacted,
    world::World,
};

/// Takes in a ledger, entry by entry, to be compared with the documents beside it.
///
/// What a ledger says of documents: which manifest was last applied to each resource that people
/// declare, what was taken away, and the generation of the last plan of each rollout. What else is
/// in them (how far a step is, what was measured) no entry says.
#[derive(Debug, Default)]
pub struct Agreement {
    said: BTreeMap<(Kind, ObjectKey), Said>,
}

/// The last that a ledger says of a resource.
#[derive(Debug, Default)]
struct Said {
    /// In which entry.
    sequence: u64,
    /// The manifest that was applied, as it is written; none once it was taken away.
    manifest: Option<String>,
    generation: Generation,
}

impl Agreement {
    /// Takes in the next entry.
    pub fn see(&mut self, entry: &Entry) {
        let Ok(kind) = entry.draft.subject.kind.parse::<Kind>() else { return };
        if !is_said(kind) {
            return;
        }
        let (what, detail) = (entry.draft.what.as_str(), &entry.draft.detail);
        let id = (kind, entry.draft.subject.key.clone());
        if let Some(manifest) = detail.get("manifest") {
            let said = self.said.entry(id).or_default();
            (said.sequence, said.manifest) = (entry.sequence, Some(canonical(manifest)));
        } else if what == "Gone" || what == "Deleted" && kind != Kind::Rollout {
            self.said.remove(&id);
        } else if let Some(generation) = detail.get("generation").and_then(Value::as_u64)
            && let Some(said) = self.said.get_mut(&id)
        {
            (said.sequence, said.generation) = (entry.sequence, Generation(generation));
        }
    }

    /// Where the documents are not what was said, a sentence for each resource; none when they agree.
    ///
    /// Errors: the first document that a server could not start from.
    pub fn with(&self, documents: Vec<StoredObject>) -> Result<Vec<String>, DocumentError> {
        let world = restore(&documents.into_iter().map(StoredText::from).collect::<Vec<_>>())?;
        let mut kept = kept(&world);
        let mut differing = Vec::new();
        for ((kind, key), said) in &self.said {
            match kept.remove(&(*kind, key.clone())) {
                None => differing.push(format!(
                    "{kind} {key} is not there, but entry {} speaks of it",
                    said.sequence
                )),
                Some(found) if said.manifest.as_ref() != Some(&found.manifest) => {
                    differing.push(format!("{kind} {key} is not what was applied to it last"));
                }
                Some(found) if found.generation < said.generation => differing.push(format!(
                    "{kind} {key} has generation {}, but entry {} says {}",
                    found.generation, said.sequence, said.generation
                )),
                Some(_) => {}
            }
        }
        let untold = kept.keys();
        differing.extend(untold.map(|(kind, key)| format!("no entry speaks of {kind} {key}")));
        Ok(differing)
    }
}

/// Whether each change of such a manifest is an entry with the manifest. Those of experiments and of
/// analysis runs are changed also when they are ended.
const fn is_said(kind: Kind) -> bool {
    !matches!(kind, Kind::Experiment | Kind::AnalysisRun)
}

struct Kept {
    manifest: String,
    generation: Generation,
}

fn kept(world: &World) -> BTreeMap<(Kind, ObjectKey), Kept> {
    let mut kept = BTreeMap::new();
    let mut add = |kind, key: &ObjectKey, manifest: &ManifestText, generation| {
        let manifest = canonical(&redacted(kind, manifest.value()));
        kept.insert((kind, key.clone()), Kept { manifest, generation });
    };
    for (key, entry) in world.rollouts.iter() {
        add(Kind::Rollout, key, &entry.declared.manifest, entry.status.generation);
    }
    let none = Generation::default();
    for (key, one) in world.templates.iter() {
        add(Kind::AnalysisTemplate, key, &one.manifest, none);
    }
    for (key, one) in world.cluster_templates.iter() {
        add(Kind::ClusterAnalysisTemplate, key, &one.manifest, none);
    }
    for (key, one) in world.deployments.iter() {
        add(Kind::Deployment, key, &one.manifest, none);
    }
    for (key, one) in world.services.iter() {
        add(Kind::Service, key, &one.manifest, none);
    }
    for (key, one) in world.config_maps.iter() {
        add(Kind::ConfigMap, key, &one.manifest, none);
    }
    for (key, one) in world.secrets.iter() {
        add(Kind::Secret, key, &one.manifest, none);
    }
    kept
}

//! Nobody lets their own change through, whatever part of it is theirs.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;
use tidegate_analysis::{AnalysisTemplate, ArgSource, Provider, TemplateRef};
use tidegate_ledger::Actor;
use tidegate_rollout::{ArgValue, RolloutResource};
use tidegate_units::ObjectKey;
use tidegate_workload::PodTemplate;

use crate::{
    ControlPlane, Kind, Refused, Resource,
    authors::is_moving,
    index::Index,
    secrets::SHARED_NAMESPACE,
    world::{RolloutEntry, World},
};

/// What people changed of what a revision is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnChange {
    /// The rollout.
    pub key: ObjectKey,
    /// Who asks.
    pub author: String,
    /// What of it is theirs.
    pub changed: Vec<(Kind, ObjectKey)>,
    /// All who changed any of it, who asks among them.
    pub authors: BTreeSet<String>,
}

impl fmt::Display for OwnChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, author, changed, .. } = self;
        write!(f, "{author} made this change, so somebody else has to let it through: ")?;
        write!(f, "since Rollout {key} was last settled, they changed ")?;
        for (place, (kind, key)) in changed.iter().enumerate() {
            let joint = if place == 0 { "" } else { ", " };
            write!(f, "{joint}{kind} {key}")?;
        }
        Ok(())
    }
}

impl ControlPlane {
    /// Whether somebody may let through what is on its way in a rollout now. It is decided anew where it is carried out.
    ///
    /// # Errors
    /// [`Refused::OwnChange`] if any of it is theirs.
    pub fn may_approve(&self, key: &ObjectKey, who: &Actor) -> Result<(), Refused> {
        let snapshot = self.shared.snapshot();
        may_approve(&snapshot.world, &snapshot.index, key, who)
    }

    /// Whether somebody may make a resource so, as far as that is about letting their own change through. It is decided
    /// anew where it is carried out.
    ///
    /// # Errors
    /// [`Refused::OwnSteps`] if it changes how their own change is let through.
    pub fn may_apply(
        &self,
        resource: &Resource,
        manifest: &Value,
        who: &Actor,
    ) -> Result<(), Refused> {
        let Resource::Rollout(rollout) = resource else { return Ok(()) };
        let snapshot = self.shared.snapshot();
        may_apply(&snapshot.world, &snapshot.index, &rollout.key, manifest, who)
    }
}

/// Whoever has the data folder's token can do anything to it anyway; the controller goes by its rules.
const fn is_bound(who: &Actor) -> bool {
    matches!(who, Actor::User { .. } | Actor::ServiceAccount { .. })
}

/// Whether somebody may let through what is on its way in a rollout.
pub(crate) fn may_approve(
    world: &World,
    index: &Index,
    key: &ObjectKey,
    who: &Actor,
) -> Result<(), Refused> {
    let Some(entry) = world.rollouts.get(key).filter(|_| is_bound(who)) else { return Ok(()) };
    match own_change(world, index, entry, who) {
        Some(own) => Err(Refused::OwnChange(Box::new(own))),
        None => Ok(()),
    }
}

/// Whether a manifest leaves alone how a rollout is let through, or changes nothing else, while no change of theirs
/// is on its way.
pub(crate) fn may_apply(
    world: &World,
    index: &Index,
    key: &ObjectKey,
    manifest: &Value,
    who: &Actor,
) -> Result<(), Refused> {
    let Some(entry) = world.rollouts.get(key).filter(|_| is_bound(who)) else { return Ok(()) };
    let known = entry.declared.manifest.value();
    if gates(&known) == gates(manifest) {
        return Ok(());
    }
    let together = contents(&known) != contents(manifest);
    if together || own_change(world, index, entry, who).is_some() {
        let (key, author) = (key.clone(), who.name().to_owned());
        return Err(Refused::OwnSteps { key, author });
    }
    Ok(())
}

/// What of the change on its way is whose, if any of it is theirs.
fn own_change(
    world: &World,
    index: &Index,
    entry: &RolloutEntry,
    who: &Actor,
) -> Option<OwnChange> {
    let key = entry.key();
    let wanted = Some(&entry.declared.value.spec.revision);
    if !is_moving(&entry.status) && entry.status.current.as_ref() == wanted {
        return None;
    }
    let settled = world.authors.get(&(Kind::Rollout, key.clone()));
    let settled = settled.and_then(|known| known.settled_at);
    let (mut changed, mut authors) = (Vec::new(), BTreeSet::new());
    for place in made_of(world, index, entry) {
        let Some(known) = world.authors.get(&place) else { continue };
        if known.since(settled).any(|name| name == who.name()) {
            changed.push(place);
        }
        authors.extend(known.since(settled).map(str::to_owned));
    }
    let (key, author) = (key.clone(), who.name().to_owned());
    (!changed.is_empty()).then_some(OwnChange { key, author, changed, authors })
}

/// All that a rollout's wanted revision is made of, let through by and reached by.
fn made_of(world: &World, index: &Index, entry: &RolloutEntry) -> BTreeSet<(Kind, ObjectKey)> {
    let rollout = &entry.declared.value;
    let key = &rollout.key;
    let mut parts = Parts { world, key, found: BTreeSet::new() };
    parts.found.insert((Kind::Rollout, key.clone()));
    let manifest = entry.declared.manifest.value();
    let deployment = manifest.pointer("/spec/workloadRef/name").and_then(Value::as_str);
    parts.beside(Kind::Deployment, deployment);
    parts.found.extend(index.selection().services_of(key).map(|one| (Kind::Service, one.clone())));
    parts.beside(Kind::Service, services(rollout));
    parts.template(&rollout.template);
    for analysis in rollout.spec.analyses() {
        for (_, value) in &analysis.args {
            if let ArgValue::Secret { name, .. } = value {
                parts.beside(Kind::Secret, [name.as_str()]);
            }
        }
        for one in &analysis.templates {
            parts.analysis(&TemplateRef { name: one.name.clone(), cluster: one.cluster });
        }
    }
    parts.found
}

fn services(rollout: &RolloutResource) -> impl Iterator<Item = &str> {
    let named = [
        &rollout.stable_service,
        &rollout.canary_service,
        &rollout.active_service,
        &rollout.preview_service,
        &rollout.root_service,
    ];
    let turns = rollout.ping_pong.iter().flat_map(|both| [&both.ping, &both.pong]);
    named.into_iter().flatten().chain(turns).map(String::as_str)
}

struct Parts<'a> {
    world: &'a World,
    key: &'a ObjectKey,
    found: BTreeSet<(Kind, ObjectKey)>,
}

impl Parts<'_> {
    fn beside<'n>(&mut self, kind: Kind, names: impl IntoIterator<Item = &'n str>) {
        let places = names.into_iter().map(|name| (kind, self.key.sibling(name)));
        self.found.extend(places);
    }

    fn template(&mut self, template: &PodTemplate) {
        self.beside(Kind::ConfigMap, template.config_maps());
        self.beside(Kind::Secret, template.secrets());
    }

    /// A template and those that it names; each is looked at once, so that a circle ends.
    fn analysis(&mut self, wanted: &TemplateRef) {
        let world = self.world;
        let (place, declared) = if wanted.cluster {
            let place = ObjectKey::everywhere(&wanted.name);
            let declared = world.cluster_templates.get(&place);
            ((Kind::ClusterAnalysisTemplate, place), declared)
        } else {
            let place = self.key.sibling(&wanted.name);
            let declared = world.templates.get(&place);
            ((Kind::AnalysisTemplate, place), declared)
        };
        if self.found.insert(place)
            && let Some(declared) = declared
        {
            self.analysis_parts(&declared.value);
        }
    }

    fn analysis_parts(&mut self, template: &AnalysisTemplate) {
        for arg in &template.args {
            if let Some(ArgSource::Secret(secret)) = &arg.from {
                self.beside(Kind::Secret, [secret.secret.as_str()]);
            }
        }
        for metric in &template.metrics {
            match &metric.provider {
                Provider::Job(job) => self.template(&job.template),
                Provider::Query(query) => {
                    let Some(secret) = query.secret() else { continue };
                    self.beside(Kind::Secret, [secret.name]);
                    let shared = ObjectKey::new(SHARED_NAMESPACE, secret.name);
                    self.found.insert((Kind::Secret, shared));
                }
                _ => {}
            }
        }
        for named in &template.templates {
            self.analysis(named);
        }
    }
}

/// What a rollout runs, and how much of it.
const CONTENTS: [&str; 4] = ["template", "replicas", "workloadRef", "restartAt"];

/// All of a manifest that says how a change is let through: everything but what it runs.
fn gates(manifest: &Value) -> Value {
    let mut spec = manifest.get("spec").cloned().unwrap_or_default();
    if let Some(fields) = spec.as_object_mut() {
        for field in CONTENTS {
            fields.remove(field);
        }
    }
    let mut notes = manifest.pointer("/metadata/annotations").cloned().unwrap_or_default();
    if let Some(fields) = notes.as_object_mut() {
        // kubectl keeps a whole copy of what was applied here, and a change has a cause.
        fields.remove("kubectl.kubernetes.io/last-applied-configuration");
        fields.remove("kubernetes.io/change-cause");
    }
    serde_json::json!([spec, notes])
}

fn contents(manifest: &Value) -> Vec<Option<&Value>> {
    let spec = manifest.get("spec");
    CONTENTS.iter().map(|field| spec.and_then(|spec| spec.get(field))).collect()
}

//! What people ask of experiments.

use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_experiment::{ExperimentResource, ExperimentStatus};
use tidegate_ledger::Actor;
use tidegate_units::{ObjectKey, Owner};

use crate::{
    Kind, Outcome, Refused, document, experiment_entry::ExperimentEntry,
    manifest_text::ManifestText, stage::Stage, world::Declared,
};

impl Stage {
    pub(crate) fn apply_experiment(
        &mut self,
        mut experiment: ExperimentResource,
        manifest: ManifestText,
    ) -> Result<Outcome, Refused> {
        let key = experiment.key.clone();
        let known = self.world.experiments.get(&key).cloned();
        if let Some(entry) = &known {
            // It stays that of its step, whoever writes it.
            experiment.made_by.clone_from(&entry.declared.value.made_by);
            if entry.declared.manifest == manifest && entry.declared.value == experiment {
                return Ok(Outcome::Unchanged);
            }
            may_become(entry, &experiment)?;
        }
        let outcome = if known.is_some() { Outcome::Configured } else { Outcome::Created };
        let declared = Arc::new(Declared {
            created_at: known.as_ref().map_or(self.now(), |entry| entry.declared.created_at),
            changed_at: self.now(),
            manifest,
            value: experiment,
        });
        let entry = match known {
            Some(entry) => {
                let mut entry = ExperimentEntry::clone(&entry);
                entry.declare(declared);
                entry
            }
            None => ExperimentEntry::new(declared, self.first_status()),
        };
        self.write(document::put_experiment(&entry));
        self.world.experiments.insert(key, Arc::new(entry));
        Ok(outcome)
    }

    pub(crate) fn first_status(&self) -> ExperimentStatus {
        ExperimentStatus { generation: self.first_generation(), ..ExperimentStatus::default() }
    }

    /// Ends an experiment before its time.
    pub(crate) fn terminate(&mut self, key: &ObjectKey, who: &Actor) -> Result<(), Refused> {
        let kind = Kind::Experiment;
        let entry = self.world.experiments.get(key).filter(|entry| !entry.deleting);
        let entry = entry.ok_or_else(|| Refused::NotFound { kind, key: key.clone() })?;
        if entry.status.phase.is_completed() {
            return Err(Refused::Conflict {
                reason: format!("Experiment {key} has ended: {}", entry.status.phase),
                hint: None,
            });
        }
        self.end_experiment(key, who.clone());
        Ok(())
    }

    /// Has an experiment end, unless it was told so.
    pub(crate) fn end_experiment(&mut self, key: &ObjectKey, actor: Actor) {
        let open = |entry: &&Arc<ExperimentEntry>| !entry.declared.value.spec.terminate;
        let Some(entry) = self.world.experiments.get(key).filter(open) else { return };
        let mut entry = ExperimentEntry::clone(entry);
        let mut declared = Declared::clone(&entry.declared);
        declared.value.spec.terminate = true;
        declared.manifest = declared.manifest.with(|manifest| {
            if let Some(spec) = manifest.get_mut("spec").and_then(Value::as_object_mut) {
                spec.insert("terminate".to_owned(), Value::Bool(true));
            }
        });
        declared.changed_at = self.now();
        entry.declare(Arc::new(declared));
        self.write(document::put_experiment(&entry));
        self.world.experiments.insert(key.clone(), Arc::new(entry));
        self.dirty.insert(Owner::experiment(key));
        self.note(actor, Kind::Experiment.as_str(), key, "Terminated", json!({}));
    }

    pub(crate) fn begin_experiment_delete(
        &mut self,
        key: &ObjectKey,
        who: &Actor,
    ) -> Result<(), Refused> {
        if !self.world.experiments.contains_key(key) {
            return Err(Refused::NotFound { kind: Kind::Experiment, key: key.clone() });
        }
        self.forget_experiment(key, who.clone());
        Ok(())
    }

    /// Lets an experiment go, once its replicas are gone.
    pub(crate) fn forget_experiment(&mut self, key: &ObjectKey, actor: Actor) {
        let entry = self.world.experiments.get(key).filter(|entry| !entry.deleting);
        let Some(entry) = entry else { return };
        let mut entry = ExperimentEntry::clone(entry);
        entry.deleting = true;
        entry.latest.wake_at = None;
        entry.status.generation = entry.status.generation.next();
        self.write(document::put_experiment(&entry));
        self.write(document::put_experiment_status(&entry));
        self.dirty.extend(entry.rollout());
        self.world.experiments.insert(key.clone(), Arc::new(entry));
        self.readdress();
        self.dirty.insert(Owner::experiment(key));
        self.note(actor, Kind::Experiment.as_str(), key, "Deleted", json!({}));
    }
}

/// What an experiment has begun with cannot become something else under it; how many, how long and
/// whether to end may change.
fn may_become(entry: &ExperimentEntry, next: &ExperimentResource) -> Result<(), Refused> {
    let key = entry.key();
    let conflict =
        |reason: String, hint: &str| Err(Refused::Conflict { reason, hint: Some(hint.to_owned()) });
    if entry.deleting {
        let reason = format!("Experiment {key} is being deleted");
        return conflict(reason, "apply it again once its replicas are gone");
    }
    let (now, then) = (&entry.declared.value.spec, &next.spec);
    let templates = |spec: &tidegate_experiment::ExperimentSpec| -> Vec<_> {
        let templates = spec.templates.iter();
        templates.map(|one| (one.name.clone(), one.revision.clone(), one.service.clone())).collect()
    };
    if templates(now) != templates(then) || now.analyses != then.analyses {
        let reason = format!("Experiment {key} is there with other templates or analyses");
        return conflict(reason, "delete it first, or give the new one another name");
    }
    if entry.status.phase.is_completed() {
        let reason = format!("Experiment {key} has ended: {}", entry.status.phase);
        return conflict(reason, "delete it first to run it again, or choose another name");
    }
    Ok(())
}

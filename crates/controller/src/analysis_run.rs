//! Analysis runs that people declare by themselves: kept, planned, ended, taken away in their time.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_analysis::{AnalysisRunResource, Resolved, RunPhase, RunSpec, RunStatus};
use tidegate_ledger::Actor;
use tidegate_units::{ObjectKey, Owner, RevisionHash, RunName, Timestamp};

use crate::{
    Kind, Outcome, Refused, document,
    field_path::field,
    manifest_text::ManifestText,
    runs::{Runs, earliest},
    secrets::secret_value,
    shared::Snapshot,
    sight::Sight,
    stage::Stage,
    world::{Declared, Run},
};

const KIND: Kind = Kind::AnalysisRun;

/// A declared run with what came of it.
#[derive(Clone)]
pub(crate) struct AnalysisRunEntry {
    pub(crate) declared: Arc<Declared<AnalysisRunResource>>,
    /// None before its first plan, then one.
    pub(crate) runs: Runs,
    pub(crate) wake_at: Option<Timestamp>,
}

/// All that is known of a declared run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AnalysisRunView {
    /// Where it is found.
    pub key: ObjectKey,
    /// What came of it so far.
    pub status: RunStatus,
}

impl AnalysisRunEntry {
    pub(crate) fn new(declared: Arc<Declared<AnalysisRunResource>>) -> Self {
        Self { declared, runs: Runs::new(), wake_at: None }
    }

    pub(crate) fn key(&self) -> &ObjectKey {
        &self.declared.value.template.key
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner::analysis_run(self.key())
    }

    pub(crate) fn newest(&self) -> Timestamp {
        let runs = self.runs.values().filter_map(|run| run.newest());
        runs.chain([self.declared.changed_at]).max().unwrap_or_default()
    }

    fn run(&self) -> Option<&Run> {
        self.runs.values().next().map(|run| &**run)
    }

    fn phase(&self) -> RunPhase {
        self.run().map(|run| run.status.phase).unwrap_or_default()
    }

    /// When it is taken away.
    fn expires_at(&self) -> Option<Timestamp> {
        let ended = self.run()?.status.completed_at?;
        Some(ended.after(self.declared.value.ttl.after(self.phase())?))
    }
}

impl Stage {
    pub(crate) fn apply_analysis_run(
        &mut self,
        value: AnalysisRunResource,
        manifest: ManifestText,
    ) -> Result<Outcome, Refused> {
        let key = value.template.key.clone();
        let known = self.world.analysis_runs.get(&key).cloned();
        if let Some(entry) = &known {
            if entry.declared.manifest == manifest && entry.declared.value == value {
                return Ok(Outcome::Unchanged);
            }
            may_become(entry, &value)?;
            // One that has ended, maybe because somebody asked for it, has nothing left to end.
            let ended = entry.phase().is_completed();
            if ended
                && (value.ttl, &value.labels)
                    == (entry.declared.value.ttl, &entry.declared.value.labels)
            {
                return Ok(Outcome::Unchanged);
            }
        }
        let outcome = if known.is_some() { Outcome::Configured } else { Outcome::Created };
        let declared = Arc::new(Declared {
            created_at: known.as_ref().map_or(self.now(), |entry| entry.declared.created_at),
            changed_at: self.now(),
            manifest,
            value,
        });
        let entry = match known {
            Some(entry) => AnalysisRunEntry { declared, ..AnalysisRunEntry::clone(&entry) },
            None => AnalysisRunEntry::new(declared),
        };
        self.write(document::put_analysis_run(&entry));
        self.world.analysis_runs.insert(key, Arc::new(entry));
        Ok(outcome)
    }

    /// Ends a declared run before its time.
    pub(crate) fn terminate_run(&mut self, key: &ObjectKey, who: &Actor) -> Result<(), Refused> {
        let entry = self.world.analysis_runs.get(key);
        let entry = entry.ok_or_else(|| Refused::NotFound { kind: KIND, key: key.clone() })?;
        if entry.phase().is_completed() {
            let reason = format!("AnalysisRun {key} has ended: {}", entry.phase());
            return Err(Refused::Conflict { reason, hint: None });
        }
        let mut entry = AnalysisRunEntry::clone(entry);
        let mut declared = Declared::clone(&entry.declared);
        declared.value.terminate = true;
        declared.changed_at = self.now();
        declared.manifest = declared.manifest.with(|manifest| {
            if let Some(spec) = manifest.get_mut("spec").and_then(Value::as_object_mut) {
                spec.insert("terminate".to_owned(), Value::Bool(true));
            }
        });
        entry.declared = Arc::new(declared);
        self.write(document::put_analysis_run(&entry));
        self.world.analysis_runs.insert(key.clone(), Arc::new(entry));
        self.dirty.insert(Owner::analysis_run(key));
        self.note(who.clone(), KIND.as_str(), key, "Terminated", json!({}));
        Ok(())
    }

    /// Takes a declared run away; what it asked is answered to nobody.
    pub(crate) fn delete_analysis_run(&mut self, key: &ObjectKey) -> bool {
        let Some(entry) = self.world.analysis_runs.remove(key) else { return false };
        for write in document::delete_analysis_run(&entry) {
            self.write(write);
        }
        true
    }

    /// Plans a declared run against what is seen.
    pub(crate) fn plan_analysis_run(&mut self, key: &ObjectKey, sight: &Sight) {
        let Some(entry) = self.world.analysis_runs.get(key) else { return };
        let mut entry = AnalysisRunEntry::clone(entry);
        if entry.runs.is_empty() {
            let begun = self.begin_own(&entry);
            self.keep_begun(&mut entry.runs, &begun, sight);
            entry.wake_at = Some(self.now());
            self.world.analysis_runs.insert(key.clone(), Arc::new(entry));
            return;
        }
        let wake_at = self.plan_runs(&entry.owner(), &mut entry.runs, sight);
        if entry.declared.value.terminate {
            let open: Vec<RunName> = entry.runs.keys().cloned().collect();
            for name in &open {
                self.stop_run(&mut entry.runs, name, sight);
            }
        }
        let expires_at = entry.expires_at();
        if expires_at.is_some_and(|at| at <= self.now()) {
            self.delete_analysis_run(key);
            self.note(Actor::Controller, KIND.as_str(), key, "Expired", json!({}));
            return;
        }
        entry.wake_at = earliest(wake_at, expires_at);
        self.world.analysis_runs.insert(key.clone(), Arc::new(entry));
    }

    fn begin_own(&self, entry: &AnalysisRunEntry) -> Run {
        let now = self.now();
        let (key, value) = (entry.key(), &entry.declared.value);
        let resolved = self.resolve_own(entry);
        let status = match &resolved {
            Ok(_) => RunStatus::default(),
            Err(problem) => RunStatus {
                phase: RunPhase::Error,
                message: problem.clone(),
                started_at: Some(now),
                completed_at: Some(now),
                ..RunStatus::default()
            },
        };
        let Resolved { metrics, secrets } = resolved.unwrap_or_default();
        let spec = RunSpec {
            // One that is deleted and declared anew must not be taken for the first.
            name: format!("{}-{}", key.name, now.as_millis()).as_str().into(),
            owner: entry.owner(),
            canary: RevisionHash::from(""),
            stable: RevisionHash::from(""),
            metrics,
            terminate: value.terminate,
            secrets,
            labels: value.labels.clone(),
            annotations: BTreeMap::new(),
            overrides: BTreeMap::new(),
        };
        Run { kind: None, created_at: now, spec: spec.into(), status, saved_at: now }
    }

    fn resolve_own(&self, entry: &AnalysisRunEntry) -> Result<Resolved, String> {
        let (key, declared) = (entry.key(), &entry.declared);
        let own_field = |path: &str| field(key, &declared.manifest.value(), path);
        let resolved = declared.value.resolve(&own_field).map_err(|problem| problem.to_string())?;
        for (name, secret) in &resolved.secrets {
            secret_value(&self.world, key, secret)
                .map_err(|problem| format!("argument {name}: {problem}"))?;
        }
        Ok(resolved)
    }
}

/// What a run measures cannot become something else under it; whether it ends, and how long it is
/// kept, may.
fn may_become(entry: &AnalysisRunEntry, next: &AnalysisRunResource) -> Result<(), Refused> {
    if entry.declared.value.template != next.template {
        let key = entry.key();
        let hint = "delete it first, or give the new one another name";
        return Err(Refused::Conflict {
            reason: format!("AnalysisRun {key} is there with other metrics or arguments"),
            hint: Some(hint.to_owned()),
        });
    }
    Ok(())
}

impl Snapshot {
    /// A declared run with what came of it.
    pub(crate) fn analysis_run(&self, key: &ObjectKey) -> Option<AnalysisRunView> {
        let entry = self.world.analysis_runs.get(key)?;
        let status = entry.run().map(|run| run.status.clone()).unwrap_or_default();
        Some(AnalysisRunView { key: key.clone(), status })
    }
}

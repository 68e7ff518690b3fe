//! Planning of one experiment within a tick: its runs, the experiment itself, and the checker.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tidegate_experiment::{Action, Analysis, ExperimentSpec, Plan, plan};
use tidegate_ledger::Actor;
use tidegate_units::{ObjectKey, RevisionHash, RunName};

use crate::{
    Kind,
    act::Scale,
    document,
    experiment_entry::ExperimentEntry,
    planning::REPEAT_AFTER,
    run_start::{Beginning, MustEnd},
    runs::earliest,
    sight::Sight,
    stage::{Stage, tagged},
    world::Run,
};

const EXPERIMENT: &str = Kind::Experiment.as_str();

impl Stage {
    /// Plans an experiment and its runs against what is seen.
    pub(crate) fn plan_experiment(&mut self, key: &ObjectKey, sight: &Sight) {
        let Some(entry) = self.world.experiments.get(key) else { return };
        let mut entry = ExperimentEntry::clone(entry);
        if entry.deleting {
            self.plan_experiment_delete(entry, sight);
            return;
        }
        let runs_wake = self.plan_runs(&entry.owner(), &mut entry.runs, sight);
        let mut seen = sight.for_experiment(&entry, self.now());
        if entry.status.available_at.is_none() {
            seen.refused = self.world.refused_services(&entry);
            seen.unusable = self.unusable(&entry);
        }
        let spec = &entry.declared.value.spec;
        let made = plan(spec, &entry.status, &seen, self.now());
        let checked =
            tidegate_checker::check_experiment(spec, &entry.status, &seen, &made, self.now());
        if let Err(violations) = checked {
            self.refuse_experiment(entry, violations.iter().map(ToString::to_string).collect());
            return;
        }
        let repeat = (!made.actions.is_empty()).then(|| self.now().after(REPEAT_AFTER));
        self.take_experiment(&mut entry, &made, sight);
        entry.latest.wake_at = earliest(earliest(runs_wake, made.wake_at), repeat);
        self.keep_experiment(entry);
    }

    /// Analyses whose templates are not there.
    fn unusable(&self, entry: &ExperimentEntry) -> BTreeMap<String, String> {
        let spec = &entry.declared.value.spec;
        let missing = |analysis: &Analysis| {
            analysis.analysis.templates.iter().find_map(|named| {
                let (there, kind, key) = if named.cluster {
                    let key = ObjectKey::everywhere(&named.name);
                    let there = self.world.cluster_templates.contains_key(&key);
                    (there, Kind::ClusterAnalysisTemplate, named.name.clone())
                } else {
                    let key = entry.key().sibling(&named.name);
                    let there = self.world.templates.contains_key(&key);
                    (there, Kind::AnalysisTemplate, key.to_string())
                };
                (!there).then(|| {
                    format!(
                        "{kind} verification failed for analysis '{}': there is no {kind} {key}",
                        analysis.name
                    )
                })
            })
        };
        let analyses = spec.analyses.iter();
        analyses.filter_map(|one| Some((one.name.clone(), missing(one)?))).collect()
    }

    /// Takes a plan over: status, events and what it asks for.
    fn take_experiment(&mut self, entry: &mut ExperimentEntry, made: &Plan, sight: &Sight) {
        let status_moved = entry.status != made.status;
        entry.status = made.status.clone();
        for action in &made.actions {
            self.take_experiment_action(entry, action, sight);
        }
        for event in &made.events {
            let (what, mut detail) = tagged(event);
            if let Some(detail) = detail.as_object_mut() {
                detail.insert("generation".to_owned(), json!(made.status.generation));
            }
            self.note(Actor::Controller, EXPERIMENT, entry.key(), &what, detail);
        }
        if status_moved {
            self.dirty.extend(entry.rollout());
            self.write(document::put_experiment_status(entry));
        }
        if entry.latest.report != made.report {
            self.changed = true;
            entry.latest.report = made.report.clone();
        }
        entry.latest.violations.clear();
    }

    fn take_experiment_action(
        &mut self,
        entry: &mut ExperimentEntry,
        action: &Action,
        sight: &Sight,
    ) {
        match action {
            Action::StartRun { run, analysis } => {
                if !entry.runs.contains_key(run)
                    && let Some(begun) = self.begin_analysis(entry, run, analysis)
                {
                    self.keep_begun(&mut entry.runs, &begun, sight);
                }
            }
            Action::StopRun { run } => self.stop_run(&mut entry.runs, run, sight),
            Action::Scale { revision, replicas, generation } => self.scales.push(Scale {
                owner: entry.owner(),
                revision: revision.clone(),
                replicas: *replicas,
                restart_before: None,
                generation: *generation,
            }),
        }
    }

    fn begin_analysis(&self, entry: &ExperimentEntry, run: &RunName, name: &str) -> Option<Run> {
        let spec = &entry.declared.value.spec;
        let analysis = spec.analyses.iter().find(|one| one.name == name)?;
        let (stable, canary) = compared(spec)?;
        Some(self.begin(&Beginning {
            owner: entry.owner(),
            manifest: &entry.declared.manifest,
            name: run,
            kind: None,
            must_end: if analysis.required { MustEnd::Yes } else { MustEnd::No },
            analysis: Some(&analysis.analysis),
            shadow: None,
            holes: Some(holes(entry)),
            status: Value::Null,
            canary,
            stable,
        }))
    }

    /// A plan that breaks a rule of safety is not carried out: everything stays as it is.
    fn refuse_experiment(&mut self, mut entry: ExperimentEntry, violations: Vec<String>) {
        let key = entry.key().clone();
        tracing::error!(experiment = %key, ?violations, "a plan was refused by the checker");
        if entry.latest.violations != violations {
            let detail = json!({ "violations": violations });
            self.note(Actor::Controller, EXPERIMENT, &key, "PlanRefused", detail);
            self.changed = true;
        }
        entry.latest.violations = violations;
        entry.latest.wake_at = Some(self.now().after(Duration::from_secs(1)));
        self.world.experiments.insert(key, Arc::new(entry));
    }

    /// An experiment that is being deleted: no traffic, no replicas, then no experiment.
    fn plan_experiment_delete(&mut self, mut entry: ExperimentEntry, sight: &Sight) {
        let key = entry.key().clone();
        if sight.of(&entry.owner()).is_empty() && entry.latest.wake_at.is_some() {
            for write in document::delete_experiment(&entry) {
                self.write(write);
            }
            self.note(Actor::Controller, EXPERIMENT, &key, "Gone", json!({}));
            self.outlive(entry.status.generation);
            self.dirty.extend(entry.rollout());
            self.world.experiments.remove(&key);
            return;
        }
        let orders = entry.pods.keys().map(|revision| Scale {
            owner: entry.owner(),
            revision: revision.clone(),
            replicas: 0,
            restart_before: None,
            generation: entry.status.generation,
        });
        self.scales.extend(orders);
        entry.latest.wake_at = Some(self.now().after(REPEAT_AFTER));
        self.keep_experiment(entry);
    }

    /// Puts an experiment into the world; Services that were made for it come and go with it.
    fn keep_experiment(&mut self, entry: ExperimentEntry) {
        let key = entry.key().clone();
        let names = |stage: &Self| -> Vec<_> { stage.world.made_services().into_keys().collect() };
        let before = names(self);
        self.world.experiments.insert(key, Arc::new(entry));
        if before != names(self) {
            self.readdress();
        }
    }
}

/// What the router's measurements compare: the last template with the first.
fn compared(spec: &ExperimentSpec) -> Option<(&RevisionHash, &RevisionHash)> {
    let (first, last) = (spec.templates.first()?, spec.templates.last()?);
    Some((&first.revision, &last.revision))
}

/// What arguments may refer to, by Argo's names.
fn holes(entry: &ExperimentEntry) -> BTreeMap<String, String> {
    let spec = &entry.declared.value.spec;
    let key = entry.key();
    let mut holes = BTreeMap::from([
        ("experiment.name".to_owned(), key.name.to_string()),
        ("experiment.namespace".to_owned(), key.namespace.to_string()),
    ]);
    for template in &spec.templates {
        let name = &template.name;
        holes.insert(format!("templates.{name}.podTemplateHash"), template.revision.to_string());
        holes.insert(format!("templates.{name}.replicaset.name"), spec.set_name(name));
    }
    if let Some(at) = entry.status.available_at {
        holes.insert("experiment.availableAt".to_owned(), at.whole_seconds());
        if let Some(duration) = spec.duration {
            holes.insert("experiment.finishedAt".to_owned(), at.after(duration).whole_seconds());
        }
    }
    holes
}

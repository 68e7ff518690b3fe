//! The beginning of an analysis run: its templates are found and its arguments filled in.

use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_analysis::{
    AnalysisTemplate, Resolved, Retention, RunPhase, RunRequest, RunSpec, RunStatus, Surroundings,
    TemplateRef, default_watch_metrics, resolve_run,
};
use tidegate_rollout::{AnalysisUse, ArgValue, RunKind};
use tidegate_units::{ObjectKey, RevisionHash, RunName};

use crate::{
    field_path::field,
    secrets::secret_value,
    stage::Stage,
    world::{RolloutEntry, Run, World},
};

impl Stage {
    pub(crate) fn begin_run(
        &self,
        entry: &RolloutEntry,
        name: &RunName,
        kind: RunKind,
        analysis: Option<&AnalysisUse>,
        (canary, stable): (&RevisionHash, &RevisionHash),
    ) -> Run {
        let resolved = match analysis {
            None => Ok(Resolved { metrics: default_watch_metrics(), ..Resolved::default() }),
            Some(analysis) => self.resolve(entry, kind, analysis, (canary, stable)),
        };
        let status = match &resolved {
            Ok(_) => RunStatus::default(),
            Err(problem) => RunStatus {
                phase: RunPhase::Error,
                message: problem.clone(),
                started_at: Some(self.now()),
                completed_at: Some(self.now()),
                ..RunStatus::default()
            },
        };
        let Resolved { metrics, secrets } = resolved.unwrap_or_default();
        let spec = RunSpec {
            name: name.clone(),
            owner: entry.owner(),
            canary: canary.clone(),
            stable: stable.clone(),
            metrics,
            terminate: false,
            secrets,
            labels: analysis.map(|analysis| analysis.labels.clone()).unwrap_or_default(),
            annotations: analysis.map(|analysis| analysis.annotations.clone()).unwrap_or_default(),
        };
        let now = self.now();
        Run { kind, created_at: now, spec, status, saved_at: now }
    }

    /// The metrics that an analysis asks for, with its arguments filled in.
    fn resolve(
        &self,
        entry: &RolloutEntry,
        kind: RunKind,
        analysis: &AnalysisUse,
        (canary, stable): (&RevisionHash, &RevisionHash),
    ) -> Result<Resolved, String> {
        let around = Around { world: &self.world, entry };
        let request = RunRequest {
            templates: analysis
                .templates
                .iter()
                .map(|one| TemplateRef { name: one.name.clone(), cluster: one.cluster })
                .collect(),
            args: around.arguments(analysis, canary, stable)?,
            dry_run: analysis.dry_run.clone(),
            retention: analysis
                .retention
                .iter()
                .map(|(metric, limit)| Retention { metric: metric.clone(), limit: *limit })
                .collect(),
        };
        let resolved = resolve_run(&request, &around).map_err(|problem| problem.to_string())?;
        check_ends(kind, &resolved)?;
        for (name, key) in &resolved.secrets {
            secret_value(&self.world, entry.key(), key)
                .map_err(|problem| format!("argument {name}: {problem}"))?;
        }
        Ok(resolved)
    }
}

/// What a rollout waits for has to end by itself (a rule of Argo Rollouts). The judge ends when it
/// is asked to, by a count, or with the rollout.
fn check_ends(kind: RunKind, resolved: &Resolved) -> Result<(), String> {
    if matches!(kind, RunKind::Background | RunKind::Watch) {
        return Ok(());
    }
    let endless = |metric: &&tidegate_analysis::Metric| {
        metric.effective_count().is_none() && !metric.is_judge()
    };
    resolved.metrics.iter().find(endless).map_or(Ok(()), |metric| {
        let name = &metric.name;
        Err(format!("metric {name:?} has an interval and no count, so that it would never end: add count, or measure it beside the steps"))
    })
}

/// What the templates of a rollout's analysis can refer to.
struct Around<'a> {
    world: &'a World,
    entry: &'a RolloutEntry,
}

impl Around<'_> {
    fn arguments(
        &self,
        analysis: &AnalysisUse,
        canary: &RevisionHash,
        stable: &RevisionHash,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut args = BTreeMap::new();
        for (name, value) in &analysis.args {
            let value = match value {
                ArgValue::Literal(text) => text.clone(),
                ArgValue::StableHash => stable.to_string(),
                ArgValue::LatestHash => canary.to_string(),
                ArgValue::Field(path) => {
                    self.field(path).map_err(|problem| format!("argument {name}: {problem}"))?
                }
            };
            args.insert(name.clone(), value);
        }
        Ok(args)
    }

    fn manifest(&self) -> &Value {
        &self.entry.declared.manifest
    }
}

impl Surroundings for Around<'_> {
    fn template(&self, named: &TemplateRef) -> Option<&AnalysisTemplate> {
        let found = if named.cluster {
            self.world.cluster_templates.get(&ObjectKey::everywhere(&named.name))
        } else {
            self.world.templates.get(&self.entry.key().sibling(&named.name))
        };
        found.map(|found| &found.value)
    }

    fn field(&self, path: &str) -> Result<String, String> {
        field(self.entry.key(), self.manifest(), path)
    }
}

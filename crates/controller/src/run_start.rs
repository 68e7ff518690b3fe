//! The beginning of an analysis run: its templates are found and its arguments filled in.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use tidegate_analysis::{
    AnalysisTemplate, Metric, PluginQuery, PluginTask, Resolved, Retention, RunPhase, RunRequest,
    RunSpec, RunStatus, SecretKey, Surroundings, TemplateRef, default_watch_metrics, resolve_run,
    shadow_metrics,
};
use tidegate_rollout::{AnalysisUse, ArgValue, PluginUse, RunKind, Shadow, Step};
use tidegate_units::{ObjectKey, Owner, RevisionHash, RunName};

use crate::{
    decision::overridden,
    field_path::field,
    manifest_text::ManifestText,
    secrets::secret_value,
    stage::Stage,
    world::{RolloutEntry, Run, World},
};

/// A run that is to begin.
pub(crate) struct Beginning<'a> {
    pub(crate) owner: Owner,
    /// The owner as it was written, for arguments that are fields of it.
    pub(crate) manifest: &'a ManifestText,
    pub(crate) name: &'a RunName,
    /// What for, of a rollout.
    pub(crate) kind: Option<RunKind>,
    /// Whether anybody waits for its end, so that it has to have one.
    pub(crate) must_end: MustEnd,
    /// What is declared; none for the default analysis.
    pub(crate) analysis: Option<&'a AnalysisUse>,
    /// The comparison that is judged, where that is the analysis.
    pub(crate) shadow: Option<&'a Shadow>,
    /// What `{{NAME}}` in an argument stands for; none where that is an ordinary text.
    pub(crate) holes: Option<BTreeMap<String, String>>,
    /// What the program of a step last said, where that step is stopped or undone.
    pub(crate) status: Value,
    pub(crate) canary: &'a RevisionHash,
    pub(crate) stable: &'a RevisionHash,
}

/// Whether anybody waits for the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MustEnd {
    Yes,
    No,
}

impl Stage {
    pub(crate) fn begin_run(
        &self,
        entry: &RolloutEntry,
        name: &RunName,
        kind: RunKind,
        analysis: Option<&AnalysisUse>,
        (canary, stable): (&RevisionHash, &RevisionHash),
    ) -> Run {
        let endless = matches!(kind, RunKind::Background | RunKind::Watch);
        let mut run = self.begin(&Beginning {
            owner: entry.owner(),
            manifest: &entry.declared.manifest,
            name,
            kind: Some(kind),
            must_end: if endless { MustEnd::No } else { MustEnd::Yes },
            analysis,
            shadow: shadow(entry, kind),
            holes: None,
            status: step_status(entry, analysis),
            canary,
            stable,
        });
        Arc::make_mut(&mut run.spec).overrides = overridden(&entry.runs, canary);
        run
    }

    pub(crate) fn begin(&self, beginning: &Beginning<'_>) -> Run {
        let Beginning { owner, name, kind, analysis, canary, stable, .. } = beginning;
        let judged = beginning.shadow.and_then(|it| Some((it.duration?, it.least)));
        let resolved = match (analysis, judged) {
            (Some(AnalysisUse { plugin: Some(plugin), .. }), _) => {
                Ok(of_plugin(plugin, beginning.status.clone()))
            }
            (Some(analysis), _) => self.resolve(beginning, analysis),
            (None, Some((duration, least))) => {
                let metrics = shadow_metrics(duration, least);
                Ok(Resolved { metrics, ..Resolved::default() })
            }
            (None, None) => {
                Ok(Resolved { metrics: default_watch_metrics(), ..Resolved::default() })
            }
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
            name: RunName::clone(name),
            owner: owner.clone(),
            canary: RevisionHash::clone(canary),
            stable: RevisionHash::clone(stable),
            metrics,
            terminate: false,
            secrets,
            labels: analysis.map(|analysis| analysis.labels.clone()).unwrap_or_default(),
            annotations: analysis.map(|analysis| analysis.annotations.clone()).unwrap_or_default(),
            overrides: BTreeMap::new(),
        };
        let now = self.now();
        Run { kind: *kind, created_at: now, spec: spec.into(), status, saved_at: now }
    }

    /// The metrics that an analysis asks for, with its arguments filled in.
    fn resolve(
        &self,
        beginning: &Beginning<'_>,
        analysis: &AnalysisUse,
    ) -> Result<Resolved, String> {
        let key = beginning.owner.key();
        let around = Around { world: &self.world, beginning, key: &key };
        let (args, secrets) = around.arguments(analysis)?;
        let request = RunRequest {
            args,
            secrets,
            templates: analysis
                .templates
                .iter()
                .map(|one| TemplateRef { name: one.name.clone(), cluster: one.cluster })
                .collect(),
            dry_run: analysis.dry_run.clone(),
            retention: analysis
                .retention
                .iter()
                .map(|(metric, limit)| Retention { metric: metric.clone(), limit: *limit })
                .collect(),
        };
        let resolved = resolve_run(&request, &around).map_err(|problem| problem.to_string())?;
        check_ends(beginning.must_end, &resolved)?;
        for (name, key) in &resolved.secrets {
            secret_value(&self.world, around.key, key)
                .map_err(|problem| format!("argument {name}: {problem}"))?;
        }
        Ok(resolved)
    }
}

/// What takes a step by a program, or stops or undoes one: `status` is what it last said of it.
pub(crate) fn of_plugin(plugin: &PluginUse, status: Value) -> Resolved {
    let task = match plugin.task {
        tidegate_rollout::PluginTask::Run => PluginTask::Step,
        tidegate_rollout::PluginTask::Terminate => PluginTask::Terminate,
        tidegate_rollout::PluginTask::Abort => PluginTask::Abort,
    };
    let query = PluginQuery::new(&plugin.name, plugin.config.clone(), task);
    let of = plugin.of.as_ref().map(ToString::to_string);
    let query = PluginQuery { status, of, ..query };
    Resolved { metrics: vec![Metric::of_step(query)], ..Resolved::default() }
}

/// What a program said last of the step that it is to stop or undo.
fn step_status(entry: &RolloutEntry, analysis: Option<&AnalysisUse>) -> Value {
    let plugin = analysis.and_then(|analysis| analysis.plugin.as_ref());
    let run = plugin.and_then(|plugin| entry.runs.get(plugin.of.as_ref()?));
    let mut views = run.into_iter().flat_map(|run| run.status.metrics.values());
    let status = views.find_map(|view| view.measurements.last()?.step_status());
    status.unwrap_or_default()
}

/// The comparison that a run of a step judges, if that is what its step asks for.
fn shadow(entry: &RolloutEntry, kind: RunKind) -> Option<&Shadow> {
    let RunKind::Step(index) = kind else { return None };
    entry.declared.value.spec.canary().steps.get(index).and_then(Step::shadow)
}

/// What a rollout waits for has to end by itself (a rule of Argo Rollouts). The judge ends when it
/// is asked to, by a count, or with the rollout.
fn check_ends(must_end: MustEnd, resolved: &Resolved) -> Result<(), String> {
    if must_end == MustEnd::No {
        return Ok(());
    }
    let endless = |metric: &&Metric| metric.effective_count().is_none() && !metric.is_judge();
    resolved.metrics.iter().find(endless).map_or(Ok(()), |metric| {
        let name = &metric.name;
        Err(format!("metric {name:?} has an interval and no count, so that it would never end: add count, or measure it beside the steps"))
    })
}

/// Values that are given for arguments, and those that are entries of Secrets.
type Given = (BTreeMap<String, String>, BTreeMap<String, SecretKey>);

/// What the templates of a rollout's analysis can refer to.
struct Around<'a> {
    world: &'a World,
    beginning: &'a Beginning<'a>,
    key: &'a ObjectKey,
}

impl Around<'_> {
    /// What is given for the arguments of an analysis.
    fn arguments(&self, analysis: &AnalysisUse) -> Result<Given, String> {
        let (mut args, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in &analysis.args {
            let value = match value {
                ArgValue::Literal(text) => {
                    self.filled(text).map_err(|problem| format!("argument {name}: {problem}"))?
                }
                ArgValue::StableHash => self.beginning.stable.to_string(),
                ArgValue::LatestHash => self.beginning.canary.to_string(),
                ArgValue::Field(path) => {
                    self.field(path).map_err(|problem| format!("argument {name}: {problem}"))?
                }
                ArgValue::Secret { name: secret, key } => {
                    let key = SecretKey { secret: secret.clone(), key: key.clone() };
                    secrets.insert(name.clone(), key);
                    continue;
                }
            };
            args.insert(name.clone(), value);
        }
        Ok((args, secrets))
    }

    /// A text with what its `{{NAME}}` stand for.
    fn filled(&self, text: &str) -> Result<String, String> {
        let Some(holes) = &self.beginning.holes else { return Ok(text.to_owned()) };
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, (name, after))) = rest
            .split_once("{{")
            .and_then(|(before, inside)| Some((before, inside.split_once("}}")?)))
        {
            let value = holes.get(name.trim()).ok_or_else(|| {
                let known: Vec<&str> = holes.keys().map(String::as_str).collect();
                format!("{{{{{name}}}}} stands for nothing; there are {}", known.join(", "))
            })?;
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

impl Surroundings for Around<'_> {
    fn template(&self, named: &TemplateRef) -> Option<&AnalysisTemplate> {
        let found = if named.cluster {
            self.world.cluster_templates.get(&ObjectKey::everywhere(&named.name))
        } else {
            self.world.templates.get(&self.key.sibling(&named.name))
        };
        found.map(|found| &found.value)
    }

    fn field(&self, path: &str) -> Result<String, String> {
        field(self.key, &self.beginning.manifest.value(), path)
    }
}

//! What decisions on revisions need of a tick: what the replicas use, and rules that people override.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;
use tidegate_analysis::{DecisionSettings, Metric, Override, ReplicaUse};
use tidegate_ledger::Actor;
use tidegate_ports::{ReplicaSeen, ReplicaState};
use tidegate_units::{ObjectKey, Owner, RevisionHash};
use tidegate_workload::PodTemplate;

use crate::{
    Kind, Refused, document,
    own_change::may_approve,
    runs::Runs,
    sight::Sight,
    stage::Stage,
    world::{RolloutEntry, Run},
};

const KIND: Kind = Kind::Rollout;

impl Stage {
    /// What the replicas of both revisions of a run use, where it decides by that.
    pub(crate) fn replicas_used(&self, run: &Run, sight: &Sight) -> Vec<ReplicaUse> {
        if decisions(run).next().is_none() {
            return Vec::new();
        }
        let spec = &run.spec;
        let limits = |revision: &RevisionHash| {
            self.world.template(&spec.owner, revision).map(|it| limits(&it)).unwrap_or_default()
        };
        let (canary, stable) = (limits(&spec.canary), limits(&spec.stable));
        let seen = sight.of(&spec.owner).iter().filter(|seen| serves(seen));
        let used = seen.filter_map(|seen| match &seen.revision {
            revision if *revision == spec.canary => Some(used(seen, true, canary)),
            revision if *revision == spec.stable => Some(used(seen, false, stable)),
            _ => None,
        });
        used.collect()
    }

    /// Lets a rule no longer count for the wanted revision of a rollout: in the runs that judge it, and
    /// in those that will.
    pub(crate) fn override_rule(
        &mut self,
        key: &ObjectKey,
        rule: &str,
        reason: &str,
        who: &Actor,
    ) -> Result<(), Refused> {
        let entry = self.world.rollouts.get(key).filter(|entry| !entry.deleting);
        let entry = entry.ok_or_else(|| Refused::NotFound { kind: KIND, key: key.clone() })?;
        may_approve(&self.world, &self.index, key, who)?;
        let mut entry = RolloutEntry::clone(entry);
        let wanted = &entry.declared.value.spec.revision;
        let judges = |run: &&Arc<Run>| run.spec.canary == *wanted;
        let runs: Vec<_> = entry.runs.values().filter(judges).map(Arc::clone).collect();
        may_override(key, &runs, rule, who.name())?;
        let said =
            Override { by: who.name().to_owned(), reason: reason.to_owned(), at: self.now() };
        let mut names = Vec::new();
        for run in runs.iter().filter(|run| knows(run, rule)) {
            let mut run = Run::clone(run);
            Arc::make_mut(&mut run.spec).overrides.insert(rule.to_owned(), said.clone());
            self.write(document::put_run(&entry.owner(), &run));
            names.push(run.spec.name.clone());
            entry.runs.insert(run.spec.name.clone(), Arc::new(run));
        }
        self.world.rollouts.insert(key.clone(), Arc::new(entry));
        self.dirty.insert(Owner::rollout(key));
        let detail = json!({ "rule": rule, "reason": reason, "runs": names });
        self.note(who.clone(), KIND.as_str(), key, "Overridden", detail);
        Ok(())
    }
}

/// The rules that were overridden for a revision, as its newest run has them.
pub(crate) fn overridden(runs: &Runs, canary: &RevisionHash) -> BTreeMap<String, Override> {
    let judges = runs.values().filter(|run| run.spec.canary == *canary);
    let newest = judges.max_by_key(|run| (run.created_at, &run.spec.name));
    newest.map(|run| run.spec.overrides.clone()).unwrap_or_default()
}

fn decisions(run: &Run) -> impl Iterator<Item = &DecisionSettings> {
    run.spec.metrics.iter().filter_map(Metric::decision)
}

fn knows(run: &Run, rule: &str) -> bool {
    decisions(run).any(|settings| settings.overridable().contains(&rule))
}

/// Whether a person may override a rule in every decision that has it.
fn may_override(key: &ObjectKey, runs: &[Arc<Run>], rule: &str, who: &str) -> Result<(), Refused> {
    let conflict =
        |reason: String, hint: String| Err(Refused::Conflict { reason, hint: Some(hint) });
    let all = || runs.iter().flat_map(|run| decisions(run));
    if all().next().is_none() {
        let reason = format!("nothing decides on the revision of Rollout {key}");
        let hint =
            "rules are those of a metric of the plugin tidegate/decision, once it is measured";
        return conflict(reason, hint.to_owned());
    }
    let allowed: Vec<bool> = all().filter_map(|one| one.may_override(rule, who)).collect();
    if allowed.is_empty() {
        let mut known: Vec<_> = all().flat_map(DecisionSettings::overridable).collect();
        known.sort_unstable();
        known.dedup();
        let reason = format!("no rule of Rollout {key} is called {rule:?}");
        return conflict(reason, format!("there are {}", known.join(", ")));
    }
    if allowed.contains(&false) {
        let reason = format!("{who} may not override {rule:?} of Rollout {key}");
        let hint = "its `override` names who may, in the metric of the plugin tidegate/decision";
        return conflict(reason, hint.to_owned());
    }
    Ok(())
}

/// CPU in thousandths of a core and memory in bytes.
type Limits = (Option<u64>, Option<u64>);

/// The limits of all containers together, where each has one.
fn limits(template: &PodTemplate) -> Limits {
    let containers = || template.containers.iter().map(|one| &one.resources.limits);
    let cpu = containers().map(|limits| limits.cpu_millis).sum();
    (cpu, containers().map(|limits| limits.memory_bytes).sum())
}

fn used(seen: &ReplicaSeen, canary: bool, (cpu_limit, memory_limit): Limits) -> ReplicaUse {
    ReplicaUse {
        id: seen.id.clone(),
        canary,
        ready_since: seen.ready_since,
        restarts: seen.restarts,
        memory_bytes: seen.usage.map(|usage| usage.memory_bytes),
        memory_limit,
        cpu_millis: seen.usage.map(|usage| usage.cpu_millis),
        cpu_limit,
    }
}

fn serves(seen: &ReplicaSeen) -> bool {
    !matches!(seen.state, ReplicaState::Retiring { .. } | ReplicaState::Stopping)
}

//! The rules of an experiment.

use tidegate_experiment::{
    Action, ExperimentSpec, ExperimentStatus, Observation, Phase, Plan, Template,
};
use tidegate_rollout::RunSeen;
use tidegate_units::{Generation, RevisionHash, RunName, Timestamp};

/// A rule that the plan of an experiment breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExperimentViolation {
    /// An order that no template asks for.
    #[error("{revision} is to have {replicas} replicas, and no template asks for them")]
    NotAskedFor {
        /// For what.
        revision: RevisionHash,
        /// How many.
        replicas: u32,
    },
    /// Something begins though the experiment is over or about to be.
    #[error("{what} begins though the experiment ends")]
    BeginsAtTheEnd {
        /// What.
        what: String,
    },
    /// A measurement before there is anything to measure.
    #[error("run {run} begins before all templates were available")]
    MeasuredTooEarly {
        /// Which.
        run: RunName,
    },
    /// The time of an experiment that was never available, or another one than it was.
    #[error("the experiment is called available though it is not")]
    NotAvailable,
    /// A good end that was not come to.
    #[error("the experiment is called successful though {why}")]
    NotSuccessful {
        /// Why it is not.
        why: String,
    },
    /// An end that was taken back.
    #[error("the experiment was {from} and is called {to}")]
    EndTakenBack {
        /// What it was.
        from: Phase,
        /// What it is called.
        to: Phase,
    },
    /// Replicas that go while they are needed, or before their delay is over.
    #[error("template {template} loses replicas that are still needed")]
    TakenTooEarly {
        /// Which.
        template: String,
    },
    /// A generation that fell, or that an order does not carry.
    #[error("generation {found} after {before}, in a plan of {plan}")]
    Unfenced {
        /// Of the order, or of the plan.
        found: Generation,
        /// The last one.
        before: Generation,
        /// The plan's.
        plan: Generation,
    },
    /// An order that the status does not tell of.
    #[error("what is ordered for template {template} is not what is stored")]
    NotRecorded {
        /// Which.
        template: String,
    },
}

/// Checks the plan of an experiment against every rule. `before` is the status that it was made of;
/// `seen` and `now` are what the planner was given.
///
/// # Errors
/// All rules that the plan breaks.
pub fn check_experiment(
    spec: &ExperimentSpec,
    before: &ExperimentStatus,
    seen: &Observation,
    plan: &Plan,
    now: Timestamp,
) -> Result<(), Vec<ExperimentViolation>> {
    let case = Case { spec, before, seen, plan, after: &plan.status, now };
    let found: Vec<_> = [
        case.orders(),
        case.beginnings(),
        case.availability(),
        case.success(),
        case.end_is_kept(),
        case.replicas_stay(),
        case.fenced(),
    ]
    .concat();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

type Found = Vec<ExperimentViolation>;

struct Case<'a> {
    spec: &'a ExperimentSpec,
    before: &'a ExperimentStatus,
    seen: &'a Observation,
    plan: &'a Plan,
    after: &'a ExperimentStatus,
    now: Timestamp,
}

impl Case<'_> {
    fn available(&self, template: &Template) -> u32 {
        self.seen.revisions.get(&template.revision).map_or(0, |seen| seen.available)
    }

    fn of(&self, revision: &RevisionHash) -> Option<&Template> {
        self.spec.templates.iter().find(|template| template.revision == *revision)
    }

    /// Whether a run that was begun is seen to have ended badly, or a template has failed.
    fn is_bad(&self) -> bool {
        let run = |name: &RunName| self.seen.runs.get(name);
        let runs = self.before.runs.values();
        let bad_run = runs.clone().filter_map(|record| record.run.as_ref()).any(|name| {
            matches!(
                run(name),
                Some(RunSeen::Failed(_) | RunSeen::Error(_) | RunSeen::Inconclusive(_))
            )
        });
        bad_run
            || runs.clone().any(|record| record.phase.is_bad())
            || self.after.templates.values().any(|record| record.phase.is_bad())
    }

    fn required_open(&self) -> Option<&str> {
        let mut required = self.spec.analyses.iter().filter(|analysis| analysis.required);
        let succeeded = |run: &RunName| self.seen.runs.get(run) == Some(&RunSeen::Successful);
        let open = required.find(|analysis| {
            let known = self.before.runs.get(&analysis.name);
            let noted = known.is_some_and(|record| record.phase == Phase::Successful);
            !noted && !succeeded(&self.spec.run_of(analysis))
        });
        open.map(|analysis| analysis.name.as_str())
    }

    fn has_required(&self) -> bool {
        self.spec.analyses.iter().any(|analysis| analysis.required)
    }

    fn is_ending(&self) -> bool {
        self.spec.terminate
            || self.before.phase.is_completed()
            || self.is_bad()
            || (self.has_required() && self.required_open().is_none())
    }

    fn is_over(&self) -> bool {
        let available_at = self.after.available_at;
        let end = available_at.zip(self.spec.duration).map(|(at, duration)| at.after(duration));
        end.is_some_and(|end| end <= self.now)
    }

    /// Replicas are what a template asks for, or none that were not there.
    fn orders(&self) -> Found {
        let mut found = Vec::new();
        for action in &self.plan.actions {
            let Action::Scale { revision, replicas, .. } = action else { continue };
            let template = self.of(revision);
            let had = template.and_then(|one| self.before.templates.get(&one.name));
            let most = template.map_or(0, |one| one.replicas).max(had.map_or(0, |had| had.wanted));
            if *replicas > most {
                let (revision, replicas) = (revision.clone(), *replicas);
                found.push(ExperimentViolation::NotAskedFor { revision, replicas });
            }
            if let Some(one) = template
                && self.after.templates.get(&one.name).is_none_or(|it| it.wanted != *replicas)
            {
                found.push(ExperimentViolation::NotRecorded { template: one.name.clone() });
            }
        }
        found
    }

    fn beginnings(&self) -> Found {
        let mut found = Vec::new();
        for action in &self.plan.actions {
            match action {
                Action::StartRun { run, .. } => {
                    if self.is_ending() {
                        found.push(ExperimentViolation::BeginsAtTheEnd { what: run.to_string() });
                    }
                    if self.after.available_at.is_none() {
                        found.push(ExperimentViolation::MeasuredTooEarly { run: run.clone() });
                    }
                }
                Action::Scale { revision, replicas, .. } => {
                    let template = self.of(revision).map(|one| &one.name);
                    let had = template.and_then(|name| self.before.templates.get(name));
                    if self.is_ending() && *replicas > had.map_or(0, |had| had.wanted) {
                        let what = revision.to_string();
                        found.push(ExperimentViolation::BeginsAtTheEnd { what });
                    }
                }
                Action::StopRun { .. } => {}
            }
        }
        found
    }

    fn availability(&self) -> Found {
        let all = || self.spec.templates.iter().all(|one| self.available(one) == one.replicas);
        let kept = self.before.available_at == self.after.available_at;
        let earned = self.before.available_at.is_none()
            && self.after.available_at == Some(self.now)
            && all();
        if kept || earned { Vec::new() } else { vec![ExperimentViolation::NotAvailable] }
    }

    fn success(&self) -> Found {
        if self.after.phase != Phase::Successful || self.before.phase == Phase::Successful {
            return Vec::new();
        }
        let why = if self.is_bad() {
            "an analysis or a template has failed".to_owned()
        } else if self.spec.terminate {
            return Vec::new();
        } else if let Some(name) = self.required_open() {
            format!("the required analysis {name} has not succeeded")
        } else if !self.has_required() && !self.is_over() {
            "its time is not over".to_owned()
        } else {
            return Vec::new();
        };
        vec![ExperimentViolation::NotSuccessful { why }]
    }

    fn end_is_kept(&self) -> Found {
        let (from, to) = (self.before.phase, self.after.phase);
        let taken_back = from.is_completed() && from != to;
        taken_back.then_some(ExperimentViolation::EndTakenBack { from, to }).into_iter().collect()
    }

    /// Replicas shrink by the spec, or once they are not needed and their delay is over.
    fn replicas_stay(&self) -> Found {
        let mut found = Vec::new();
        for template in &self.spec.templates {
            let Some(had) = self.before.templates.get(&template.name) else { continue };
            let has = self.after.templates.get(&template.name).map_or(0, |one| one.wanted);
            if has >= had.wanted || has == template.replicas {
                continue;
            }
            let needless = self.is_ending() || self.is_over() || self.after.phase.is_completed();
            let waited = self.spec.scale_down_delay.is_zero()
                || had.scale_down_at.is_some_and(|until| until <= self.now);
            if !needless || !waited || has > 0 {
                let template = template.name.clone();
                found.push(ExperimentViolation::TakenTooEarly { template });
            }
        }
        found
    }

    fn fenced(&self) -> Found {
        let (before, plan) = (self.before.generation, self.after.generation);
        let changed = self.plan.actions.iter().any(|action| match action {
            Action::Scale { revision, replicas, .. } => {
                let name = self.of(revision).map(|one| &one.name);
                let had = name.and_then(|name| self.before.templates.get(name));
                name.is_some() && had.map_or(0, |had| had.wanted) != *replicas
            }
            _ => false,
        });
        let mut found = Vec::new();
        if plan < before || (changed && plan == before) {
            found.push(ExperimentViolation::Unfenced { found: plan, before, plan });
        }
        for action in &self.plan.actions {
            if let Action::Scale { generation, .. } = action
                && *generation != plan
            {
                found.push(ExperimentViolation::Unfenced { found: *generation, before, plan });
            }
        }
        found
    }
}

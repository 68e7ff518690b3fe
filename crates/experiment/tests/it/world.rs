//! A world of replicas and runs that follows the orders.

use std::{collections::BTreeMap, time::Duration};

use tidegate_experiment::{
    Action, Analysis, ExperimentSpec, ExperimentStatus, Observation, Phase, Plan, Template, plan,
};
use tidegate_rollout::{AnalysisUse, RevisionSeen, RunSeen, TemplateUse};
use tidegate_units::{RevisionHash, RunName, Timestamp};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// An experiment of the templates `a` (one replica) and `b` (two).
pub(crate) fn spec() -> ExperimentSpec {
    let template = |name: &str, replicas| Template {
        name: name.to_owned(),
        revision: format!("hash-{name}").into(),
        replicas,
        min_ready: Duration::ZERO,
        service: None,
    };
    ExperimentSpec {
        name: "ex".to_owned(),
        templates: vec![template("a", 1), template("b", 2)],
        duration: Some(60 * SECOND),
        progress_deadline: 30 * SECOND,
        terminate: false,
        analyses: Vec::new(),
        scale_down_delay: 5 * SECOND,
    }
}

pub(crate) fn analysis(name: &str, required: bool) -> Analysis {
    let templates = vec![serde_json::from_str::<TemplateUse>(r#"{"name": "t"}"#).unwrap()];
    let analysis = serde_json::json!({ "templates": templates, "args": [] });
    let analysis: AnalysisUse = serde_json::from_value(analysis).unwrap();
    Analysis { name: name.to_owned(), analysis, required }
}

pub(crate) struct World {
    pub(crate) spec: ExperimentSpec,
    pub(crate) status: ExperimentStatus,
    pub(crate) seen: Observation,
    pub(crate) now: Timestamp,
    /// Templates whose replicas never become ready.
    pub(crate) broken: Vec<RevisionHash>,
}

impl World {
    pub(crate) fn new(spec: ExperimentSpec) -> Self {
        Self {
            spec,
            status: ExperimentStatus::default(),
            seen: Observation::default(),
            now: Timestamp::from_millis(1_000_000),
            broken: Vec::new(),
        }
    }

    /// Plans, has the checker look at it, and takes the status over. What is ordered is not done.
    pub(crate) fn plan(&mut self) -> Plan {
        let made = plan(&self.spec, &self.status, &self.seen, self.now);
        let again = plan(&self.spec, &self.status, &self.seen, self.now);
        assert_eq!(made, again, "the same input gives the same plan");
        tidegate_checker::check_experiment(&self.spec, &self.status, &self.seen, &made, self.now)
            .unwrap_or_else(|broken| panic!("{broken:?}\n{:#?}\n{made:#?}", self.status));
        self.status = made.status.clone();
        made
    }

    /// Does what is ordered, at once.
    pub(crate) fn obey(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Scale { revision, replicas, .. } => {
                    let up = if self.broken.contains(revision) { 0 } else { *replicas };
                    let seen = RevisionSeen {
                        replicas: *replicas,
                        ready: up,
                        available: up,
                        ..RevisionSeen::default()
                    };
                    self.seen.revisions.insert(revision.clone(), seen);
                }
                Action::StartRun { run, .. } => {
                    self.seen.runs.entry(run.clone()).or_insert(RunSeen::Running);
                }
                Action::StopRun { run } => {
                    self.seen.runs.insert(run.clone(), RunSeen::Successful);
                }
            }
        }
    }

    pub(crate) fn step(&mut self) -> Plan {
        let made = self.plan();
        self.obey(&made.actions);
        made
    }

    /// Plans until nothing is left to do, and then once more: that gives nothing.
    pub(crate) fn settle(&mut self) {
        for _ in 0..20 {
            let made = self.step();
            if made.actions.is_empty() && made.events.is_empty() {
                let before = self.status.clone();
                let last = self.plan();
                assert!(last.actions.is_empty() && last.events.is_empty());
                assert_eq!(self.status, before);
                return;
            }
        }
        panic!("it does not settle: {:#?}", self.status);
    }

    pub(crate) fn after(&mut self, duration: Duration) -> &mut Self {
        self.now = self.now.after(duration);
        self.settle();
        self
    }

    pub(crate) fn end(&mut self, run: &str, seen: RunSeen) {
        self.seen.runs.insert(RunName::from(run), seen);
        self.settle();
    }

    /// The replicas that are there, by revision.
    pub(crate) fn replicas(&self) -> BTreeMap<&str, u32> {
        let seen = self.seen.revisions.iter();
        seen.map(|(name, seen)| (name.as_str(), seen.replicas)).collect()
    }

    pub(crate) fn is(&self, phase: Phase, message: &str) {
        assert_eq!((self.status.phase, self.status.message.as_str()), (phase, message));
    }

    /// Nothing is left once the delay is over.
    pub(crate) fn leaves_nothing(&mut self) {
        self.after(self.spec.scale_down_delay);
        assert!(self.replicas().values().all(|count| *count == 0), "{:?}", self.replicas());
        assert!(self.seen.runs.values().all(|run| *run != RunSeen::Running));
    }
}

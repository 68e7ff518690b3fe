use tidegate_rollout::RevisionSeen;
use tidegate_units::Timestamp;

use crate::{
    Event, ExperimentSpec, ExperimentStatus, Observation, Phase, RunRecord, Template,
    TemplatePhase, TemplateRecord,
};

/// One planning: what is wanted and seen, and the status as it grows.
pub(crate) struct Turn<'a> {
    pub(crate) spec: &'a ExperimentSpec,
    pub(crate) before: &'a ExperimentStatus,
    pub(crate) seen: &'a Observation,
    pub(crate) now: Timestamp,
    pub(crate) status: ExperimentStatus,
    pub(crate) events: Vec<Event>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(
        spec: &'a ExperimentSpec,
        before: &'a ExperimentStatus,
        seen: &'a Observation,
        now: Timestamp,
    ) -> Self {
        Self { spec, before, seen, now, status: before.clone(), events: Vec::new() }
    }

    /// What is seen of a template's replicas.
    pub(crate) fn seen_of(&self, template: &Template) -> RevisionSeen {
        self.seen.revisions.get(&template.revision).copied().unwrap_or_default()
    }

    /// The record of a template, made when there is none.
    pub(crate) fn record(&mut self, name: &str) -> &mut TemplateRecord {
        let now = self.now;
        let fresh = || TemplateRecord { changed_at: now, ..TemplateRecord::default() };
        self.status.templates.entry(name.to_owned()).or_insert_with(fresh)
    }

    /// Where a template is.
    pub(crate) fn phase_of(&self, template: &Template) -> TemplatePhase {
        let record = self.status.templates.get(&template.name);
        record.map_or(TemplatePhase::default(), |record| record.phase)
    }

    /// The analyses that have begun or could not, in the order of the spec.
    pub(crate) fn records(&self) -> impl Iterator<Item = &RunRecord> {
        self.spec.analyses.iter().filter_map(|analysis| self.status.runs.get(&analysis.name))
    }

    /// When its time is over.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        Some(self.status.available_at?.after(self.spec.duration?))
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.ends_at().is_some_and(|end| end <= self.now)
    }

    /// Whether it has required analyses, and all of them have succeeded.
    pub(crate) fn required_succeeded(&self) -> bool {
        let mut required = self.spec.analyses.iter().filter(|analysis| analysis.required);
        let succeeded = |name: &str| {
            let record = self.status.runs.get(name);
            record.is_some_and(|record| record.phase == Phase::Successful)
        };
        let any = self.spec.analyses.iter().any(|analysis| analysis.required);
        any && required.all(|analysis| succeeded(&analysis.name))
    }

    /// Whether nothing more is to begin and what is there is to go: it is decided, or about to be.
    pub(crate) fn is_ending(&self) -> bool {
        self.spec.terminate
            || self.status.phase.is_completed()
            || self.spec.templates.iter().any(|one| self.phase_of(one).is_bad())
            || self.records().any(|record| record.phase.is_bad())
            || self.required_succeeded()
    }

    /// Whether replicas of a template are needed.
    pub(crate) fn needs(&self, template: &Template) -> bool {
        !self.is_ending() && !self.phase_of(template).is_completed()
    }
}

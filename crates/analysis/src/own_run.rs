//! An analysis run that somebody declares by itself: no rollout and no experiment waits for it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tidegate_units::RunPhase;

use crate::{
    AnalysisTemplate, ResolveError, Resolved, RunRequest, Surroundings, TemplateRef, resolve_run,
};

/// An `AnalysisRun` as it was declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisRunResource {
    /// Where it is found, what it measures, and the values of its arguments.
    pub template: AnalysisTemplate,
    /// Set to end it.
    pub terminate: bool,
    /// When it is taken away after its end. Default: never.
    pub ttl: Ttl,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
}

/// `ttlStrategy`: how long a run is kept after its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ttl {
    /// However it ended, where nothing else is said for that end.
    pub after_completion: Option<Duration>,
    /// One that failed.
    pub after_failure: Option<Duration>,
    /// One that succeeded.
    pub after_success: Option<Duration>,
}

impl Ttl {
    /// How long a run is kept that ended in `phase`. None: for ever. As in Argo Rollouts, one that
    /// erred or could not tell is none that failed.
    pub fn after(&self, phase: RunPhase) -> Option<Duration> {
        let own = match phase {
            RunPhase::Successful => self.after_success,
            RunPhase::Failed => self.after_failure,
            _ => None,
        };
        own.or(self.after_completion)
    }
}

impl AnalysisRunResource {
    /// The metrics of the run. `field` gives the fields of its own manifest.
    pub fn resolve(
        &self,
        field: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Resolved, ResolveError> {
        let name = self.template.key.name.to_string();
        let templates = vec![TemplateRef { name, cluster: false }];
        let request = RunRequest { templates, ..RunRequest::default() };
        resolve_run(&request, &Own { template: &self.template, field })
    }
}

/// What a run by itself can find: what it says.
struct Own<'a> {
    template: &'a AnalysisTemplate,
    field: &'a dyn Fn(&str) -> Result<String, String>,
}

impl Surroundings for Own<'_> {
    fn template(&self, _: &TemplateRef) -> Option<&AnalysisTemplate> {
        Some(self.template)
    }

    fn field(&self, path: &str) -> Result<String, String> {
        (self.field)(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_kept_as_long_as_its_end_says() {
        let (one, two, three) =
            (Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3));
        let all = Ttl {
            after_completion: Some(one),
            after_failure: Some(two),
            after_success: Some(three),
        };
        for (phase, expect) in [
            (RunPhase::Successful, three),
            (RunPhase::Failed, two),
            (RunPhase::Error, one),
            (RunPhase::Inconclusive, one),
        ] {
            assert_eq!(all.after(phase), Some(expect), "{phase:?}");
        }
        let failed = Ttl { after_failure: Some(two), ..Ttl::default() };
        assert_eq!(failed.after(RunPhase::Successful), None);
        assert_eq!(Ttl::default().after(RunPhase::Failed), None);
    }
}

//! The rules of a run, derived again from the workflow and what each job came to.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_workflow::{Action, Condition, JobKey, JobResult, Phase, Run};

/// Looks at each action before it is carried out.
#[derive(Default)]
pub(crate) struct Checker {
    /// What runs.
    live: BTreeSet<JobKey>,
    /// How often each began.
    generations: BTreeMap<JobKey, u64>,
}

impl Checker {
    pub(crate) fn ended(&mut self, key: JobKey) {
        self.live.remove(&key);
    }

    pub(crate) fn check(&mut self, run: &Run, action: &Action) {
        match action {
            Action::Begin(begin) => {
                let (before, key) =
                    (self.generations.get(&begin.key).copied().unwrap_or(0), begin.key);
                assert_eq!(begin.generation, before + 1, "{} begins out of order", begin.id);
                assert!(
                    before == 0 || begin.again,
                    "{} begins twice and does not say so",
                    begin.id
                );
                self.generations.insert(key, begin.generation);
                self.begins(run, key, &begin.id);
                self.live.insert(key);
            }
            Action::Cancel { key, generation, .. } | Action::Kill { key, generation } => {
                assert_eq!(self.generations.get(key), Some(generation), "a beginning that was not");
            }
            Action::Enter { .. } | Action::Leave { .. } | Action::Ask { .. } => {}
        }
    }

    fn begins(&self, run: &Run, key: JobKey, id: &str) {
        let (workflow, job) = run.job(key).unwrap();
        let state = run.state();
        let frame = &state.frames[state.jobs[key.job].frame];
        let result = |id: &str| {
            let number =
                workflow.jobs.iter().position(|job| job.id.eq_ignore_ascii_case(id)).unwrap();
            state.jobs[frame.first + number].result()
        };
        let mut ancestors: Vec<_> = job.needs.iter().map(|need| need.what.clone()).collect();
        for need in &ancestors {
            assert!(result(need).is_some(), "{id} begins before {need} is over");
        }
        let mut seen = 0;
        while let Some(id) = ancestors.get(seen).cloned() {
            seen += 1;
            ancestors.extend(workflow.job(&id).unwrap().needs.iter().map(|need| need.what.clone()));
        }
        if !matches!(job.condition, Condition::Asks(_)) {
            let all = ancestors.iter().all(|id| result(id) == Some(JobResult::Success));
            assert!(all, "{id} begins although not all before it succeeded");
            let new = self.generations.get(&key) == Some(&1);
            assert!(!new || state.cancelled.is_none(), "{id} begins in a run that is cancelled");
        }
        self.limits(run, key, id);
    }

    fn limits(&self, run: &Run, key: JobKey, id: &str) {
        let job = &run.state().jobs[key.job];
        let beside = self.live.iter().filter(|live| live.job == key.job && **live != key).count();
        if let Some(most) = job.max_parallel {
            assert!(beside < most, "{id} is one more than the {most} that run at once");
        }
        let failed = |result| matches!(result, Phase::Over { result: JobResult::Failure, .. });
        let lost = job.instances.iter().any(|one| failed(one.phase.clone()));
        assert!(!lost || !job.fail_fast, "{id} begins although one of its matrix failed");
        let environment =
            job.instances[key.instance].settings.as_ref().and_then(|it| it.environment.as_ref());
        let protection =
            environment.and_then(|it| run.given().environments.get(&it.name.to_lowercase()));
        if let Some(protection) = protection.filter(|it| !it.reviewers.is_empty()) {
            let by = job.instances[key.instance].approved_by.as_ref().unwrap();
            assert!(protection.reviewers.contains(by), "{by} may not approve");
            assert!(
                !protection.not_by_actor || *by != run.given().actor,
                "{by} approved their own"
            );
        }
    }
}

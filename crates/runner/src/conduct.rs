use std::collections::BTreeMap;

use tokio::task::JoinHandle;

use crate::{
    cancel::Cancel,
    job::Job,
    step::{Outcome, Status, Step, StepEnd, Work},
};

/// Decides what a job does, step by step: it knows the workflow, and evaluates its expressions.
pub trait Plan: Send {
    /// The step that is to begin now, its expressions evaluated; nothing, if there is none left. Steps whose condition
    /// does not hold are told by [`Job::skip`] or left out.
    fn next(&mut self, job: &Job) -> impl Future<Output = Option<Step>> + Send;

    /// Whether a stage after all steps is to run.
    fn wants_post(&mut self, _post: &Step, _job: &Job) -> bool {
        true
    }

    /// What a step left counts from now on.
    fn ended(&mut self, _end: &StepEnd) {}
}

/// Runs a job: its steps as the plan has them, those in the background beside them, and then what steps announced
/// for the end, the last first. Says how it ended.
///
/// When it is cancelled politely the step that runs is ended, and the plan is asked on: it knows which steps run also
/// then. They are ended only when the job is to end at once.
pub async fn conduct(job: &Job, plan: &mut impl Plan, cancel: &Cancel) -> Status {
    let mut background = Background::default();
    while let Some(step) = plan.next(job).await {
        let cancel = cancel_of(job, cancel);
        match &step.work {
            Work::Wait { steps } => background.wait(steps.as_deref(), job, plan).await,
            Work::Cancel { steps } => background.cancel(steps, job, plan).await,
            _ if step.background => {
                background.start(step, job, &cancel);
                continue;
            }
            _ => {
                let end = job.run(&step, &cancel).await;
                settle(&step, &end, job, plan);
                continue;
            }
        }
        let end = job.note(&step, Outcome::Success).await;
        settle(&step, &end, job, plan);
    }
    background.wait(None, job, plan).await;
    while let Some(post) = job.next_post() {
        let cancel = cancel_of(job, cancel);
        let end = if plan.wants_post(&post, job) {
            job.run(&post, &cancel).await
        } else {
            job.skip(&post).await
        };
        settle(&post, &end, job, plan);
    }
    job.status()
}

fn settle(step: &Step, end: &StepEnd, job: &Job, plan: &mut impl Plan) {
    job.settle(step, end);
    plan.ended(end);
}

/// A step that begins after the job was cancelled is one that runs also then.
fn cancel_of(job: &Job, cancel: &Cancel) -> Cancel {
    if !cancel.is_cancelled() {
        return cancel.clone();
    }
    job.set_cancelled();
    cancel.only_now()
}

/// The steps that run beside others.
#[derive(Default)]
struct Background {
    running: BTreeMap<String, (Step, Cancel, JoinHandle<StepEnd>)>,
}

impl Background {
    fn start(&mut self, step: Step, job: &Job, cancel: &Cancel) {
        let (job, cancel, own) = (job.clone(), cancel.child(), step.clone());
        let given = cancel.clone();
        let task = tokio::spawn(async move { job.run(&own, &given).await });
        self.running.insert(step.id.clone(), (step, cancel, task));
    }

    async fn wait(&mut self, ids: Option<&[String]>, job: &Job, plan: &mut impl Plan) {
        let ids: Vec<String> =
            ids.map_or_else(|| self.running.keys().cloned().collect(), <[String]>::to_vec);
        for id in ids {
            let Some((step, _, task)) = self.running.remove(&id) else { continue };
            if let Ok(end) = task.await {
                settle(&step, &end, job, plan);
            }
        }
    }

    /// One that is ended this way has not failed: it was wanted.
    async fn cancel(&mut self, ids: &[String], job: &Job, plan: &mut impl Plan) {
        for id in ids {
            let Some((step, cancel, task)) = self.running.remove(id) else { continue };
            cancel.politely();
            if let Ok(mut end) = task.await {
                if end.outcome == Outcome::Cancelled {
                    end.conclusion = Outcome::Success;
                }
                settle(&step, &end, job, plan);
            }
        }
    }
}

//! `provider.job`: a Job that is run for each measurement.

use tidegate_workload::{JobRestart, JobSpec, PodTemplate};

use crate::{
    duration::seconds,
    fields::job::{JOB, JOB_META, JOB_SPEC},
    given::Fields,
    pod,
    report::Complaint,
    walk::Spot,
};

/// Kubernetes' `int32`.
const MOST: i64 = i32::MAX as i64;
/// One machine runs them all.
const MOST_AT_ONCE: i64 = 100;
/// As in Kubernetes.
const BACKOFF_LIMIT: u32 = 6;

/// Reads `provider.job`.
pub(crate) fn read(spot: &Spot<'_>) -> Option<JobSpec> {
    let fields = spot.fields(&JOB)?;
    if let Some(meta) = fields.get("metadata") {
        meta.fields(&JOB_META);
    }
    let fields = fields.need("spec")?.fields(&JOB_SPEC)?;
    if let Some(mode) = fields.get("completionMode") {
        mode.word(&[("NonIndexed", ())]);
    }
    let completions = fields.get("completions").and_then(|spot| spot.number(1, MOST));
    let parallelism = fields.get("parallelism").and_then(|spot| spot.number(1, MOST_AT_ONCE));
    let backoff_limit = fields.or("backoffLimit", BACKOFF_LIMIT, |spot| spot.number(0, MOST));
    let active_deadline = fields.get("activeDeadlineSeconds").and_then(|spot| seconds(spot, 1));
    let place = fields.need("template")?;
    place.reports.holes.set(true);
    let read = template(place);
    place.reports.holes.set(false);
    let (template, restart) = read?;
    Some(JobSpec {
        template,
        restart: restart?,
        // As in Kubernetes: with neither it is one; with parallelism alone it is a queue of work.
        completions: completions.or_else(|| fields.get("parallelism").is_none().then_some(1)),
        parallelism: parallelism.unwrap_or(1),
        backoff_limit,
        active_deadline,
    })
}

fn template(spot: &Spot<'_>) -> Option<(PodTemplate, Option<JobRestart>)> {
    let mut restart = None;
    let template = pod::read_for(spot, None, |pod| restart = read_restart(pod))?;
    Some((template, restart))
}

fn read_restart(pod: &Fields<'_>) -> Option<JobRestart> {
    refuse_probes(pod);
    if let Some(spot) = pod.get("initContainers") {
        let complaint = Complaint::new("initContainers are not supported in a job");
        spot.complain(complaint.hint("do their work in the command"));
    }
    let words = [("Never", JobRestart::Never), ("OnFailure", JobRestart::OnFailure)];
    pod.need("restartPolicy")?.word(&words)
}

/// Nothing sends traffic to a job, and its end alone is looked at.
fn refuse_probes(pod: &Fields<'_>) {
    const OF_SERVICES: [&str; 4] = ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"];
    let containers = pod.get("containers").and_then(Spot::items).unwrap_or_default();
    for (name, spot) in containers.iter().filter_map(Spot::entries).flatten() {
        if OF_SERVICES.contains(&name) && !spot.is_null() {
            let complaint = Complaint::new("not supported in a job");
            spot.complain(complaint.hint("leave it out: the exit code of the container decides"));
        }
    }
}

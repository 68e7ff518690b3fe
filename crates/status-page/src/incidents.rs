//! What the ledger tells of deployments that failed, as users may know it.

use std::time::Duration;

use tidegate_dora::Deployment;
use tidegate_units::Timestamp;

use crate::summary::{Component, Impact, Incident, IncidentUpdate, Page, Stage, id};

/// So long after everybody had a good version again an incident is over.
pub const SETTLES: Duration = Duration::from_mins(10);
/// Older ones are not told.
const TOLD_FOR: Duration = Duration::from_hours(14 * 24);
/// With more in that time, the newest are told.
const MOST: usize = 50;

/// The incidents of a service, the newest first.
pub(crate) fn incidents(
    page: &Page,
    component: &Component,
    deployments: &[&Deployment],
    now: Timestamp,
) -> Vec<Incident> {
    let from = now.before(TOLD_FOR);
    let lately = deployments.iter().rev().take_while(|one| one.began.at >= from);
    lately.filter_map(|one| incident(page, component, one, now)).take(MOST).collect()
}

fn incident(
    page: &Page,
    component: &Component,
    deployment: &Deployment,
    now: Timestamp,
) -> Option<Incident> {
    let failed = deployment.failure()?.point.at;
    let sequence = deployment.began.sequence.to_string();
    let own = id(&["incident", &component.id, &sequence]);
    let mended = deployment.recovered.map(|point| point.at);
    let over = mended.map(|at| at.after(SETTLES)).filter(|at| *at <= now);
    let name = &component.name;
    let told = [
        (
            Some(failed),
            Stage::Investigating,
            format!("A new version of {name} is not as it should be."),
        ),
        (
            Some(failed),
            Stage::Identified,
            format!("The new version of {name} is being taken back."),
        ),
        (
            mended,
            Stage::Monitoring,
            format!("{name} has a version again that is known to be good."),
        ),
        (over, Stage::Resolved, format!("{name} works as it should.")),
    ];
    let update = |(at, status, body): (Option<Timestamp>, Stage, String)| {
        let at = at?;
        let id = id(&["update", &own, &body]);
        let incident_id = own.clone();
        Some(IncidentUpdate {
            id,
            status,
            body,
            incident_id,
            created_at: at,
            updated_at: at,
            display_at: at,
        })
    };
    let mut updates: Vec<_> = told.into_iter().filter_map(update).collect();
    updates.reverse();
    let last = updates.first()?;
    Some(Incident {
        name: format!("A new version of {name} was taken back"),
        status: last.status,
        created_at: failed,
        updated_at: last.created_at,
        monitoring_at: mended,
        resolved_at: over,
        impact: Impact::Minor,
        shortlink: format!("{}#{own}", page.url),
        started_at: deployment.began.at,
        page_id: page.id.clone(),
        components: vec![component.clone()],
        incident_updates: updates,
        id: own,
    })
}

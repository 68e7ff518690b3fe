//! `argoproj.io/v1alpha1` Rollout.

use std::time::Duration;

use tidegate_rollout::{PingPong, RoleMeta, RolloutResource, RolloutSpec, RunHistory, Strategy};
use tidegate_units::{ObjectKey, RevisionHash, Timestamp};
use tidegate_workload::{PodTemplate, WorkloadMeta};

use crate::{
    blue_green, canary,
    change::{self, CHANGE},
    cut_over::{self, CUT_OVER},
    duration::seconds,
    edit::IMAGE_MAP,
    fields::{
        rollout::{ROLLOUT, SPEC, STRATEGY},
        scale::{ROLLBACK_WINDOW, RUN_HISTORY},
    },
    given::Fields,
    images, meta,
    names::SUBDOMAIN,
    pod,
    report::Complaint,
    ring,
    routing::Routing,
    selector,
    shadow::{self, IGNORE_NOTE, SHADOW_NOTE},
    walk::Spot,
};

/// The annotation by which a rollout opts out of the default analysis.
const DEFAULT_ANALYSIS: &str = "tidegate.dev/default-analysis";

/// The annotation by which a rollout is on the public status page.
const STATUS_PAGE: &str = "tidegate.dev/status-page";

/// The longest name there, and of a group: more does not fit a line of a phone.
const PUBLIC_NAME: usize = 80;

/// Kubernetes' `int32`.
const MOST: i64 = i32::MAX as i64;

/// Reads a Rollout; what is wrong is reported.
pub(crate) fn read(document: &Spot<'_>) -> Option<RolloutResource> {
    let object = document.fields(&ROLLOUT)?;
    let known = [
        &[IMAGE_MAP, DEFAULT_ANALYSIS, CUT_OVER, SHADOW_NOTE, IGNORE_NOTE, STATUS_PAGE],
        &CHANGE[..],
    ];
    let meta = meta::read(&object, SUBDOMAIN, &known.concat());
    change::check(&meta.notes);
    meta.notes.get(STATUS_PAGE).map(check_public_name);
    let images = meta.notes.get(IMAGE_MAP).and_then(images::read);
    let watched = meta.notes.get(DEFAULT_ANALYSIS).and_then(is_watched);
    let fields = object.need("spec")?.fields(&SPEC)?;
    // A template that is in the same file was put in the place of `workloadRef` before.
    let template = need(&fields, "template").and_then(|spot| pod::read(spot, images));
    let elsewhere = fields.get("workloadRef").map(|_| no_template());
    let template = template.or(elsewhere);
    let history_limit = fields.or("revisionHistoryLimit", 10, |spot| spot.number(0, MOST));
    let mut chosen = strategy(&fields, &meta.key, watched.unwrap_or(true), history_limit);
    let cut_over = meta.notes.get(CUT_OVER);
    if let (Some(chosen), Some(note)) = (&mut chosen, cut_over) {
        cut_over::read(note, &mut chosen.strategy, watched.unwrap_or(true));
    }
    if let (Some(chosen), Some(note)) = (&mut chosen, meta.notes.get(SHADOW_NOTE)) {
        shadow::note(note, &mut chosen.strategy);
    }
    if let (Some(chosen), Some(note)) = (&mut chosen, meta.notes.get(IGNORE_NOTE)) {
        shadow::ignore_note(note, &mut chosen.strategy);
    }
    if let (Some(Chosen { strategy: Strategy::BlueGreen(_), .. }), Some(true)) = (&chosen, watched)
        && cut_over.is_none()
        && let Some(note) = meta.notes.get(DEFAULT_ANALYSIS)
    {
        let complaint = Complaint::new("a blue-green rollout has no default analysis");
        note.complain(complaint.hint(
            "no two revisions serve at a time there; write prePromotionAnalysis or \
             postPromotionAnalysis",
        ));
    }
    let labels = template.as_ref().filter(|template| !template.containers.is_empty());
    let labels = labels.map(|template| &template.meta.labels);
    let selector = need(&fields, "selector").and_then(|spot| selector::read(spot, labels));
    let spec = spec(&fields, meta.key.name.to_string(), history_limit);
    let run_history = fields.get("analysis").and_then(run_history).unwrap_or_default();
    let (template, chosen) = (template?, chosen?);
    let routing = chosen.routing;
    Some(RolloutResource {
        key: meta.key,
        spec: spec(template.revision(), chosen.strategy),
        template: template.into(),
        selector: selector.unwrap_or_default(),
        labels: meta.labels,
        annotations: meta.annotations,
        stable_service: chosen.stable_service,
        canary_service: chosen.canary_service,
        active_service: chosen.active_service,
        preview_service: chosen.preview_service,
        root_service: routing.root_service,
        carries: routing.carried,
        stickiness: routing.stickiness,
        ping_pong: chosen.ping_pong,
        role_meta: chosen.role_meta,
        run_history,
    })
}

/// A field that has to be there, unless a `workloadRef` that was refused stands in its place.
fn need<'f, 'a>(fields: &'f Fields<'a>, name: &str) -> Option<&'f Spot<'a>> {
    match fields.of.node.get("workloadRef") {
        Some(_) => fields.get(name),
        None => fields.need(name),
    }
}

/// What stands for a template that is not here.
fn no_template() -> PodTemplate {
    PodTemplate {
        meta: WorkloadMeta::default(),
        containers: Vec::new(),
        init: Vec::new(),
        host_aliases: Vec::new(),
        termination_grace: Duration::from_secs(30),
        images: Vec::new(),
        volumes: Vec::new(),
        pull_secrets: Vec::new(),
    }
}

/// What the public is told: a name, with the group that it belongs to and a slash before it if it has one.
fn check_public_name(note: &Spot<'_>) {
    let Some(text) = note.filled_text() else { return };
    let fits = |part: &str| {
        let part = part.trim();
        !part.is_empty()
            && part.chars().count() <= PUBLIC_NAME
            && !part.chars().any(char::is_control)
    };
    if text.split('/').count() > 2 || !text.split('/').all(fits) {
        note.complain(
            note.found().allow("a name such as Checkout, or with its group: Shop / Checkout"),
        );
    }
}

fn is_watched(note: &Spot<'_>) -> Option<bool> {
    note.word(&[("on", true), ("off", false)])
}

/// The strategy that a manifest chooses, with the Services that it names.
struct Chosen {
    strategy: Strategy,
    stable_service: Option<String>,
    canary_service: Option<String>,
    active_service: Option<String>,
    preview_service: Option<String>,
    ping_pong: Option<PingPong>,
    role_meta: RoleMeta,
    routing: Routing,
}

fn strategy(
    fields: &Fields<'_>,
    rollout: &ObjectKey,
    watched: bool,
    history_limit: u32,
) -> Option<Chosen> {
    let strategy = fields.need("strategy")?.fields(&STRATEGY)?;
    match strategy.exactly_one(&["canary", "blueGreen"])? {
        ("canary", spot) => {
            let mut named = canary::read(spot, watched)?;
            ring::salt(&mut named.canary.steps, rollout);
            Some(Chosen {
                strategy: Strategy::Canary(named.canary),
                stable_service: named.stable_service,
                canary_service: named.canary_service,
                active_service: None,
                preview_service: None,
                ping_pong: named.ping_pong,
                role_meta: named.role_meta,
                routing: named.routing.unwrap_or_default(),
            })
        }
        (_, spot) => {
            let named = blue_green::read(spot, history_limit)?;
            Some(Chosen {
                strategy: Strategy::BlueGreen(named.settings),
                stable_service: None,
                canary_service: None,
                active_service: named.active_service,
                preview_service: named.preview_service,
                ping_pong: None,
                role_meta: named.role_meta,
                routing: Routing::default(),
            })
        }
    }
}

/// Reads the fields that are numbers, times and switches; what is made of them waits for the rest.
fn spec(
    fields: &Fields<'_>,
    name: String,
    revision_history_limit: u32,
) -> impl FnOnce(RevisionHash, Strategy) -> RolloutSpec {
    let min_ready = fields.or("minReadySeconds", Duration::ZERO, |spot| seconds(spot, 0));
    let ten_minutes = Duration::from_mins(10);
    let progress_deadline =
        fields.or("progressDeadlineSeconds", ten_minutes, |spot| seconds(spot, 1));
    if progress_deadline <= min_ready {
        let place = fields.get("progressDeadlineSeconds").or_else(|| fields.get("minReadySeconds"));
        let message = format!(
            "progressDeadlineSeconds ({}) is not above minReadySeconds ({})",
            progress_deadline.as_secs(),
            min_ready.as_secs()
        );
        let complaint =
            Complaint::new(message).hint("no replica could become available before the deadline");
        place.unwrap_or(&fields.of).complain(complaint);
    }
    let replicas = fields.or("replicas", 1, |spot| spot.number(0, MOST));
    let paused = fields.or("paused", false, Spot::boolean);
    let progress_deadline_abort = fields.or("progressDeadlineAbort", false, Spot::boolean);
    let restart_at = fields.get("restartAt").and_then(moment);
    let rollback_window = fields.get("rollbackWindow").and_then(window).unwrap_or(0);
    move |revision, strategy| RolloutSpec {
        name,
        replicas,
        revision,
        paused,
        min_ready,
        revision_history_limit,
        progress_deadline,
        progress_deadline_abort,
        restart_at,
        rollback_window,
        strategy,
    }
}

fn window(spot: &Spot<'_>) -> Option<u32> {
    let fields = spot.fields(&ROLLBACK_WINDOW)?;
    Some(fields.or("revisions", 0, |spot| spot.number(0, MOST)))
}

fn run_history(spot: &Spot<'_>) -> Option<RunHistory> {
    let fields = spot.fields(&RUN_HISTORY)?;
    let RunHistory { successful, unsuccessful } = RunHistory::default();
    let limit = |name, default| fields.or(name, default, |spot| spot.number(0, MOST));
    Some(RunHistory {
        successful: limit("successfulRunHistoryLimit", successful),
        unsuccessful: limit("unsuccessfulRunHistoryLimit", unsuccessful),
    })
}

fn moment(spot: &Spot<'_>) -> Option<Timestamp> {
    let moment = spot.text()?.parse().ok();
    if moment.is_none() {
        spot.refuse("a time such as 2026-01-31T12:00:00Z");
    }
    moment
}

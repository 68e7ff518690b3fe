//! `spec.strategy.canary` of a Rollout.

use std::collections::BTreeMap;

use tidegate_rollout::{Canary, PingPong, RoleMeta, Step};
use tidegate_units::Weight;
use tidegate_workload::WorkloadMeta;

use crate::{
    analysis_use, auto,
    duration::seconds_or_text,
    fields::rollout::{CANARY, PAUSE, PING_PONG, ROLE_METADATA, STEP},
    given::Fields,
    names::{self, SERVICE},
    node::Content,
    report::Complaint,
    ring, routes,
    routing::{self, Routing},
    scale, step_experiment, step_plugin,
    walk::Spot,
};

/// The strategy, and the Services that it names.
pub(crate) struct Named {
    pub(crate) canary: Canary,
    pub(crate) stable_service: Option<String>,
    pub(crate) canary_service: Option<String>,
    pub(crate) ping_pong: Option<PingPong>,
    pub(crate) role_meta: RoleMeta,
    /// What `trafficRouting` says, when it is there.
    pub(crate) routing: Option<Routing>,
}

/// What a step may do, in the order in which Argo Rollouts asks which of several decides when it is
/// done.
const ACTIONS: [&str; 8] = [
    "pause",
    "setCanaryScale",
    "setWeight",
    "experiment",
    "analysis",
    "setHeaderRoute",
    "setMirrorRoute",
    "plugin",
];

/// Of these a step has one at most, as in Argo Rollouts.
const ALONE: [&str; 4] = ["setWeight", "pause", "experiment", "analysis"];

/// Reads the canary strategy. `watched`: whether the rollout leaves the default analysis on.
pub(crate) fn read(spot: &Spot<'_>, watched: bool) -> Option<Named> {
    let fields = spot.fields(&CANARY)?;
    let service = |name| fields.get(name).and_then(|spot| SERVICE.read(spot));
    let (stable_service, canary_service) = (service("stableService"), service("canaryService"));
    if stable_service.is_some() && stable_service == canary_service {
        let complaint = Complaint::new("the same Service as canaryService");
        if let Some(spot) = fields.get("stableService") {
            spot.complain(complaint.allow("another Service"));
        }
    }
    let routing = fields.get("trafficRouting").map(routing::read);
    let ping_pong = fields.get("pingPong").and_then(ping_pong);
    let meta = |name| fields.get(name).and_then(role_meta).unwrap_or_default();
    let role_meta = RoleMeta { stable: meta("stableMetadata"), canary: meta("canaryMetadata") };
    if let Some(routing) = &routing {
        routing.check_services(&fields);
    }
    let steps = fields.or("steps", Vec::new(), |spot| steps(spot, routing.as_ref()));
    let background = fields.get("analysis").and_then(analysis_use::background);
    let (background, starting_step) = match background {
        Some((background, starting_step)) => (Some(background), starting_step),
        None => (None, 0),
    };
    let counted = fields.get("steps").is_none_or(Spot::is_list);
    if counted && starting_step > 0 && starting_step as usize >= steps.len() {
        refuse_starting_step(&fields, steps.len());
    }
    let has_analysis = background.is_some() || steps.iter().any(is_judged);
    let canary = Canary {
        steps,
        routed: routing.is_some(),
        max_weight: routing::whole(routing.as_ref()),
        default_watch: watched && !has_analysis,
        background,
        starting_step,
        managed_routes: routing.as_ref().map(|it| it.managed_routes.clone()).unwrap_or_default(),
        ..scale::amounts(&fields, routing.is_some())
    };
    Some(Named { canary, stable_service, canary_service, ping_pong, role_meta, routing })
}

/// Whether a step judges the canary by an analysis; a plugin may do anything.
fn is_judged(step: &Step) -> bool {
    let tried = step.experiment().is_some_and(|experiment| !experiment.analyses.is_empty());
    tried || step.analysis().is_some_and(|analysis| analysis.plugin.is_none())
}

/// Labels and annotations of the replicas of a revision, for as long as it is stable or new.
pub(crate) fn role_meta(spot: &Spot<'_>) -> Option<WorkloadMeta> {
    let fields = spot.fields(&ROLE_METADATA)?;
    let labels = fields.or("labels", BTreeMap::new(), names::labels);
    Some(WorkloadMeta {
        labels,
        annotations: fields.or("annotations", BTreeMap::new(), names::annotations),
    })
}

fn ping_pong(spot: &Spot<'_>) -> Option<PingPong> {
    let fields = spot.fields(&PING_PONG)?;
    let service = |name| fields.need(name).and_then(|spot| SERVICE.read(spot));
    let (first, second) = (service("pingService"), service("pongService"));
    let services = PingPong { ping: first?, pong: second? };
    if services.ping == services.pong {
        spot.complain(Complaint::new("the same Service twice").allow("two Services"));
    }
    Some(services)
}

fn steps(spot: &Spot<'_>, routing: Option<&Routing>) -> Option<Vec<Step>> {
    let items = spot.items()?;
    // Refused steps keep their number, for startingStep.
    let refused = || Step::Pause(None);
    let mut share = Weight::ZERO;
    let steps = items.iter().map(|item| {
        let step = step(item, routing, share).unwrap_or_else(refused);
        for part in step.parts() {
            match part {
                Step::SetWeight(weight) => share = *weight,
                Step::Auto(settings) => {
                    auto::refuse_less(item, settings, share);
                    share = settings.max;
                }
                _ => {}
            }
        }
        step
    });
    let steps: Vec<_> = steps.collect();
    ring::refuse_twins(items.iter().zip(&steps));
    Some(steps)
}

/// Reads a step; `share` is the weight that was set before it.
fn step(spot: &Spot<'_>, routing: Option<&Routing>, share: Weight) -> Option<Step> {
    let fields = spot.fields(&STEP)?;
    if let Some(step) = bare_pause(&fields) {
        return Some(step);
    }
    let given = fields.some_of(&ACTIONS, &ALONE);
    let count = given.len();
    let read = given.into_iter().filter_map(|(name, spot)| action(name, spot, routing, share));
    let mut parts: Vec<Step> = read.collect();
    if parts.iter().filter(|part| matches!(part, Step::Analysis(_))).count() > 1 {
        // Each is a run of the step, of which there is one.
        let complaint = Complaint::new("found analysis and plugin together");
        spot.complain(complaint.allow("one of them").hint("write a step for each"));
    }
    match (count, parts.len()) {
        (1, 1) => parts.pop(),
        (more, all) if more > 1 && more == all => several(spot, parts),
        _ => None,
    }
}

/// A ring has a scale, a wait and an analysis of its own, a shadow a wait and a verdict.
fn several(spot: &Spot<'_>, parts: Vec<Step>) -> Option<Step> {
    if parts.iter().any(|part| part.ring().is_some()) {
        let complaint = Complaint::new("a ring beside another action");
        spot.complain(complaint.allow("a ring alone").hint("write a step for each"));
        return None;
    }
    if parts.iter().any(|part| matches!(part, Step::Auto(_))) {
        let complaint = Complaint::new("tidegate/auto beside another action");
        spot.complain(complaint.allow("tidegate/auto alone").hint("write a step for each"));
        return None;
    }
    let beside = |part: &Step| !matches!(part, Step::Shadow(_) | Step::SetScale(_));
    if parts.iter().any(|part| part.shadow().is_some()) && parts.iter().any(beside) {
        let complaint = Complaint::new("a shadow beside another action");
        spot.complain(complaint.allow("setCanaryScale beside it").hint("write a step for each"));
        return None;
    }
    Some(Step::Several(parts))
}

fn action(name: &str, spot: &Spot<'_>, routing: Option<&Routing>, share: Weight) -> Option<Step> {
    match name {
        "setWeight" => routing::weight(spot, routing).map(Step::SetWeight),
        "pause" => {
            let pause = spot.fields(&PAUSE)?;
            Some(Step::Pause(pause.get("duration").and_then(seconds_or_text)))
        }
        "experiment" => step_experiment::read(spot, routing, share).map(Step::Experiment),
        "setCanaryScale" => scale::set_canary_scale(spot, routing).map(Step::SetScale),
        "setHeaderRoute" => routes::header(spot, routing).map(Step::SetRoute),
        "setMirrorRoute" => routes::mirror(spot, routing).map(Step::SetRoute),
        "plugin" => step_plugin::read(spot, routing),
        _ => analysis_use::read(spot).map(Step::Analysis),
    }
}

/// `- pause:` with nothing after it. Argo takes a null pause for no step at all and refuses it;
/// the mend is `pause: {}`.
fn bare_pause(fields: &Fields<'_>) -> Option<Step> {
    let Content::Map(entries) = &fields.of.node.content else {
        return None;
    };
    let [only] = entries.as_slice() else {
        return None;
    };
    if &*only.key != "pause" || only.value.content != Content::Null {
        return None;
    }
    let complaint = Complaint::new("found nothing after pause")
        .allow("a mapping")
        .hint("write pause: {} to wait until somebody promotes");
    fields.of.complain(complaint);
    Some(Step::Pause(None))
}

fn refuse_starting_step(fields: &Fields<'_>, steps: usize) {
    let Some(analysis) = fields.get("analysis") else {
        return;
    };
    for (name, spot) in analysis.entries().unwrap_or_default() {
        if name == "startingStep" {
            let allowed = match steps {
                0 => "0, for there are no steps".to_owned(),
                _ => format!("0 to {}, for there are {steps} steps", steps - 1),
            };
            spot.refuse(allowed);
        }
    }
}

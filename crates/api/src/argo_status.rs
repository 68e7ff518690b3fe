use serde_json::{Map, Value, json};
use tidegate_analysis::RunPhase;
use tidegate_controller::{RolloutView, RunView};
use tidegate_rollout::{BlueGreenView, Condition, PauseReason, RevisionView, RunKind, RunRef};
use tidegate_units::{RevisionHash, Weight};

/// The status of a rollout in the fields of Argo Rollouts' `RolloutStatus`, for the scripts and
/// dashboards that read them. A field with nothing to say is absent, as it is there.
pub(crate) fn argo_status(view: &RolloutView) -> Value {
    let status = &view.status;
    let total =
        |count: fn(&RevisionView) -> u32| -> u32 { view.report.revisions.iter().map(count).sum() };
    let updated = revision(view, status.current.as_ref());
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    put("phase", json!(view.report.phase));
    put("message", text(&status.message));
    put("currentPodHash", json!(status.current));
    put("stableRS", json!(status.stable));
    if view.report.blue_green.is_none() {
        put("currentStepIndex", json!(status.step_index));
    }
    put("replicas", json!(total(|seen| seen.replicas)));
    put("readyReplicas", json!(total(|seen| seen.ready)));
    put("availableReplicas", json!(total(|seen| seen.available)));
    put("updatedReplicas", json!(updated.map_or(0, |seen| seen.replicas)));
    put("promoteFull", flag(status.promote_full));
    put("abort", flag(status.abort.is_some()));
    put("abortedAt", json!(status.abort.as_ref().map(|abort| abort.at)));
    put("restartedAt", json!(status.restarted_at));
    put("controllerPause", flag(controller_pause(view)));
    put("pauseConditions", pause_conditions(view));
    put("conditions", status.conditions.iter().map(condition).collect());
    match &view.report.blue_green {
        Some(reached) => put("blueGreen", blue_green(view, reached)),
        None => put("canary", canary(view)),
    }
    Value::Object(fields)
}

fn revision<'a>(view: &'a RolloutView, hash: Option<&RevisionHash>) -> Option<&'a RevisionView> {
    view.report.revisions.iter().find(|seen| Some(&seen.revision) == hash)
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn flag(set: bool) -> Value {
    if set { json!(true) } else { Value::Null }
}

fn controller_pause(view: &RolloutView) -> bool {
    view.status.pause.is_some_and(|pause| pause.reason != PauseReason::User)
}

fn pause_conditions(view: &RolloutView) -> Value {
    let Some(pause) = view.status.pause else {
        return Value::Null;
    };
    let reason = match pause.reason {
        PauseReason::Step => "CanaryPauseStep",
        PauseReason::BlueGreen => "BlueGreenPause",
        PauseReason::Inconclusive => "InconclusiveAnalysisRun",
        PauseReason::InconclusiveExperiment => "InconclusiveExperiment",
        PauseReason::InconclusiveExposure => "InconclusiveExposure",
        PauseReason::User => "UserPause",
    };
    json!([{"reason": reason, "startTime": pause.started}])
}

fn condition(condition: &Condition) -> Value {
    json!({
        "type": format!("{:?}", condition.kind),
        "status": if condition.holds { "True" } else { "False" },
        "reason": condition.reason,
        "message": condition.message,
        "lastUpdateTime": condition.since,
        "lastTransitionTime": condition.since,
    })
}

fn canary(view: &RolloutView) -> Value {
    let wanted = view.report.wanted_weight;
    let verified = view.report.actual_weight.map(|actual| actual == wanted);
    let guests = view.report.guests.iter();
    let rest = guests.fold(wanted.rest(), |rest, guest| rest.minus(guest.weight));
    let mut weights = Map::from_iter([
        weight(view, "canary", wanted, view.status.current.as_ref()),
        weight(view, "stable", rest, view.status.stable.as_ref()),
        ("verified".to_owned(), json!(verified)),
    ]);
    if !view.report.guests.is_empty() {
        weights.insert("additional".to_owned(), additional(view));
    }
    let mut fields = Map::from_iter([("weights".to_owned(), Value::Object(weights))]);
    if let Some(known) = view.status.experiment.as_ref().filter(|known| !known.ended) {
        fields.insert("currentExperiment".to_owned(), json!(known.name));
    }
    if view.ping_pong && view.status.stable.is_some() {
        let stable = if view.status.stable_is_ping { "ping" } else { "pong" };
        fields.insert("stablePingPong".to_owned(), json!(stable));
    }
    let background = view.status.background_run.as_ref().or(view.status.watch_run.as_ref());
    let runs = [
        ("currentStepAnalysisRunStatus", view.status.step_run.as_ref()),
        ("currentBackgroundAnalysisRunStatus", background),
    ];
    for (name, run) in runs {
        if let Some(run) = run {
            fields.insert(name.to_owned(), run_status(view, run));
        }
    }
    Value::Object(fields)
}

/// A weight as it is written in the manifest: out of 100, or of `maxTrafficWeight`.
fn weight(
    view: &RolloutView,
    name: &str,
    weight: Weight,
    revision: Option<&RevisionHash>,
) -> (String, Value) {
    let weight = weight.out_of(view.max_weight);
    (name.to_owned(), json!({"weight": weight, "podTemplateHash": revision}))
}

/// What templates of an experiment get beside the revisions.
fn additional(view: &RolloutView) -> Value {
    let guests = view.report.guests.iter().map(|guest| {
        json!({
            "weight": guest.weight.out_of(view.max_weight),
            "podTemplateHash": guest.revision,
            "serviceName": format!("{}-{}", guest.experiment, guest.template),
        })
    });
    guests.collect()
}

fn blue_green(view: &RolloutView, reached: &BlueGreenView) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    put("activeSelector", json!(reached.active));
    put("previewSelector", json!(reached.preview));
    put("scaleUpPreviewCheckPoint", flag(view.status.blue_green.cleared && is_on_its_way(view)));
    let kinds = [
        ("prePromotionAnalysisRunStatus", RunKind::PrePromotion),
        ("postPromotionAnalysisRunStatus", RunKind::PostPromotion),
    ];
    for (name, kind) in kinds {
        let ran = |run: &&RunView| run.kind == kind && run.spec.canary == reached.preview;
        if let Some(run) = view.runs.iter().find(ran) {
            let name_of = &run.spec.name;
            put(
                name,
                json!({"name": name_of, "status": run.status.phase, "message": run.status.message}),
            );
        }
    }
    Value::Object(fields)
}

fn is_on_its_way(view: &RolloutView) -> bool {
    view.status.stable != view.status.current
}

fn run_status(view: &RolloutView, run: &RunRef) -> Value {
    let seen = view.runs.iter().find(|seen| seen.spec.name == run.name);
    let phase = seen.map_or(RunPhase::Pending, |seen| seen.status.phase);
    let message = seen.map_or("", |seen| &seen.status.message);
    json!({"name": run.name, "status": phase, "message": message})
}

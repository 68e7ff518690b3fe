//! How many replicas the revisions of a canary have on the way: numbers, times, scales.

use std::time::Duration;

use tidegate_rollout::{Canary, CanaryScale, CountOrPercent, Threshold};

use crate::{
    duration::seconds,
    fields::scale::{ANTI_AFFINITY, PREFERRED, SET_CANARY_SCALE, THRESHOLD},
    given::Fields,
    node::Content,
    report::Complaint,
    routing::{self, Routing},
    walk::Spot,
};

/// Kubernetes' `int32`.
const MOST: i64 = i32::MAX as i64;

/// The fields of a canary that are numbers or times; the others are filled in by the caller.
pub(crate) fn amounts(fields: &Fields<'_>, routed: bool) -> Canary {
    let canary = Canary { routed, ..Canary::default() };
    let (max_surge, max_unavailable) = surge_and_unavailable(fields, &canary);
    let dynamic_stable = fields.or("dynamicStableScale", false, |spot| dynamic(spot, routed));
    let delay = fields.get("scaleDownDelaySeconds");
    if let Some(spot) = delay {
        check_delay(spot, routed, dynamic_stable);
    }
    anti_affinity(fields);
    let revision_limit = fields.get("scaleDownDelayRevisionLimit");
    Canary {
        max_surge,
        max_unavailable,
        scale_down_delay: delay
            .and_then(|spot| seconds(spot, 0))
            .unwrap_or(canary.scale_down_delay),
        scale_down_revision_limit: revision_limit.and_then(|spot| spot.number(0, MOST)),
        abort_scale_down_delay: after_abort(fields, dynamic_stable),
        dynamic_stable,
        least_replicas: fields.or("minPodsPerReplicaSet", 1, |spot| spot.number(0, MOST)).max(1),
        progress_threshold: fields.or("replicaProgressThreshold", Threshold::All, threshold),
        ..canary
    }
}

fn surge_and_unavailable(
    fields: &Fields<'_>,
    defaults: &Canary,
) -> (CountOrPercent, CountOrPercent) {
    let max_surge = fields.or("maxSurge", defaults.max_surge, count_or_percent);
    let max_unavailable = fields.or("maxUnavailable", defaults.max_unavailable, count_or_percent);
    let zero = |value| matches!(value, CountOrPercent::Count(0) | CountOrPercent::Percent(0));
    if zero(max_surge) && zero(max_unavailable) {
        let complaint = Complaint::new("maxSurge and maxUnavailable are both zero")
            .allow("one of them above zero")
            .hint("with neither a replica more nor one less, none can be replaced");
        let place = fields.get("maxSurge").unwrap_or(&fields.of);
        place.complain(complaint);
    }
    (max_surge, max_unavailable)
}

fn count_or_percent(spot: &Spot<'_>) -> Option<CountOrPercent> {
    const ALLOWED: &str = "a whole number, 0 or more, or a share such as 25%";
    let read = match &spot.node.content {
        Content::Number(_) => {
            return spot.number(0, MOST).map(CountOrPercent::Count);
        }
        Content::Text(text) => text
            .strip_suffix('%')
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .map(CountOrPercent::Percent),
        _ => None,
    };
    if read.is_none() {
        let complaint = spot.found().allow(ALLOWED);
        let number = spot.node.as_text().and_then(|text| text.parse::<u32>().ok());
        spot.complain(match number {
            Some(number) => complaint.hint(format!("write {number} without quotes, or {number}%")),
            None => complaint,
        });
    }
    read
}

fn dynamic(spot: &Spot<'_>, routed: bool) -> Option<bool> {
    let dynamic = spot.boolean()?;
    if dynamic && !routed {
        let complaint = Complaint::new("dynamicStableScale without trafficRouting")
            .hint("without a router the replicas follow the weights anyway; leave it out");
        spot.complain(complaint);
    }
    Some(dynamic)
}

fn check_delay(spot: &Spot<'_>, routed: bool, dynamic: bool) {
    if !routed {
        let complaint = Complaint::new("has no effect without trafficRouting")
            .hint("add trafficRouting, or leave it out");
        spot.complain(complaint);
    } else if dynamic {
        let complaint = Complaint::new("scaleDownDelaySeconds together with dynamicStableScale")
            .hint(
                "stable replicas that go with their share cannot stay for a while; leave one out",
            );
        spot.complain(complaint);
    }
}

/// How long aborted replicas stay; none: for ever, written as 0. With `dynamicStableScale` they go
/// with their share unless it is said otherwise.
fn after_abort(fields: &Fields<'_>, dynamic: bool) -> Option<Duration> {
    let given = fields.get("abortScaleDownDelaySeconds").and_then(|spot| seconds(spot, 0));
    match given {
        Some(delay) => Some(delay).filter(|delay| !delay.is_zero()),
        None if dynamic => Some(Duration::ZERO),
        None => Canary::default().abort_scale_down_delay,
    }
}

fn threshold(spot: &Spot<'_>) -> Option<Threshold> {
    let fields = spot.fields(&THRESHOLD)?;
    let percent = fields
        .need("type")
        .and_then(|spot| spot.word(&[("Percent", true), ("Pods", false), ("Pod", false)]));
    let most = if percent == Some(true) { 100 } else { MOST };
    let value = fields.need("value").and_then(|spot| spot.number(1, most));
    let (percent, value) = (percent?, value?);
    Some(if percent { Threshold::Percent(value) } else { Threshold::Count(value) })
}

/// `setCanaryScale`. As in Argo Rollouts, of several fields `matchTrafficWeight: true` counts before
/// `replicas`, and that before `weight`.
pub(crate) fn set_canary_scale(spot: &Spot<'_>, routing: Option<&Routing>) -> Option<CanaryScale> {
    if routing.is_none() {
        let complaint = Complaint::new("setCanaryScale without trafficRouting")
            .hint("without a router the weight is the share of the replicas; use setWeight");
        spot.complain(complaint);
    }
    let fields = spot.fields(&SET_CANARY_SCALE)?;
    let part = |part| match routing::whole(routing) {
        100 => CanaryScale::Share(part),
        whole => CanaryScale::Part { part, whole },
    };
    let share = fields.get("weight").map(|spot| spot.number(0, MOST).map(part));
    let count = fields.get("replicas").map(|spot| spot.number(0, MOST).map(CanaryScale::Replicas));
    let matching = fields.or("matchTrafficWeight", false, Spot::boolean);
    if matching {
        return Some(CanaryScale::MatchTraffic);
    }
    count.or(share).unwrap_or(Some(CanaryScale::MatchTraffic))
}

/// `antiAffinity` keeps replicas on different machines; it is checked, and there is one machine.
pub(crate) fn anti_affinity(fields: &Fields<'_>) {
    let Some(fields) = fields.get("antiAffinity").and_then(|spot| spot.fields(&ANTI_AFFINITY))
    else {
        return;
    };
    let names = [
        "preferredDuringSchedulingIgnoredDuringExecution",
        "requiredDuringSchedulingIgnoredDuringExecution",
    ];
    if let Some((name, spot)) = fields.exactly_one(&names)
        && name.starts_with("preferred")
        && let Some(fields) = spot.fields(&PREFERRED)
        && let Some(weight) = fields.need("weight")
    {
        let _ = weight.whole(1, 100);
    }
}

//! `spec.strategy.canary` of a Rollout.

use std::time::Duration;

use tidegate_rollout::{Canary, CountOrPercent, Step};
use tidegate_units::Weight;

use crate::{
    analysis_use,
    duration::{seconds, seconds_or_text},
    fields::rollout::{CANARY, PAUSE, STEP},
    given::Fields,
    names::SERVICE,
    node::Content,
    report::Complaint,
    routing::{self, Routing},
    walk::Spot,
};

/// The strategy, and the Services that it names.
pub(crate) struct Named {
    pub(crate) canary: Canary,
    pub(crate) stable_service: Option<String>,
    pub(crate) canary_service: Option<String>,
    /// What `trafficRouting` says, when it is there.
    pub(crate) routing: Option<Routing>,
}

/// Argo's default for the time that replicas stay after a promotion or an abort.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

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
    if let Some(routing) = &routing {
        routing.check_services(&fields);
    }
    let steps = fields.or("steps", Vec::new(), steps);
    let background = fields.get("analysis").and_then(analysis_use::background);
    let (background, starting_step) = match background {
        Some((background, starting_step)) => (Some(background), starting_step),
        None => (None, 0),
    };
    let counted = fields.get("steps").is_none_or(Spot::is_list);
    if counted && starting_step > 0 && starting_step as usize >= steps.len() {
        refuse_starting_step(&fields, steps.len());
    }
    let has_analysis =
        background.is_some() || steps.iter().any(|step| matches!(step, Step::Analysis(_)));
    let canary = Canary {
        steps,
        routed: routing.is_some(),
        default_watch: watched && !has_analysis,
        background,
        starting_step,
        ..amounts(&fields, routing.is_some())
    };
    Some(Named { canary, stable_service, canary_service, routing })
}

/// The fields that are numbers or times; the others are filled in by the caller.
fn amounts(fields: &Fields<'_>, routed: bool) -> Canary {
    let quarter = CountOrPercent::Percent(25);
    let max_surge = fields.or("maxSurge", quarter, count_or_percent);
    let max_unavailable = fields.or("maxUnavailable", quarter, |spot| {
        count_or_percent(spot).filter(|value| at_most_all(spot, *value))
    });
    let zero = |value| matches!(value, CountOrPercent::Count(0) | CountOrPercent::Percent(0));
    if zero(max_surge) && zero(max_unavailable) {
        let complaint = Complaint::new("maxSurge and maxUnavailable are both zero")
            .allow("one of them above zero")
            .hint("with neither a replica more nor one less, none can be replaced");
        let place = fields.get("maxSurge").unwrap_or(&fields.of);
        place.complain(complaint);
    }
    let delay = |name| {
        let given = fields.get(name)?;
        if !routed {
            let complaint = Complaint::new("has no effect without trafficRouting")
                .hint("add trafficRouting, or leave it out");
            given.complain(complaint);
        }
        seconds(given, 0)
    };
    let after_abort = delay("abortScaleDownDelaySeconds").unwrap_or(HALF_A_MINUTE);
    Canary {
        steps: Vec::new(),
        routed,
        max_surge,
        max_unavailable,
        scale_down_delay: delay("scaleDownDelaySeconds").unwrap_or(HALF_A_MINUTE),
        abort_scale_down_delay: Some(after_abort).filter(|delay| !delay.is_zero()),
        background: None,
        starting_step: 0,
        default_watch: false,
    }
}

fn at_most_all(spot: &Spot<'_>, value: CountOrPercent) -> bool {
    let fits = !matches!(value, CountOrPercent::Percent(percent) if percent > 100);
    if !fits {
        spot.refuse("a whole number, 0 or more, or a share from 0% to 100%");
    }
    fits
}

fn count_or_percent(spot: &Spot<'_>) -> Option<CountOrPercent> {
    const ALLOWED: &str = "a whole number, 0 or more, or a share such as 25%";
    let read = match &spot.node.content {
        Content::Number(_) => {
            return spot.number(0, i64::from(i32::MAX)).map(CountOrPercent::Count);
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

fn steps(spot: &Spot<'_>) -> Option<Vec<Step>> {
    let items = spot.items()?;
    // Refused steps keep their number, for startingStep.
    let refused = || Step::Pause(None);
    Some(items.iter().map(|item| step(item).unwrap_or_else(refused)).collect())
}

fn step(spot: &Spot<'_>) -> Option<Step> {
    let fields = spot.fields(&STEP)?;
    if let Some(step) = bare_pause(&fields) {
        return Some(step);
    }
    match fields.exactly_one(&["setWeight", "pause", "analysis"])? {
        ("setWeight", spot) => {
            let percent = spot.number::<u8>(0, 100)?;
            Weight::new(percent).ok().map(Step::SetWeight)
        }
        ("pause", spot) => {
            let pause = spot.fields(&PAUSE)?;
            Some(Step::Pause(pause.get("duration").and_then(seconds_or_text)))
        }
        (_, spot) => analysis_use::read(spot).map(Step::Analysis),
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

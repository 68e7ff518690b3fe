//! The step `experiment`.

use std::{collections::BTreeMap, time::Duration};

use tidegate_rollout::{StepExperiment, StepTemplate, TemplateOf, TemplateService};
use tidegate_units::Weight;
use tidegate_workload::WorkloadMeta;

use crate::{
    analysis_use,
    duration::{self, seconds},
    experiment::some,
    experiment_analysis,
    fields::step_experiment::{ANALYSIS, EXPERIMENT, METADATA, SERVICE_OF, TEMPLATE},
    given::Fields,
    names::{self, LABEL, SERVICE},
    report::Complaint,
    routing::{self, Routing},
    selector,
    walk::Spot,
};

/// Kubernetes' `int32`.
const MOST: i64 = i32::MAX as i64;

/// Argo's default for the time that replicas stay.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// What is left of the requests for templates, where a router splits.
struct Rest<'a> {
    routing: Option<&'a Routing>,
    left: Weight,
}

/// Reads `experiment`. `share` is what the new revision has by its weight.
pub(crate) fn read(
    spot: &Spot<'_>,
    routing: Option<&Routing>,
    share: Weight,
) -> Option<StepExperiment> {
    let fields = spot.fields(&EXPERIMENT)?;
    let common = analysis_use::of_runs(&fields);
    let experiment = StepExperiment {
        templates: templates(&fields, Rest { routing, left: share.rest() }),
        duration: fields.get("duration").and_then(duration::read),
        analyses: experiment_analysis::read(&fields, &ANALYSIS, &common, analysis_use::args),
        scale_down_delay: fields.or("scaleDownDelaySeconds", HALF_A_MINUTE, |it| seconds(it, 0)),
    };
    Some(experiment)
}

fn templates(fields: &Fields<'_>, mut rest: Rest<'_>) -> Vec<StepTemplate> {
    let mut read: Vec<StepTemplate> = Vec::new();
    for item in some(fields, "templates", "template") {
        let Some(one) = template(&item, &mut rest) else { continue };
        if read.iter().any(|other| other.name == one.name) {
            let message = format!("another template is called {:?}", one.name);
            item.complain(Complaint::new(message).allow("a name of its own"));
        }
        read.push(one);
    }
    read
}

fn template(spot: &Spot<'_>, rest: &mut Rest<'_>) -> Option<StepTemplate> {
    let fields = spot.fields(&TEMPLATE)?;
    let name = fields.need("name").and_then(|spot| LABEL.read(spot));
    let revisions = [("stable", TemplateOf::Stable), ("canary", TemplateOf::Canary)];
    let of = fields.need("specRef").and_then(|spot| spot.word(&revisions));
    let weight = fields.get("weight").and_then(|spot| weight(spot, rest));
    let service = match fields.get("service") {
        Some(spot) => service(spot),
        // As in Argo Rollouts, where routers send requests to a Service.
        None if weight.is_some() => TemplateService::Own,
        None => TemplateService::None,
    };
    Some(StepTemplate {
        replicas: fields.or("replicas", 1, |spot| spot.number(0, MOST)),
        meta: fields.get("metadata").and_then(metadata).unwrap_or_default(),
        selector: fields.or("selector", BTreeMap::new(), |spot| selector::read(spot, None)),
        weight,
        service,
        name: name?,
        of: of?,
    })
}

/// A share of what the new revision and the templates before it leave.
fn weight(spot: &Spot<'_>, rest: &mut Rest<'_>) -> Option<Weight> {
    let weight = routing::weight(spot, rest.routing)?;
    if rest.routing.is_none() {
        let complaint = Complaint::new("weight without trafficRouting");
        spot.complain(complaint.hint("without a router the share is that of the replicas"));
        return None;
    }
    if weight > rest.left {
        let left = rest.left;
        spot.refuse(format!("at most {left} in all, what setWeight and other templates leave"));
        return None;
    }
    rest.left = rest.left.minus(weight);
    Some(weight)
}

fn service(spot: &Spot<'_>) -> TemplateService {
    let fields = spot.fields(&SERVICE_OF);
    let name = fields.and_then(|fields| fields.get("name").and_then(|spot| SERVICE.read(spot)));
    name.map_or(TemplateService::Own, TemplateService::Named)
}

fn metadata(spot: &Spot<'_>) -> Option<WorkloadMeta> {
    let fields = spot.fields(&METADATA)?;
    let labels = fields.or("labels", BTreeMap::new(), names::labels);
    let annotations = fields.or("annotations", BTreeMap::new(), names::annotations);
    Some(WorkloadMeta { labels, annotations })
}

//! `argoproj.io/v1alpha1` Experiment.

use std::time::Duration;

use tidegate_analysis::SecretKey;
use tidegate_experiment::{ExperimentResource, ExperimentSpec, Template, TemplateResource};
use tidegate_rollout::ArgValue;
use tidegate_workload::ImageRule;

use crate::{
    analysis::secret_key,
    analysis_use,
    duration::{self, seconds},
    edit::IMAGE_MAP,
    experiment_analysis,
    fields::experiment::{
        ANALYSIS, ARG, ARG_VALUE_FROM, EXPERIMENT, SPEC, TEMPLATE, TEMPLATE_SERVICE,
    },
    given::Fields,
    images, meta,
    names::{LABEL, SERVICE, SUBDOMAIN},
    pod,
    report::Complaint,
    selector,
    walk::Spot,
};

/// Kubernetes' `int32`.
const MOST: i64 = i32::MAX as i64;

/// Argo's default for the time that replicas stay.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// Reads an Experiment; what is wrong is reported.
pub(crate) fn read(document: &Spot<'_>) -> Option<ExperimentResource> {
    let object = document.fields(&EXPERIMENT)?;
    let meta = meta::read(&object, SUBDOMAIN, &[IMAGE_MAP]);
    let images = meta.notes.get(IMAGE_MAP).and_then(images::read);
    let fields = object.need("spec")?.fields(&SPEC)?;
    let ten_minutes = Duration::from_mins(10);
    let progress_deadline =
        fields.or("progressDeadlineSeconds", ten_minutes, |spot| seconds(spot, 0));
    let around = Around { experiment: &meta.key.name, deadline: progress_deadline, images };
    let read = templates(&fields, &around);
    let (specs, templates) =
        read.into_iter().map(|one| (one.0.clone(), (one.0.name, one.1))).unzip();
    let common = analysis_use::common(&fields);
    let spec = ExperimentSpec {
        name: meta.key.name.to_string(),
        templates: specs,
        duration: fields.get("duration").and_then(duration::read),
        progress_deadline,
        terminate: fields.or("terminate", false, Spot::boolean),
        analyses: experiment_analysis::read(&fields, &ANALYSIS, &common, args),
        scale_down_delay: fields.or("scaleDownDelaySeconds", HALF_A_MINUTE, |it| seconds(it, 0)),
    };
    Some(ExperimentResource {
        key: meta.key,
        spec,
        templates,
        labels: meta.labels,
        annotations: meta.annotations,
        made_by: None,
    })
}

/// The items of a list that has to have some.
pub(crate) fn some<'a>(fields: &Fields<'a>, name: &str, what: &str) -> Vec<Spot<'a>> {
    let Some(spot) = fields.need(name) else { return Vec::new() };
    let items = spot.items().unwrap_or_default();
    if items.is_empty() && spot.is_list() {
        let complaint = Complaint::new(format!("found no {what}"));
        spot.complain(complaint.allow(format!("at least one {what}")));
    }
    items
}

/// What a template is read in.
struct Around<'a> {
    experiment: &'a str,
    deadline: Duration,
    images: Option<Vec<ImageRule>>,
}

fn templates(fields: &Fields<'_>, around: &Around<'_>) -> Vec<(Template, TemplateResource)> {
    let mut read: Vec<(Template, TemplateResource)> = Vec::new();
    for item in some(fields, "templates", "template") {
        let Some(one) = template(&item, around) else { continue };
        if read.iter().any(|(other, _)| other.name == one.0.name) {
            let message = format!("another template is called {:?}", one.0.name);
            item.complain(Complaint::new(message).allow("a name of its own"));
        }
        read.push(one);
    }
    read
}

fn template(spot: &Spot<'_>, around: &Around<'_>) -> Option<(Template, TemplateResource)> {
    let fields = spot.fields(&TEMPLATE)?;
    let name = fields.need("name").and_then(|spot| LABEL.read(spot));
    let template = fields.need("template").and_then(|spot| pod::read(spot, around.images.clone()));
    let labels = template.as_ref().map(|template| &template.meta.labels);
    let selector = fields.need("selector").and_then(|spot| selector::read(spot, labels));
    let replicas = fields.or("replicas", 1, |spot| spot.number(0, MOST));
    let min_ready = fields.or("minReadySeconds", Duration::ZERO, |spot| ready_time(spot, around));
    let service = fields.get("service").and_then(|spot| spot.fields(&TEMPLATE_SERVICE));
    let given = service.as_ref().map(|fields| fields.get("name").and_then(|it| SERVICE.read(it)));
    let (name, template) = (name?, template?);
    let set_name = || format!("{}-{name}", around.experiment);
    let spec = Template {
        revision: template.revision_as(&name),
        replicas,
        min_ready,
        service: given.map(|given| given.unwrap_or_else(set_name)),
        name,
    };
    Some((spec, TemplateResource { template, selector: selector.unwrap_or_default() }))
}

/// A replica that counts later than its template fails never counts.
fn ready_time(spot: &Spot<'_>, around: &Around<'_>) -> Option<Duration> {
    let given = seconds(spot, 0)?;
    if given > around.deadline {
        let allowed = format!("at most progressDeadlineSeconds ({})", around.deadline.as_secs());
        let hint = "no replica could become available before the deadline";
        spot.complain(spot.found().allow(allowed).hint(hint));
    }
    Some(given)
}

/// Values for the arguments of an analysis.
fn args(spot: &Spot<'_>) -> Option<Vec<(String, ArgValue)>> {
    analysis_use::args_by(spot, arg)
}

/// Unlike one of a rollout's analysis, as in Argo Rollouts, a value counts before `valueFrom`, and
/// with neither the argument stays what the template declares.
fn arg(spot: &Spot<'_>) -> Option<(String, ArgValue)> {
    let fields = spot.fields(&ARG)?;
    let name = fields.need("name").and_then(Spot::filled_text);
    let value = fields.get("value").map(Spot::text);
    let from = fields.get("valueFrom").map(value_from);
    let value = match (value, from) {
        (Some(text), _) => ArgValue::Literal(text?.to_owned()),
        (None, from) => from??,
    };
    Some((name?.to_owned(), value))
}

fn value_from(spot: &Spot<'_>) -> Option<ArgValue> {
    let fields = spot.fields(&ARG_VALUE_FROM)?;
    match fields.exactly_one(&["secretKeyRef", "fieldRef"])? {
        ("secretKeyRef", spot) => {
            let SecretKey { secret, key } = secret_key(spot)?;
            Some(ArgValue::Secret { name: secret, key })
        }
        (_, spot) => analysis_use::field_ref(spot).map(ArgValue::Field),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn two_templates_that_run_the_same_are_told_apart() {
        let text = "\
apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: ex}
spec:
  templates:
  - &one
    name: a
    selector: {matchLabels: {app: x}}
    template:
      metadata: {labels: {app: x}}
      spec: {containers: [{name: x, image: file:/bin/true}]}
  - {<<: *one, name: b}
";
        let documents = crate::read("ex.yaml", text).unwrap();
        let Some(tidegate_resource::Resource::Experiment(found)) =
            documents.into_iter().next().map(|one| one.resource)
        else {
            unreachable!("it is an experiment")
        };
        let revisions: BTreeSet<_> = found.spec.templates.iter().map(|one| &one.revision).collect();
        assert_eq!(revisions.len(), 2);
    }
}

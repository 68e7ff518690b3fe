//! An analysis that a Rollout asks for.

use std::collections::BTreeMap;

use tidegate_rollout::{AnalysisUse, ArgValue, TemplateUse};

use crate::{
    analysis,
    fields::{
        Table,
        rollout::{
            ANALYSIS, ARG, ARG_FIELD_REF, ARG_VALUE_FROM, BACKGROUND, RUN_METADATA, TEMPLATE_USE,
        },
    },
    given::Fields,
    names::{self, SUBDOMAIN},
    report::Complaint,
    walk::Spot,
};

/// The analysis of a step.
pub(crate) fn read(spot: &Spot<'_>) -> Option<AnalysisUse> {
    parts(spot, &ANALYSIS).map(|(analysis, _)| analysis)
}

/// The analysis beside the steps, and the step from which it runs.
pub(crate) fn background(spot: &Spot<'_>) -> Option<(AnalysisUse, u32)> {
    let (analysis, fields) = parts(spot, &BACKGROUND)?;
    let starting_step = fields.or("startingStep", 0, |spot| spot.number(0, i64::from(i32::MAX)));
    Some((analysis, starting_step))
}

fn parts<'a>(spot: &Spot<'a>, table: &'static Table) -> Option<(AnalysisUse, Fields<'a>)> {
    let fields = spot.fields(table)?;
    let templates = fields.need("templates").and_then(Spot::items).unwrap_or_default();
    if templates.is_empty()
        && let Some(spot) = fields.get("templates")
        && spot.is_list()
    {
        spot.complain(Complaint::new("found no template").allow("at least one template"));
    }
    let analysis = AnalysisUse {
        templates: templates.iter().filter_map(template).collect(),
        args: fields.or("args", Vec::new(), args),
        ..common(&fields)
    };
    Some((analysis, fields))
}

/// What is said of the runs alone: which metrics do not count, what is kept, labels, annotations.
pub(crate) fn common(fields: &Fields<'_>) -> AnalysisUse {
    let retention = fields.or("measurementRetention", Vec::new(), analysis::retention);
    AnalysisUse {
        retention: retention.into_iter().map(|rule| (rule.metric, rule.limit)).collect(),
        ..of_runs(fields)
    }
}

/// The same but for what is kept.
pub(crate) fn of_runs(fields: &Fields<'_>) -> AnalysisUse {
    let metadata = fields.get("analysisRunMetadata").and_then(|spot| spot.fields(&RUN_METADATA));
    let texts = |name, read: fn(&Spot<'_>) -> Option<BTreeMap<String, String>>| {
        let metadata = metadata.as_ref();
        metadata.map(|fields| fields.or(name, BTreeMap::new(), read)).unwrap_or_default()
    };
    AnalysisUse {
        templates: Vec::new(),
        args: Vec::new(),
        dry_run: fields.or("dryRun", Vec::new(), analysis::dry_run),
        retention: Vec::new(),
        labels: texts("labels", names::labels),
        annotations: texts("annotations", names::annotations),
        plugin: None,
    }
}

/// A template by name.
pub(crate) fn template(spot: &Spot<'_>) -> Option<TemplateUse> {
    let fields = spot.fields(&TEMPLATE_USE)?;
    let cluster = fields.or("clusterScope", false, Spot::boolean);
    let name = SUBDOMAIN.read(fields.need("templateName")?)?;
    Some(TemplateUse { name, cluster })
}

/// Values for a template's arguments.
pub(crate) fn args(spot: &Spot<'_>) -> Option<Vec<(String, ArgValue)>> {
    args_by(spot, arg)
}

/// The same, where each is read in its own way.
pub(crate) fn args_by(
    spot: &Spot<'_>,
    read: impl Fn(&Spot<'_>) -> Option<(String, ArgValue)>,
) -> Option<Vec<(String, ArgValue)>> {
    let mut args: Vec<(String, ArgValue)> = Vec::new();
    for item in spot.items()? {
        let Some((name, value)) = read(&item) else {
            continue;
        };
        if args.iter().any(|(other, _)| *other == name) {
            let message = format!("the argument {name:?} is given twice");
            item.complain(Complaint::new(message).hint("keep one of the two"));
        }
        args.push((name, value));
    }
    Some(args)
}

fn arg(spot: &Spot<'_>) -> Option<(String, ArgValue)> {
    let fields = spot.fields(&ARG)?;
    let name = fields.need("name").and_then(Spot::filled_text);
    let value = fields.get("value").map(Spot::text);
    // As in Argo Rollouts: with both, the value is that of valueFrom; with neither, it is empty.
    let value = match (fields.get("valueFrom"), value) {
        (Some(spot), _) => value_from(spot)?,
        (None, Some(text)) => ArgValue::Literal(text?.to_owned()),
        (None, None) => ArgValue::Literal(String::new()),
    };
    Some((name?.to_owned(), value))
}

fn value_from(spot: &Spot<'_>) -> Option<ArgValue> {
    let fields = spot.fields(&ARG_VALUE_FROM)?;
    match fields.exactly_one(&["podTemplateHashValue", "fieldRef"])? {
        ("podTemplateHashValue", spot) => {
            spot.word(&[("Stable", ArgValue::StableHash), ("Latest", ArgValue::LatestHash)])
        }
        (_, spot) => field_ref(spot).map(ArgValue::Field),
    }
}

/// Reads `fieldRef`: a path in the rollout.
pub(crate) fn field_ref(spot: &Spot<'_>) -> Option<String> {
    let fields = spot.fields(&ARG_FIELD_REF)?;
    field_path(fields.need("fieldPath")?)
}

fn field_path(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let root = text.split(['.', '[']).next().unwrap_or_default();
    let rest = text.get(root.len()..).unwrap_or_default();
    let fits = matches!(root, "metadata" | "spec" | "status") && rest.len() > 1;
    if !fits {
        spot.refuse("a path under metadata, spec or status, such as metadata.labels['region']");
    }
    fits.then(|| text.to_owned())
}

//! An analysis that a Rollout asks for.

use tidegate_rollout::{AnalysisUse, ArgValue, TemplateUse};

use crate::{
    fields::{
        Table,
        rollout::{ANALYSIS, ARG, ARG_FIELD_REF, ARG_VALUE_FROM, BACKGROUND, TEMPLATE_USE},
    },
    given::Fields,
    names::SUBDOMAIN,
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
    };
    Some((analysis, fields))
}

fn template(spot: &Spot<'_>) -> Option<TemplateUse> {
    let fields = spot.fields(&TEMPLATE_USE)?;
    let name = SUBDOMAIN.read(fields.need("templateName")?)?;
    Some(TemplateUse { name })
}

fn args(spot: &Spot<'_>) -> Option<Vec<(String, ArgValue)>> {
    let mut args: Vec<(String, ArgValue)> = Vec::new();
    for item in spot.items()? {
        let Some((name, value)) = arg(&item) else {
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
    let value = match fields.exactly_one(&["value", "valueFrom"])? {
        ("value", spot) => ArgValue::Literal(spot.text()?.to_owned()),
        (_, spot) => value_from(spot)?,
    };
    Some((name?.to_owned(), value))
}

fn value_from(spot: &Spot<'_>) -> Option<ArgValue> {
    let fields = spot.fields(&ARG_VALUE_FROM)?;
    match fields.exactly_one(&["podTemplateHashValue", "fieldRef"])? {
        ("podTemplateHashValue", spot) => {
            spot.word(&[("Stable", ArgValue::StableHash), ("Latest", ArgValue::LatestHash)])
        }
        (_, spot) => {
            let path = spot.fields(&ARG_FIELD_REF)?;
            let path = path.need("fieldPath")?;
            field_path(path).map(ArgValue::Field)
        }
    }
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

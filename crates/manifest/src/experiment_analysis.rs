//! The analyses of an experiment, in a document of its own and in a step.

use tidegate_rollout::{AnalysisUse, ArgValue, ExperimentAnalysis, TemplateUse};

use crate::{fields::Table, given::Fields, names::SUBDOMAIN, report::Complaint, walk::Spot};

/// How the arguments of an analysis are read.
pub(crate) type Args = fn(&Spot<'_>) -> Option<Vec<(String, ArgValue)>>;

/// The list `analyses`, each item of the fields in `table`, with what is `common` to all.
pub(crate) fn read(
    fields: &Fields<'_>,
    table: &'static Table,
    common: &AnalysisUse,
    args: Args,
) -> Vec<ExperimentAnalysis> {
    let items = fields.get("analyses").and_then(Spot::items).unwrap_or_default();
    let mut read: Vec<ExperimentAnalysis> = Vec::new();
    for item in items {
        let Some(one) = analysis(&item, table, common, args) else { continue };
        if read.iter().any(|other| other.name == one.name) {
            let message = format!("another analysis is called {:?}", one.name);
            item.complain(Complaint::new(message).allow("a name of its own"));
        }
        read.push(one);
    }
    read
}

fn analysis(
    spot: &Spot<'_>,
    table: &'static Table,
    common: &AnalysisUse,
    args: Args,
) -> Option<ExperimentAnalysis> {
    let fields = spot.fields(table)?;
    let name = fields.need("name").and_then(|spot| SUBDOMAIN.read(spot));
    let template = fields.need("templateName").and_then(|spot| SUBDOMAIN.read(spot));
    let cluster = fields.or("clusterScope", false, Spot::boolean);
    let required = fields.or("requiredForCompletion", false, Spot::boolean);
    let args = fields.or("args", Vec::new(), args);
    let templates = vec![TemplateUse { name: template?, cluster }];
    let analysis = AnalysisUse { templates, args, ..common.clone() };
    Some(ExperimentAnalysis { name: name?, analysis, required })
}

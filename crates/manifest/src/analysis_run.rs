//! `argoproj.io/v1alpha1` `AnalysisRun`, one that somebody declares by itself.

use std::time::Duration;

use tidegate_analysis::{AnalysisRunResource, AnalysisTemplate, Provider, Ttl};

use crate::{
    analysis,
    duration::seconds,
    fields::analysis::{RUN, RUN_SPEC, TTL},
    given::Fields,
    meta,
    names::SUBDOMAIN,
    report::Complaint,
    walk::Spot,
};

/// Reads an `AnalysisRun`; what is wrong is reported.
pub(crate) fn read(document: &Spot<'_>) -> Option<AnalysisRunResource> {
    let object = document.fields(&RUN)?;
    let meta = meta::read(&object, SUBDOMAIN, &[]);
    let fields = object.need("spec")?.fields(&RUN_SPEC)?;
    let args = fields.or("args", Vec::new(), analysis::args);
    let metrics = fields.need("metrics");
    let metrics = metrics.and_then(|spot| analysis::metrics(spot, &args)).unwrap_or_default();
    if let Some(spot) = fields.get("metrics") {
        if metrics.is_empty() && spot.items().is_some_and(|all| all.is_empty()) {
            spot.complain(Complaint::new("found no metric").allow("at least one metric"));
        }
        if metrics.iter().any(|one| {
            matches!(one.provider, Provider::Judge(_) | Provider::Router(_) | Provider::Decision(_))
        }) {
            let complaint = Complaint::new("the router's measurements of a revision");
            spot.complain(complaint.hint(
                "a run by itself is about no revision: ask the router's series by \
                 provider.prometheus, with no address",
            ));
        }
    }
    let template = AnalysisTemplate {
        dry_run: fields.or("dryRun", Vec::new(), analysis::dry_run),
        retention: fields.or("measurementRetention", Vec::new(), analysis::retention),
        key: meta.key,
        args,
        metrics,
        templates: Vec::new(),
    };
    Some(AnalysisRunResource {
        template,
        terminate: fields.or("terminate", false, Spot::boolean),
        ttl: fields.get("ttlStrategy").and_then(ttl).unwrap_or_default(),
        labels: meta.labels,
        annotations: meta.annotations,
    })
}

fn ttl(spot: &Spot<'_>) -> Option<Ttl> {
    let fields = spot.fields(&TTL)?;
    let time = |fields: &Fields<'_>, name| -> Option<Duration> {
        fields.get(name).and_then(|spot| seconds(spot, 0))
    };
    Some(Ttl {
        after_completion: time(&fields, "secondsAfterCompletion"),
        after_failure: time(&fields, "secondsAfterFailure"),
        after_success: time(&fields, "secondsAfterSuccess"),
    })
}

//! `provider.kayenta`.

use tidegate_analysis::{KayentaQuery, KayentaScope, KayentaScopeDetail};

use crate::{
    fields::vendor::{KAYENTA, KAYENTA_DETAIL, KAYENTA_SCOPE, KAYENTA_THRESHOLD},
    given::Fields,
    query::url,
    report::Complaint,
    walk::Spot,
};

/// Reads `provider.kayenta`.
pub(crate) fn read(spot: &Spot<'_>) -> Option<KayentaQuery> {
    let fields = spot.fields(&KAYENTA)?;
    let text = |name| text(&fields, name);
    let address = fields.need("address").and_then(url);
    let config = fields.need("canaryConfigName").and_then(Spot::filled_text);
    // Argo's own example writes the second.
    let threshold = match (fields.get("threshold"), fields.get("thresholds")) {
        (Some(spot), None) | (None, Some(spot)) => threshold(spot),
        (Some(spot), Some(_)) => {
            spot.complain(
                Complaint::new("threshold beside thresholds").hint("keep one of the two"),
            );
            None
        }
        (None, None) => {
            let _ = fields.need("threshold");
            None
        }
    };
    let query = KayentaQuery {
        application: text("application"),
        metrics_account_name: text("metricsAccountName"),
        configuration_account_name: text("configurationAccountName"),
        storage_account_name: text("storageAccountName"),
        scopes: scopes(&fields),
        lookback: fields.or("lookback", false, Spot::boolean),
        ..KayentaQuery::default()
    };
    if let Some(problem) = query.problem().filter(|problem| !problem.contains("{{")) {
        fields.of.complain(Complaint::new(problem));
    }
    let (pass, marginal) = threshold?;
    let (address, canary_config_name) = (address?, config?.to_owned());
    Some(KayentaQuery { address, canary_config_name, pass, marginal, ..query })
}

fn threshold(spot: &Spot<'_>) -> Option<(i64, i64)> {
    let fields = spot.fields(&KAYENTA_THRESHOLD)?;
    let score = |name| fields.need(name).and_then(|spot| spot.whole(0, 100));
    let (pass, marginal) = (score("pass"), score("marginal"));
    Some((pass?, marginal?))
}

fn scopes(fields: &Fields<'_>) -> Vec<KayentaScope> {
    let Some(spot) = fields.need("scopes") else { return Vec::new() };
    let items = spot.items().unwrap_or_default();
    if items.is_empty() && spot.is_list() {
        spot.complain(Complaint::new("found no scope").allow("at least one scope"));
    }
    let scope = |item: &Spot<'_>| {
        let fields = item.fields(&KAYENTA_SCOPE)?;
        let name = fields.need("name").and_then(Spot::filled_text);
        let control = fields.need("controlScope").and_then(detail);
        let experiment = fields.need("experimentScope").and_then(detail);
        Some(KayentaScope { name: name?.to_owned(), control: control?, experiment: experiment? })
    };
    items.iter().filter_map(scope).collect()
}

fn detail(spot: &Spot<'_>) -> Option<KayentaScopeDetail> {
    let fields = spot.fields(&KAYENTA_DETAIL)?;
    Some(KayentaScopeDetail {
        scope: text(&fields, "scope"),
        region: text(&fields, "region"),
        step: fields.or("step", 0, |spot| spot.whole(0, i64::from(i32::MAX))),
        start: text(&fields, "start"),
        end: text(&fields, "end"),
    })
}

fn text(fields: &Fields<'_>, name: &str) -> String {
    fields.get(name).and_then(Spot::text).unwrap_or_default().to_owned()
}

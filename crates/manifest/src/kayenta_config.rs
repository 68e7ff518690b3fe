//! A canary configuration of Kayenta, as its page and its API write it.

use std::collections::{BTreeMap, BTreeSet};

use tidegate_kayenta::{
    CanaryConfig, Direction, EffectSize, JUDGE, Measure, Metric, MetricQuery, MetricSettings,
    NanStrategy, Outliers, PrometheusQuery, Thresholds,
};

use crate::{
    Problem, Problems,
    fields::kayenta_config as table,
    given::Fields,
    load::load,
    node::Content,
    report::{Complaint, Reports},
    walk::Spot,
};

/// Reads a canary configuration, JSON or YAML, and what is told of it that is no problem.
/// `file_name` is for the problems only.
///
/// Kayenta ignores fields that it does not know. Here such a field is told; and refused where it may
/// be meant for one that is known, or stands where the verdict is decided.
pub fn read_canary_config(
    file_name: &str,
    text: &str,
) -> Result<(CanaryConfig, Vec<Problem>), Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let reports = Reports::new(file_name, text);
    let roots = load(&reports, text);
    let found = if let [only] = roots.as_slice() {
        config(&Spot::root(&reports, only))
    } else {
        let complaint = Complaint::new(format!("found {} documents", roots.len()));
        reports.add_at(reports.clamp(1, 1), "", complaint.allow("one canary configuration"));
        None
    };
    let notes = reports.notes.take();
    match (reports.into_problems(), found) {
        (None, Some(config)) => Ok((config, notes)),
        (problems, _) => Err(problems.unwrap_or_default()),
    }
}

fn config(root: &Spot<'_>) -> Option<CanaryConfig> {
    let fields = root.open_fields(&table::CONFIG)?;
    if let Some(judge) = fields.get("judge") {
        check_judge(judge);
    }
    let metrics = fields.need("metrics").map(metrics);
    let (group_weights, thresholds) = fields.get("classifier").map(classifier).unwrap_or_default();
    let config = CanaryConfig {
        id: text(&fields, "id"),
        name: text(&fields, "name"),
        applications: fields.or("applications", Vec::new(), Spot::texts),
        metrics: metrics.unwrap_or_default(),
        templates: fields.or("templates", BTreeMap::new(), Spot::text_map),
        group_weights,
        thresholds,
    };
    if let Some(spot) = fields.get("classifier") {
        tell_weights(spot, &config);
    }
    Some(config)
}

fn check_judge(spot: &Spot<'_>) {
    let Some(fields) = spot.open_fields(&table::JUDGE) else { return };
    let Some(name) = fields.get("name") else { return };
    let Some(text) = name.text().filter(|text| !text.is_empty() && *text != JUDGE) else { return };
    let hint = match text {
        "dredd-v1.0" => "that judge draws its verdicts by lot",
        _ => "it is the one judge that is built in",
    };
    name.complain(name.found().allow(JUDGE).hint(hint));
}

fn metrics(spot: &Spot<'_>) -> Vec<Metric> {
    let mut names = BTreeSet::new();
    let mut metrics = Vec::new();
    for item in spot.items().unwrap_or_default() {
        let Some(metric) = metric(&item) else { continue };
        if !names.insert(metric.name.clone()) {
            let name = item.at("name").unwrap_or(item);
            let complaint = Complaint::new(format!("a second metric {:?}", metric.name));
            name.complain(complaint.hint("give each a name of its own"));
        }
        metrics.push(metric);
    }
    metrics
}

fn metric(spot: &Spot<'_>) -> Option<Metric> {
    let fields = spot.open_fields(&table::METRIC)?;
    let name = fields.need("name").and_then(Spot::filled_text);
    let groups = fields.need("groups").and_then(Spot::texts);
    let settings = fields.or("analysisConfigurations", MetricSettings::default(), analysis);
    let query = fields.get("query").and_then(query);
    let scope = fields.or("scopeName", "default".to_owned(), |spot| spot.text().map(str::to_owned));
    Some(Metric { name: name?.to_owned(), groups: groups?, settings, scope, query })
}

fn analysis(spot: &Spot<'_>) -> Option<MetricSettings> {
    let fields = spot.open_fields(&table::ANALYSIS)?;
    Some(fields.or("canary", MetricSettings::default(), settings))
}

/// What decides the verdict: no unknown field is let through.
fn settings(spot: &Spot<'_>) -> Option<MetricSettings> {
    let fields = spot.fields(&table::CANARY)?;
    let directions = [
        ("increase", Direction::Increase),
        ("decrease", Direction::Decrease),
        ("either", Direction::Either),
    ];
    let strategies = [
        ("remove", NanStrategy::Remove),
        ("replace", NanStrategy::Replace),
        ("none", NanStrategy::Remove),
    ];
    Some(MetricSettings {
        direction: fields.or("direction", Direction::default(), |spot| spot.word(&directions)),
        nan: fields.or("nanStrategy", NanStrategy::default(), |spot| spot.word(&strategies)),
        outliers: fields.or("outliers", Outliers::default(), outliers),
        critical: fields.or("critical", false, Spot::boolean),
        must_have_data: fields.or("mustHaveData", false, Spot::boolean),
        muted: fields.or("muted", false, Spot::boolean),
        effect: fields.or("effectSize", EffectSize::default(), effect),
    })
}

fn outliers(spot: &Spot<'_>) -> Option<Outliers> {
    let fields = spot.fields(&table::OUTLIERS)?;
    let words = [("remove", true), ("keep", false), ("none", false)];
    let remove = fields.or("strategy", false, |spot| spot.word(&words));
    let factor = fields.or("outlierFactor", Outliers::FACTOR, |spot| {
        let factor = number(spot)?;
        // As Kayenta: what keeps all has no use for a factor.
        if remove && factor <= 0.0 {
            spot.refuse("a number above 0");
        }
        Some(factor)
    });
    Some(if remove { Outliers::Remove { factor } } else { Outliers::Keep })
}

fn effect(spot: &Spot<'_>) -> Option<EffectSize> {
    let fields = spot.fields(&table::EFFECT_SIZE)?;
    let measures = [("meanRatio", Measure::MeanRatio), ("cles", Measure::Cles)];
    let measure = fields.or("measure", Measure::default(), |spot| spot.word(&measures));
    let limit = |name| fields.or(name, measure.no_effect(), number);
    Some(EffectSize {
        measure,
        allowed_increase: limit("allowedIncrease"),
        allowed_decrease: limit("allowedDecrease"),
        critical_increase: limit("criticalIncrease"),
        critical_decrease: limit("criticalDecrease"),
    })
}

fn query(spot: &Spot<'_>) -> Option<MetricQuery> {
    // The fields of other services are theirs.
    match spot.at("type") {
        Some(kind) if kind.node.as_text().is_some_and(|kind| kind != "prometheus") => {
            return kind.filled_text().map(|kind| MetricQuery::Other(kind.to_owned()));
        }
        _ => {}
    }
    let fields = spot.open_fields(&table::QUERY)?;
    let kind = fields.need("type").and_then(Spot::text);
    let query = PrometheusQuery {
        metric_name: text(&fields, "metricName"),
        resource_type: text(&fields, "resourceType"),
        label_bindings: fields.or("labelBindings", Vec::new(), Spot::texts),
        group_by: fields.or("groupByFields", Vec::new(), Spot::texts),
        inline_template: text(&fields, "customInlineTemplate"),
        filter_template: text(&fields, "customFilterTemplate"),
    };
    kind.map(|_| MetricQuery::Prometheus(query))
}

fn classifier(spot: &Spot<'_>) -> (BTreeMap<String, f64>, Option<Thresholds>) {
    let Some(fields) = spot.fields(&table::CLASSIFIER) else { return Default::default() };
    let weights = fields.or("groupWeights", BTreeMap::new(), |spot| {
        let weight = |(name, spot): (&str, Spot<'_>)| Some((name.to_owned(), number(&spot)?));
        Some(spot.entries()?.into_iter().filter_map(weight).collect())
    });
    let thresholds = fields.get("scoreThresholds").and_then(|spot| {
        let fields = spot.fields(&table::THRESHOLDS)?;
        let score = |name| fields.need(name).and_then(number);
        let (pass, marginal) = (score("pass"), score("marginal"));
        Some(Thresholds { pass: pass?, marginal: marginal? })
    });
    (weights, thresholds)
}

/// Weights that do not come to 100 change what a score means.
fn tell_weights(spot: &Spot<'_>, config: &CanaryConfig) {
    let weights = &config.group_weights;
    let sum: f64 = weights.values().sum();
    let groups = config.metrics.iter().flat_map(|metric| &metric.groups);
    let rest = groups.into_iter().any(|group| !weights.contains_key(group));
    if !weights.is_empty() && (sum - 100.0).abs() > 1e-9 && !(rest && sum < 100.0) {
        spot.note(format!("the weights of the groups come to {sum}, not to 100"));
    }
}

/// Any number.
fn number(spot: &Spot<'_>) -> Option<f64> {
    match &spot.node.content {
        Content::Number(number) => Some(number.value.as_f64()),
        Content::Text(text) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
            let hint = format!("write {}, without quotes", text.trim());
            spot.complain(spot.found().allow("a number").hint(hint));
            None
        }
        _ => {
            spot.refuse("a number");
            None
        }
    }
}

fn text(fields: &Fields<'_>, name: &str) -> String {
    fields.get(name).and_then(Spot::text).unwrap_or_default().to_owned()
}

use serde::{Deserialize, Serialize};
use tidegate_analysis::{FieldEvidence, ShadowFinding, ShadowSettings};
use tidegate_traffic::{Compared, DifferenceExample, Histogram};
use tidegate_units::Timestamp;

/// What the answers of a shadowed revision differ in from those of the stable one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComparisonView {
    /// `different`, `alike`, or `undecided` while too little was compared.
    pub verdict: String,
    /// Why, in one sentence.
    pub message: String,
    /// When it began to count.
    pub since: Timestamp,
    /// Whether it began anew with the router: what was compared before is lost.
    pub resumed: bool,
    /// Requests whose three answers were compared.
    pub compared: u64,
    /// Of those, in how many the new revision alone differed in any field.
    pub differing: u64,
    /// Of those, in how many one of the two stable replicas alone did.
    pub noisy: u64,
    /// Of those, in how many bodies were not compared: too large, or without an end in time.
    pub unread: u64,
    /// Of those, in how many one stable replica answered twice, because there was no other.
    pub one_instance: u64,
    /// Requests that were to be compared and were not, for want of room or of a replica.
    pub dropped: u64,
    /// Every field in which any of the answers differed; those that are shown to differ first.
    pub fields: Vec<ComparedField>,
    /// Time to the first byte of the new revision's answers.
    pub latency: LatencyView,
    /// The same of the two stable replicas.
    pub stable_latency: LatencyView,
}

/// A field in which answers differed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComparedField {
    /// Its name.
    pub field: String,
    /// Whether the new revision is shown to differ in it.
    pub differs: bool,
    /// How often the new revision alone differed.
    pub candidate: u64,
    /// How often one of the stable replicas alone did.
    pub stable: u64,
    /// How often all three differed.
    pub all: u64,
    /// `ln` of the e-value against "the new revision is a replica like the others".
    pub log_evidence: f64,
    /// Where that shows a difference.
    pub log_bar: f64,
    /// Some differences of the new revision, as they were seen.
    pub examples: Vec<DifferenceExample>,
}

/// Quantiles in milliseconds; none of nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LatencyView {
    /// Median.
    pub p50_ms: Option<f64>,
    /// 90th percentile.
    pub p90_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
}

impl ComparisonView {
    pub(crate) fn new(compared: &Compared, settings: &ShadowSettings) -> Self {
        let finding = ShadowFinding::new(compared, settings);
        let counts = &compared.counts;
        let [candidate, first, second] = &compared.latency;
        let mut stable = first.clone();
        stable.add(second);
        Self {
            verdict: finding.verdict.word().to_owned(),
            message: finding.to_string(),
            since: compared.since,
            resumed: compared.resumed,
            compared: counts.compared,
            differing: counts.differing,
            noisy: counts.noisy,
            unread: counts.unread,
            one_instance: compared.one_instance,
            dropped: compared.dropped,
            fields: finding.fields.iter().map(|field| shown(field, compared)).collect(),
            latency: latency(candidate),
            stable_latency: latency(&stable),
        }
    }
}

fn shown(evidence: &FieldEvidence, compared: &Compared) -> ComparedField {
    let counts = &compared.counts;
    let field = counts.fields.get(&evidence.field).unwrap_or(&counts.beyond);
    ComparedField {
        field: evidence.field.clone(),
        differs: evidence.differs(),
        candidate: evidence.candidate,
        stable: evidence.noise,
        all: field.all,
        log_evidence: evidence.log_evidence,
        log_bar: evidence.log_bar,
        examples: field.examples.clone(),
    }
}

fn latency(histogram: &Histogram) -> LatencyView {
    let millis = |p| histogram.quantile(p).map(|micros| micros / 1e3);
    LatencyView { p50_ms: millis(0.5), p90_ms: millis(0.9), p99_ms: millis(0.99) }
}

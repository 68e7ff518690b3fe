//! All rollouts, in short.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_controller::RolloutSummary;
use tidegate_rollout::Phase;
use tidegate_units::ObjectKey;

use crate::{
    caller::Caller,
    etag::{etag_of, tagged},
    fleet_order::{Mark, Order, SortBy, arrange},
    limits::{ROLLOUT_PAGE, ROLLOUT_PAGE_LIMIT},
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
    visible::Visible,
};

/// Rollouts, in the order that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RolloutPage {
    /// As many as were asked for, or as there are.
    pub items: Vec<RolloutSummary>,
    /// How many there are on all pages together.
    pub total: usize,
    /// Give this as `continue` for the next page; null on the last one.
    pub r#continue: Option<String>,
    /// Give this as `after` to a watch: it tells all that happens after this list.
    pub position: String,
}

/// The parameters of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    namespace: Option<String>,
    phase: Option<String>,
    search: Option<String>,
    #[serde(default)]
    sort: SortBy,
    #[serde(default)]
    order: Order,
    fields: Option<String>,
    #[serde(default = "page")]
    limit: usize,
    r#continue: Option<String>,
}

const fn page() -> usize {
    ROLLOUT_PAGE
}

/// What of the fleet is asked for.
struct Filter {
    namespace: Option<String>,
    phases: Vec<Phase>,
    search: Option<String>,
}

/// One page of all rollouts that the caller may see.
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked: Asked = read::query(&uri)?;
    if asked.limit == 0 || asked.limit > ROLLOUT_PAGE_LIMIT {
        let detail = format!("`limit` is 1 to {ROLLOUT_PAGE_LIMIT}, not {}", asked.limit);
        return Err(Problem::new(ProblemKind::BadRequest, detail));
    }
    let (sort, order) = (asked.sort, asked.order);
    let mark = asked.r#continue.as_deref().map(|text| Mark::read(text, sort, order)).transpose()?;
    let fields = asked.fields.as_deref().map(chosen).transpose()?;
    let filter = Filter {
        namespace: asked.namespace,
        phases: asked.phase.as_deref().map(phases).transpose()?.unwrap_or_default(),
        search: asked.search.map(|text| text.to_lowercase()),
    };
    // Before the fleet: what happens from here on, a watch tells.
    let position = api.hub.position();
    let visible = Visible::to(caller);
    let fleet = api.control.fleet();
    let mut rows: Vec<_> = fleet.summaries().filter(|row| filter.takes(row, &visible)).collect();
    let total = rows.len();
    arrange(&mut rows, sort, order, mark.as_ref());
    let more = rows.len() > asked.limit;
    rows.truncate(asked.limit);
    let end = rows.last().filter(|_| more).map(|row| Mark::of(row, sort, order).text());
    let items = match fields {
        Some(fields) => serde_json::to_string(&some_fields(&rows, &fields)),
        None => serde_json::to_string(&rows),
    };
    let items = items.map_err(|error| {
        tracing::error!(%error, "a list of rollouts cannot be written as JSON");
        Problem::new(ProblemKind::Unavailable, "the list cannot be written")
    })?;
    let end = serde_json::json!(end);
    let text = format!("{{\"items\":{items},\"total\":{total},\"continue\":{end}");
    // The position alone changes when something happens to others.
    let etag = etag_of(text.as_bytes());
    let whole = || format!("{text},\"position\":\"{position}\"}}").into();
    Ok(tagged(&headers, &etag, whole))
}

impl Filter {
    fn takes(&self, row: &RolloutSummary, visible: &Visible) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == row.namespace)
            && (self.phases.is_empty() || self.phases.contains(&row.phase))
            && self.search.as_ref().is_none_or(|text| found(row, text))
            && (visible.is_all() || visible.shows(&ObjectKey::new(&row.namespace, &row.name)))
    }
}

/// Whether a text is in the names or the images, in whatever case.
fn found(row: &RolloutSummary, text: &str) -> bool {
    let name = format!("{}/{}", row.namespace, row.name).to_lowercase();
    name.contains(text) || row.images.iter().any(|image| image.to_lowercase().contains(text))
}

fn phases(text: &str) -> Result<Vec<Phase>, Problem> {
    let known = "the phases are Progressing, Paused, Healthy and Degraded, separated by commas";
    let one = |name: &str| {
        serde_json::from_value(Value::from(name)).map_err(|_| {
            let detail = format!("there is no phase {name:?}");
            Problem::new(ProblemKind::BadRequest, detail).with_hint(known)
        })
    };
    text.split(',').map(str::trim).map(one).collect()
}

/// The fields of a summary, by the names that they have in JSON.
pub(crate) const FIELDS: [&str; 22] = [
    "namespace",
    "name",
    "phase",
    "strategy",
    "step",
    "steps",
    "wantedWeight",
    "actualWeight",
    "images",
    "revision",
    "revisionNumber",
    "stableRevision",
    "replicas",
    "requestRate",
    "errorRate",
    "waiting",
    "waitsFor",
    "aborted",
    "wakeAt",
    "changedAt",
    "createdAt",
    "deleting",
];

fn chosen(text: &str) -> Result<BTreeSet<&str>, Problem> {
    // Without them nobody knows what a row is about.
    let mut fields = BTreeSet::from(["namespace", "name"]);
    for name in text.split(',').map(str::trim) {
        if !FIELDS.contains(&name) {
            let detail = format!("a rollout has no field {name:?} here");
            let hint = format!("its fields are {}, separated by commas", FIELDS.join(", "));
            return Err(Problem::new(ProblemKind::BadRequest, detail).with_hint(hint));
        }
        fields.insert(name);
    }
    Ok(fields)
}

fn some_fields(rows: &[RolloutSummary], fields: &BTreeSet<&str>) -> Vec<Value> {
    let one = |row: &RolloutSummary| {
        let mut row = serde_json::to_value(row).unwrap_or_default();
        if let Value::Object(members) = &mut row {
            members.retain(|name, _| fields.contains(name.as_str()));
        }
        row
    };
    rows.iter().map(one).collect()
}

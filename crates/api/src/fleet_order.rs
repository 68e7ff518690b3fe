//! In which order rollouts are listed, and where a page of them ends.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use tidegate_controller::RolloutSummary;
use tidegate_rollout::Phase;

use crate::problem::{Problem, ProblemKind};

/// By what rollouts are sorted; those that are alike in it by namespace and name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SortBy {
    /// Namespace and name.
    #[default]
    Name,
    /// Those first that most need somebody: degraded, paused, progressing, healthy.
    Phase,
    /// When it last moved.
    ChangedAt,
    /// When it was first applied.
    CreatedAt,
    /// The share that the new revision should have.
    WantedWeight,
    /// Requests per second.
    RequestRate,
    /// The canary's errors per request.
    ErrorRate,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// The least.
    #[default]
    Asc,
    /// The greatest.
    Desc,
}

/// Where a page ended: the next one begins after it, whatever came and went meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    sort: SortBy,
    order: Order,
    place: i64,
    namespace: String,
    name: String,
}

impl SortBy {
    /// A number that rises as what is sorted by does.
    fn place(self, row: &RolloutSummary) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "parts in a million of what is no larger"
        )]
        let millionths = |value: f64| (value * 1e6).round() as i64;
        match self {
            Self::Name => 0,
            Self::Phase => match row.phase {
                Phase::Degraded => 0,
                Phase::Paused => 1,
                Phase::Progressing => 2,
                Phase::Healthy => 3,
            },
            Self::ChangedAt => row.changed_at.as_millis(),
            Self::CreatedAt => row.created_at.as_millis(),
            Self::WantedWeight => millionths(row.wanted_weight.percent()),
            Self::RequestRate => millionths(row.request_rate),
            Self::ErrorRate => row.error_rate.map_or(-1, millionths),
        }
    }
}

/// Brings rows into an order, and leaves those away that a page before has had.
pub(crate) fn arrange(
    rows: &mut Vec<RolloutSummary>,
    sort: SortBy,
    order: Order,
    after: Option<&Mark>,
) {
    let ordered = |one: (i64, &str, &str), other: (i64, &str, &str)| match order {
        Order::Asc => one.cmp(&other),
        Order::Desc => other.cmp(&one),
    };
    if let Some(mark) = after {
        let last = (mark.place, mark.namespace.as_str(), mark.name.as_str());
        rows.retain(|row| ordered(place(sort, row), last).is_gt());
    }
    // The fleet is in the order of its names as it comes.
    if (sort, order) != (SortBy::Name, Order::Asc) {
        rows.sort_by(|one, other| ordered(place(sort, one), place(sort, other)));
    }
}

fn place(sort: SortBy, row: &RolloutSummary) -> (i64, &str, &str) {
    (sort.place(row), &row.namespace, &row.name)
}

impl Mark {
    /// The end of a page whose last row this is.
    pub(crate) fn of(row: &RolloutSummary, sort: SortBy, order: Order) -> Self {
        let (namespace, name) = (row.namespace.clone(), row.name.clone());
        Self { sort, order, place: sort.place(row), namespace, name }
    }

    /// As a client is given it.
    pub(crate) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// That of a list in this order.
    pub(crate) fn read(text: &str, sort: SortBy, order: Order) -> Result<Self, Problem> {
        let refuse = |detail: &str| {
            Problem::new(ProblemKind::BadRequest, detail)
                .with_hint("give `continue` as the page before had it, with the same parameters")
        };
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let mark: Self = serde_json::from_slice(&bytes)
            .map_err(|_| refuse("the parameter `continue` is not from a list"))?;
        if (mark.sort, mark.order) == (sort, order) {
            return Ok(mark);
        }
        Err(refuse("the parameter `continue` is from a list in another order"))
    }
}

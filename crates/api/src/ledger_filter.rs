//! Which entries of the ledger are asked for, and from which end.

use serde::Deserialize;
use tidegate_controller::{ControlPlane, Refused};
use tidegate_ledger::Entry;
use tidegate_units::Timestamp;

use crate::{
    fleet_order::Order,
    journal::LedgerPage,
    limits::LEDGER_PAGE_LIMIT,
    problem::{Problem, ProblemKind},
    visible::Visible,
};

/// Entries that one request looks at: some 20 MB, a fifth of a second. `next` says where to go on.
const LOOKED_AT: u64 = 20_000;

/// As what entries are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// An object of JSON on each line, which anyone can check.
    #[default]
    Json,
    /// A table for spreadsheets.
    Csv,
}

/// The parameters of a page of the ledger, of its export and of its watch.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerAsked {
    pub(crate) after: Option<u64>,
    pub(crate) before: Option<u64>,
    pub(crate) limit: Option<usize>,
    order: Option<Order>,
    /// Of an export alone.
    pub(crate) format: Option<Format>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    actor: Option<String>,
    what: Option<String>,
    search: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl LedgerAsked {
    /// Which end comes first.
    pub(crate) fn order(&self) -> Order {
        self.order.unwrap_or_default()
    }

    /// That a page or a watch was not asked for what only an export has.
    pub(crate) fn without_format(&self) -> Result<(), Problem> {
        refuse("format", self.format.is_some())
    }

    /// That a watch was not asked for an end: it goes on.
    pub(crate) fn without_end(&self) -> Result<(), Problem> {
        self.without_format()?;
        refuse("before", self.before.is_some())?;
        refuse("limit", self.limit.is_some())?;
        refuse("order", self.order.is_some())?;
        refuse("until", self.until.is_some())
    }

    /// As many entries as were asked for, if there are; fewer where none that match were found among
    /// all that one request looks at.
    pub(crate) async fn page(
        &self,
        control: &ControlPlane,
        visible: &Visible,
    ) -> Result<LedgerPage, Refused> {
        let limit = self.limit.unwrap_or(LEDGER_PAGE_LIMIT).clamp(1, LEDGER_PAGE_LIMIT);
        let (order, head) = (self.order(), control.fleet().head());
        // Both are outside of what is asked for.
        let (mut low, mut high) =
            (self.after.unwrap_or_default(), self.before.unwrap_or(u64::MAX).min(head + 1));
        let mut entries: Vec<Entry> = Vec::new();
        let mut looked_at = 0;
        while low + 1 < high && looked_at < LOOKED_AT && entries.len() < limit {
            let wide = (high - low - 1).min(LEDGER_PAGE_LIMIT as u64);
            let from = if order == Order::Asc { low } else { high - 1 - wide };
            let found = control.ledger(from, usize::try_from(wide).unwrap_or(usize::MAX)).await?;
            looked_at += wide;
            let mut found: Vec<_> = found.into_iter().filter(|one| one.sequence < high).collect();
            if found.is_empty() {
                break;
            }
            if order == Order::Desc {
                found.reverse();
            }
            for entry in found {
                match order {
                    Order::Asc => low = entry.sequence,
                    Order::Desc => high = entry.sequence,
                }
                if self.takes(&entry) && visible.shows_entry(&entry) {
                    entries.push(entry);
                    if entries.len() == limit {
                        break;
                    }
                }
            }
        }
        let next = if order == Order::Asc { low } else { high };
        Ok(LedgerPage { entries, next })
    }

    /// Whether an entry is one of those that are asked for, wherever it is.
    pub(crate) fn takes(&self, entry: &Entry) -> bool {
        let draft = &entry.draft;
        let key = &draft.subject.key;
        let is = |asked: &Option<String>, found: &str| {
            asked.as_ref().is_none_or(|asked| asked.eq_ignore_ascii_case(found))
        };
        is(&self.kind, &draft.subject.kind)
            && self.namespace.as_ref().is_none_or(|asked| **asked == *key.namespace)
            && self.name.as_ref().is_none_or(|asked| **asked == *key.name)
            && is(&self.actor, entry.draft.actor.name())
            && is(&self.what, &draft.what)
            && self.since.is_none_or(|since| draft.at >= since)
            && self.until.is_none_or(|until| draft.at < until)
            && self.search.as_ref().is_none_or(|text| has(entry, text))
    }
}

/// That a parameter was not given which this address does not have.
fn refuse(name: &str, given: bool) -> Result<(), Problem> {
    if !given {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::BadRequest,
        format!("the parameter `{name}` makes no sense here"),
    )
    .with_hint("see the reference of the API for the parameters that this address takes"))
}

/// Whether a text is anywhere in an entry, in whatever case.
fn has(entry: &Entry, text: &str) -> bool {
    let draft = &entry.draft;
    let all = format!(
        "{} {} {} {} {}",
        draft.what,
        draft.subject.kind,
        draft.subject.key,
        entry.draft.actor.name(),
        draft.detail
    );
    all.to_lowercase().contains(&text.to_lowercase())
}

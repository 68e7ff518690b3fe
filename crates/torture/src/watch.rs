//! What clients were answered, and what of it may be.

use std::collections::BTreeMap;

use tidegate_load::Miss;

use crate::{Span, most_likely, waited};

/// How many answers each version had given by a moment.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// In milliseconds since 1970.
    pub at: i64,
    /// From the beginning on, by version.
    pub answers: BTreeMap<String, u64>,
}

/// Why requests may have been lost.
#[derive(Clone, Debug)]
pub struct Excuse {
    /// Those to this application alone, if it names one.
    pub app: Option<u32>,
    /// From when, in milliseconds since 1970.
    pub from: i64,
    /// Until when.
    pub to: i64,
    /// What was done.
    pub why: String,
}

/// What is over may be noticed so much later where the programs wait for a processor, in milliseconds.
const NOTICED_MS: i64 = 1_000;

/// Whether a request that was not answered was under way while something held it that the script had
/// killed or stopped, or was late for a processor that its machine did not give: for half of its life,
/// by what the kernel counted.
pub fn excused(miss: &Miss, app: u32, excuses: &[Excuse], spans: &[Span]) -> bool {
    let (sent, ended) = (miss.sent.as_millis(), miss.ended.as_millis());
    let starved = miss.late && waited(spans, sent, ended) * 2 >= ended - sent;
    starved
        || excuses.iter().any(|excuse| {
            let noticed = excuse.to + waited(spans, excuse.to - NOTICED_MS, excuse.to);
            excuse.app.is_none_or(|named| named == app) && sent <= noticed && ended >= excuse.from
        })
}

/// So many milliseconds of answers are looked at in one piece, so that too large a share is not
/// hidden behind minutes with none.
const WINDOW_MS: i64 = 2_000;

/// Whether a version gave more answers than its share explains, and how. `shares` says from when on it
/// was to have which share at most, oldest first.
pub fn exposed(samples: &[Sample], version: &str, shares: &[(i64, f64)]) -> Option<String> {
    let parts: Vec<Part> =
        samples.windows(2).filter_map(|pair| part(pair, version, shares)).collect();
    let first = parts.iter().position(|part| part.own > 0)?;
    let last = parts.iter().rposition(|part| part.own > 0)?;
    let alive = parts.get(first..=last)?;
    let whole = too_many(alive, "all the while");
    let begins = (0..alive.len()).map(|begin| {
        let rest = alive.get(begin..).unwrap_or_default();
        let until = rest.first().map_or(0, |part| part.at) + WINDOW_MS;
        let length = rest.iter().take_while(|part| part.at < until).count();
        too_many(rest.get(..length).unwrap_or_default(), "within 2 s")
    });
    whole.or_else(|| begins.flatten().next())
}

/// What happened between two samples.
struct Part {
    at: i64,
    own: u64,
    all: u64,
    share: f64,
}

fn part(pair: &[Sample], version: &str, shares: &[(i64, f64)]) -> Option<Part> {
    let [before, after] = pair else { return None };
    let sum = |sample: &Sample| sample.answers.values().sum::<u64>();
    let own = |sample: &Sample| sample.answers.get(version).copied().unwrap_or(0);
    let share = shares.iter().take_while(|(from, _)| *from <= after.at).last();
    Some(Part {
        at: after.at,
        own: own(after).saturating_sub(own(before)),
        all: sum(after).saturating_sub(sum(before)),
        share: share.map_or(0.0, |(_, share)| *share),
    })
}

fn too_many(parts: &[Part], when: &str) -> Option<String> {
    let own: u64 = parts.iter().map(|part| part.own).sum();
    let all: u64 = parts.iter().map(|part| part.all).sum();
    let most = most_likely(parts.iter().map(|part| (part.all, part.share)));
    #[expect(clippy::cast_precision_loss, reason = "answers of a minute")]
    let many = own as f64 > most;
    many.then(|| {
        format!("{own} of {all} answers {when}, where {most:.0} are the most that chance explains")
    })
}

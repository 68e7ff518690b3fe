use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    Answer, Apart, Body, Settings,
    apart::Pairs,
    hidden,
    json::walk,
    path::{push_key, shortened},
};

/// So many fields are told of one comparison: a body of which every key is random has no end.
const MOST_TOLD: usize = 512;

/// An answer is no slower by less than this, whatever share of the others' time it is: it is within
/// what a busy machine makes of a fast answer.
const SMALLEST_RISE_MICROS: u64 = 1_000;

/// Header fields that say when and on which way an answer came, not what it is. The length of a
/// body is told by the body, and `Set-Cookie` is compared by the names of its cookies.
const NEVER: [&str; 24] = [
    "age",
    "alt-svc",
    "cf-ray",
    "connection",
    "content-length",
    "date",
    "expires",
    "keep-alive",
    "last-modified",
    "server-timing",
    "traceparent",
    "traceresponse",
    "tracestate",
    "transfer-encoding",
    "via",
    "x-amzn-trace-id",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-correlation-id",
    "x-envoy-upstream-service-time",
    "x-request-id",
    "x-response-time",
    "x-runtime",
    "x-trace-id",
];

/// What one comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Every field in which the answers are not all alike, in the order of their names.
    pub differences: Vec<Difference>,
    /// Differences beyond those, where there are more than are told: how often the candidate, the
    /// first, the second and nobody stood apart.
    pub beyond: [u64; 4],
    /// Whether there were bodies that were not compared.
    pub unread: bool,
}

/// A field in which three answers are not all alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub field: String,
    /// Who stands apart.
    pub apart: Apart,
    /// What it is in the first place where the candidate's differs from both: of the candidate, the
    /// first and the second. Empty texts where no value is to be shown.
    pub shown: [String; 3],
}

/// Compares the answers of the candidate and of two replicas like each other; none is no answer.
///
/// Where their statuses differ, nothing else is compared: an error says other things than an answer
/// does.
pub fn compare(settings: &Settings, answers: [Option<&Answer>; 3]) -> Found {
    let mut noting = Noting::new(settings);
    let statuses = answers.map(|answer| answer.map(|answer| answer.status));
    let pairs = Pairs::of(statuses.each_ref());
    if pairs.apart().is_some() {
        let shown =
            |status: Option<u16>| status.map_or("no answer".to_owned(), |it| it.to_string());
        if settings.looks_at("status") {
            noting.note("status", pairs, || statuses.map(shown));
        }
        return noting.into_found(false);
    }
    let [Some(candidate), Some(first), Some(second)] = answers else {
        return noting.into_found(false);
    };
    let answers = [candidate, first, second];
    latency(answers, &mut noting);
    headers(answers, &mut noting);
    let unread = answers.iter().any(|answer| answer.body == Body::Unread);
    if !unread {
        bodies(answers, &mut noting);
    }
    noting.into_found(unread)
}

/// Who is slow stands apart; nobody does by being fast.
fn latency(answers: [&Answer; 3], noting: &mut Noting<'_>) {
    let times = answers.map(|answer| answer.micros);
    let slow = |index: usize| {
        let others = times.iter().enumerate().filter(|(other, _)| *other != index);
        let longest = others.map(|(_, time)| *time).max().unwrap_or(0);
        let accepted =
            longest.saturating_add(longest / 100 * u64::from(noting.settings.latency_margin));
        times.get(index).is_some_and(|time| *time > accepted.saturating_add(SMALLEST_RISE_MICROS))
    };
    let slow = [slow(0), slow(1), slow(2)];
    let pairs = Pairs::of(slow.each_ref());
    if pairs.apart().is_some() && noting.looks_at("latency") {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of an answer")]
        noting.note("latency", pairs, || times.map(|time| format!("{:.1} ms", time as f64 / 1e3)));
    }
}

fn headers(answers: [&Answer; 3], noting: &mut Noting<'_>) {
    let names: BTreeSet<&str> = answers
        .iter()
        .flat_map(|answer| answer.fields.iter().map(|(name, _)| name.as_str()))
        .filter(|name| !NEVER.contains(name))
        .collect();
    let mut path = "header".to_owned();
    for name in names {
        let values = match name {
            "set-cookie" => answers.map(cookies),
            _ => answers.map(|answer| answer.field(name)),
        };
        let before = push_key(&mut path, name);
        let pairs = Pairs::of(values.each_ref());
        if pairs.apart().is_some() && noting.looks_at(&path) {
            noting.note(&path, pairs, || values.map(|it| it.unwrap_or("(missing)".to_owned())));
        }
        path.truncate(before);
    }
}

/// The names of the cookies that an answer sets.
fn cookies(answer: &Answer) -> Option<String> {
    let set = answer.fields.iter().filter(|(name, _)| name == "set-cookie");
    let names: BTreeSet<&str> =
        set.filter_map(|(_, value)| value.split(['=', ';']).next()).map(str::trim).collect();
    (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join(", "))
}

fn bodies(answers: [&Answer; 3], noting: &mut Noting<'_>) {
    let bytes = answers.map(|answer| match &answer.body {
        Body::Whole(bytes) => bytes.as_slice(),
        Body::Unread => &[],
    });
    let pairs = Pairs::of(bytes.each_ref());
    if pairs.apart().is_none() || !noting.looks_at("body") {
        return;
    }
    let parsed = bytes.map(json);
    if let [Some(candidate), Some(first), Some(second)] = &parsed {
        walk(&mut "body".to_owned(), [Some(candidate), Some(first), Some(second)], noting);
    } else {
        noting.note("body", pairs, || bytes.map(|body| format!("{} bytes", body.len())));
    }
}

/// A body that is an object or a list of JSON; of others it is the text that counts.
fn json(body: &[u8]) -> Option<Value> {
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if !matches!(start, b'{' | b'[') {
        return None;
    }
    serde_json::from_slice(body).ok()
}

/// What is found while answers are gone through.
pub(crate) struct Noting<'a> {
    settings: &'a Settings,
    noted: BTreeMap<String, (Pairs, [String; 3])>,
    beyond: [u64; 4],
}

impl<'a> Noting<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self { settings, noted: BTreeMap::new(), beyond: [0; 4] }
    }

    pub(crate) fn looks_at(&self, field: &str) -> bool {
        self.settings.looks_at(field)
    }

    /// Takes note that a field is not alike in all three. A field at several places is alike in two
    /// answers when it is at all of them.
    pub(crate) fn note(&mut self, path: &str, pairs: Pairs, values: impl FnOnce() -> [String; 3]) {
        let path = shortened(path);
        let examples = self.settings.examples > 0;
        let apart = !pairs.candidate_first && !pairs.candidate_second;
        let shown = || {
            let values = if examples && apart { values() } else { Default::default() };
            values.map(|value| if value.is_empty() { value } else { hidden::shown(&path, &value) })
        };
        if let Some((known, example)) = self.noted.get_mut(&path) {
            *known = known.and(pairs);
            if example.iter().all(String::is_empty) {
                *example = shown();
            }
        } else if self.noted.len() < MOST_TOLD {
            let shown = shown();
            self.noted.insert(path, (pairs, shown));
        } else if let Some(apart) = pairs.apart() {
            apart.count_in(&mut self.beyond);
        }
    }

    fn into_found(self, unread: bool) -> Found {
        let difference = |(field, (pairs, shown)): (String, (Pairs, [String; 3]))| {
            Some(Difference { field, apart: pairs.apart()?, shown })
        };
        let differences = self.noted.into_iter().filter_map(difference).collect();
        Found { differences, beyond: self.beyond, unread }
    }
}

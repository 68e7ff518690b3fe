use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{BaselineState, Finding, Findings, Severity};

/// What changed between what was found in two runs. Only what is open counts: not what somebody suppressed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingComparison {
    /// How many there are of each severity.
    pub head: BTreeMap<Severity, usize>,
    /// Those that were not there, the worst first; nothing where there is no base.
    pub new: Option<Vec<Finding>>,
    /// Those that are not there any more.
    pub fixed: Vec<Finding>,
    /// How many were there and still are.
    pub kept: usize,
    /// What says that a tool did not get to its end.
    pub incomplete: Vec<String>,
}

/// A group may have so many pairs to be matched by their distance; larger ones are matched in order.
const MOST_PAIRS: usize = 40_000;

/// Compares what was found in two runs. Without a base, what the tools themselves say of theirs counts.
pub(crate) fn compare_findings(base: Option<&Findings>, head: &Findings) -> FindingComparison {
    let now: Vec<&Finding> = head.open().collect();
    let (new, fixed, kept) = match base {
        Some(base) => {
            let before: Vec<&Finding> = base.open().collect();
            let matching = Matching::of(&before, &now);
            let new = left(&now, &matching.head);
            (Some(new), left(&before, &matching.base), matching.head.len())
        }
        None => (said(&now), Vec::new(), 0),
    };
    FindingComparison {
        head: head.by_severity(),
        new,
        fixed,
        kept,
        incomplete: head.incomplete.clone(),
    }
}

/// Those that the tools themselves call new, where they tell.
fn said(now: &[&Finding]) -> Option<Vec<Finding>> {
    if now.is_empty() || now.iter().any(|own| own.baseline.is_none()) {
        return None;
    }
    let new = now.iter().filter(|own| own.baseline == Some(BaselineState::New));
    let mut new: Vec<_> = new.map(|own| (*own).clone()).collect();
    sort(&mut new);
    Some(new)
}

fn left(all: &[&Finding], matched: &BTreeSet<usize>) -> Vec<Finding> {
    let left = all.iter().enumerate().filter(|(at, _)| !matched.contains(at));
    let mut left: Vec<_> = left.map(|(_, own)| (*own).clone()).collect();
    sort(&mut left);
    left
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| a.place.cmp(&b.place))
            .then_with(|| a.rule.cmp(&b.rule))
    });
}

/// Which of both sides are the same. Each stage looks at what those before it left.
struct Matching<'a> {
    before: &'a [&'a Finding],
    now: &'a [&'a Finding],
    base: BTreeSet<usize>,
    head: BTreeSet<usize>,
}

/// What two findings have to have in common to be one.
type Key<'a> = (&'a str, &'a str, String, &'a str);

impl<'a> Matching<'a> {
    fn of(before: &'a [&'a Finding], now: &'a [&'a Finding]) -> Self {
        let (base, head) = (BTreeSet::new(), BTreeSet::new());
        let mut own = Self { before, now, base, head };
        own.by_fingerprint();
        let file =
            |finding: &'a Finding| finding.place.as_ref().map_or("", |place| place.file.as_str());
        // The same words at the same line, the same code in the same file, the same words in the same file (the code
        // around it moved), and the same code elsewhere (its file was moved).
        own.by(&|finding| {
            let line = finding.place.as_ref().and_then(|place| place.line).unwrap_or(0);
            Some((
                file(finding),
                &finding.rule,
                format!("{line} {}", finding.tool),
                &finding.message,
            ))
        });
        own.by(&|finding| {
            let snippet = finding.snippet.trim();
            let key = (file(finding), finding.rule.as_str(), finding.tool.clone(), snippet);
            (!snippet.is_empty()).then_some(key)
        });
        own.by(&|finding| {
            Some((file(finding), &finding.rule, finding.tool.clone(), &finding.message))
        });
        own.by(&|finding| {
            let snippet = finding.snippet.trim();
            let key = ("", finding.rule.as_str(), finding.tool.clone(), snippet);
            (snippet.len() >= SHORTEST_SNIPPET).then_some(key)
        });
        own
    }

    /// Those with a fingerprint in common that no other has: some tools give all of theirs the same one.
    fn by_fingerprint(&mut self) {
        let (before, now) = (unique(self.before), unique(self.now));
        for (key, at) in &before {
            let Some(other) = now.get(key) else { continue };
            if !self.base.contains(at) && !self.head.contains(other) {
                self.base.insert(*at);
                self.head.insert(*other);
            }
        }
    }

    /// Those whose keys are the same, the nearest lines first.
    fn by(&mut self, key: &dyn Fn(&'a Finding) -> Option<Key<'a>>) {
        let before = grouped(self.before, &self.base, key);
        let now = grouped(self.now, &self.head, key);
        for (key, left) in before {
            let Some(right) = now.get(&key) else { continue };
            for (at, other) in nearest(self.before, &left, self.now, right) {
                self.base.insert(at);
                self.head.insert(other);
            }
        }
    }
}

/// A snippet has to be so long to be known in another file: `}` is in all of them.
const SHORTEST_SNIPPET: usize = 12;

type Fingerprint<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Each fingerprint that one finding alone has.
fn unique<'a>(all: &[&'a Finding]) -> BTreeMap<Fingerprint<'a>, usize> {
    let mut seen: BTreeMap<Fingerprint<'a>, Option<usize>> = BTreeMap::new();
    for (at, own) in all.iter().enumerate() {
        for (name, value) in &own.fingerprints {
            seen.entry((&own.tool, &own.rule, name, value))
                .and_modify(|only| *only = None)
                .or_insert(Some(at));
        }
    }
    seen.into_iter().filter_map(|(key, at)| Some((key, at?))).collect()
}

fn grouped<'a>(
    all: &[&'a Finding],
    matched: &BTreeSet<usize>,
    key: &dyn Fn(&'a Finding) -> Option<Key<'a>>,
) -> BTreeMap<Key<'a>, Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, own) in all.iter().enumerate().filter(|(at, _)| !matched.contains(at)) {
        if let Some(key) = key(own) {
            groups.entry(key).or_default().push(at);
        }
    }
    groups
}

/// Pairs of one group, the nearest lines first.
fn nearest(
    before: &[&Finding],
    left: &[usize],
    now: &[&Finding],
    right: &[usize],
) -> Vec<(usize, usize)> {
    if left.len().saturating_mul(right.len()) > MOST_PAIRS {
        return left.iter().copied().zip(right.iter().copied()).collect();
    }
    let line = |all: &[&Finding], at: usize| {
        all.get(at).and_then(|own| own.place.as_ref()?.line).unwrap_or(0)
    };
    let mut pairs = Vec::with_capacity(left.len() * right.len());
    for at in left {
        for other in right {
            pairs.push((line(before, *at).abs_diff(line(now, *other)), *at, *other));
        }
    }
    pairs.sort_unstable();
    let (mut taken, mut given) = (BTreeSet::new(), BTreeSet::new());
    let mut matched = Vec::new();
    for (_, at, other) in pairs {
        if !taken.contains(&at) && !given.contains(&other) {
            taken.insert(at);
            given.insert(other);
            matched.push((at, other));
        }
    }
    matched
}

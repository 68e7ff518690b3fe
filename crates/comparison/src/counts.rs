use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Apart, Difference, Found};

/// So many fields are counted one by one; what others differ in is counted together. A body with
/// random keys would have no end, and of a few hundred fields a person reads the first ones.
pub const MOST_FIELDS: usize = 256;

/// So many examples are kept of all fields together.
pub const MOST_EXAMPLES: usize = 64;

/// What all comparisons came to so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests whose three answers were compared.
    pub compared: u64,
    /// Of those, in how many the candidate stood apart in any field.
    pub differing: u64,
    /// Of those, in how many either of the others did.
    pub noisy: u64,
    /// Of those, in how many a body was not compared: it was too large, or had no end in time.
    pub unread: u64,
    /// Fields that were ever not alike in all three answers.
    pub fields: BTreeMap<String, FieldCounts>,
    /// Fields beyond those, together: per comparison, who stood apart in the most of them.
    pub beyond: FieldCounts,
    /// How often a field was not alike that is not counted by itself.
    pub uncounted: u64,
}

/// How often who stood apart in a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCounts {
    /// 1 for the field that was the first not to be alike, counting up; 0 for those beyond.
    pub ordinal: u32,
    /// The candidate, the two others being alike.
    pub candidate: u64,
    /// The first of the others.
    pub first: u64,
    /// The second of the others.
    pub second: u64,
    /// Nobody: all three differed.
    pub all: u64,
    /// The first differences of the candidate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// A difference as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DifferenceExample)]
pub struct Example {
    /// Method and path of the request, without its query.
    pub request: String,
    /// The candidate's value, shortened.
    pub candidate: String,
    /// That of the others, who were alike.
    pub stable: String,
}

impl FieldCounts {
    /// How often one of the three stood apart.
    pub fn apart(&self) -> u64 {
        self.candidate + self.first + self.second
    }

    fn count(&mut self, apart: Apart) {
        match apart {
            Apart::Candidate => self.candidate += 1,
            Apart::First => self.first += 1,
            Apart::Second => self.second += 1,
            Apart::All => self.all += 1,
        }
    }
}

impl Counts {
    /// Adds a comparison of the answers to `request`, keeping up to `examples` of each field.
    pub fn add(&mut self, found: &Found, request: &str, examples: u32) {
        self.compared += 1;
        self.unread += u64::from(found.unread);
        let any = |which: &[Apart]| found.differences.iter().any(|it| which.contains(&it.apart));
        self.differing += u64::from(any(&[Apart::Candidate]));
        self.noisy += u64::from(any(&[Apart::First, Apart::Second]));
        let mut beyond = found.beyond;
        for difference in &found.differences {
            if !self.count(difference, request, examples) {
                difference.apart.count_in(&mut beyond);
            }
        }
        self.uncounted += beyond.iter().sum::<u64>();
        if let Some(apart) = most(beyond) {
            self.beyond.count(apart);
        }
    }

    /// Counts a difference by its field; whether there was room for it.
    fn count(&mut self, difference: &Difference, request: &str, examples: u32) -> bool {
        let known = self.fields.len();
        let field = if let Some(field) = self.fields.get_mut(&difference.field) {
            field
        } else if known < MOST_FIELDS {
            let field = self.fields.entry(difference.field.clone()).or_default();
            field.ordinal = u32::try_from(known + 1).unwrap_or(u32::MAX);
            field
        } else {
            return false;
        };
        field.count(difference.apart);
        let [candidate, first, _] = &difference.shown;
        let is_example = difference.apart == Apart::Candidate && !candidate.is_empty();
        let wanted = is_example && field.examples.len() < examples as usize;
        let kept = || self.fields.values().map(|field| field.examples.len()).sum::<usize>();
        if wanted && kept() < MOST_EXAMPLES {
            let (candidate, stable) = (candidate.clone(), first.clone());
            let example = Example { request: request.to_owned(), candidate, stable };
            if let Some(field) = self.fields.get_mut(&difference.field) {
                field.examples.push(example);
            }
        }
        true
    }
}

/// Who stands apart in more fields than either other; nobody by a tie, or where all differ only.
fn most([candidate, first, second, all]: [u64; 4]) -> Option<Apart> {
    if candidate > first.max(second) {
        Some(Apart::Candidate)
    } else if first > candidate.max(second) {
        Some(Apart::First)
    } else if second > candidate.max(first) {
        Some(Apart::Second)
    } else {
        (all > 0).then_some(Apart::All)
    }
}

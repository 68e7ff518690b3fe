//! Which series of one side is compared with which of the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::Pair;

/// The series of one side of a metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// The series that were found.
    pub series: Vec<TaggedValues>,
    /// How many values a side without any series would have: what is not there is as many values
    /// that are not.
    pub expected: usize,
}

/// A series: its values, and what tells it from others of the same metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaggedValues {
    /// Its tags; not the name of the metric.
    pub tags: BTreeMap<String, String>,
    /// Its values in order.
    pub values: Vec<f64>,
}

/// Pairs the series of both sides by their tags. A series that the other side does not have is
/// compared with nothing; one with no tags stands for none where the other side has tags.
pub fn pairs(name: &str, experiment: &Side, control: &Side) -> Result<Vec<Pair>, String> {
    let (ours, theirs) = (experiment.tags(), control.tags());
    let (our_keys, their_keys) = (keys(&ours), keys(&theirs));
    if !our_keys.is_empty() && !their_keys.is_empty() && our_keys != their_keys {
        return Err(format!(
            "the canary's series have the tags {our_keys:?}, and those that they are compared with \
             {their_keys:?}"
        ));
    }
    let untagged = |tags: &BTreeSet<_>| tags.contains(&BTreeMap::new());
    let all: BTreeSet<_> = match (untagged(&ours), untagged(&theirs)) {
        (true, false) => theirs,
        (false, true) => ours,
        _ => &ours | &theirs,
    };
    let pair = |tags: BTreeMap<String, String>| Pair {
        name: name.to_owned(),
        experiment: experiment.values(&tags),
        control: control.values(&tags),
        tags,
    };
    Ok(all.into_iter().map(pair).collect())
}

impl Side {
    /// The tags of all series; no tags at all where there is no series.
    fn tags(&self) -> BTreeSet<BTreeMap<String, String>> {
        if self.series.is_empty() {
            return [BTreeMap::new()].into();
        }
        self.series.iter().map(|series| series.tags.clone()).collect()
    }

    /// The values of the series with these tags; where there is none, as many that are not there as
    /// the first series has.
    fn values(&self, tags: &BTreeMap<String, String>) -> Vec<f64> {
        match self.series.iter().find(|series| series.tags == *tags) {
            Some(series) => series.values.clone(),
            None => vec![f64::NAN; self.usual()],
        }
    }

    /// How many values there would be. One value alone has no step to count by.
    fn usual(&self) -> usize {
        match self.series.first() {
            None => self.expected,
            Some(series) if series.values.len() > 1 => series.values.len(),
            Some(_) => 0,
        }
    }
}

fn keys(tags: &BTreeSet<BTreeMap<String, String>>) -> BTreeSet<&str> {
    tags.iter().flat_map(BTreeMap::keys).map(String::as_str).collect()
}

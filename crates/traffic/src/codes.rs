use serde::{Deserialize, Serialize};

/// Counts of answers by their status. A service has a handful, so they are searched one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Codes(Vec<(u16, u64)>);

impl Codes {
    /// Counts `count` answers with a status.
    pub fn record(&mut self, status: u16, count: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == status) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((status, count)),
        }
    }

    /// Each status that came, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.0.iter().copied()
    }

    /// How many answers had a status.
    pub fn count(&self, status: u16) -> u64 {
        self.iter().find(|(known, _)| *known == status).map_or(0, |(_, count)| count)
    }

    /// What came since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let more =
            self.iter().map(|(status, now)| (status, now.saturating_sub(earlier.count(status))));
        Self(more.filter(|(_, count)| *count > 0).collect())
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: &Self) {
        for (status, count) in other.iter() {
            self.record(status, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(all: &[(u16, u64)]) -> Codes {
        let mut codes = Codes::default();
        for &(status, count) in all {
            codes.record(status, count);
        }
        codes
    }

    #[test]
    fn counts_are_kept_by_status() {
        let mut all = codes(&[(200, 2), (503, 1), (200, 3)]);
        assert_eq!((all.count(200), all.count(503), all.count(404)), (5, 1, 0));
        let earlier = all.clone();
        all.add(&codes(&[(404, 1), (200, 1)]));
        assert_eq!(all.since(&earlier), codes(&[(200, 1), (404, 1)]));
        assert_eq!(all.since(&all), Codes::default());
    }
}

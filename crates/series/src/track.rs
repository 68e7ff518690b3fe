use crate::ticks::Ticks;

/// How one count went on: its value at each reading from one on, written down where it changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    /// Numbers of readings, rising, with the value from there on.
    changes: Vec<(u32, f64)>,
}

impl Track {
    /// From reading `number` on it is `value`.
    pub(crate) fn set(&mut self, number: u32, value: f64) {
        match self.changes.last_mut() {
            Some((last, held)) if *last == number => *held = value,
            Some((_, held)) if held.to_bits() == value.to_bits() => {}
            _ => self.changes.push((number, value)),
        }
    }

    /// The value of now.
    pub(crate) fn last(&self) -> f64 {
        self.changes.last().map_or(0.0, |(_, value)| *value)
    }

    /// The value at a reading, none before the first.
    pub(crate) fn at(&self, number: u32) -> Option<f64> {
        let after = self.changes.partition_point(|(change, _)| *change <= number);
        after.checked_sub(1).and_then(|index| self.changes.get(index)).map(|(_, value)| *value)
    }

    /// Changes that are held.
    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Moves each change to the next reading that is kept: of several that come to one, the last
    /// holds.
    pub(crate) fn thin(&mut self, ticks: &Ticks) {
        let mut kept: Vec<(u32, f64)> = Vec::with_capacity(self.changes.len());
        for &(number, value) in &self.changes {
            let Some(number) = ticks.kept_from(number) else { continue };
            match kept.last_mut() {
                Some(last) if last.0 == number => last.1 = value,
                _ => kept.push((number, value)),
            }
        }
        kept.shrink_to(kept.len().saturating_mul(2));
        self.changes = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_held() {
        let mut track = Track::default();
        for (number, value) in [(3, 1.0), (4, 1.0), (5, 2.0), (6, 2.0), (6, 3.0)] {
            track.set(number, value);
        }
        assert_eq!(track.len(), 3);
        let values: Vec<_> = (2..8).map(|number| track.at(number)).collect();
        assert_eq!(values, [None, Some(1.0), Some(1.0), Some(2.0), Some(3.0), Some(3.0)]);
    }

    #[test]
    fn what_was_at_a_kept_reading_stays_when_others_go() {
        let (mut ticks, mut track) = (Ticks::default(), Track::default());
        for second in 0..1000_i64 {
            let number = ticks.add(second * 1000).unwrap();
            track.set(number, f64::from(number));
        }
        ticks.thin(3_600_000);
        let before: Vec<_> = ticks.between(0, i64::MAX).map(|tick| track.at(tick.number)).collect();
        track.thin(&ticks);
        let after: Vec<_> = ticks.between(0, i64::MAX).map(|tick| track.at(tick.number)).collect();
        assert_eq!(before, after);
        assert_eq!(track.len(), ticks.len());
    }
}

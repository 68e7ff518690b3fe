use std::collections::VecDeque;

/// Readings closer than this to the one before are not kept, in milliseconds: the router is looked
/// at five times a second while anything is judged, and once a second is fine enough for rates.
const FINEST: i64 = 1_000;
/// All readings of so long are kept, in milliseconds: what most templates look back on.
const FINE_FOR: i64 = 10 * 60_000;
/// Older ones are kept one in so many milliseconds, finer than most scrape.
const COARSE: i64 = 10_000;

/// When readings were taken. Each has a number, in order; older ones are thinned out.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    all: VecDeque<Tick>,
    next: u32,
}

/// A reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) number: u32,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
}

impl Ticks {
    /// Takes a reading's moment; none when it is too close to the one before, or before it.
    pub(crate) fn add(&mut self, at: i64) -> Option<u32> {
        if self.all.back().is_some_and(|last| at < last.at.saturating_add(FINEST)) {
            return None;
        }
        let number = self.next;
        self.next = self.next.checked_add(1)?;
        self.all.push_back(Tick { number, at });
        Some(number)
    }

    /// The reading before the last.
    pub(crate) fn before_last(&self) -> Option<u32> {
        self.all.iter().rev().nth(1).map(|tick| tick.number)
    }

    pub(crate) fn oldest(&self) -> Option<u32> {
        self.all.front().map(|tick| tick.number)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Those from one moment to another, both included.
    pub(crate) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = Tick> + '_ {
        let first = self.all.partition_point(|tick| tick.at < from);
        let after = self.all.partition_point(|tick| tick.at <= to).max(first);
        self.all.range(first..after).copied()
    }

    /// The first kept at or after a number.
    pub(crate) fn kept_from(&self, number: u32) -> Option<u32> {
        let index = self.all.partition_point(|tick| tick.number < number);
        self.all.get(index).map(|tick| tick.number)
    }

    /// Drops what is older than `kept_for`, and thins out what is old.
    pub(crate) fn thin(&mut self, kept_for: i64) {
        let Some(now) = self.all.back().map(|tick| tick.at) else { return };
        let mut kept_slot = None;
        self.all.retain(|tick| {
            if tick.at < now - kept_for {
                return false;
            }
            let slot = Some(tick.at.div_euclid(COARSE));
            let keep = tick.at >= now - FINE_FOR || slot != kept_slot;
            kept_slot = slot;
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(ticks: &Ticks) -> Vec<i64> {
        ticks.between(i64::MIN, i64::MAX).map(|tick| tick.at).collect()
    }

    #[test]
    fn readings_are_taken_once_a_second_and_never_back_in_time() {
        let mut ticks = Ticks::default();
        let taken: Vec<_> = [0, 200, 999, 1000, 500, 3000].map(|at| ticks.add(at)).into();
        assert_eq!(taken, [Some(0), None, None, Some(1), None, Some(2)]);
        assert_eq!(ticks.before_last(), Some(1));
        assert_eq!(ticks.between(1, 1000).map(|tick| tick.number).collect::<Vec<_>>(), [1]);
        assert_eq!(ticks.between(5, 4).count(), 0);
    }

    #[test]
    fn old_readings_are_thinned_out_and_dropped() {
        let mut ticks = Ticks::default();
        for second in 0..2000 {
            ticks.add(second * 1000);
        }
        ticks.thin(1_500_000);
        let moments = moments(&ticks);
        assert_eq!(moments[..3], [499_000, 500_000, 510_000]);
        assert_eq!(moments.len(), 1 + 90 + 601);
        assert_eq!(ticks.kept_from(501), Some(510));
        assert_eq!(ticks.kept_from(2000), None);
    }
}

use std::time::Duration;

/// How often a control plane asks the router what it has counted, and writes down what that says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// While a revision is judged or drained.
    pub moving: Duration,
    /// When nothing moves, for the views alone.
    pub resting: Duration,
    /// Between two times that the evidence of a run is written down while it decides nothing.
    pub saving: Duration,
}

/// So many are judged a second, where there are so many: 10,000 of them each 800 ms. A look at one takes
/// some 40 µs, so this is half of a core.
const LOOKS_A_SECOND: u32 = 12_500;

/// The evidence of so many is written down a second, where there are so many: it is some kilobytes
/// each, and as many again of what it was before.
const SAVES_A_SECOND: u32 = 200;

/// Evidence is at most so old when it is written down, for the router tells what it counted second by
/// second for twice as long: what a crash loses can be judged as it would have been.
const SAVED_WITHIN: Duration = Duration::from_mins(1);

/// By so much a look may be late before plans go by themselves.
const LATE: Duration = Duration::from_secs(5);

impl Default for Pace {
    /// Every 200 ms, so that with errors at 5 a second one look more or less is one error; every two
    /// seconds at rest. Evidence that only grew is written down each second; what a crash loses of it
    /// is gathered again.
    fn default() -> Self {
        Self {
            moving: Duration::from_millis(200),
            resting: Duration::from_secs(2),
            saving: Duration::from_secs(1),
        }
    }
}

impl Pace {
    /// How long it is from look to look while so many are judged: longer where they are thousands.
    pub(crate) fn look_every(&self, judged: usize) -> Duration {
        self.moving.max(each(judged, LOOKS_A_SECOND))
    }

    /// When each of so many is looked at again whatever happens. All of them are at each look; a plan
    /// that wakes by itself as soon would be made twice where a look takes longer than that.
    pub(crate) fn looked_at_within(&self, judged: usize) -> Duration {
        self.look_every(judged) * 2 + LATE
    }

    /// How old the evidence of each of so many becomes before it is written down.
    pub(crate) fn save_every(&self, judged: usize) -> Duration {
        self.saving.max(each(judged, SAVES_A_SECOND).min(SAVED_WITHIN))
    }
}

/// How long it takes until so many had their turn.
fn each(judged: usize, a_second: u32) -> Duration {
    Duration::from_secs(1) * u32::try_from(judged).unwrap_or(u32::MAX) / a_second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(judged: usize, millis: [u128; 3]) {
        let pace = Pace::default();
        let found =
            [pace.look_every(judged), pace.looked_at_within(judged), pace.save_every(judged)];
        assert_eq!(found.map(|it| it.as_millis()), millis, "{judged} are judged");
    }

    #[test]
    fn thousands_are_looked_at_within_a_second_and_hundreds_five_times() {
        check(0, [200, 5_400, 1_000]);
        check(200, [200, 5_400, 1_000]);
        check(2_500, [200, 5_400, 12_500]);
        check(5_000, [400, 5_800, 25_000]);
        check(10_000, [800, 6_600, 50_000]);
        check(20_000, [1_600, 8_200, 60_000]);
    }
}

//! The design effect of a recording that is there to its end.

use tidegate_units::Timestamp;

use crate::arms::Scatter;

/// The shortest blocks that are compared, in milliseconds, and by how much the next ones are longer.
/// Long ones hold whole clumps; of short ones there are more, so that more is known of them.
const SHORTEST: i64 = 1_000;
const LONGER: i64 = 5;

/// There have to be so many of the longest.
const FEWEST_BLOCKS: i64 = 6;

/// Of these, so many may have had no requests of both.
const MOST_EMPTY: f64 = 2.0;

/// What blocks of a length show counts beside so many of them that scatter as those of the length
/// before.
const PRIOR_BLOCKS: f64 = 4.0;

/// An episode is looked for among the bounds of so many stretches of the recording.
const STRETCHES: i64 = 200;

/// It lasts at least so long in milliseconds, or an eighth of the recording: shorter ones are clumps.
const EPISODE: i64 = 15_000;

/// How many times what the rest scatters by an episode has to explain. Where it is by chance, the
/// best of all explains some ten times as much.
const STANDS_OUT: f64 = 20.0;

/// How much more than independent requests the canary's part of the hits scattered, from the whole
/// of a recording, 1 or more.
///
/// The squares of what blocks are from the mean difference of the revisions are set against the
/// variances that independent requests give them. Of each length the effect is moved from that of the
/// shorter one towards its own as far as it has blocks; where it still grows at the longest, it is
/// taken to go on growing with the logarithm of the length up to half of the recording.
///
/// A canary that breaks midway, or for a while, does not scatter: it broke. So a mean of its own is
/// first granted to the one stretch of time that explains most by it (an *epidemic* change: Levin &
/// Kline 1985, "The cusum test of homogeneity with an application in spontaneous abortion
/// epidemiology"), if it stands out from what the rest scatters by. Where such stretches come again
/// and again, in either revision, none stands out, and all are scatter.
pub(super) fn effect(batches: &[(Timestamp, Scatter)]) -> f64 {
    let rows: Vec<_> = batches.iter().map(Row::of).collect();
    let all = Sum::of(&rows);
    let level = scattered(&less(&rows, |_| all.mean()), 1.0);
    let Some(episode) = Episode::of(&rows, all) else { return level };
    let rest = less(&rows, |at| if episode.holds(at) { episode.inside } else { episode.outside });
    // Its mean, the other one, and where it begins and ends are taken from the rows.
    let rest = scattered(&rest, 3.0);
    if episode.explains >= STANDS_OUT * rest { rest } else { level }
}

/// What a batch scattered by: [`Scatter`] with its time in milliseconds.
#[derive(Clone, Copy)]
struct Row {
    at: i64,
    sum: Sum,
}

/// Sums over batches.
#[derive(Clone, Copy, Default)]
struct Sum {
    difference: f64,
    weight: f64,
    variance: f64,
}

/// A stretch of time in which the revisions differ by something else than outside of it.
struct Episode {
    from: i64,
    to: i64,
    /// The mean differences of the rates.
    inside: f64,
    outside: f64,
    /// The square of the difference of the two over what independent requests make it vary by.
    explains: f64,
}

impl Row {
    fn of((at, scatter): &(Timestamp, Scatter)) -> Self {
        let Scatter { difference, weight, variance, .. } = *scatter;
        Self { at: at.as_millis(), sum: Sum { difference, weight, variance } }
    }
}

impl Sum {
    fn of(rows: &[Row]) -> Self {
        rows.iter().fold(Self::default(), |sum, row| sum.and(row.sum, 1.0))
    }

    fn and(self, other: Self, times: f64) -> Self {
        Self {
            difference: self.difference + times * other.difference,
            weight: self.weight + times * other.weight,
            variance: self.variance + times * other.variance,
        }
    }

    fn mean(self) -> f64 {
        if self.weight > 0.0 { self.difference / self.weight } else { 0.0 }
    }
}

/// The rows about their means, by time.
fn less(rows: &[Row], mean: impl Fn(i64) -> f64) -> Vec<Row> {
    let about = |row: &Row| {
        let difference = row.sum.difference - mean(row.at) * row.sum.weight;
        Row { sum: Sum { difference, ..row.sum }, ..*row }
    };
    rows.iter().map(about).collect()
}

impl Episode {
    /// The one that explains most.
    fn of(rows: &[Row], all: Sum) -> Option<Self> {
        let (first, last) = (rows.first()?.at, rows.last()?.at);
        let span = last - first;
        let width = (span / STRETCHES).max(SHORTEST);
        let shortest = usize::try_from((span / 8).min(EPISODE) / width).ok()?.max(1);
        let mut upto = vec![Sum::default()];
        for stretch in
            rows.chunk_by(|one, next| (one.at - first) / width == (next.at - first) / width)
        {
            let before = upto.last().copied().unwrap_or_default();
            let empty = usize::try_from((stretch.first()?.at - first) / width).ok()?;
            upto.resize(empty + 1, before);
            upto.push(before.and(Sum::of(stretch), 1.0));
        }
        let mut best: Option<Self> = None;
        for (from, before) in upto.iter().enumerate() {
            for (to, until) in upto.iter().enumerate().skip(from + shortest) {
                let inside = until.and(*before, -1.0);
                let outside = all.and(inside, -1.0);
                let explains = explained(inside, outside, all);
                if best.as_ref().is_none_or(|best| explains > best.explains) {
                    let at = |stretch: usize| Some(first + i64::try_from(stretch).ok()? * width);
                    let (inside, outside) = (inside.mean(), outside.mean());
                    best = Some(Self { from: at(from)?, to: at(to)?, inside, outside, explains });
                }
            }
        }
        best
    }

    fn holds(&self, at: i64) -> bool {
        (self.from..self.to).contains(&at)
    }
}

fn explained(inside: Sum, outside: Sum, all: Sum) -> f64 {
    let apart = inside.mean() - outside.mean();
    let of_each = all.variance / all.weight.max(f64::MIN_POSITIVE);
    let varies = of_each * (inside.weight.recip() + outside.weight.recip());
    if varies.is_finite() && varies > 0.0 { apart * apart / varies } else { 0.0 }
}

/// The effect that rows about their means show, after `taken` numbers were taken from them.
fn scattered(rows: &[Row], taken: f64) -> f64 {
    let span = rows.first().zip(rows.last()).map_or(0, |(first, last)| last.at - first.at);
    let mut known: Option<(i64, f64)> = None;
    let (mut largest, mut grows) = (1.0_f64, 0.0);
    for length in lengths(span) {
        let Some((own, blocks)) = of_length(rows, length, taken) else { break };
        let (shorter, before) = known.unwrap_or((length, own));
        let part = blocks / (blocks + PRIOR_BLOCKS);
        let effect = before + part * (own - before);
        // Half a standard error is left to chance, as many lengths are asked, and a whole one of what it
        // grows by; the longest, which what lasts long shows in, counts in full below.
        let chance = part * before * (2.0 / blocks).sqrt();
        if length > shorter {
            grows = (effect - before - chance).max(0.0) / times(length, shorter).ln();
        }
        largest = largest.max(effect - 0.5 * chance);
        known = Some((length, effect));
    }
    let beyond = known
        .map_or(0.0, |(length, effect)| effect + grows * times(span / 2, length).max(1.0).ln());
    largest.max(beyond)
}

/// The lengths of blocks, of each of which there are enough in so long.
fn lengths(span: i64) -> Vec<i64> {
    let longest = span / FEWEST_BLOCKS;
    let steps = std::iter::successors(Some(SHORTEST), |length| length.checked_mul(LONGER));
    let mut lengths: Vec<_> = steps.take_while(|length| *length <= longest).collect();
    if lengths.last().is_some_and(|last| longest >= 2 * last) {
        lengths.push(longest);
    }
    lengths
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of hours")]
fn times(one: i64, other: i64) -> f64 {
    one as f64 / other as f64
}

/// The effect that blocks of one length show, and how many of them there are; none where those are
/// too few.
#[expect(clippy::cast_precision_loss, reason = "at most as many as there are batches")]
fn of_length(rows: &[Row], length: i64, taken: f64) -> Option<(f64, f64)> {
    let blocks = rows
        .chunk_by(|one, next| one.at.div_euclid(length) == next.at.div_euclid(length))
        .map(Sum::of);
    let (mut count, mut squares, mut variances) = (0.0, 0.0, 0.0);
    for block in blocks {
        count += 1.0;
        squares += block.difference * block.difference;
        variances += block.variance;
    }
    let enough = count > taken && count >= FEWEST_BLOCKS as f64 - MOST_EMPTY;
    (enough && variances > 0.0).then(|| (squares / variances * count / (count - taken), count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arms::Arms;

    /// A batch a second, of 50 requests in each arm; what fails of each is drawn by `failing`.
    fn effect_of(
        seconds: i64,
        mut failing: impl FnMut(i64, &mut dyn FnMut() -> f64) -> (u64, u64),
    ) -> f64 {
        let mut bits = 1_u64;
        let mut roll = move || {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(bits >> 33).unwrap()) / f64::from(1_u32 << 31)
        };
        let batches: Vec<_> = (1..=seconds)
            .map(|second| {
                let (canary, stable) = failing(second, &mut roll);
                let arms = Arms::new((canary, 50), (stable, 50));
                (Timestamp::from_millis(1_000 * second), arms.scatter())
            })
            .collect();
        effect(&batches)
    }

    fn hits(rate: f64, roll: &mut dyn FnMut() -> f64) -> u64 {
        (0..50).map(|_| u64::from(roll() < rate)).sum()
    }

    /// Of `size` that fail together, once in ten seconds, in an arm by chance.
    fn clump(size: u64, roll: &mut dyn FnMut() -> f64) -> (u64, u64) {
        match (roll() < 0.1, roll() < 0.5) {
            (true, true) => (size, 0),
            (true, false) => (0, size),
            _ => (0, 0),
        }
    }

    #[test]
    fn clumps_count_as_one_and_independent_hits_in_full() {
        let alone = effect_of(600, |_, roll| (hits(0.02, roll), hits(0.02, roll)));
        assert!(alone < 1.4, "{alone}");
        let clumps = effect_of(600, |_, roll| clump(20, roll));
        assert!((15.0..40.0).contains(&clumps), "{clumps}");
        assert!((effect(&[]) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_lasts_longer_than_any_block_counts_as_it_grows() {
        let mut of_canary = true;
        let changing = effect_of(600, |second, roll| {
            of_canary = if second % 20 == 1 { roll() < 0.5 } else { of_canary };
            let fails = hits(0.2, roll);
            if of_canary { (fails, 0) } else { (0, fails) }
        });
        assert!(changing > 50.0, "200 fail together: {changing}");
    }

    #[test]
    fn an_episode_is_no_scatter_unless_it_comes_again_and_again() {
        let once = effect_of(300, |second, roll| {
            let rate = if (100..160).contains(&second) { 0.1 } else { 0.01 };
            (hits(rate, roll), hits(0.01, roll))
        });
        assert!(once < 1.6, "{once}");
        let often = effect_of(300, |second, roll| {
            let rate = |fails: bool| if fails { 0.1 } else { 0.01 };
            (
                hits(rate(second % 60 < 15), roll),
                hits(rate((30..45).contains(&(second % 60))), roll),
            )
        });
        assert!(often > 4.0, "{often}");
    }
}

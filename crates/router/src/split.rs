use tidegate_units::Weight;

/// Shares requests out by weight, smoothly: the one that is furthest behind its share is next.
///
/// This is the smooth weighted round robin of nginx (commit 52327e0627f4). Over any run of
/// requests that gives each a whole number of them, each gets exactly its weight, and a weight of 5 in
/// 100 comes every 20th time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    shares: Vec<Share>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    /// So many of [`Weight::PARTS`].
    weight: u64,
    /// Never further from zero than all weights together.
    credit: i64,
}

impl Split {
    /// Shares out by `weights`.
    pub(crate) fn new(weights: impl IntoIterator<Item = Weight>) -> Self {
        let share = |weight: Weight| Share { weight: weight.parts(), credit: 0 };
        Self { shares: weights.into_iter().map(share).collect() }
    }

    /// Which is next; none when no weight is above zero.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<(usize, i64)> = None;
        for (index, share) in self.shares.iter_mut().enumerate() {
            if share.weight == 0 {
                continue;
            }
            share.credit = share.credit.saturating_add_unsigned(share.weight);
            total += share.weight;
            if best.is_none_or(|(_, credit)| share.credit > credit) {
                best = Some((index, share.credit));
            }
        }
        let (index, _) = best?;
        if let Some(share) = self.shares.get_mut(index) {
            share.credit = share.credit.saturating_sub_unsigned(total);
        }
        Some(index)
    }

    /// Goes on where `before` was, when it shares out by the same weights.
    pub(crate) fn resume(&mut self, before: &Self) {
        let weights = |split: &Self| split.shares.iter().map(|share| share.weight).collect();
        let (now, then): (Vec<_>, Vec<_>) = (weights(self), weights(before));
        if now == then {
            self.clone_from(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A split by shares of their sum.
    fn of<const N: usize>(shares: [u32; N]) -> Split {
        let whole: u32 = shares.iter().sum();
        Split::new(shares.map(|share| Weight::of(share, whole.max(1)).unwrap()))
    }

    fn taken(split: &mut Split, requests: usize) -> Vec<usize> {
        let mut counts = vec![0; split.shares.len()];
        for _ in 0..requests {
            counts[split.next().unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn each_hundred_requests_hold_exactly_the_weights() {
        for weights in [[95, 5, 0], [50, 50, 0], [1, 99, 0], [33, 33, 34]] {
            let mut split = of(weights);
            for _ in 0..3 {
                let expected = weights.map(|weight| usize::try_from(weight).unwrap());
                assert_eq!(taken(&mut split, 100), expected);
            }
        }
    }

    #[test]
    fn finer_weights_hold_as_exactly_and_are_spread_as_evenly() {
        for weights in [[999, 1, 0], [1, 1, 1], [9_997, 2, 1], [99_999, 1, 0]] {
            let whole: u32 = weights.iter().sum();
            let mut split = of(weights);
            for _ in 0..2 {
                let expected = weights.map(|weight| usize::try_from(weight).unwrap());
                assert_eq!(taken(&mut split, usize::try_from(whole).unwrap()), expected);
            }
        }
        let mut split = of([999, 1]);
        let turns: Vec<usize> = (0..5000).filter(|_| split.next() == Some(1)).collect();
        assert_eq!(turns.len(), 5);
        assert!(turns.windows(2).all(|pair| pair[1] - pair[0] == 1000));
    }

    #[test]
    fn five_percent_is_every_twentieth_request() {
        let mut split = of([95, 5]);
        let turns: Vec<usize> = (0..200).filter(|_| split.next() == Some(1)).collect();
        assert_eq!(turns.len(), 10);
        assert!(turns.windows(2).all(|pair| pair[1] - pair[0] == 20));
    }

    #[test]
    fn no_weight_is_never_taken() {
        let mut split = of([0, 100]);
        assert_eq!(taken(&mut split, 50), [0, 50]);
        assert_eq!(of([0, 0]).next(), None);
        assert_eq!(of([]).next(), None);
    }

    #[test]
    fn the_same_weights_go_on_where_they_were_and_others_begin_anew() {
        let mut before = of([95, 5]);
        for _ in 0..7 {
            before.next();
        }
        let mut same = of([95, 5]);
        same.resume(&before);
        assert_eq!(same, before);
        let mut other = of([75, 25]);
        other.resume(&before);
        assert_eq!(other, of([75, 25]));
    }
}

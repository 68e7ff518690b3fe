/// Shares requests out by weight, smoothly: the one that is furthest behind its share is next.
///
/// This is the smooth weighted round robin of nginx (commit 52327e0627f4). Over any run of
/// requests as long as the sum of the weights, each gets exactly its weight, and a weight of 5 in
/// 100 comes every 20th time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    shares: Vec<Share>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    weight: i32,
    credit: i32,
}

impl Split {
    /// Shares out by `weights`, in percent.
    pub(crate) fn new(weights: impl IntoIterator<Item = u8>) -> Self {
        let share = |weight| Share { weight: i32::from(weight), credit: 0 };
        Self { shares: weights.into_iter().map(share).collect() }
    }

    /// Which is next; none when no weight is above zero.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<(usize, i32)> = None;
        for (index, share) in self.shares.iter_mut().enumerate() {
            if share.weight == 0 {
                continue;
            }
            share.credit += share.weight;
            total += share.weight;
            if best.is_none_or(|(_, credit)| share.credit > credit) {
                best = Some((index, share.credit));
            }
        }
        let (index, _) = best?;
        if let Some(share) = self.shares.get_mut(index) {
            share.credit -= total;
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

    fn taken(split: &mut Split, requests: usize) -> Vec<usize> {
        let mut counts = vec![0; split.shares.len()];
        for _ in 0..requests {
            counts[split.next().unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn each_hundred_requests_hold_exactly_the_weights() {
        for weights in [vec![95, 5], vec![50, 50], vec![1, 99], vec![33, 33, 34]] {
            let mut split = Split::new(weights.clone());
            for _ in 0..3 {
                let expected: Vec<usize> = weights.iter().map(|&w| usize::from(w)).collect();
                assert_eq!(taken(&mut split, 100), expected);
            }
        }
    }

    #[test]
    fn five_percent_is_every_twentieth_request() {
        let mut split = Split::new([95, 5]);
        let turns: Vec<usize> = (0..200).filter(|_| split.next() == Some(1)).collect();
        assert_eq!(turns.len(), 10);
        assert!(turns.windows(2).all(|pair| pair[1] - pair[0] == 20));
    }

    #[test]
    fn no_weight_is_never_taken() {
        let mut split = Split::new([0, 100]);
        assert_eq!(taken(&mut split, 50), [0, 50]);
        assert_eq!(Split::new([0, 0]).next(), None);
        assert_eq!(Split::new([]).next(), None);
    }

    #[test]
    fn the_same_weights_go_on_where_they_were_and_others_begin_anew() {
        let mut before = Split::new([95, 5]);
        for _ in 0..7 {
            before.next();
        }
        let mut same = Split::new([95, 5]);
        same.resume(&before);
        assert_eq!(same, before);
        let mut other = Split::new([75, 25]);
        other.resume(&before);
        assert_eq!(other, Split::new([75, 25]));
    }
}

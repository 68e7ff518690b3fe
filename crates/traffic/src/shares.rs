use tidegate_units::Weight;

/// Splits all requests in proportion to `counts`, by largest remainders; with nothing counted,
/// nobody gets any. The weights add up to 100 otherwise.
pub fn shares(counts: &[usize]) -> Vec<Weight> {
    let whole: u64 = counts.iter().map(|count| *count as u64).sum();
    if whole == 0 {
        return vec![Weight::ZERO; counts.len()];
    }
    let exact: Vec<u64> = counts.iter().map(|count| *count as u64 * 100).collect();
    let mut given: Vec<u64> = exact.iter().map(|share| share / whole).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(exact.get(*index).map(|share| share % whole)));
    let left = 100_u64.saturating_sub(given.iter().sum());
    for index in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        if let Some(share) = given.get_mut(index) {
            *share += 1;
        }
    }
    given.into_iter().map(|share| Weight::at_most(share, 100)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_the_counts_and_add_up() {
        let check = |counts: &[usize], expect: &[u32]| {
            let found: Vec<_> = shares(counts).into_iter().map(|it| it.out_of(100)).collect();
            assert_eq!(found, expect, "{counts:?}");
        };
        check(&[1, 1], &[50, 50]);
        check(&[1, 2], &[33, 67]);
        check(&[1, 1, 1], &[34, 33, 33]);
        check(&[0, 3], &[0, 100]);
        check(&[0, 0], &[0, 0]);
        check(&[], &[]);
        check(&[7, 11, 23], &[17, 27, 56]);
    }
}

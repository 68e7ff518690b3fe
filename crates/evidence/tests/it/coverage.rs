use proptest::prelude::*;
use tidegate_evidence::{Branches, Coverage, FileCoverage, FunctionCoverage, Ratio};

fn branches() -> impl Strategy<Value = Branches> {
    let taken = prop::collection::btree_map("[0-2],[0-2]", any::<u64>(), 0..4);
    (taken, 0..5_u64, 0..5_u64).prop_map(|(taken, covered, more)| Branches {
        taken,
        counted: Ratio { covered, total: covered + more },
    })
}

fn file() -> impl Strategy<Value = FileCoverage> {
    let function =
        (0..4_u32, any::<u64>()).prop_map(|(line, hits)| FunctionCoverage { line, hits });
    (
        prop::collection::btree_map(1..6_u32, any::<u64>(), 0..5),
        prop::collection::btree_map(1..6_u32, branches(), 0..3),
        prop::collection::btree_map("[a-c]", function, 0..3),
    )
        .prop_map(|(lines, branches, functions)| FileCoverage { lines, branches, functions })
}

fn coverage() -> impl Strategy<Value = Coverage> {
    prop::collection::btree_map("[a-c]\\.rs", file(), 0..3).prop_map(|files| Coverage { files })
}

fn merged(a: &Coverage, b: &Coverage) -> Coverage {
    let mut sum = a.clone();
    sum.merge(b);
    sum
}

proptest! {
    #[test]
    fn the_order_of_runs_does_not_matter(a in coverage(), b in coverage(), c in coverage()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &Coverage::default()), a);
    }

    #[test]
    fn another_run_never_takes_coverage_away(a in coverage(), b in coverage()) {
        let (before, after) = (a.totals(), merged(&a, &b).totals());
        prop_assert!(after.lines.covered >= before.lines.covered);
        prop_assert!(after.lines.total >= before.lines.total);
        prop_assert!(after.branches.covered >= before.branches.covered);
        prop_assert!(after.functions.covered >= before.functions.covered);
        prop_assert!(after.lines.share().is_none_or(|share| (0.0..=1.0).contains(&share)));
    }
}

#[test]
fn sums_are_counted() {
    let mut file = FileCoverage::default();
    file.hit(1, 0);
    file.hit(2, 3);
    file.hit(2, u64::MAX);
    file.call("a", 0, 1);
    file.call("a", 7, 0);
    file.call("b", 9, 0);
    let totals = file.totals();
    assert_eq!(totals.lines, Ratio { covered: 1, total: 2 });
    assert_eq!(totals.functions, Ratio { covered: 1, total: 2 });
    assert_eq!(file.functions["a"], FunctionCoverage { line: 7, hits: 1 });
    assert_eq!(Ratio::default().share(), None);
}

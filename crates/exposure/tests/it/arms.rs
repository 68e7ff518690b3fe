//! Who counts as hurt.

use std::{collections::BTreeMap, time::Duration};

use tidegate_exposure::Arm;
use tidegate_traffic::{Outcome, RevisionTally, Shard, Tally};
use tidegate_units::Timestamp;

/// 90 answers in 20 ms, four in 800 ms, three 5xx of which one took as long, two that were given up
/// on, one of them after a second, and one with no answer.
fn tally() -> Tally {
    let mut shard = Shard::default();
    let answered = |status, millis: u64| Outcome::Answered { status, micros: millis * 1000 };
    let ended = std::iter::repeat_n(answered(200, 20), 90)
        .chain(std::iter::repeat_n(answered(200, 800), 4))
        .chain([answered(500, 20), answered(503, 20), answered(500, 800)])
        .chain([20, 1000].map(|millis| Outcome::Cancelled { micros: millis * 1000 }))
        .chain([Outcome::Unanswered]);
    ended.for_each(|outcome| shard.record(Timestamp::from_millis(1000), outcome));
    let mut sum = RevisionTally::default();
    shard.read(Timestamp::from_millis(5000), &mut sum, &mut BTreeMap::default());
    sum.total
}

#[test]
fn failures_hurt_and_waiting_does_not_unless_it_is_asked_for() {
    let plain = Arm { requests: 98, errors: 4 };
    assert_eq!((Arm::of_canary(&tally(), None), Arm::of_stable(&tally(), None)), (plain, plain));
}

#[test]
fn a_slow_answer_is_hurt_where_that_is_asked_for() {
    let slow = Some(Duration::from_millis(500));
    // No answer, 5xx, and whoever waited: the one slow 5xx is in both.
    assert_eq!(Arm::of_canary(&tally(), slow), Arm { requests: 100, errors: 1 + 3 + 6 });
    assert_eq!(Arm::of_stable(&tally(), slow), Arm { requests: 100, errors: 1 + 6 });
    let patient = Some(Duration::from_mins(1));
    assert_eq!(Arm::of_stable(&tally(), patient), Arm { requests: 100, errors: 4 });
}

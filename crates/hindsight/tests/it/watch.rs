use tidegate_hindsight::{Comparison, Hit, Settings, Side, Watch, Word, judge_requests};

use crate::made::{Made, SAME, hits};

/// How many of the canary's requests a stream takes until it is shown to be worse.
fn shown_after(canary: &[Hit], stable: &[Hit]) -> Option<usize> {
    let mut all: Vec<_> = canary.iter().map(|hit| (Side::Canary, hit)).collect();
    all.extend(stable.iter().map(|hit| (Side::Stable, hit)));
    all.sort_by_key(|(_, hit)| hit.at_micros);
    let mut watch = Watch::new(&Settings::default());
    let nth = all.iter().position(|(side, hit)| watch.add(*side, hit))?;
    Some(all[..=nth].iter().filter(|(side, _)| *side == Side::Canary).count())
}

#[test]
fn a_stream_is_judged_while_it_comes() {
    let stable = hits(Made { requests: 12_000, per_second: 40.0, seed: 9, ..SAME });
    let canary = hits(Made { errors: 0.05, ..SAME });
    let after = shown_after(&canary, &stable).unwrap();
    assert!(after < canary.len() / 2, "{after}");
    assert_eq!(shown_after(&hits(SAME), &stable), None);
}

#[test]
fn what_is_beyond_the_stream_is_not_known_yet() {
    let stable = hits(Made { requests: 12_000, per_second: 40.0, seed: 9, ..SAME });
    let canary = hits(Made { errors: 0.05, ..SAME });
    let mut watch = Watch::new(&Settings::default());
    for hit in &canary {
        watch.add_recorded(Side::Canary, hit);
    }
    let shown = stable.iter().find(|hit| watch.add(Side::Stable, hit)).unwrap();
    let (_, last) = watch.traffic.span(Side::Canary).unwrap();
    assert!(last <= shown.at_micros + watch.traffic.slot_micros(), "{last} {shown:?}");
    let report = judge_requests(&watch.traffic, &Settings::default());
    assert_eq!((report.verdict, report.comparison), (Word::Worse, Comparison::Concurrent));
}

#[test]
fn the_order_of_rows_within_seconds_is_no_matter() {
    let stable = hits(Made { requests: 4_000, per_second: 40.0, seed: 9, ..SAME });
    let mut canary = hits(Made { requests: 2_000, errors: 0.2, ..SAME });
    let sorted = shown_after(&canary, &stable).unwrap();
    canary.chunks_mut(20).for_each(<[Hit]>::reverse);
    let mut watch = Watch::new(&Settings::default());
    for hit in &stable {
        watch.add_recorded(Side::Stable, hit);
    }
    let shuffled = canary.iter().position(|hit| watch.add(Side::Canary, hit)).unwrap();
    assert!(shuffled < 2 * sorted && sorted < 2 * shuffled, "{sorted} {shuffled}");
}

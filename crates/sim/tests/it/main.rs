//! A life is its seed.

use std::time::Duration;

use tidegate_sim::live;

const HOURS: Duration = Duration::from_hours(6);

#[test]
fn the_same_seed_lives_the_same_life() {
    for seed in 1..=4 {
        let (one, other) = (live(seed, HOURS, true), live(seed, HOURS, true));
        let differs = one.lines.iter().zip(&other.lines).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(one.hash, other.hash, "seed {seed}");
        assert!(one.steps > 20 && one.broken.is_empty(), "seed {seed}: {:?}", one.broken);
    }
}

#[test]
fn other_seeds_live_other_lives() {
    let all: std::collections::BTreeSet<_> =
        (1..=4).map(|seed| live(seed, HOURS, false).hash).collect();
    assert_eq!(all.len(), 4);
}

//! Comparisons of answers: false alarms and power.

use tidegate_comparison::{Apart, Counts, Difference, Found};
use tidegate_judge::{FieldEvidence, weigh};

use crate::world::Random;

/// Who stands apart in a field, when it is noise in each answer with this probability: two of three
/// values that were not touched are alike, and no two noisy ones are.
fn drawn(random: &mut Random, rates: [f64; 3]) -> Option<Apart> {
    let noisy = rates.map(|rate| random.share() < rate);
    match noisy {
        [true, false, false] => Some(Apart::Candidate),
        [false, true, false] => Some(Apart::First),
        [false, false, true] => Some(Apart::Second),
        [false, false, false] => None,
        _ => Some(Apart::All),
    }
}

fn add(counts: &mut Counts, differences: impl Iterator<Item = (String, Option<Apart>)>) {
    let difference = |(field, apart): (String, Option<Apart>)| {
        Some(Difference { field, apart: apart?, shown: Default::default() })
    };
    let differences = differences.filter_map(difference).collect();
    counts.add(&Found { differences, ..Found::default() }, "GET /", 0);
}

fn is_alarmed(counts: &Counts, alpha: f64) -> bool {
    weigh(counts, alpha).iter().any(FieldEvidence::differs)
}

/// Runs of 2,000 requests, looked at after each of the first 200 and every 20th from there.
fn alarms(runs: u64, alpha: f64, rates: impl Fn(usize) -> [f64; 3], fields: usize) -> usize {
    let mut alarmed = 0;
    for run in 0..runs {
        let mut random = Random::new(run);
        let mut counts = Counts::default();
        let ever = (0..2_000).any(|request| {
            let found = (0..fields)
                .map(|field| (format!("body.f{field:03}"), drawn(&mut random, rates(field))));
            add(&mut counts, found);
            (request < 200 || request % 20 == 0) && is_alarmed(&counts, alpha)
        });
        alarmed += usize::from(ever);
    }
    alarmed
}

#[test]
fn a_replica_like_the_others_is_not_called_different() {
    // Rare noise, common noise, and a field that is another each time.
    let noise = |field: usize| [[0.002, 0.05, 0.3, 1.0][field % 4]; 3];
    assert_eq!(alarms(60, 0.05, noise, 40), 0, "far below the 5 % that are allowed");
}

/// At the very edge of what is accepted, alarms come no more often than is promised, and the promise
/// is not an empty one: a little beyond, they come.
#[test]
fn at_the_edge_of_the_margin_alarms_are_as_rare_as_promised() {
    // The candidate alone as often as the two others together: odds at the margin of 2.
    let edge = |_| [0.02, 0.01, 0.01];
    let (runs, alpha) = (600, 0.05);
    let found = alarms(runs, alpha, edge, 1);
    // Half of alpha is for the first field: 15 are expected at most, and 26 are one in a thousand.
    assert!(found <= 26, "{found} of {runs}");
    let beyond = |_| [0.08, 0.01, 0.01];
    assert!(alarms(20, alpha, beyond, 1) == 20);
}

#[test]
fn a_wrong_field_is_found_soon_among_noisy_ones() {
    let needed = |share: f64| {
        let mut all: Vec<usize> = (0..41)
            .map(|run| {
                let mut random = Random::new(run);
                let mut counts = Counts::default();
                (1..20_000)
                    .find(|_| {
                        let noise = (0..30).map(|field| {
                            (format!("body.f{field:02}"), drawn(&mut random, [0.1; 3]))
                        });
                        let noise: Vec<_> = noise.collect();
                        let wrong = (random.share() < share).then_some(Apart::Candidate);
                        let wrong = ("body.price".to_owned(), wrong);
                        add(&mut counts, noise.into_iter().chain([wrong]));
                        is_alarmed(&counts, 0.01)
                    })
                    .unwrap()
            })
            .collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    assert!(needed(1.0) <= 20, "every answer is wrong: {}", needed(1.0));
    assert!(needed(0.05) <= 500, "one in twenty is: {}", needed(0.05));
}

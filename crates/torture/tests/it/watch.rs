//! What is held against the program, and what is not.

use std::collections::BTreeMap;

use tidegate_load::Miss;
use tidegate_torture::{Excuse, Sample, Span, excused, exposed, most_likely, waited};
use tidegate_units::Timestamp;

/// Samples each 100 ms, of which each adds so many answers of the old and of the bad revision.
fn samples(adds: impl IntoIterator<Item = (u64, u64)>) -> Vec<Sample> {
    let (mut old, mut bad, mut at) = (0, 0, 0);
    let mut samples = vec![Sample::default()];
    for (more, worse) in adds {
        (old, bad, at) = (old + more, bad + worse, at + 100);
        let answers = [("old", old), ("bad", bad)].map(|(name, count)| (name.to_owned(), count));
        samples.push(Sample { at, answers: BTreeMap::from(answers) });
    }
    samples
}

#[test]
fn a_share_as_allowed_is_no_matter_and_twice_as_much_is_one() {
    let allowed = samples((0..100).map(|_| (8, 2)));
    assert_eq!(exposed(&allowed, "bad", &[(0, 0.2)]), None);
    let twice = samples((0..100).map(|_| (6, 4)));
    assert!(exposed(&twice, "bad", &[(0, 0.2)]).is_some());
}

#[test]
fn too_much_for_two_seconds_is_not_hidden_by_minutes_of_nothing() {
    let quiet = || (0..600).map(|_| (10, 0));
    let adds = [(9, 1)].into_iter().chain(quiet()).chain((0..20).map(|_| (0, 10))).chain(quiet());
    let how = exposed(&samples(adds), "bad", &[(0, 0.2)]).unwrap();
    assert!(how.contains("of 200 answers within 2 s"), "{how}");
}

#[test]
fn what_somebody_allowed_counts_from_then_on() {
    let adds = || (0..50).map(|_| (8, 2)).chain((0..50).map(|_| (5, 5)));
    assert!(exposed(&samples(adds()), "bad", &[(0, 0.2)]).is_some());
    assert_eq!(exposed(&samples(adds()), "bad", &[(0, 0.2), (5_000, 0.5)]), None);
    assert!(exposed(&samples(adds()), "bad", &[(0, 0.2), (8_000, 0.5)]).is_some());
}

#[test]
fn one_that_was_to_have_nothing_may_have_nothing() {
    assert!(exposed(&samples([(10, 1)]), "bad", &[]).is_some());
    assert_eq!(exposed(&samples([(10, 0)]), "bad", &[]), None);
}

/// The probability of more than the bound, summed exactly, is below one in a million everywhere.
#[test]
fn chance_is_seldom_taken_for_a_fault() {
    for (answers, share) in
        [(5_u32, 0.2), (20, 0.2), (100, 0.2), (100, 0.5), (1_000, 0.05), (1_000, 0.5)]
    {
        let bound = most_likely([(u64::from(answers), share)]);
        let mut term = (1.0 - share).powi(i32::try_from(answers).unwrap());
        let mut above = 0.0;
        for count in 0..=answers {
            if f64::from(count) > bound {
                above += term;
            }
            term *= f64::from(answers - count) / f64::from(count + 1) * share / (1.0 - share);
        }
        assert!(above < 1e-6, "{answers} answers, share {share}: {above}");
    }
}

#[test]
fn a_request_is_excused_when_it_was_under_way_at_what_was_done() {
    let miss = |sent, ended| Miss {
        sent: Timestamp::from_millis(sent),
        ended: Timestamp::from_millis(ended),
        late: false,
        why: "cut".to_owned(),
    };
    let excuse = |app| [Excuse { app, from: 1_000, to: 1_250, why: "kill -9".to_owned() }];
    assert!(excused(&miss(900, 1_001), 0, &excuse(None), &[]));
    assert!(excused(&miss(900, 5_000), 0, &excuse(Some(0)), &[]));
    assert!(!excused(&miss(900, 1_001), 1, &excuse(Some(0)), &[]));
    assert!(!excused(&miss(1_251, 1_300), 0, &excuse(None), &[]));
    assert!(!excused(&miss(900, 999), 0, &excuse(None), &[]));
}

/// Of each 100 ms so many were waited.
fn spans(waited: impl IntoIterator<Item = i64>) -> Vec<Span> {
    let spans = (0..).zip(waited);
    spans.map(|(index, waited)| Span { from: index * 100, to: index * 100 + 100, waited }).collect()
}

#[test]
fn what_is_waited_is_counted_where_it_was() {
    let seen = spans([0, 50, 100, 10]);
    assert_eq!(waited(&seen, 0, 400), 160);
    assert_eq!(waited(&seen, 100, 300), 150);
    // Never more than there was time.
    assert_eq!(waited(&seen, 210, 230), 20);
    assert_eq!(waited(&seen, 300, 300), 0);
}

#[test]
fn one_that_was_late_is_excused_by_what_was_waited_and_one_that_was_cut_is_not() {
    let miss = |late| Miss {
        sent: Timestamp::from_millis(0),
        ended: Timestamp::from_millis(10_000),
        late,
        why: "late or cut".to_owned(),
    };
    let (busy, calm) = (spans([60; 100]), spans([40; 100]));
    assert!(excused(&miss(true), 0, &[], &busy));
    assert!(!excused(&miss(true), 0, &[], &calm));
    assert!(!excused(&miss(false), 0, &[], &busy));
}

#[test]
fn the_end_of_a_fault_is_noticed_as_much_later_as_the_programs_waited() {
    let miss = |sent| Miss {
        sent: Timestamp::from_millis(sent),
        ended: Timestamp::from_millis(sent + 5),
        late: false,
        why: "cut".to_owned(),
    };
    let kill = [Excuse { app: None, from: 1_000, to: 1_250, why: "kill -9".to_owned() }];
    let busy = spans([0; 10].into_iter().chain([100; 3]).chain([0; 10]));
    assert!(excused(&miss(1_450), 0, &kill, &busy));
    assert!(!excused(&miss(1_450), 0, &kill, &spans([0; 23])));
    assert!(!excused(&miss(1_600), 0, &kill, &busy));
}

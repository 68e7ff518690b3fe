//! Whatever is counted, the evidence is made of numbers and can be written and read.

use proptest::prelude::*;
use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};
use tidegate_traffic::{Histogram, Tally};
use tidegate_units::Timestamp;

/// Two revisions' answers, errors, cancelled and latency bucket, and the milliseconds that passed.
type Look = ([(u64, u64, u64, usize); 2], i64);

fn looks() -> impl Strategy<Value = Vec<Look>> {
    let count = prop_oneof![Just(0), 1_u64..100, 1_u64..1_000_000_000_000];
    // From none to longer than any request takes: 1e-9 s and 1e9 s are in the first and the last.
    let beyond = Histogram::bucket(1_000_000_000_000_000) + 1;
    let arm = (count.clone(), count.clone(), count, 0..beyond);
    prop::collection::vec((prop::array::uniform2(arm), 1_i64..100_000), 1..30)
}

fn add(tally: &mut Tally, (answers, errors, cancelled, bucket): (u64, u64, u64, usize)) {
    tally.requests += answers + errors + cancelled;
    tally.by_class[1] += answers;
    tally.by_class[4] += errors / 2;
    tally.unanswered += errors - errors / 2;
    tally.cancelled += cancelled;
    tally.latency.record_bucket(bucket, answers + errors / 2);
}

fn is_sound(evidence: &JudgeEvidence) -> bool {
    evidence.tests.iter().all(|test| {
        let numbers = [test.log_evidence, test.log_no_worse, test.log_bar];
        let values = [test.canary, test.stable];
        numbers.iter().all(|number| number.is_finite())
            && values.iter().flatten().all(|value| value.is_finite() && *value >= 0.0)
            && (test.verdict == Verdict::Worse) == (test.log_evidence >= test.log_bar)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn evidence_is_made_of_numbers(looks in looks(), restart in 0_usize..30) {
        let settings = JudgeSettings::default();
        let (mut evidence, mut traffic) = (JudgeEvidence::default(), RunTraffic::default());
        evidence.look(&settings, &traffic);
        for (nth, ([canary, stable], millis)) in looks.into_iter().enumerate() {
            if nth == restart {
                traffic = RunTraffic { at: traffic.at, epoch: 9, ..RunTraffic::default() };
            }
            add(&mut traffic.canary.total, canary);
            add(&mut traffic.stable.total, stable);
            traffic.at = Timestamp::from_millis(traffic.at.as_millis() + millis);
            evidence.look(&settings, &traffic);
            prop_assert!(is_sound(&evidence), "{evidence:?}");
            prop_assert!(!evidence.to_string().is_empty());
            let text = serde_json::to_string(&evidence).unwrap();
            evidence = serde_json::from_str(&text).unwrap();
        }
    }

    #[test]
    fn counts_that_run_backwards_are_no_evidence(looks in looks()) {
        let settings = JudgeSettings::default();
        let mut evidence = JudgeEvidence::default();
        for ([canary, stable], millis) in looks {
            let mut traffic = RunTraffic { at: Timestamp::from_millis(millis), ..RunTraffic::default() };
            add(&mut traffic.canary.total, canary);
            add(&mut traffic.stable.total, stable);
            evidence.look(&settings, &traffic);
            prop_assert!(is_sound(&evidence), "{evidence:?}");
        }
    }
}

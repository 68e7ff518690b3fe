//! What other metrics of a run measured, for the judge to compare.

use std::collections::BTreeMap;

use tidegate_judge::{Arm, JudgeEvidence, JudgeSettings, Sample};

use crate::{Metric, MetricView};

/// Values of the metrics that a judge compares: of which series, of which arm.
pub(crate) type Values = Vec<(usize, Arm, Sample)>;

/// What was measured of late of the metrics that `metric` compares; nothing where it is no judge.
pub(crate) fn values(metric: &Metric, views: &BTreeMap<String, MetricView>) -> Values {
    let Some(settings) = metric.judge_settings() else { return Values::new() };
    let arms = settings.series.iter().enumerate().flat_map(|(index, series)| {
        [(index, Arm::Canary, &series.canary), (index, Arm::Stable, &series.stable)]
    });
    let of = |(index, arm, name): (usize, Arm, &String)| {
        let measurements = views.get(name).into_iter().flat_map(|view| &view.measurements);
        measurements.filter_map(move |measured| {
            let value = number(&measured.value)?;
            #[expect(clippy::cast_precision_loss, reason = "milliseconds are far below 2^53")]
            let at = measured.finished_at.as_millis() as f64 / 1e3;
            Some((index, arm, Sample { at, value }))
        })
    };
    arms.flat_map(of).collect()
}

/// Lets the judge take them; those that it knows are left out by itself.
pub(crate) fn take(evidence: &mut JudgeEvidence, settings: &JudgeSettings, values: Values) {
    for (index, arm, sample) in values {
        evidence.take(settings, index, arm, sample);
    }
}

/// A measured value as a number; a list of one value, as Prometheus gives it, is that value.
fn number(value: &str) -> Option<f64> {
    value.trim().trim_start_matches('[').trim_end_matches(']').trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_stand_in_a_list_of_its_own() {
        for (text, expect) in [("0.5", Some(0.5)), ("[0.5]", Some(0.5)), (" [ 3 ] ", Some(3.0))] {
            assert_eq!(number(text), expect, "{text}");
        }
        for text in ["", "[]", "[1,2]", "true", "{}"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}

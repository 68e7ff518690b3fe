use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

use crate::look::Looks;

/// The live judge, fed with what was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    settings: JudgeSettings,
    pub(crate) evidence: JudgeEvidence,
    traffic: RunTraffic,
    /// When *worse* was shown, in microseconds.
    pub(crate) decided_at: Option<i64>,
    /// What it was at each look.
    pub(crate) looks: Looks,
}

impl Live {
    pub(crate) fn new(settings: &JudgeSettings) -> Self {
        Self {
            settings: settings.clone(),
            evidence: JudgeEvidence::default(),
            traffic: RunTraffic::default(),
            decided_at: None,
            looks: Looks::default(),
        }
    }

    /// All that both did, also after the verdict.
    pub(crate) fn sums(&self) -> [&Tally; 2] {
        [&self.traffic.canary.total, &self.traffic.stable.total]
    }

    /// Takes what both did from `start` to `end`, in microseconds. Slots come in order.
    pub(crate) fn take(&mut self, start: i64, end: i64, [canary, stable]: &[Tally; 2]) {
        if self.evidence.looked_at.is_none() {
            self.traffic.at = moment(start);
            self.evidence.look(&self.settings, &self.traffic);
        }
        self.traffic.at = moment(end);
        self.traffic.canary.total.add(canary);
        self.traffic.stable.total.add(stable);
        let before = self.evidence.canary.requests;
        self.evidence.look(&self.settings, &self.traffic);
        if self.evidence.verdict == Verdict::Worse && self.decided_at.is_none() {
            self.decided_at = Some(end);
        }
        if self.evidence.canary.requests > before {
            self.looks.take(end, &self.evidence);
        }
    }
}

fn moment(micros: i64) -> Timestamp {
    Timestamp::from_millis(micros.div_euclid(1_000))
}

use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

use crate::{look::Looks, traffic::Traffic};

/// The live judge, fed with what was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    settings: JudgeSettings,
    pub(crate) evidence: JudgeEvidence,
    traffic: RunTraffic,
    /// When *worse* was shown, in microseconds.
    pub(crate) decided_at: Option<i64>,
    /// What it was at each look, where that is of interest.
    pub(crate) looks: Option<Looks>,
}

impl Live {
    /// For requests that are still being recorded.
    pub(crate) fn new(settings: &JudgeSettings) -> Self {
        Self::with(settings, JudgeEvidence::default())
    }

    /// Goes through a recording that is there to its end, twice: first to learn how much its hits
    /// scatter, then to judge it by that.
    pub(crate) fn through(
        traffic: &Traffic,
        settings: &JudgeSettings,
        looks: Option<Looks>,
    ) -> Self {
        let mut rehearsal = Self::with(settings, JudgeEvidence::rehearsal());
        rehearsal.go_through(traffic);
        let evidence = JudgeEvidence::after(&rehearsal.evidence);
        let mut live = Self { looks, ..Self::with(settings, evidence) };
        live.go_through(traffic);
        live
    }

    fn with(settings: &JudgeSettings, evidence: JudgeEvidence) -> Self {
        Self {
            settings: settings.clone(),
            evidence,
            traffic: RunTraffic::default(),
            decided_at: None,
            looks: None,
        }
    }

    fn go_through(&mut self, traffic: &Traffic) {
        for (end, slots) in traffic.slots() {
            self.take(end - traffic.slot_micros(), end, &slots);
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
        if self.evidence.verdict != Verdict::Worse {
            self.decided_at = None;
        } else if self.decided_at.is_none() {
            self.decided_at = Some(end);
        }
        if let Some(looks) = &mut self.looks
            && self.evidence.canary.requests > before
        {
            looks.take(end, &self.evidence);
        }
    }
}

fn moment(micros: i64) -> Timestamp {
    Timestamp::from_millis(micros.div_euclid(1_000))
}

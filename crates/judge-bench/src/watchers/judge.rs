use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};

use super::Watcher;

/// Tidegate's judge, looking every second.
pub struct Judge {
    settings: JudgeSettings,
    evidence: JudgeEvidence,
    /// Seconds of the release that it does not look at: a warm-up.
    not_before: u32,
}

impl Judge {
    /// With these settings, from the first second on.
    pub fn new(settings: JudgeSettings) -> Self {
        Self { settings, evidence: JudgeEvidence::default(), not_before: 0 }
    }

    /// With a warm-up of so many seconds: nothing of what is counted in it is judged.
    pub fn warmed_up(self, seconds: u32) -> Self {
        Self { not_before: seconds, ..self }
    }

    /// What it has gathered.
    pub fn evidence(&self) -> &JudgeEvidence {
        &self.evidence
    }
}

impl Watcher for Judge {
    fn calls_worse(&mut self, second: u32, traffic: &RunTraffic) -> bool {
        if second >= self.not_before {
            self.evidence.look(&self.settings, traffic);
        }
        self.evidence.verdict == Verdict::Worse
    }
}

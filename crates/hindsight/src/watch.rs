use tidegate_judge::Verdict;

use crate::{
    live::Live,
    report::Word,
    requests::judge_requests,
    settings::Settings,
    traffic::{Hit, Side, Traffic},
};

/// Requests that are still being recorded: judged as they come.
#[derive(Clone, Debug)]
pub struct Watch {
    settings: Settings,
    /// Everything so far; once *worse* is shown, what showed it.
    pub traffic: Traffic,
    /// What the judge has not seen yet.
    pending: Traffic,
    live: Live,
    /// The end of what it has seen, in microseconds.
    seen: i64,
    newest: i64,
    asked: Option<i64>,
}

/// Rows may come so late, in microseconds: they are written when a request ends, in the order in
/// which several writers got to it.
const LATE_MICROS: i64 = 5_000_000;

/// When the seconds say *worse* and the whole does not yet, it is asked again after so long.
const AGAIN_MICROS: i64 = 10_000_000;

impl Watch {
    /// Nothing is seen yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            traffic: Traffic::default(),
            pending: Traffic::default(),
            live: Live::new(&settings.judge),
            seen: i64::MIN,
            newest: i64::MIN,
            asked: None,
        }
    }

    /// Takes a request that was recorded before.
    pub fn add_recorded(&mut self, side: Side, hit: &Hit) {
        self.traffic.add(side, hit);
        self.pending.add(side, hit);
    }

    /// Says whether a status of 0 is an error for one side.
    pub fn zero_is_error(&mut self, side: Side, is: bool) {
        self.traffic.zero_is_error(side, is);
        self.pending.zero_is_error(side, is);
    }

    /// Takes the next request; whether the canary is now shown to be worse.
    pub fn add(&mut self, side: Side, hit: &Hit) -> bool {
        self.traffic.add(side, hit);
        let at_micros = hit.at_micros.max(self.seen);
        self.pending.add(side, &Hit { at_micros, ..*hit });
        self.newest = self.newest.max(hit.at_micros);
        let upto = self.newest.saturating_sub(LATE_MICROS);
        if upto.saturating_sub(self.seen) < self.pending.slot_micros() {
            return false;
        }
        let width = self.pending.slot_micros();
        for (end, slots) in self.pending.take_before(upto) {
            self.live.take(end - width, end, &slots);
            self.seen = end;
        }
        self.live.evidence.verdict == Verdict::Worse && self.is_worse()
    }

    /// Whether all of it says so, with what the seconds alone do not know.
    fn is_worse(&mut self) -> bool {
        if self.asked.is_some_and(|asked| self.newest - asked < AGAIN_MICROS) {
            return false;
        }
        self.asked = Some(self.newest);
        // What was recorded before may reach beyond what has come of the other: that is not yet known.
        let mut known = self.traffic.clone();
        known.forget_from(self.newest.saturating_add(known.slot_micros()));
        let shown = judge_requests(&known, &self.settings).verdict == Word::Worse;
        if shown {
            self.traffic = known;
        }
        shown
    }

    /// What the judge of the seconds has come to, in one sentence.
    pub fn so_far(&self) -> String {
        self.live.evidence.to_string()
    }
}

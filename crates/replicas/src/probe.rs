//! Probes: what they say of a container, by the thresholds of Kubernetes.

pub(crate) mod attempt;
mod grpc;
mod http;
mod tls;
pub(crate) mod watcher;

/// Counts the answers of one probe and says when its verdict turns.
///
/// As the kubelet does it: the verdict turns to passing after `success_threshold` successes in a
/// row, to failing after `failure_threshold` failures in a row, and else stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    passing: bool,
    run: u32,
    last: Option<bool>,
    successes_needed: u32,
    failures_needed: u32,
}

/// That the verdict turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It passes now.
    Passing,
    /// It fails now. Said again by each further failure: a container that did not obey the first
    /// time is told again.
    Failing,
}

impl Verdict {
    /// A verdict that stands at `passing` before the first answer.
    pub(crate) fn new(passing: bool, probe: &tidegate_workload::Probe) -> Self {
        Self {
            passing,
            run: 0,
            last: None,
            successes_needed: probe.success_threshold.max(1),
            failures_needed: probe.failure_threshold.max(1),
        }
    }

    /// Takes one answer.
    pub(crate) fn take(&mut self, success: bool) -> Option<Turn> {
        self.run = match self.last {
            Some(last) if last == success => self.run.saturating_add(1),
            _ => 1,
        };
        self.last = Some(success);
        let needed = if success { self.successes_needed } else { self.failures_needed };
        if self.run < needed {
            return None;
        }
        match (std::mem::replace(&mut self.passing, success), success) {
            (false, true) => Some(Turn::Passing),
            (true, true) => None,
            (_, false) => Some(Turn::Failing),
        }
    }

    /// How it stands.
    pub(crate) fn is_passing(&self) -> bool {
        self.passing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::probe;
    use tidegate_workload::{PortRef, ProbeAction};

    /// `+` and `-` are answers; in `expect`, `P` and `F` are turns and `.` is none.
    fn check(passing: bool, successes: u32, failures: u32, answers: &str, expect: &str) {
        let action = ProbeAction::Tcp { port: PortRef::Number(1), host: None };
        let mut verdict = Verdict::new(passing, &probe(action, 1, successes, failures));
        let turns: String = answers
            .chars()
            .map(|answer| match verdict.take(answer == '+') {
                Some(Turn::Passing) => 'P',
                Some(Turn::Failing) => 'F',
                None => '.',
            })
            .collect();
        assert_eq!(turns, expect, "{successes}/{failures} {answers}");
    }

    #[test]
    fn thresholds_count_answers_in_a_row() {
        check(false, 1, 3, "+", "P");
        check(false, 1, 3, "--+", "..P");
        check(false, 3, 3, "++-+++", ".....P");
        check(true, 1, 3, "--+---", ".....F");
        check(true, 1, 3, "-----", "..FFF");
        check(true, 2, 2, "+--+-++", "..F...P");
        check(false, 1, 1, "+-+-", "PFPF");
        check(true, 1, 1, "++++", "....");
        check(false, 0, 0, "+-", "PF");
    }
}

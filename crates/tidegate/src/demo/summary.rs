use std::fmt;

use tidegate_load::Counts;

use super::acts::{Act, Ended};

/// What was measured.
pub(crate) struct Summary {
    pub(crate) acts: Vec<Ended>,
    /// By the client.
    pub(crate) counts: Counts,
    /// Entries of the verified ledger.
    pub(crate) ledger: u64,
}

impl Summary {
    /// Whether everything went as it should: every release ended as expected, and no request was
    /// lost or failed by the router.
    pub(crate) fn held(&self) -> bool {
        let counts = &self.counts;
        self.acts.iter().all(Ended::held)
            && counts.lost == 0
            && counts.router_failed == 0
            && counts.settled() == counts.sent
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWhat happened, as the client counted it")?;
        for act in &self.acts {
            self.act(f, act)?;
        }
        let counts = &self.counts;
        writeln!(
            f,
            "  requests    {} sent, {} failed at the router, {} lost",
            counts.sent, counts.router_failed, counts.lost
        )?;
        for (why, times) in &counts.lost_why {
            writeln!(f, "              lost {times} x: {why}")?;
        }
        writeln!(f, "  ledger      {} entries, verified", self.ledger)?;
        write!(f, "  {}", if self.held() { "all of it held" } else { "NOT all of it held" })
    }
}

impl Summary {
    fn act(&self, f: &mut fmt::Formatter<'_>, act: &Ended) -> fmt::Result {
        let mark = if act.held() { '✔' } else { '✘' };
        let end = match act.end {
            Some(Act::Caught) => "taken back by itself",
            Some(Act::Promoted) => "promoted to all users",
            None => "did not end in time",
        };
        let took = act.took.as_secs_f64();
        writeln!(f, "{mark} {:<14} {end} after {took:.1} s, at most {}", act.version, act.peak)?;
        let answers = self.counts.versions.get(act.version);
        if let Some(answers) = answers {
            let all = answers.good + answers.failed;
            write!(
                f,
                "              it answered {all} requests, {} of them badly",
                answers.failed
            )?;
            if let (Some(errors), Some(last)) = (answers.errors, answers.last) {
                let seconds = last.since(errors.first).as_secs_f64();
                write!(f, "; first bad answer to weight 0: {seconds:.2} s")?;
            }
            writeln!(f)?;
        }
        if act.end == Some(Act::Caught) {
            writeln!(f, "              {}", act.message)?;
        }
        Ok(())
    }
}

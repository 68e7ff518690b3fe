use std::collections::BTreeMap;

use ratatui::{style::Style, text::Line};
use tidegate_analysis::{Action, DecisionView, Outcome, Override};

use super::{
    style::{BAD, DIM, GOOD, HELD},
    words::wrapped,
};

/// What is to be done with the revision, by what, what it would have taken, and what does not count.
pub(crate) fn decision_lines(
    view: &DecisionView,
    overrides: &BTreeMap<String, Override>,
    width: usize,
) -> Vec<Line<'static>> {
    let decision = &view.decision;
    let style = match decision.action {
        Action::Continue => GOOD,
        Action::MonitorClosely | Action::AlertHuman => HELD,
        Action::ScheduledRollback | Action::ImmediateRollback => BAD,
    };
    let mut lines = Vec::new();
    let mut say = |indent: &str, text: &str, style: Style| {
        let rows = wrapped(text, width.saturating_sub(indent.len()));
        lines.extend(rows.into_iter().map(|row| Line::styled(format!("{indent}{row}"), style)));
    };
    say("  ", &decision.to_string(), style);
    for text in decision.otherwise.iter().take(decision.violations.len()) {
        say("    ", text, DIM);
    }
    let unknown = decision.rules.iter().filter(|rule| rule.outcome == Outcome::Unknown);
    let unknown: Vec<_> = unknown.map(|rule| rule.rule.as_str()).collect();
    if !unknown.is_empty() {
        say("    ", &format!("not known: {}", unknown.join(", ")), DIM);
    }
    for (rule, one) in overrides {
        say("    ", &format!("{rule} is overridden by {}: {}", one.by, one.reason), HELD);
    }
    lines
}

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use tidegate_rollout::{StepState, StepView};

use super::style::{BOLD, DIM, GOOD, MOVING};

/// The steps with their marks, over as many lines as they need.
pub(crate) fn step_lines(steps: &[StepView], width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut line: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for step in steps {
        let (mark, style) = mark(step.state);
        let text = format!("{mark}{}", step.label.replacen(": ", " ", 1));
        let length = text.chars().count();
        if used > 0 && used + 3 + length > width {
            lines.push(Line::from(std::mem::take(&mut line)));
            used = 0;
        }
        if used > 0 {
            line.push(Span::styled(" · ", DIM));
            used += 3;
        }
        line.push(Span::styled(text, style));
        used += length;
    }
    if !line.is_empty() {
        lines.push(Line::from(line));
    }
    lines
}

fn mark(state: StepState) -> (&'static str, Style) {
    match state {
        StepState::Ahead => ("", Style::new()),
        StepState::Active => ("▶ ", MOVING.patch(BOLD)),
        StepState::Done => ("✔ ", GOOD),
        StepState::Skipped => ("↷ ", DIM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_flow_over_lines_and_bear_their_marks() {
        let step = |label: &str, state| StepView { label: label.to_owned(), state };
        let steps = [
            step("setWeight: 5", StepState::Done),
            step("pause: 10s", StepState::Active),
            step("setWeight: 25", StepState::Ahead),
            step("analysis: fast", StepState::Skipped),
        ];
        let text = |width| {
            let lines = step_lines(&steps, width);
            lines.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(text(80), ["✔ setWeight 5 · ▶ pause 10s · setWeight 25 · ↷ analysis fast"]);
        assert_eq!(text(30), ["✔ setWeight 5 · ▶ pause 10s", "setWeight 25 · ↷ analysis fast"]);
        assert_eq!(step_lines(&[], 80), []);
    }
}

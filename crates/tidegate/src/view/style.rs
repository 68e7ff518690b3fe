use ratatui::{
    style::{Color, Modifier, Style},
    text::Span,
};
use tidegate_analysis::RunPhase;
use tidegate_rollout::{Phase, RevisionRole};

pub(crate) const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub(crate) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
pub(crate) const GOOD: Style = Style::new().fg(Color::Green);
pub(crate) const BAD: Style = Style::new().fg(Color::Red);
pub(crate) const HELD: Style = Style::new().fg(Color::Yellow);
pub(crate) const MOVING: Style = Style::new().fg(Color::Cyan);

pub(crate) fn phase(phase: Phase) -> Style {
    let colour = match phase {
        Phase::Progressing => MOVING,
        Phase::Paused => HELD,
        Phase::Healthy => GOOD,
        Phase::Degraded => BAD,
    };
    colour.add_modifier(Modifier::BOLD)
}

pub(crate) fn run(phase: RunPhase) -> Style {
    match phase {
        RunPhase::Pending | RunPhase::Running => MOVING,
        RunPhase::Successful => GOOD,
        RunPhase::Failed | RunPhase::Error => BAD,
        RunPhase::Inconclusive => HELD,
    }
}

pub(crate) fn role(role: RevisionRole) -> Style {
    match role {
        RevisionRole::Stable => GOOD,
        RevisionRole::Canary | RevisionRole::Preview | RevisionRole::Active => MOVING,
        RevisionRole::Old => DIM,
    }
}

/// A bar of `width` cells, filled up to `share`, 0 to 1, in eighths of a cell.
pub(crate) fn bar(share: f64, width: usize, style: Style) -> [Span<'static>; 2] {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let cells = u32::try_from(width).unwrap_or(u32::MAX);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a terminal's width, which is at most 65,535 cells, in eighths"
    )]
    let eighths = (share * f64::from(cells) * 8.0).round() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    let mut filled = "█".repeat(full);
    if let Some(block) = EIGHTHS.get(part).filter(|_| part > 0) {
        filled.push(*block);
    }
    let rest = width.saturating_sub(full + usize::from(part > 0));
    [Span::styled(filled, style), Span::styled("·".repeat(rest), DIM)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_always_as_wide_as_it_should_be() {
        let check = |share: f64, expect: &str| {
            let text = bar(share, 4, GOOD).map(|span| span.content.into_owned()).concat();
            assert_eq!(text, expect, "{share}");
        };
        check(0.0, "····");
        check(0.05, "▎···");
        check(0.5, "██··");
        check(0.99, "████");
        check(1.0, "████");
        check(7.0, "████");
        check(-1.0, "····");
        check(f64::NAN, "····");
    }
}

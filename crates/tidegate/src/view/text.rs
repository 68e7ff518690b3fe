use ratatui::{
    style::{Color, Modifier},
    text::Span,
};
use tidegate_controller::RolloutView;
use tidegate_units::Timestamp;

use super::lines;
use crate::paint::Paint;

/// As wide as an unknown terminal is.
const WIDTH: usize = 100;

/// A rollout as text, once.
pub(crate) fn still(view: &RolloutView, now: Timestamp, paint: Paint) -> String {
    let width =
        ratatui::crossterm::terminal::size().map_or(WIDTH, |(columns, _)| usize::from(columns));
    let lines = lines(view, now, width.max(60)).into_iter().map(|line| {
        let style = line.style;
        let spans = line.spans.into_iter().map(|span| span.patch_style_below(style));
        spans.map(|span| painted(&span, paint)).collect::<String>().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

trait PatchBelow {
    fn patch_style_below(self, style: ratatui::style::Style) -> Self;
}

impl PatchBelow for Span<'_> {
    /// The style of the line, under the span's own.
    fn patch_style_below(mut self, style: ratatui::style::Style) -> Self {
        self.style = style.patch(self.style);
        self
    }
}

fn painted(span: &Span<'_>, paint: Paint) -> String {
    let text = span.content.as_ref();
    let bold = span.style.add_modifier.contains(Modifier::BOLD);
    match span.style.fg {
        Some(Color::Red) if bold => paint.red_bold(text),
        Some(Color::Red) => paint.red(text),
        Some(Color::Green) => paint.green(text),
        Some(Color::Yellow) => paint.yellow(text),
        Some(Color::Cyan) => paint.cyan(text),
        _ if bold => paint.bold(text),
        _ if span.style.add_modifier.contains(Modifier::DIM) => paint.dim(text),
        _ => text.to_owned(),
    }
}

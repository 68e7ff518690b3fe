use ratatui::text::{Line, Span};
use tidegate_controller::{RolloutView, TrafficView};
use tidegate_rollout::{RevisionRole, RevisionView};
use tidegate_units::Weight;

use super::{
    style::{BAD, BOLD, DIM, GOOD, MOVING, bar, role as role_style},
    words::{count, cut, millis, percent, role},
};

/// The weights of stable and canary as bars, what is so and what is wanted.
pub(crate) fn weight_lines(view: &RolloutView, width: usize) -> Vec<Line<'static>> {
    let wanted = view.report.wanted_weight;
    let actual = view.report.actual_weight;
    let on_its_way = view.report.revisions.iter().any(|seen| seen.role == RevisionRole::Canary);
    if !on_its_way {
        return Vec::new();
    }
    let rows = [
        ("stable", GOOD, wanted.rest(), actual.map(Weight::rest)),
        ("canary", MOVING, wanted, actual),
    ];
    let cells = width.saturating_sub(36).clamp(10, 60);
    let line = |(name, style, wanted, actual): (&str, _, Weight, Option<Weight>)| {
        let share = actual.unwrap_or(Weight::ZERO).percent() / 100.0;
        let shown = actual.map_or_else(|| "unknown".to_owned(), |actual| actual.to_string());
        let mut spans = vec![Span::styled(format!("{name} "), style)];
        spans.extend(bar(share, cells, style));
        spans.push(Span::raw(format!(" {shown:>4}")));
        if actual != Some(wanted) {
            spans.push(Span::styled(format!(" (wanted {wanted})"), DIM));
        }
        Line::from(spans)
    };
    rows.map(line).to_vec()
}

/// A column: its head, its width in characters, and what stands there. Numbers are set right.
struct Column {
    head: &'static str,
    width: usize,
    right: bool,
}

/// From this width on there is room for the image and the median.
const ROOMY: usize = 72;

fn columns(width: usize, roles: usize) -> Vec<Column> {
    let left = |head, width| Column { head, width, right: false };
    let right = |head, width| Column { head, width, right: true };
    let mut columns = vec![right("REV", 3), left("ROLE", roles), left("HASH", 10)];
    let mut numbers = vec![
        right("WEIGHT", 6),
        right("REPLICAS", 8),
        right("REQ/S", 5),
        right("ERR%", 5),
        right("P50", 4),
        right("P95", 4),
        right("P99", 4),
    ];
    if width < ROOMY {
        numbers.retain(|column| column.head != "P50");
    } else {
        let others = columns.iter().chain(&numbers).map(|column| column.width + 1).sum::<usize>();
        columns.push(left("IMAGE", width.saturating_sub(others).clamp(5, 60)));
    }
    columns.append(&mut numbers);
    columns
}

/// The revisions as a table.
pub(crate) fn revision_lines(view: &RolloutView, width: usize) -> Vec<Line<'static>> {
    let roles = view.report.revisions.iter().map(|seen| role(seen.role).len());
    let columns = columns(width, roles.max().unwrap_or(0).max(6));
    let heads = columns.iter().map(|column| set(column, column.head));
    let mut lines =
        vec![Line::styled(heads.collect::<Vec<_>>().join(" ").trim_end().to_owned(), DIM)];
    for seen in &view.report.revisions {
        let mut spans = Vec::new();
        for column in &columns {
            if !spans.is_empty() {
                spans.push(Span::raw(" "));
            }
            spans.push(cell(view, seen, column));
        }
        lines.push(Line::from(spans));
    }
    lines
}

fn cell(view: &RolloutView, seen: &RevisionView, column: &Column) -> Span<'static> {
    let quiet = TrafficView::default();
    let traffic = view.traffic.get(&seen.revision).unwrap_or(&quiet);
    let text = match column.head {
        "REV" => seen.number.to_string(),
        "ROLE" => role(seen.role).to_owned(),
        "HASH" => seen.revision.to_string(),
        "IMAGE" => image(view, seen),
        "WEIGHT" => seen.weight.to_string(),
        "REPLICAS" => format!("{}/{}/{}", seen.ready, seen.available, seen.wanted),
        "REQ/S" => rate(traffic.request_rate),
        "ERR%" => percent(traffic.error_rate),
        "P50" => millis(traffic.p50_ms),
        "P95" => millis(traffic.p95_ms),
        _ => millis(traffic.p99_ms),
    };
    let style = match column.head {
        "ROLE" => role_style(seen.role),
        "HASH" => DIM,
        "ERR%" if traffic.error_rate.is_some_and(|share| share > 0.0) => BAD.patch(BOLD),
        _ => ratatui::style::Style::new(),
    };
    Span::styled(set(column, &text), style)
}

/// `text` in the width of its column. Of an image the end tells more than the beginning.
fn set(column: &Column, text: &str) -> String {
    let width = column.width;
    let length = text.chars().count();
    let text = if column.head == "IMAGE" && length > width {
        let end = text.chars().skip(length + 1 - width).collect::<String>();
        format!("…{end}")
    } else {
        cut(text, width)
    };
    if column.right { format!("{text:>width$}") } else { format!("{text:<width$}") }
}

fn image(view: &RolloutView, seen: &RevisionView) -> String {
    view.revision_images.get(&seen.revision).map(|images| images.join(",")).unwrap_or_default()
}

fn rate(rate: f64) -> String {
    if rate < 99.95 {
        return format!("{rate:.1}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of requests is positive and far below 2^64"
    )]
    count(rate.round() as u64)
}

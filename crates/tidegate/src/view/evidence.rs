use ratatui::text::{Line, Span};
use tidegate_analysis::{JudgeEvidence, MetricView, RunPhase, TestEvidence, TestUnit, Verdict};
use tidegate_controller::{RolloutView, RunView};

use super::{
    decision::decision_lines,
    style::{BAD, BOLD, DIM, GOOD, HELD, bar, run as run_style},
    words::{count, cut, millis, percent},
};

/// The runs that are of interest: those that are not over, and the last one that is.
pub(crate) fn evidence_lines(view: &RolloutView, width: usize) -> Vec<Line<'static>> {
    let mut shown = view.runs.iter().filter(|run| !over(run)).collect::<Vec<_>>();
    if shown.is_empty() {
        shown.extend(view.runs.first());
    }
    shown.into_iter().flat_map(|run| run_lines(run, width)).collect()
}

fn over(run: &RunView) -> bool {
    !matches!(run.status.phase, RunPhase::Pending | RunPhase::Running)
}

fn run_lines(run: &RunView, width: usize) -> Vec<Line<'static>> {
    let phase = format!("{:?}", run.status.phase);
    let head = format!("{} ", run.spec.name);
    let room = width.saturating_sub(head.chars().count() + phase.len() + 2);
    let mut lines = vec![Line::from(vec![
        Span::styled(head, BOLD),
        Span::styled(phase, run_style(run.status.phase)),
        Span::styled(format!(" {}", cut(&run.status.message, room)), DIM),
    ])];
    for (name, metric) in &run.status.metrics {
        if let Some(decision) = &metric.decision {
            lines.extend(decision_lines(decision, &run.spec.overrides, width));
        }
        match &metric.evidence {
            Some(evidence) => lines.extend(judge_lines(evidence, width)),
            None if metric.decision.is_some() => {}
            None => lines.push(metric_line(name, metric, width)),
        }
    }
    lines
}

/// From this width on there is room to say whose value is whose.
const ROOMY: usize = 96;
/// Below this width there is room for the values only.
const NARROW: usize = 72;
/// A test's name, its evidence in figures and its verdict in words, with the spaces between them.
const BESIDE_BAR: usize = 34;

/// What the judge has gathered: a bar for each test, full when it is decided.
fn judge_lines(evidence: &JudgeEvidence, width: usize) -> Vec<Line<'static>> {
    let values = evidence.tests.iter().map(|test| values(test, width)).collect::<Vec<_>>();
    let longest = values.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let cells = width.saturating_sub(BESIDE_BAR + longest).clamp(4, 30);
    let rows = evidence.tests.iter().zip(values);
    rows.map(|(test, values)| test_line(test, &format!("{values:<longest$}"), cells)).collect()
}

fn test_line(test: &TestEvidence, values: &str, cells: usize) -> Line<'static> {
    let (style, word) = match test.verdict {
        Verdict::Worse => (BAD.patch(BOLD), "worse".to_owned()),
        Verdict::NoWorse => (GOOD, "no worse".to_owned()),
        Verdict::Inconclusive { needs: Some(needs) } => (HELD, format!("~{} more", count(needs))),
        Verdict::Inconclusive { needs: None } => (DIM, "open".to_owned()),
    };
    // The evidence that is shown is that of harm, unless it is shown that there is none.
    let (log, style_of_bar) = match test.verdict {
        Verdict::NoWorse => (test.log_no_worse, GOOD),
        _ if test.log_evidence >= test.log_bar / 2.0 => (test.log_evidence, BAD),
        _ => (test.log_evidence, HELD),
    };
    let log = log.max(0.0);
    let figure = if log < 99.95 { format!("{log:.1}") } else { format!("{log:.0}") };
    let mut spans = vec![Span::raw(format!("  {:<7}", test.name))];
    spans.extend(bar(log / test.log_bar, cells, style_of_bar));
    spans.push(Span::raw(format!(" {figure:>4}/{:.1} ", test.log_bar)));
    spans.push(Span::styled(values.to_owned(), DIM));
    spans.push(Span::styled(format!(" {word}"), style));
    Line::from(spans)
}

/// The values of canary and stable, with how many requests they are of.
fn values(test: &TestEvidence, width: usize) -> String {
    if test.canary.is_none() || test.stable.is_none() {
        return "too few requests".to_owned();
    }
    let value = |value: Option<f64>| match test.unit {
        TestUnit::Share => format!("{}%", percent(value)),
        TestUnit::Milliseconds => format!("{}ms", millis(value)),
        TestUnit::Value => test.shown(value),
    };
    if width < NARROW {
        return format!("{} : {}", value(test.canary), value(test.stable));
    }
    let [canary, between, stable] =
        if width < ROOMY { ["", " : ", ""] } else { ["canary ", ", ", "stable "] };
    format!(
        "{canary}{} of {}{between}{stable}{} of {}",
        value(test.canary),
        count(test.canary_count),
        value(test.stable),
        count(test.stable_count)
    )
}

fn metric_line(name: &str, metric: &MetricView, width: usize) -> Line<'static> {
    let last = metric.measurements.last().map_or("-", |last| last.value.as_str());
    let counts = format!(
        "{} ok, {} failed, {} inconclusive, {} errors; last {}",
        metric.successful,
        metric.failed,
        metric.inconclusive,
        metric.errors,
        cut(last, 20)
    );
    let phase = format!("{:?}", metric.phase);
    let room = width.saturating_sub(5 + name.chars().count() + phase.len());
    Line::from(vec![
        Span::raw(format!("  {name} ")),
        Span::styled(format!("{phase} "), run_style(metric.phase)),
        Span::styled(cut(&counts, room), DIM),
    ])
}

//! Looks as a chart.

use tidegate_hindsight::{Comparison, Look, MetricLook, Report, Word};
use tidegate_plot::{Band, Chart, Colour, Level, Line, Panel, Theme};

use super::show::{digits, odds};

/// So many metrics are drawn, those nearest to their bar; a picture of more is no overview.
const MOST_METRICS: usize = 12;

/// Of each metric the evidence beside its bar, and the values with their confidence sequences.
pub(super) fn chart(report: &Report, looks: &[Look], theme: Theme) -> Chart {
    let mut nearest: Vec<_> = report.metrics.iter().collect();
    nearest.sort_by(|one, other| {
        (one.log_bar - one.log_evidence).total_cmp(&(other.log_bar - other.log_evidence))
    });
    nearest.truncate(MOST_METRICS);
    let other = if report.comparison == Comparison::History { "expected" } else { "stable" };
    let time = Time::of(looks);
    let mut panels = Vec::new();
    for metric in
        report.metrics.iter().filter(|one| nearest.iter().any(|near| near.name == one.name))
    {
        let of_it: Vec<_> = looks
            .iter()
            .filter_map(|look| {
                let found = look.metrics.iter().find(|one| one.name == metric.name)?;
                Some((time.of_look(look), found))
            })
            .collect();
        let moment =
            of_it.iter().find(|(_, look)| look.verdict != Word::Inconclusive).map(|(at, look)| {
                (*at, format!("{} at {} {}", look.verdict.words(), digits(*at), time.unit))
            });
        panels.push(evidence(&metric.name, &of_it, moment.clone(), &time));
        panels.push(values(&metric.name, metric.unit, &of_it, moment, &time, other));
    }
    Chart {
        title: format!("{}: canary against {other}", report.verdict.words()),
        subtitle: report.reason.clone(),
        panels,
        theme,
    }
}

/// The unit of the horizontal axis, and its zero in seconds.
struct Time {
    zero: f64,
    unit: &'static str,
    seconds: f64,
}

impl Time {
    fn of(looks: &[Look]) -> Self {
        let zero = looks.first().map_or(0.0, |look| look.at.seconds());
        let span = looks.last().map_or(0.0, |look| look.at.seconds() - zero);
        let (unit, seconds) = match span {
            span if span < 300.0 => ("s", 1.0),
            span if span < 18_000.0 => ("min", 60.0),
            span if span < 400_000.0 => ("h", 3_600.0),
            _ => ("d", 86_400.0),
        };
        Self { zero, unit, seconds }
    }

    fn of_look(&self, look: &Look) -> f64 {
        (look.at.seconds() - self.zero) / self.seconds
    }

    fn label(&self) -> String {
        format!("{} since the first look", self.unit)
    }
}

fn evidence(
    name: &str,
    looks: &[(f64, &MetricLook)],
    moment: Option<(f64, String)>,
    time: &Time,
) -> Panel {
    let power = |log: f64| log / std::f64::consts::LN_10;
    let line = |label: &str, colour, value: &dyn Fn(&MetricLook) -> Option<f64>| {
        let points = looks.iter().filter_map(|(at, look)| Some((*at, power(value(look)?))));
        Line { label: label.to_owned(), colour, points: points.collect() }
    };
    let mut lines = vec![line("worse", Colour::Against, &|look| Some(look.log_evidence))];
    let for_it = line("no worse", Colour::For, &|look| look.log_no_worse);
    if !for_it.points.is_empty() {
        lines.push(for_it);
    }
    let bar = looks.last().map_or(0.0, |(_, look)| look.log_bar);
    Panel {
        title: format!("{name}: evidence"),
        x_label: time.label(),
        y_label: "odds".to_owned(),
        powers: true,
        bands: Vec::new(),
        lines,
        levels: vec![Level { label: format!("bar {}", odds(bar)), y: power(bar) }],
        moment,
    }
}

fn values(
    name: &str,
    unit: Option<&'static str>,
    looks: &[(f64, &MetricLook)],
    moment: Option<(f64, String)>,
    time: &Time,
    other: &str,
) -> Panel {
    let times = if unit == Some("share") { 100.0 } else { 1.0 };
    let line = |label: &str, colour, value: &dyn Fn(&MetricLook) -> Option<f64>| {
        let points = looks.iter().filter_map(|(at, look)| Some((*at, times * value(look)?)));
        Line { label: label.to_owned(), colour, points: points.collect() }
    };
    let band = |colour, interval: &dyn Fn(&MetricLook) -> Option<[Option<f64>; 2]>| {
        let points = looks.iter().filter_map(|(at, look)| {
            let [low, high] = interval(look)?;
            let (low, high) = (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
            Some((*at, times * low, times * high))
        });
        Band { colour, points: points.collect() }
    };
    let apart = looks.iter().any(|(_, look)| look.difference_interval.is_some());
    let unit = match unit {
        Some("share") => "% of requests",
        Some("ms") => "ms",
        _ => "value",
    };
    let (title, bands, lines) = if apart {
        let bands = vec![band(Colour::Canary, &|look| look.difference_interval)];
        let lines =
            vec![line(&format!("canary less {other}"), Colour::Canary, &|look| look.difference)];
        (format!("{name}: difference, with its confidence sequence"), bands, lines)
    } else {
        let bands = vec![
            band(Colour::Stable, &|look| look.stable_interval),
            band(Colour::Canary, &|look| look.canary_interval),
        ];
        let lines = vec![
            line("canary", Colour::Canary, &|look| look.canary),
            line(other, Colour::Stable, &|look| look.stable),
        ];
        (format!("{name}: values, with their confidence sequences"), bands, lines)
    };
    Panel {
        title,
        x_label: time.label(),
        y_label: unit.to_owned(),
        powers: false,
        bands,
        lines,
        levels: if apart {
            vec![Level { label: "no change".to_owned(), y: 0.0 }]
        } else {
            Vec::new()
        },
        moment,
    }
}

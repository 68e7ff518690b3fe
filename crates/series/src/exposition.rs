use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    ops::ControlFlow,
    sync::Arc,
};

use tidegate_promql::{Labels, NAME, number_text};

use crate::{
    family::{FAMILIES, Family, FamilyKind},
    history::History,
    source::View,
};

/// A series among those of its family: its labels but for a bucket's bound, then that, so that the
/// buckets of a histogram stand together and rise.
type Place = (Labels, u64);

/// What the rows of a series come to.
#[derive(Default)]
struct Sum {
    value: f64,
    goes_on: bool,
}

impl View<'_> {
    /// The newest value of each series, in Prometheus' text format, version 0.0.4.
    ///
    /// Other routers do not tell all places apart where a revision stands, nor all revisions: what
    /// has the same labels there is one series. What one of them counted stays in it when that one
    /// ends, so that the count never falls while others go on.
    pub fn exposition(&self) -> String {
        let mut families: BTreeMap<&str, BTreeMap<Place, (Labels, Sum)>> = BTreeMap::new();
        self.each(&[], |family, row, labels, tracks| {
            let goes_on = row.ended.is_none();
            if goes_on || family.kind != FamilyKind::Gauge {
                let series = families.entry(family.name).or_default();
                let (_, sum) = series
                    .entry(place(&labels))
                    .or_insert_with(|| (labels.clone(), self.history.sum_before(&labels)));
                sum.value += tracks.iter().map(|track| track.last()).sum::<f64>();
                sum.goes_on |= goes_on;
            }
            ControlFlow::Continue(())
        });
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = write(&mut text, &families);
        text
    }
}

impl History {
    fn sum_before(&self, labels: &Labels) -> Sum {
        Sum { value: self.gone.get(labels).copied().unwrap_or(0.0), goes_on: false }
    }
}

fn place(labels: &Labels) -> Place {
    const BOUND: &str = "le";
    // The bits of numbers that are not negative rise with them.
    let bound = labels.get(BOUND).parse().map_or(0, f64::to_bits);
    (labels.without(&[Arc::from(BOUND)]), bound)
}

fn write(
    text: &mut String,
    families: &BTreeMap<&str, BTreeMap<Place, (Labels, Sum)>>,
) -> fmt::Result {
    let mut headed = "";
    for family in FAMILIES.iter().copied().flatten() {
        let all = families.get(family.name).into_iter().flat_map(BTreeMap::values);
        let mut shown = all.filter(|(_, sum)| sum.goes_on).peekable();
        if shown.peek().is_none() {
            continue;
        }
        let name = base(family);
        if name != headed {
            writeln!(text, "# HELP {name} {}.", family.help)?;
            writeln!(text, "# TYPE {name} {}", family.kind.name())?;
            headed = name;
        }
        for (labels, sum) in shown {
            writeln!(text, "{}", line(labels, sum.value * family.scale()))?;
        }
    }
    Ok(())
}

/// The name of the histogram that a family is a part of, else its own.
fn base(family: &Family) -> &'static str {
    let parts = ["_bucket", "_count", "_sum"];
    let base = parts.iter().find_map(|part| family.name.strip_suffix(part));
    base.filter(|_| family.kind == FamilyKind::Histogram).unwrap_or(family.name)
}

fn line(labels: &Labels, value: f64) -> String {
    let shown: Vec<String> = labels
        .iter()
        .filter(|(name, _)| *name != NAME)
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("{}{{{}}} {}", labels.get(NAME), shown.join(","), number_text(value))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl FamilyKind {
    /// As Prometheus names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

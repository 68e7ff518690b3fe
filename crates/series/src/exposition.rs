use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    ops::ControlFlow,
};

use tidegate_promql::{Labels, NAME, number_text};

use crate::{
    family::{FAMILIES, Family, FamilyKind},
    history::History,
};

impl History {
    /// The newest value of every series, in Prometheus' text format, version 0.0.4.
    pub fn exposition(&self) -> String {
        let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        self.each(&[], |family, row, labels, tracks| {
            if row.ended.is_none() {
                let value = tracks.iter().map(|track| track.last()).sum::<f64>() * family.scale();
                lines.entry(family.name).or_default().push(line(&labels, value));
            }
            ControlFlow::Continue(())
        });
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = write(&mut text, &lines);
        text
    }
}

fn write(text: &mut String, lines: &BTreeMap<&str, Vec<String>>) -> fmt::Result {
    let mut headed = "";
    for family in FAMILIES.iter().copied().flatten() {
        let Some(lines) = lines.get(family.name) else { continue };
        let name = base(family);
        if name != headed {
            writeln!(text, "# HELP {name} {}.", family.help)?;
            writeln!(text, "# TYPE {name} {}", family.kind.name())?;
            headed = name;
        }
        for line in lines {
            writeln!(text, "{line}")?;
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

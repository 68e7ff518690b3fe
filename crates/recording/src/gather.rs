use std::collections::BTreeMap;

use crate::{
    cell::{Cell, Numeric, unit_of},
    error::Problem,
    request::Arm,
    series::{Point, Series, in_order},
};

/// So many values are held, 16 bytes each: a month of 200 metrics at one value a minute.
pub(crate) const MOST_POINTS: usize = 10_000_000;

/// The series of a table, as they are read.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    columns: Vec<Column>,
    by_name: BTreeMap<String, usize>,
    points: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
    unit: Option<&'static str>,
    missing: u64,
    arms: BTreeMap<Option<Arm>, Vec<Point>>,
}

/// What the cells of a column hold, as far as was seen.
#[derive(Debug)]
enum Kind {
    Unknown,
    Numbers,
    /// No numbers, as this cell shows.
    Text(String),
}

impl Gather {
    /// The column of this name.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        if let Some(at) = self.by_name.get(name) {
            return *at;
        }
        let at = self.columns.len();
        self.by_name.insert(name.to_owned(), at);
        self.columns.push(Column {
            name: name.to_owned(),
            kind: Kind::Unknown,
            unit: None,
            missing: 0,
            arms: BTreeMap::new(),
        });
        at
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Takes the value of a cell, which is the record's cell `number`.
    pub(crate) fn take(
        &mut self,
        column: usize,
        number: usize,
        (at_micros, arm): (i64, Option<Arm>),
        cell: &Cell<'_>,
    ) -> Result<(), Problem> {
        let Some(column) = self.columns.get_mut(column) else { return Ok(()) };
        if *cell == Cell::Absent {
            return Ok(());
        }
        let Some(value) = column.value(number, cell)? else { return Ok(()) };
        if self.points == MOST_POINTS {
            return Err(Problem::new(
                number,
                format!("there are more than {MOST_POINTS} values"),
                "name the series that count with --metric, or give longer intervals",
            ));
        }
        self.points += 1;
        column.arms.entry(arm).or_default().push(Point { at_micros, value });
        Ok(())
    }

    /// The series, with what there is to be told of them.
    pub(crate) fn finish(self) -> (Vec<Series>, Vec<String>) {
        let (mut series, mut notes) = (Vec::new(), Vec::new());
        notes.extend(self.empty());
        for column in self.columns {
            column.finish(&mut series, &mut notes);
        }
        (series, notes)
    }
}

/// So many columns with empty cells are named.
const NAMED: usize = 5;

impl Gather {
    /// How many cells of columns of numbers hold none.
    fn empty(&self) -> Option<String> {
        let with = |column: &&Column| column.missing > 0 && matches!(column.kind, Kind::Numbers);
        let columns: Vec<_> = self.columns.iter().filter(with).collect();
        let named = columns.iter().take(NAMED);
        let named: Vec<_> =
            named.map(|column| format!("{} in {}", column.missing, column.name)).collect();
        let more = columns.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!(" and in {more} other columns") } else { String::new() };
        (!columns.is_empty()).then(|| {
            format!("cells that hold no number: {}{rest}; they count as missing", named.join(", "))
        })
    }
}

impl Column {
    fn value(&mut self, number: usize, cell: &Cell<'_>) -> Result<Option<f64>, Problem> {
        if matches!(self.kind, Kind::Text(_)) {
            return Ok(None);
        }
        match (cell.number(), &self.kind) {
            (Numeric::Number(value), kind) => {
                let unit = unit_of(cell);
                if matches!(kind, Kind::Unknown) {
                    (self.kind, self.unit) = (Kind::Numbers, unit);
                }
                self.same_unit(number, cell, unit)?;
                Ok(Some(value))
            }
            (Numeric::Missing, _) => {
                self.missing += 1;
                Ok(None)
            }
            (Numeric::Refused(why), _) => Err(Problem::new(
                number,
                format!("{}: {} is ambiguous", self.name, cell.shown()),
                why,
            )),
            (Numeric::Text, Kind::Numbers) => Err(Problem::new(
                number,
                format!("{}: {} is no number, as those above it are", self.name, cell.shown()),
                "empty the cell where nothing was measured",
            )),
            (Numeric::Text, _) => {
                self.kind = Kind::Text(cell.shown());
                Ok(None)
            }
        }
    }

    /// Numbers with units that measure different things are no one metric.
    fn same_unit(
        &mut self,
        number: usize,
        cell: &Cell<'_>,
        unit: Option<&'static str>,
    ) -> Result<(), Problem> {
        match (self.unit, unit) {
            (Some(one), Some(other)) if one != other => Err(Problem::new(
                number,
                format!("{}: {} is {other}, those above it are {one}", self.name, cell.shown()),
                "export the values with no units",
            )),
            (None, Some(_)) => {
                self.unit = unit;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn finish(self, series: &mut Vec<Series>, notes: &mut Vec<String>) {
        let Self { name, kind, missing, arms, .. } = self;
        match kind {
            Kind::Text(cell) => {
                notes.push(format!("column {name} is left out: {cell} is no number"));
            }
            Kind::Unknown if missing > 0 => {
                notes.push(format!("column {name} is left out: it holds no value"));
            }
            Kind::Unknown | Kind::Numbers => {}
        }
        for (arm, mut points) in arms {
            let merged = in_order(&mut points);
            if merged > 0 {
                notes.push(format!("{name}: of several values of one moment the mean is taken"));
            }
            series.push(Series { name: name.clone(), arm, points });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(name: &str, cells: &[&str]) -> Result<(Vec<Series>, Vec<String>), Problem> {
        let mut all = Gather::default();
        let column = all.column(name);
        for (at, cell) in (0..).zip(cells) {
            all.take(column, 3, (at, None), &Cell::of_text(cell))?;
        }
        Ok(all.finish())
    }

    #[test]
    fn what_is_no_number_is_left_out_and_told() {
        let (series, notes) = gather("pod", &["", "web-1", "7"]).unwrap();
        assert!(series.is_empty());
        assert_eq!(notes, ["column pod is left out: \"web-1\" is no number"]);
        let (_, notes) = gather("cpu", &["", "NaN"]).unwrap();
        assert_eq!(notes, ["column cpu is left out: it holds no value"]);
    }

    #[test]
    fn empty_cells_are_counted() {
        let (series, notes) = gather("cpu", &["1", "", "inf", "2"]).unwrap();
        assert_eq!(series[0].points.len(), 2);
        assert_eq!(notes, ["cells that hold no number: 2 in cpu; they count as missing"]);
    }

    #[test]
    fn a_stray_cell_among_numbers_is_a_problem() {
        let problem = gather("cpu", &["1", "x"]).unwrap_err();
        assert_eq!(
            (problem.cell, problem.message.as_str()),
            (3, "cpu: \"x\" is no number, as those above it are")
        );
        assert!(gather("cpu", &["1,5"]).unwrap_err().mend.contains("point"));
        assert!(gather("cpu", &["1 ms", "2 KiB"]).unwrap_err().message.contains("bytes"));
    }
}

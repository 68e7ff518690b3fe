use std::{collections::BTreeMap, io::Read};

use crate::{
    cell::Cell,
    error::{Problem, RecordingError},
    exposition,
    gather::Gather,
    json_lines::JsonLines,
    layout::Layout,
    matrix::Matrix,
    moment::Clock,
    request::{Arm, Request, Zero},
    row::{Told, arm, moment, request},
    separated::Separated,
    series::Series,
    settings::{ReadSettings, Shape},
    sniff::{Format, sniff},
};

/// A recording that is being read: CSV with any usual delimiter, JSON lines, or what Prometheus
/// scrapes, with timestamps; each also packed by gzip.
///
/// Requests are read one by one, so a recording may be of any size; series are held, at most
/// 10,000,000 values of them. A line may have 4 MiB, a table 10,000 columns.
pub struct Reader<'a> {
    body: Body<'a>,
    settings: ReadSettings,
    notes: Vec<String>,
    told: Told,
}

enum Body<'a> {
    Table { records: Records<'a>, layout: Layout, clock: Clock },
    Exposition(exposition::Lines<'a>),
    Matrix(Box<Matrix<'a>>),
}

enum Records<'a> {
    Separated(Box<Separated<'a>>),
    JsonLines(Box<JsonLines<'a>>),
}

impl<'a> Reader<'a> {
    /// Reads the beginning of `input`, named `file` in errors, and tells what it is.
    pub fn open(
        file: &str,
        input: Box<dyn Read + 'a>,
        settings: &ReadSettings,
    ) -> Result<Self, RecordingError> {
        let sniffed = sniff(file, input)?;
        let body = match sniffed.format {
            Format::Exposition => Body::Exposition(exposition::Lines::new(file, sniffed)),
            Format::Separated(delimiter) => table(
                Records::Separated(Box::new(Separated::open(file, delimiter, sniffed)?)),
                settings,
            )?,
            Format::Matrix => Body::Matrix(Box::new(Matrix::new(file, sniffed))),
            Format::JsonLines => {
                table(Records::JsonLines(Box::new(JsonLines::open(file, sniffed)?)), settings)?
            }
            Format::JsonValues => {
                let objects = JsonLines::open_values(file, sniffed)?;
                table(Records::JsonLines(Box::new(objects)), settings)?
            }
        };
        let notes = match &body {
            Body::Table { layout, .. } => layout.notes.clone(),
            Body::Exposition(_) | Body::Matrix(_) => Vec::new(),
        };
        Ok(Self { body, settings: settings.clone(), notes, told: Told::default() })
    }

    /// What its rows are.
    pub fn shape(&self) -> Shape {
        match &self.body {
            Body::Table { layout, .. } => layout.shape,
            Body::Exposition(_) | Body::Matrix(_) => Shape::Intervals,
        }
    }

    /// The next request; none at the end, or where the rows are none.
    pub fn next_request(&mut self) -> Result<Option<Request>, RecordingError> {
        let Body::Table { records, layout, clock } = &mut self.body else { return Ok(None) };
        if layout.shape != Shape::Requests {
            return Ok(None);
        }
        while records.advance()? {
            let told = &mut self.told;
            let row = records.with_cells(|cells| request(cells, layout, clock, told));
            if let Some(request) = row.map_err(|problem| records.place(problem))? {
                return Ok(Some(request));
            }
        }
        Ok(None)
    }

    /// What a status of 0 means, by what was read so far.
    pub fn zero(&self) -> Zero {
        if self.told.http { Zero::Error } else { Zero::Good }
    }

    /// Whether its rows tell how requests ended.
    pub fn has_status(&self) -> bool {
        matches!(&self.body, Body::Table { layout, .. } if layout.status.is_some())
    }

    /// All series, by name; none where the rows are requests.
    pub fn series(&mut self) -> Result<Vec<Series>, RecordingError> {
        let (series, notes) = match &mut self.body {
            Body::Exposition(lines) => lines.series(&self.settings)?,
            Body::Matrix(matrix) => matrix.series(&self.settings)?,
            Body::Table { layout, .. } if layout.shape == Shape::Requests => return Ok(Vec::new()),
            Body::Table { records, layout, clock } => {
                gather(records, layout, clock, &self.settings)?.finish()
            }
        };
        self.notes.extend(notes);
        Ok(series)
    }

    /// What was left out, or taken for granted, in whole sentences with no full stop.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if let Body::Table { clock, .. } = &self.body {
            notes.extend(clock.note().map(str::to_owned));
        }
        if let Body::Table { records: Records::Separated(records), .. } = &self.body {
            notes.extend(records.notes());
        }
        notes.extend(self.told.notes());
        notes
    }
}

fn table<'a>(
    mut records: Records<'a>,
    settings: &ReadSettings,
) -> Result<Body<'a>, RecordingError> {
    if !records.advance()? {
        let problem = Problem::new(0, "there is no row below the header", "record something");
        return Err(records.place(problem));
    }
    records.unread();
    let layout = match &mut records {
        Records::JsonLines(lines) => lines.layout(settings)?,
        Records::Separated(_) => records.layout(settings),
    };
    let layout = layout.map_err(|problem| records.place_of_header(problem))?;
    let clock = Clock::new(layout.time_micros);
    Ok(Body::Table { records, layout, clock })
}

impl Records<'_> {
    fn advance(&mut self) -> Result<bool, RecordingError> {
        match self {
            Self::Separated(records) => records.advance(),
            Self::JsonLines(records) => records.advance(),
        }
    }

    /// The record that was read last is read once more.
    fn unread(&mut self) {
        match self {
            Self::Separated(records) => records.unread(),
            Self::JsonLines(records) => records.unread(),
        }
    }

    fn layout(&self, settings: &ReadSettings) -> Result<Layout, Problem> {
        self.with_cells(|cells| Layout::of(&self.names(), cells, settings))
    }

    fn names(&self) -> Vec<String> {
        match self {
            Self::Separated(records) => records.names().to_vec(),
            Self::JsonLines(records) => records.names().to_vec(),
        }
    }

    fn with_cells<T>(&self, look: impl FnOnce(&[Cell<'_>]) -> T) -> T {
        match self {
            Self::Separated(records) => look(&records.cells()),
            Self::JsonLines(records) => look(records.cells()),
        }
    }

    fn place(&self, problem: Problem) -> RecordingError {
        match self {
            Self::Separated(records) => records.place(problem),
            Self::JsonLines(records) => records.place(problem),
        }
    }

    fn place_of_header(&self, problem: Problem) -> RecordingError {
        match self {
            Self::Separated(records) => records.place_of_header(problem),
            Self::JsonLines(records) => records.place(problem),
        }
    }
}

fn gather(
    records: &mut Records<'_>,
    layout: &Layout,
    clock: &mut Clock,
    settings: &ReadSettings,
) -> Result<Gather, RecordingError> {
    let mut all = Gather::default();
    let mut columns = BTreeMap::new();
    while records.advance()? {
        let names = (columns.len() < records.count()).then(|| records.names());
        for (at, name) in names.iter().flatten().enumerate().skip(columns.len()) {
            let metric = at != layout.time && !layout.aside.contains(&at) && layout.long.is_none();
            let wanted = metric && (settings.only.is_empty() || settings.only.contains(name));
            columns.insert(at, wanted.then(|| all.column(name)));
        }
        let taken = records.with_cells(|cells| {
            let at = moment(cells, layout.time, clock)?;
            let arm = arm(cells, layout)?;
            if let Some(long) = layout.long {
                return take_long(cells, long, (at, arm), &mut all, settings);
            }
            for (number, cell) in cells.iter().enumerate() {
                if let Some(Some(column)) = columns.get(&number) {
                    all.take(*column, number, (at, arm), cell)?;
                }
            }
            Ok(())
        });
        taken.map_err(|problem| records.place(problem))?;
    }
    Ok(all)
}

/// So many series are held of a table that tells one value of one of them in each row.
const MOST_SERIES: usize = 10_000;

fn take_long(
    cells: &[Cell<'_>],
    (name, value): (usize, usize),
    of: (i64, Option<Arm>),
    all: &mut Gather,
    settings: &ReadSettings,
) -> Result<(), Problem> {
    let Some(name) = cells.get(name).map(Cell::text) else { return Ok(()) };
    if !settings.only.is_empty() && !settings.only.iter().any(|wanted| **wanted == *name) {
        return Ok(());
    }
    let column = all.column(&name);
    if all.len() > MOST_SERIES {
        let message = format!("there are more than {MOST_SERIES} series");
        return Err(Problem::new(0, message, "name those that count with --metric"));
    }
    all.take(column, value, of, cells.get(value).unwrap_or(&Cell::Nothing))
}

impl Records<'_> {
    /// How many columns there are.
    fn count(&self) -> usize {
        match self {
            Self::Separated(records) => records.names().len(),
            Self::JsonLines(records) => records.names().len(),
        }
    }
}

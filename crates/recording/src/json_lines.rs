use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    io::{BufRead, BufReader, Read},
};

use serde_json::{Map, Value};

use crate::{
    cell::Cell,
    columns::LIST,
    error::{Problem, RecordingError},
    guard::Guard,
    layout::Layout,
    separated::MOST_COLUMNS,
    settings::{ReadSettings, Shape},
    sniff::Sniffed,
    values::Values,
};

/// Objects in objects are looked into this deep: what load generators write has two levels.
const DEPTH: usize = 8;

/// So many objects, and bytes of them, are looked at to find one that tells what the others are: a
/// log begins with lines about something else.
const AHEAD: usize = 1_000;
const AHEAD_BYTES: usize = 1024 * 1024;

/// Records that are objects, one in each line or in an array. Keys of objects in them are joined with
/// a point.
pub(crate) struct JsonLines<'a> {
    file: String,
    input: Input<'a>,
    names: Vec<String>,
    columns: BTreeMap<String, usize>,
    cells: Vec<Cell<'static>>,
    text: Vec<u8>,
    line: u64,
    again: bool,
    /// What was looked at already and is still to be read.
    ahead: VecDeque<(u64, Vec<u8>)>,
}

/// Where objects begin and end.
enum Input<'a> {
    /// Each has a line.
    Lines(BufReader<Guard<Box<dyn Read + 'a>>>),
    /// Their brackets tell.
    Values(Box<Values<BufReader<Box<dyn Read + 'a>>>>),
}

impl<'a> JsonLines<'a> {
    /// Objects that have a line each.
    pub(crate) fn open(file: &str, sniffed: Sniffed<'a>) -> Result<Self, RecordingError> {
        let line = sniffed.lines_before;
        Self::of(file, line, Input::Lines(BufReader::new(Guard::new(sniffed.input))))
    }

    /// Objects in an array, or over several lines.
    pub(crate) fn open_values(file: &str, sniffed: Sniffed<'a>) -> Result<Self, RecordingError> {
        let line = sniffed.lines_before;
        let values = Values::new(BufReader::new(sniffed.input), line);
        Self::of(file, line, Input::Values(Box::new(values)))
    }

    fn of(file: &str, line: u64, input: Input<'a>) -> Result<Self, RecordingError> {
        let mut all = Self {
            file: file.to_owned(),
            input,
            names: Vec::new(),
            columns: BTreeMap::new(),
            cells: Vec::new(),
            text: Vec::new(),
            line,
            again: false,
            ahead: VecDeque::new(),
        };
        all.again = all.advance()?;
        Ok(all)
    }

    /// Keys in the order in which they were first seen.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// What the keys are, by the first object that tells a request, else by the first that makes sense.
    /// Then all are read from the first on.
    pub(crate) fn layout(
        &mut self,
        settings: &ReadSettings,
    ) -> Result<Result<Layout, Problem>, RecordingError> {
        let (mut found, mut kept, mut bytes) = (None, VecDeque::new(), 0);
        while kept.len() < AHEAD && bytes < AHEAD_BYTES && self.advance()? {
            bytes += self.text.len();
            kept.push_back((self.line, self.text.clone()));
            let next = Layout::of(&self.names, &self.cells, settings);
            let is_sure =
                |layout: &Layout| settings.shape.is_some() || layout.shape == Shape::Requests;
            let sure = next.as_ref().is_ok_and(is_sure);
            if sure || next.is_ok() && !matches!(found, Some(Ok(_))) || found.is_none() {
                found = Some(next);
            }
            if sure {
                break;
            }
        }
        self.ahead = kept;
        // The first is the one that an error is about.
        self.again = self.advance()?;
        Ok(found.unwrap_or_else(|| Layout::of(&self.names, &self.cells, settings)))
    }

    /// Reads the next object; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, RecordingError> {
        if std::mem::take(&mut self.again) {
            return Ok(true);
        }
        while self.read()? {
            if self.text.trim_ascii().is_empty() {
                continue;
            }
            let object = self.object()?;
            if is_definition(&object) {
                continue;
            }
            self.cells.iter_mut().for_each(|cell| *cell = Cell::Absent);
            self.take("", object, DEPTH).map_err(|problem| self.place(problem))?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Reads the text of the next object; false at the end.
    fn read(&mut self) -> Result<bool, RecordingError> {
        if let Some((line, text)) = self.ahead.pop_front() {
            (self.line, self.text) = (line, text);
            return Ok(true);
        }
        self.text.clear();
        let read = match &mut self.input {
            Input::Lines(input) => input
                .read_until(b'\n', &mut self.text)
                .map(|read| (read > 0).then_some(self.line + 1)),
            Input::Values(values) => values.read(&mut self.text),
        };
        let line =
            read.map_err(|source| RecordingError::Unreadable { file: self.file.clone(), source })?;
        self.line = line.unwrap_or(self.line);
        Ok(line.is_some())
    }

    fn object(&self) -> Result<Map<String, Value>, RecordingError> {
        let error = match serde_json::from_slice(&self.text) {
            Ok(object) => return Ok(object),
            Err(error) => error,
        };
        // As Python writes it.
        if let Some(object) = without_nan(&self.text) {
            return Ok(object);
        }
        let below = error.line().max(1) - 1;
        // At the end of a line it is counted as on the next.
        let cut = error.is_eof() && matches!(self.input, Input::Lines(_));
        let (below, column) = if cut { (0, 1) } else { (below, error.column().max(1)) };
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        let (what, mend) = match (&self.input, cut) {
            (Input::Lines(_), true) => (
                "the line is cut off",
                "write one whole object in each line, or leave out the line",
            ),
            (Input::Lines(_), false) => (
                "the line is no JSON object",
                "write one object in each line; `grep '^{'` leaves out other lines",
            ),
            (Input::Values(_), _) => ("there is no JSON object", "write objects only"),
        };
        let place = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let problem = Problem::new(0, format!("{what} ({why})"), mend);
        Err(problem.at(&self.file, self.line + place(below), place(column)))
    }

    fn take(
        &mut self,
        above: &str,
        object: Map<String, Value>,
        depth: usize,
    ) -> Result<(), Problem> {
        for (key, value) in object {
            let key = if above.is_empty() { key } else { format!("{above}.{key}") };
            let cell = match value {
                Value::Object(inner) if depth > 0 => {
                    self.take(&key, inner, depth - 1)?;
                    continue;
                }
                Value::Null => Cell::Nothing,
                Value::Bool(flag) => Cell::Flag(flag),
                Value::Number(number) => number.as_i64().map_or_else(
                    || Cell::Number(number.as_f64().unwrap_or(f64::NAN)),
                    // As text it keeps all of its digits.
                    |whole| Cell::Text(Cow::Owned(whole.to_string())),
                ),
                Value::String(text) => Cell::Text(Cow::Owned(text)),
                Value::Array(_) | Value::Object(_) => Cell::Text(Cow::Borrowed(LIST)),
            };
            self.put(key, cell)?;
        }
        Ok(())
    }

    fn put(&mut self, key: String, cell: Cell<'static>) -> Result<(), Problem> {
        let at = match self.columns.get(&key) {
            Some(at) => *at,
            None if self.names.len() == MOST_COLUMNS => {
                let message = format!("there are more than {MOST_COLUMNS} different keys");
                return Err(Problem::new(
                    0,
                    message,
                    "write series as {\"time\", \"metric\", \"value\"}",
                ));
            }
            None => {
                self.columns.insert(key.clone(), self.names.len());
                self.names.push(key);
                self.cells.push(Cell::Absent);
                self.names.len() - 1
            }
        };
        if let Some(slot) = self.cells.get_mut(at) {
            *slot = cell;
        }
        Ok(())
    }

    /// The object that was read last is read once more.
    pub(crate) fn unread(&mut self) {
        self.again = true;
    }

    pub(crate) fn cells(&self) -> &[Cell<'static>] {
        &self.cells
    }

    /// The line, and the character at which the value of the key begins.
    pub(crate) fn place(&self, problem: Problem) -> RecordingError {
        let name = self.names.get(problem.cell).map_or("", String::as_str);
        let key = format!("\"{}\"", name.rsplit('.').next().unwrap_or(name));
        let text = String::from_utf8_lossy(&self.text);
        let before = text.find(&key).and_then(|at| {
            let value = at + key.len();
            let rest = text.get(value..)?;
            text.get(..value + rest.len() - rest.trim_start_matches([':', ' ', '\t']).len())
        });
        let before = before.unwrap_or_default();
        let below = before.matches('\n').count();
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let place = |number: usize| u64::try_from(number).unwrap_or(1);
        problem.at(&self.file, self.line + place(below), place(column))
    }
}

/// The object with `null` for numbers that JSON does not have.
fn without_nan(text: &[u8]) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut mended = String::with_capacity(text.len());
    // Every other piece between quotes is outside of them; one with an escaped quote is given up.
    for (nth, piece) in text.split('"').enumerate() {
        if nth > 0 {
            mended.push('"');
        }
        if nth % 2 == 0 {
            let piece = piece.replace("-Infinity", "null").replace("Infinity", "null");
            mended.push_str(&piece.replace("NaN", "null"));
        } else {
            mended.push_str(piece);
        }
    }
    serde_json::from_str(&mended).ok()
}

/// Whether a line declares a metric, as k6 does before the first value of each.
fn is_definition(object: &Map<String, Value>) -> bool {
    object.get("type").and_then(Value::as_str) == Some("Metric") && object.contains_key("metric")
}

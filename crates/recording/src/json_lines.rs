use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
};

use serde_json::{Map, Value};

use crate::{
    cell::Cell,
    error::{Problem, RecordingError},
    guard::Guard,
    separated::MOST_COLUMNS,
    sniff::Sniffed,
};

/// Objects in objects are looked into this deep: what load generators write has two levels.
const DEPTH: usize = 8;

/// Records that are objects, one in each line. Keys of objects in them are joined with a point.
pub(crate) struct JsonLines<'a> {
    file: String,
    input: BufReader<Guard<Box<dyn Read + 'a>>>,
    names: Vec<String>,
    columns: BTreeMap<String, usize>,
    cells: Vec<Cell<'static>>,
    text: Vec<u8>,
    line: u64,
    again: bool,
}

impl<'a> JsonLines<'a> {
    pub(crate) fn open(file: &str, sniffed: Sniffed<'a>) -> Result<Self, RecordingError> {
        let mut all = Self {
            file: file.to_owned(),
            input: BufReader::new(Guard::new(sniffed.input)),
            names: Vec::new(),
            columns: BTreeMap::new(),
            cells: Vec::new(),
            text: Vec::new(),
            line: sniffed.lines_before,
            again: false,
        };
        all.again = all.advance()?;
        Ok(all)
    }

    /// Keys in the order in which they were first seen.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads the next object; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, RecordingError> {
        if std::mem::take(&mut self.again) {
            return Ok(true);
        }
        loop {
            self.text.clear();
            let read = self
                .input
                .read_until(b'\n', &mut self.text)
                .map_err(|source| RecordingError::Unreadable { file: self.file.clone(), source })?;
            if read == 0 {
                return Ok(false);
            }
            self.line += 1;
            if self.text.trim_ascii().is_empty() {
                continue;
            }
            let object = self.object()?;
            if is_definition(&object) {
                continue;
            }
            self.cells.iter_mut().for_each(|cell| *cell = Cell::Nothing);
            self.take("", object, DEPTH).map_err(|problem| self.place(problem))?;
            return Ok(true);
        }
    }

    fn object(&self) -> Result<Map<String, Value>, RecordingError> {
        serde_json::from_slice(&self.text).map_err(|error| {
            let column = u64::try_from(error.column().max(1)).unwrap_or(1);
            let message = format!("the line is no JSON object ({error})");
            Problem::new(0, message, "write one object in each line")
                .at(&self.file, self.line, column)
        })
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
                Value::Array(_) | Value::Object(_) => Cell::Text(Cow::Borrowed("a list")),
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
                self.cells.push(Cell::Nothing);
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
        let column = text.find(&key).map_or(1, |at| {
            let value = at + key.len();
            let rest = text.get(value..).unwrap_or_default();
            let gap = rest.len() - rest.trim_start_matches([':', ' ', '\t']).len();
            text.get(..value + gap).map_or(1, |before| before.chars().count() + 1)
        });
        problem.at(&self.file, self.line, u64::try_from(column).unwrap_or(1))
    }
}

/// Whether a line declares a metric, as k6 does before the first value of each.
fn is_definition(object: &Map<String, Value>) -> bool {
    object.get("type").and_then(Value::as_str) == Some("Metric") && object.contains_key("metric")
}

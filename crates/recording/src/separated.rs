use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use crate::{
    cell::{Cell, Numeric},
    error::{Problem, RecordingError},
    guard::Guard,
    sniff::Sniffed,
};

/// More columns than this are no table that anybody compares.
pub(crate) const MOST_COLUMNS: usize = 10_000;

/// The columns that vegeta writes, which has no header.
const VEGETA: [&str; 12] = [
    "timestamp",
    "code",
    "latency",
    "bytes_out",
    "bytes_in",
    "error",
    "body",
    "attack",
    "seq",
    "method",
    "url",
    "headers",
];

/// Records of cells with a delimiter between them.
pub(crate) struct Separated<'a> {
    file: String,
    reader: csv::Reader<Guard<Box<dyn Read + 'a>>>,
    names: Vec<String>,
    record: ByteRecord,
    delimiter: u8,
    lines_before: u64,
    /// The record that was read is the first of a file with no header, and is still to be told.
    again: bool,
    /// Remarks among the records, and headers that stand there again.
    remarks: u64,
    headers: u64,
}

impl<'a> Separated<'a> {
    pub(crate) fn open(
        file: &str,
        delimiter: u8,
        sniffed: Sniffed<'a>,
    ) -> Result<Self, RecordingError> {
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(Guard::new(sniffed.input));
        let mut all = Self {
            file: file.to_owned(),
            reader,
            names: Vec::new(),
            record: ByteRecord::new(),
            delimiter,
            lines_before: sniffed.lines_before,
            again: false,
            remarks: 0,
            headers: 0,
        };
        all.read()?;
        all.name().map_err(|problem| all.place(problem))?;
        Ok(all)
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Takes the names from the first record.
    fn name(&mut self) -> Result<(), Problem> {
        let cells = self.cells();
        let numbers =
            cells.iter().filter(|cell| matches!(cell.number(), Numeric::Number(_))).count();
        if is_vegeta(&cells) {
            let count = cells.len();
            self.names = VEGETA.iter().take(count).map(|name| (*name).to_owned()).collect();
            self.again = true;
            return Ok(());
        }
        if numbers > 0 && numbers * 2 > cells.len() {
            return Err(Problem::new(
                0,
                "there is no header",
                "write the names of the columns in the first line, such as time_s,status,latency_ms",
            ));
        }
        if cells.len() > MOST_COLUMNS {
            return Err(Problem::new(
                MOST_COLUMNS,
                format!("there are more than {MOST_COLUMNS} columns"),
                "leave out those that nobody looks at",
            ));
        }
        self.names = cells.iter().map(|cell| cell.text().into_owned()).collect();
        Ok(())
    }

    /// Reads the next record; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, RecordingError> {
        if std::mem::take(&mut self.again) {
            return Ok(true);
        }
        loop {
            let begin = self.record.position().map_or(0, csv::Position::line);
            if !self.read()? {
                return self.closed(begin).map(|()| false);
            }
            if !self.is_beside() {
                break;
            }
        }
        let (found, wanted) = (self.record.len(), self.names.len());
        let surplus = self.record.iter().skip(wanted).any(|cell| !cell.is_empty());
        if found < wanted || surplus {
            let problem = Problem::new(
                found.min(wanted),
                format!("the row has {found} cells, the header {wanted}"),
                "give each row a cell for each column; a cell may be empty",
            );
            return Err(self.place(problem));
        }
        Ok(true)
    }

    /// Whether the record says nothing: a line of spaces, a remark, or the header once more, as files
    /// that were put together have it.
    fn is_beside(&mut self) -> bool {
        let first = self.record.get(0).unwrap_or_default().trim_ascii();
        if self.record.len() == 1 && first.is_empty() && self.names.len() > 1 {
            return true;
        }
        if first.starts_with(b"#") && !self.names.first().is_some_and(|name| name.starts_with('#'))
        {
            self.remarks += 1;
            return true;
        }
        let same = self.names.iter().any(|name| !name.is_empty())
            && self.names.first().is_some_and(|name| name.as_bytes() == first)
            && self.record.len() == self.names.len()
            && self.cells().iter().zip(&self.names).all(|(cell, name)| cell.text() == *name);
        self.headers += u64::from(same);
        same
    }

    /// Refuses a quote that is never closed: the cell that it opens would have swallowed the rest.
    fn closed(&self, begin: u64) -> Result<(), RecordingError> {
        let lines = self.reader.position().line().saturating_sub(begin);
        if !self.reader.get_ref().is_quote_open() || lines < 2 || begin == 0 {
            return Ok(());
        }
        let problem = Problem::new(
            0,
            "a quoted cell of this row is not closed",
            "close it, and write a quote within quotes twice",
        );
        Err(problem.at(&self.file, self.lines_before + begin, 1))
    }

    /// What was left out.
    pub(crate) fn notes(&self) -> Vec<String> {
        let told = [
            (self.remarks, "lines that begin with #"),
            (self.headers, "headers in the middle of the file"),
        ];
        let told = told.into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{what}: {count}; they are left out")).collect()
    }

    fn read(&mut self) -> Result<bool, RecordingError> {
        self.reader.read_byte_record(&mut self.record).map_err(|error| RecordingError::Unreadable {
            file: self.file.clone(),
            source: error.into(),
        })
    }

    /// The record that was read last is read once more.
    pub(crate) fn unread(&mut self) {
        self.again = true;
    }

    /// The cells of the record that was read last.
    pub(crate) fn cells(&self) -> Vec<Cell<'_>> {
        self.record.iter().map(cell).collect()
    }

    pub(crate) fn place(&self, problem: Problem) -> RecordingError {
        let (line, byte) =
            self.record.position().map_or((1, 0), |position| (position.line(), position.byte()));
        let (below, column) = self.reader.get_ref().place(byte, problem.cell, self.delimiter);
        problem.at(&self.file, self.lines_before + line + below, column)
    }
}

impl Separated<'_> {
    /// The place of a column's name.
    pub(crate) fn place_of_header(&self, problem: Problem) -> RecordingError {
        let (below, column) = self.reader.get_ref().place(0, problem.cell, self.delimiter);
        problem.at(&self.file, self.lines_before + 1 + below, column)
    }
}

fn cell(bytes: &[u8]) -> Cell<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cell::of_text(unquoted(text.trim())),
        // A name in another encoding hinders nobody; a number has none of its letters.
        Err(_) => Cell::Text(String::from_utf8_lossy(bytes)),
    }
}

/// Without quotes that are no cell's own, for there is a space before them.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn is_vegeta(cells: &[Cell<'_>]) -> bool {
    let digits = |at: usize, count| {
        cells.get(at).is_some_and(|cell| {
            let text = cell.text();
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    (7..=VEGETA.len()).contains(&cells.len()) && digits(0, 19) && (digits(1, 3) || digits(1, 1))
}

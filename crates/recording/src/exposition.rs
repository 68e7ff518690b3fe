use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
};

use crate::{
    cell::Cell,
    error::{Problem, RecordingError, quoted},
    gather::MOST_POINTS,
    guard::Guard,
    moment::Clock,
    scrape::{self, Key},
    series::{Point, Series},
    settings::ReadSettings,
    sniff::Sniffed,
};

/// So many series are held: those of a hundred pods with a thousand each.
const MOST_SERIES: usize = 100_000;

/// The lines of what Prometheus scrapes, with a timestamp for each sample.
pub(crate) struct Lines<'a> {
    file: String,
    input: BufReader<Guard<Box<dyn Read + 'a>>>,
    line: u64,
}

/// All samples, as they were written, with the types that were declared.
#[derive(Debug, Default)]
pub(crate) struct Scraped {
    pub(crate) types: BTreeMap<String, String>,
    pub(crate) samples: BTreeMap<Key, Vec<Point>>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(file: &str, sniffed: Sniffed<'a>) -> Self {
        Self {
            file: file.to_owned(),
            input: BufReader::new(Guard::new(sniffed.input)),
            line: sniffed.lines_before,
        }
    }

    /// Reads everything, and makes of it what can be compared: rates of counters, quantiles and
    /// means of histograms.
    pub(crate) fn series(
        &mut self,
        settings: &ReadSettings,
    ) -> Result<(Vec<Series>, Vec<String>), RecordingError> {
        let scraped = self.read()?;
        scrape::derive(scraped, settings)
            .map_err(|problem| problem.at(&self.file, self.line.max(1), 1))
    }

    fn read(&mut self) -> Result<Scraped, RecordingError> {
        let mut all = Scraped::default();
        let mut clock = Clock::default();
        let (mut line, mut points) = (Vec::new(), 0);
        loop {
            line.clear();
            let read = self.input.read_until(b'\n', &mut line);
            let read = read
                .map_err(|source| RecordingError::Unreadable { file: self.file.clone(), source })?;
            if read == 0 {
                return Ok(all);
            }
            self.line += 1;
            let text = String::from_utf8_lossy(&line);
            let taken = take(text.trim(), &mut all, &mut clock);
            points += usize::from(taken.map_err(|at| self.place(&text, at))?);
            if points > MOST_POINTS || all.samples.len() > MOST_SERIES {
                let problem = Problem::new(
                    0,
                    format!("there are more than {MOST_POINTS} samples or {MOST_SERIES} series"),
                    "export the series that count alone",
                );
                return Err(problem.at(&self.file, self.line, 1));
            }
        }
    }

    /// An error's place from the rest of the line at which reading stopped.
    fn place(&self, line: &str, stopped: Stopped<'_>) -> RecordingError {
        let before = line.trim_end().len().saturating_sub(stopped.rest.len());
        let column = line.get(..before).map_or(0, |before| before.chars().count()) + 1;
        Problem::new(0, stopped.message, stopped.mend).at(
            &self.file,
            self.line,
            u64::try_from(column).unwrap_or(1),
        )
    }
}

/// Where a line stopped making sense.
struct Stopped<'a> {
    rest: &'a str,
    message: String,
    mend: &'static str,
}

/// Takes a line; whether it was a sample.
fn take<'a>(line: &'a str, all: &mut Scraped, clock: &mut Clock) -> Result<bool, Stopped<'a>> {
    if let Some(remark) = line.strip_prefix('#') {
        let mut words = remark.split_whitespace();
        if let (Some("TYPE"), Some(name), Some(kind)) = (words.next(), words.next(), words.next()) {
            all.types.insert(name.to_owned(), kind.to_owned());
        }
        return Ok(false);
    }
    if line.is_empty() {
        return Ok(false);
    }
    let (key, rest) = key(line)?;
    // What follows another `#` is an exemplar.
    let rest = rest.split_once(" # ").map_or(rest, |(sample, _)| sample).trim();
    let (value, time) = rest.split_once([' ', '\t']).ok_or_else(|| Stopped {
        rest,
        message: "the sample has no timestamp".to_owned(),
        mend: "export samples with timestamps, as `promtool tsdb dump-openmetrics` does",
    })?;
    let Ok(number) = value.parse::<f64>() else {
        let message = format!("{} is no value", quoted(value));
        return Err(Stopped { rest, message, mend: "write a number after the labels" });
    };
    let time = time.trim();
    let at_micros = clock.read(&Cell::of_text(time)).map_err(|(message, _)| Stopped {
        rest: time,
        message,
        mend: "write milliseconds or, as OpenMetrics has it, seconds since 1970",
    })?;
    if number.is_finite() {
        all.samples.entry(key).or_default().push(Point { at_micros, value: number });
    }
    Ok(number.is_finite())
}

/// The name and the labels, and what follows.
fn key(line: &str) -> Result<(Key, &str), Stopped<'_>> {
    let end = line.find(['{', ' ', '\t']).unwrap_or(line.len());
    let (name, mut rest) = line.split_at(end);
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.';
    if name.is_empty() || !name.chars().all(valid) {
        let message = format!("{} is no name of a metric", quoted(name));
        return Err(Stopped {
            rest: line,
            message,
            mend: "write name{label=\"value\"} 1.5 1769860800",
        });
    }
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        while !rest.starts_with('}') {
            let (label, value, after) = label(rest)?;
            labels.insert(label, value);
            let after = after.trim_start();
            rest = after.strip_prefix(',').unwrap_or(after).trim_start();
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    Ok((Key { name: name.to_owned(), labels }, rest.trim_start()))
}

/// A label, its value, and what follows.
fn label(text: &str) -> Result<(String, String, &str), Stopped<'_>> {
    let stopped = || Stopped {
        rest: text,
        message: "the labels are cut off".to_owned(),
        mend: "write {name=\"value\",..} before the value",
    };
    let (name, rest) = text.split_once('=').ok_or_else(stopped)?;
    let rest = rest.trim_start().strip_prefix('"').ok_or_else(stopped)?;
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => {
                value.push(if c == 'n' { '\n' } else { c });
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => {
                let after = rest.get(at + 1..).unwrap_or_default();
                return Ok((name.trim().to_owned(), value, after));
            }
            c => value.push(c),
        }
    }
    Err(stopped())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Scraped, RecordingError> {
        let sniffed = crate::sniff::sniff("a.prom", Box::new(text.as_bytes()))?;
        Lines::new("a.prom", sniffed).read()
    }

    #[test]
    fn samples_are_read_with_labels_and_times() {
        let text = "# TYPE up gauge\nup{job=\"a \\\"b\\\"\",x=\"}\"} 1 1769860800\nup 2 1769860805.5 # {a=\"b\"} 1\n# EOF\n";
        let scraped = read(text).unwrap();
        assert_eq!(scraped.types["up"], "gauge");
        let keys: Vec<_> = scraped.samples.keys().map(Key::to_string).collect();
        assert_eq!(keys, ["up", "up{job=\"a \"b\"\",x=\"}\"}"]);
        let points = scraped.samples.values().next().unwrap();
        assert_eq!(points[0].at_micros, 1_769_860_805_500_000);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_told_with_its_place() {
        let fail = |text: &str| read(text).unwrap_err().to_string();
        assert!(
            fail("# TYPE up gauge\nup 1\n").starts_with("a.prom:2:4: the sample has no timestamp;")
        );
        assert!(
            fail("# TYPE up gauge\nup{a=\"b\"} x 1\n")
                .starts_with("a.prom:2:11: \"x\" is no value;")
        );
        assert!(fail("# EOF\nup{a=\"b\n").starts_with("a.prom:2:4: the labels are cut off;"));
        assert!(
            fail("# EOF\nup{a=\"b\"} 1 noon\n").starts_with("a.prom:2:13: \"noon\" is no time;")
        );
        assert!(fail("# EOF\n=1 2 3\n").contains("is no name of a metric"));
    }
}

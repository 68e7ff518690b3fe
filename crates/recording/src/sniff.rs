//! What kind of file it is, from its first bytes.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::error::{Problem, RecordingError};

/// A header may be this long: 10,000 columns with long names.
const LONGEST_HEADER: u64 = 1024 * 1024;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Cells with this byte between them.
    Separated(u8),
    /// An object in each line.
    JsonLines,
    /// Objects in an array, or over several lines.
    JsonValues,
    /// What Prometheus answers to a query.
    Matrix,
    /// What Prometheus scrapes.
    Exposition,
}

/// A file whose kind is known.
pub(crate) struct Sniffed<'a> {
    pub(crate) format: Format,
    /// All from the first line that counts on.
    pub(crate) input: Box<dyn Read + 'a>,
    /// Lines before it.
    pub(crate) lines_before: u64,
}

/// Looks at the beginning of `input`; what is compressed by gzip is unpacked.
pub(crate) fn sniff<'a>(
    file: &str,
    input: Box<dyn Read + 'a>,
) -> Result<Sniffed<'a>, RecordingError> {
    let unreadable = |source| RecordingError::Unreadable { file: file.to_owned(), source };
    let mut input = plain(input).map_err(unreadable)?;
    if let Some((what, how)) = foreign(input.fill_buf().map_err(unreadable)?) {
        return Err(refused(file, 0, &format!("the file is {what}"), how));
    }
    let mut lines_before: u64 = 0;
    loop {
        let mut line = Vec::new();
        let mut head = (&mut input).take(LONGEST_HEADER);
        let read = head.read_until(b'\n', &mut line).map_err(unreadable)?;
        if read == 0 {
            return Err(refused(
                file,
                lines_before.saturating_sub(1),
                "the file is empty",
                "record something",
            ));
        }
        if lines_before == 0 {
            without_mark(file, &mut line)?;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() || is_remark(text) {
            lines_before += 1;
            continue;
        }
        let format = match format_of(text) {
            Ok(Format::JsonLines) if is_cut(text) => Format::JsonValues,
            format => format.map_err(|problem| problem.at(file, lines_before + 1, 1))?,
        };
        let format = if is_answer(text, input.fill_buf().map_err(unreadable)?) {
            Format::Matrix
        } else {
            format
        };
        let input = Box::new(Cursor::new(line).chain(input));
        return Ok(Sniffed { format, input, lines_before });
    }
}

fn refused(file: &str, lines_before: u64, message: &str, mend: &str) -> RecordingError {
    Problem::new(0, message, mend).at(file, lines_before + 1, 1)
}

fn plain<'a>(input: Box<dyn Read + 'a>) -> io::Result<BufReader<Box<dyn Read + 'a>>> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let packed = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    if !packed {
        return Ok(input);
    }
    let unpacked: Box<dyn Read + 'a> = Box::new(MultiGzDecoder::new(input));
    Ok(BufReader::with_capacity(64 * 1024, unpacked))
}

/// What a file is that cannot be read, by its first bytes, and what to do about it.
fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const KNOWN: [(&[u8], &str, &str); 7] = [
        (
            b"\x28\xb5\x2f\xfd",
            "packed by zstd",
            "unpack it first: `zstd -dc FILE`, with - for the file",
        ),
        (b"\xfd7zXZ\0", "packed by xz", "unpack it first: `xz -dc FILE`, with - for the file"),
        (b"BZh", "packed by bzip2", "unpack it first: `bzip2 -dc FILE`, with - for the file"),
        (b"PK\x03\x04", "a ZIP archive, or an Excel table", "unpack it, or save it as CSV"),
        (b"PAR1", "in the format Parquet", "write it as CSV or JSON lines"),
        (b"SQLite format 3", "an SQLite database", "write it as CSV"),
        (
            b"<",
            "XML or HTML",
            "write CSV; JMeter does with jmeter.save.saveservice.output_format=csv",
        ),
    ];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let found = KNOWN.iter().find(|(start, ..)| bytes.starts_with(start));
    found.map(|(_, what, how)| (*what, *how))
}

/// Takes the byte order mark away.
fn without_mark(file: &str, line: &mut Vec<u8>) -> Result<(), RecordingError> {
    if line.starts_with(&[0xef, 0xbb, 0xbf]) {
        line.drain(..3);
    }
    if line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) {
        return Err(refused(file, 0, "the file is in UTF-16", "save it as UTF-8"));
    }
    if line.contains(&0) {
        return Err(refused(file, 0, "the file is no text", "give CSV, JSON lines or OpenMetrics"));
    }
    Ok(())
}

/// A line that says something about the file, such as the annotations of `InfluxDB`, and what Excel
/// has for the delimiter.
fn is_remark(text: &str) -> bool {
    (text.starts_with('#') && !is_of_exposition(text))
        || (text.starts_with("sep=") && text.len() == 5)
}

fn is_of_exposition(text: &str) -> bool {
    ["# HELP ", "# TYPE ", "# UNIT ", "# EOF"].iter().any(|start| text.starts_with(start))
}

fn format_of(line: &str) -> Result<Format, Problem> {
    if line.starts_with('[') {
        return Ok(Format::JsonValues);
    }
    let object = line.strip_prefix('{').map(str::trim_start);
    if object.is_some_and(|rest| rest.starts_with('"') || rest.starts_with('}') || rest.is_empty())
    {
        return Ok(Format::JsonLines);
    }
    if is_of_exposition(line) || is_sample(line) {
        return Ok(Format::Exposition);
    }
    if is_access_log(line) {
        return Err(Problem::new(
            0,
            "the file is a log of a web server in words",
            "have the server write JSON lines, with the time, the status and how long it took",
        ));
    }
    Ok(Format::Separated(delimiter(line)))
}

/// Whether an object does not end in its line.
fn is_cut(line: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(line).is_err_and(|error| error.is_eof())
}

/// Whether it is what Prometheus answers: that tells what it is at its beginning.
fn is_answer(line: &str, rest: &[u8]) -> bool {
    let near = |text: &str| text.get(..text.floor_char_boundary(400)).unwrap_or(text).to_owned();
    let start = near(line) + &near(&String::from_utf8_lossy(rest.get(..400).unwrap_or(rest)));
    let answers = start.contains("\"resultType\"") || start.contains("\"errorType\"");
    line.starts_with('{') && answers
}

/// A line such as `10.0.0.1 - - [31/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 612`.
fn is_access_log(line: &str) -> bool {
    line.contains(" [") && line.contains("] \"") && line.contains(" HTTP/")
}

/// A line such as `http_requests_total{code="200"} 3 1769860800000`.
fn is_sample(line: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let Some(end) = line.find(|c| !of_name(c)).filter(|end| *end > 0) else { return false };
    let rest = line.get(end..).unwrap_or_default();
    let value = match rest.strip_prefix('{') {
        Some(labels) => labels.rsplit_once('}').map(|(_, value)| value),
        None => rest.strip_prefix(' '),
    };
    let number = value.and_then(|value| value.split_whitespace().next());
    number.is_some_and(|number| number.parse::<f64>().is_ok())
}

/// The byte between cells: the one that the header has most of, quoted parts left out.
fn delimiter(header: &str) -> u8 {
    let count = |delimiter: u8| {
        let mut quoted = false;
        let mut count = 0;
        for byte in header.bytes() {
            if byte == b'"' {
                quoted = !quoted;
            } else if byte == delimiter && !quoted {
                count += 1;
            }
        }
        count
    };
    // Of two alike the last is taken, and a comma is the likeliest.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Format, before: u64) {
        let found = sniff("a", Box::new(text.as_bytes())).unwrap();
        assert_eq!((found.format, found.lines_before), (expect, before), "{text:?}");
    }

    #[test]
    fn formats_are_told_by_their_first_line() {
        check("time,status\n", Format::Separated(b','), 0);
        check("time;a,b;c\n", Format::Separated(b';'), 0);
        check("Time\tcpu\n", Format::Separated(b'\t'), 0);
        check("\u{feff}\"Time\",\"a;b;c\"\r\n", Format::Separated(b','), 0);
        check("\n#group,false\n#datatype,long\n,result,_time\n", Format::Separated(b','), 3);
        check("{\"ts\": 1}\n", Format::JsonLines, 0);
        check("{ \"ts\": 1}\n", Format::JsonLines, 0);
        check("[{\"ts\": 1}]\n", Format::JsonValues, 0);
        check("{\n", Format::JsonValues, 0);
        check("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\"", Format::Matrix, 0);
        check("{\n \"status\": \"success\",\n \"data\": {\n  \"resultType\": ", Format::Matrix, 0);
        check("{pod=\"a\"},Time\n", Format::Separated(b','), 0);
        check("# HELP x y\n", Format::Exposition, 0);
        check("up 1 1769860800\n", Format::Exposition, 0);
        check("up{job=\"a b\"} 1\n", Format::Exposition, 0);
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, b"time,status\n1,200\n").unwrap();
        let packed = packed.finish().unwrap();
        let mut found = sniff("a", Box::new(packed.as_slice())).unwrap();
        let mut text = String::new();
        found.input.read_to_string(&mut text).unwrap();
        assert_eq!(text, "time,status\n1,200\n");
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        let fail = |bytes: &'static [u8]| sniff("a", Box::new(bytes)).err().unwrap().to_string();
        assert_eq!(fail(b""), "a:1:1: the file is empty; record something");
        assert!(fail(b"\x28\xb5\x2f\xfd\0").contains("zstd -dc"));
        assert!(fail(b"<?xml").contains("XML"));
        assert!(fail(b"1 - - [a] \"GET / HTTP/1.1\" 200").contains("JSON lines"));
        assert!(fail(b"\xff\xfet\0").contains("UTF-16"));
        assert!(fail(b"\x7fELF\0\0").contains("no text"));
        assert!(fail(&[0x1f, 0x8b, 9, 9]).contains("cannot be read"));
    }
}

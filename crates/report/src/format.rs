use std::str::FromStr;

use serde::Serialize;
use tidegate_evidence::Report;

use crate::{
    coverage::{cobertura, go_profile, jacoco, lcov},
    error::{Problem, ReadError, quoted},
    junit::junit,
    source::Source,
    xml::Xml,
};

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `JUnit`'s XML.
    Junit,
    /// LCOV's tracefiles, `.info`.
    Lcov,
    /// Cobertura's XML.
    Cobertura,
    /// `JaCoCo`'s XML.
    Jacoco,
    /// What `go test -coverprofile` writes.
    GoCoverage,
}

/// What is known of a file beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hint<'a> {
    /// Its name, for errors and for formats that say something by their name.
    pub name: &'a str,
    /// Its format, where somebody said it; else it is recognised.
    pub format: Option<Format>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// The format that it is of.
    pub format: Format,
    /// What it says.
    #[serde(flatten)]
    pub report: Report,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Junit, Self::Lcov, Self::Cobertura, Self::Jacoco, Self::GoCoverage];

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Lcov => "lcov",
            Self::Cobertura => "cobertura",
            Self::Jacoco => "jacoco",
            Self::GoCoverage => "go-coverage",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{} is no format: write one of {names}", quoted(text))
        })
    }
}

/// Reads a report: recognises its format by its content, unless `hint` says it.
pub fn read(bytes: &[u8], hint: Hint<'_>) -> Result<Reading, ReadError> {
    let source = Source::new(hint.name, bytes)?;
    let start = source.text.trim_start();
    let format = match hint.format {
        Some(format) => format,
        None if start.starts_with('<') => return xml(&source),
        None => recognised(start).ok_or_else(|| unknown(&source))?,
    };
    let report = match format {
        Format::Lcov => lcov(&source.text).map(Report::Coverage),
        Format::GoCoverage => go_profile(&source.text).map(Report::Coverage),
        Format::Junit | Format::Cobertura | Format::Jacoco => {
            let reading = xml(&source)?;
            if reading.format == format {
                return Ok(reading);
            }
            let message = format!("this is {}, not {}", reading.format.name(), format.name());
            Err(Problem::new(0, message, "say its format, or none to have it recognised"))
        }
    };
    report.map(|report| Reading { format, report }).map_err(|problem| source.place(problem))
}

/// The format of a text by its first lines.
fn recognised(start: &str) -> Option<Format> {
    if start.starts_with("mode:") {
        return Some(Format::GoCoverage);
    }
    let mut lines = start.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines.by_ref().take(20).any(|line| line.starts_with("SF:")) {
        return Some(Format::Lcov);
    }
    None
}

/// Reads XML by its root.
fn xml(source: &Source<'_>) -> Result<Reading, ReadError> {
    let mut xml = Xml::new(&source.text);
    let read = |xml: &mut Xml<'_>| -> Result<Reading, Problem> {
        let root = xml.root()?;
        let (format, report) = match root.name.as_str() {
            "testsuites" | "testsuite" => (Format::Junit, junit(xml, &root).map(Report::Tests)?),
            "coverage" if root.get("clover").is_none() => {
                (Format::Cobertura, cobertura(xml).map(Report::Coverage)?)
            }
            "report" => (Format::Jacoco, jacoco(xml).map(Report::Coverage)?),
            other => {
                let message = format!("<{}> is the root of no report that is known", quoted(other));
                let mend = "JUnit has testsuites, Cobertura coverage, JaCoCo report";
                return Err(Problem::new(root.at, message, mend));
            }
        };
        // What is behind the root has to be well-formed too: a file that was written twice is not.
        xml.finish()?;
        Ok(Reading { format, report })
    };
    read(&mut xml).map_err(|problem| source.place(problem))
}

fn unknown(source: &Source<'_>) -> ReadError {
    let names = Format::ALL.map(Format::name).join(", ");
    let start: String = source.text.trim_start().lines().next().unwrap_or_default().to_owned();
    let message = match start.as_str() {
        "" => "it is empty".to_owned(),
        start => format!("it begins with {}, as no report that is known does", quoted(start)),
    };
    ReadError::Unknown {
        file: source.file.to_owned(),
        message,
        mend: format!("what is read is {names}"),
    }
}

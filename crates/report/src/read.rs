use serde::Serialize;
use tidegate_evidence::{Better, Report};

use crate::{
    benchmark, bundle,
    coverage::{cobertura, go_profile, jacoco, lcov},
    error::{Problem, ReadError},
    format::Format,
    junit::junit,
    recognise::recognised,
    sarif::sarif,
    source::Source,
    xml::Xml,
};

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

/// Reads a report: recognises its format by its content, unless `hint` says it.
pub fn read(bytes: &[u8], hint: Hint<'_>) -> Result<Reading, ReadError> {
    let source = Source::new(hint.name, bytes)?;
    let format = match hint.format {
        Some(format) => format,
        None => recognised(&source)?,
    };
    let report = match format {
        Format::Junit | Format::Cobertura | Format::Jacoco => xml(&source, format),
        Format::Lcov => lcov(&source.text).map(Report::Coverage),
        Format::GoCoverage => go_profile(&source.text).map(Report::Coverage),
        Format::CargoBench => benchmark::libtest(&source.text).map(Report::Benchmarks),
        Format::GoBench => benchmark::go_bench(&source.text).map(Report::Benchmarks),
        Format::Sizes if !is_json(&source) => bundle::separated(&source.text).map(Report::Bundle),
        _ => return json(&source, format).map(|report| Reading { format, report }),
    };
    report.map(|report| Reading { format, report }).map_err(|problem| source.place(problem))
}

fn is_json(source: &Source<'_>) -> bool {
    source.text.trim_start().starts_with(['[', '{'])
}

fn xml(source: &Source<'_>, format: Format) -> Result<Report, Problem> {
    let mut xml = Xml::new(&source.text);
    let root = xml.root()?;
    let report = match (format, root.name.as_str()) {
        (Format::Junit, "testsuites" | "testsuite") => junit(&mut xml, &root).map(Report::Tests)?,
        (Format::Cobertura, "coverage") => cobertura(&mut xml).map(Report::Coverage)?,
        (Format::Jacoco, "report") => jacoco(&mut xml).map(Report::Coverage)?,
        (_, other) => {
            let message = format!("<{other}> is not the root of {format}");
            return Err(Problem::new(
                root.at,
                message,
                "say its format, or none to have it recognised",
            ));
        }
    };
    // A file that two tools wrote, or one wrote twice, is not whole.
    xml.finish()?;
    Ok(report)
}

fn json(source: &Source<'_>, format: Format) -> Result<Report, ReadError> {
    let (text, file) = (source.text.as_ref(), source.file);
    let report = match format {
        Format::Sarif => sarif(text).map(Report::Findings),
        Format::Webpack => bundle::webpack(text).map(Report::Bundle),
        Format::Esbuild => bundle::esbuild(text).map(Report::Bundle),
        Format::SizeLimit => bundle::size_limit(text).map(Report::Bundle),
        Format::Bundlewatch => bundle::bundlewatch(text).map(Report::Bundle),
        Format::Sizes => bundle::json_list(text).map(Report::Bundle),
        Format::Criterion => benchmark::criterion_estimates(text, file).map(Report::Benchmarks),
        Format::CriterionSample => benchmark::criterion_sample(text, file).map(Report::Benchmarks),
        Format::GoogleBenchmark => benchmark::google(text).map(Report::Benchmarks),
        Format::Hyperfine => benchmark::hyperfine(text).map(Report::Benchmarks),
        Format::PytestBenchmark => benchmark::pytest_benchmark(text).map(Report::Benchmarks),
        Format::Jmh => benchmark::jmh(text).map(Report::Benchmarks),
        Format::CustomBiggerIsBetter => {
            benchmark::custom(text, Some(Better::Bigger)).map(Report::Benchmarks)
        }
        _ => benchmark::custom(text, None).map(Report::Benchmarks),
    };
    report.map_err(|error| source.json(&error, &format!("write it as {format} is written")))
}

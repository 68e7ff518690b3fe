use crate::{
    benchmark::{is_go_bench, is_libtest},
    bundle::separated_header,
    error::{Problem, ReadError, quoted},
    format::Format,
    json::Outline,
    source::Source,
    xml::Xml,
};

/// Lines of text that are looked at for the first that tells the format: what runs before benchmarks may have much to
/// say.
const MOST_LINES: usize = 10_000;

/// The format of a text by its content.
pub(crate) fn recognised(source: &Source<'_>) -> Result<Format, ReadError> {
    let start = source.text.trim_start();
    match start.chars().next() {
        Some('<') => by_root(source),
        Some('{' | '[') => {
            let outline = Outline::of(&source.text);
            let outline = outline.map_err(|error| {
                source.json(&error, "write the report anew: this is no JSON object or list of them")
            })?;
            by_keys(&outline).ok_or_else(|| unknown(source))
        }
        _ => by_lines(start).ok_or_else(|| unknown(source)),
    }
}

fn by_root(source: &Source<'_>) -> Result<Format, ReadError> {
    let root = Xml::new(&source.text).root().map_err(|problem| source.place(problem))?;
    match root.name.as_str() {
        "testsuites" | "testsuite" => Ok(Format::Junit),
        // Clover has the same root, and what is within it is another thing.
        "coverage" if root.get("clover").is_none() && root.get("generated").is_none() => {
            Ok(Format::Cobertura)
        }
        "report" => Ok(Format::Jacoco),
        other => {
            let message = format!("<{other}> is the root of no report that is known");
            let mend = "JUnit has testsuites, Cobertura coverage, JaCoCo report";
            Err(source.place(Problem::new(root.at, message, mend)))
        }
    }
}

/// The format of a document by its outermost keys.
fn by_keys(outline: &Outline) -> Option<Format> {
    let has = |keys: &[&str]| outline.has(keys);
    let has_one = |keys: &[&str]| keys.iter().any(|key| outline.has(&[*key]));
    if outline.is_list {
        return match () {
            () if has(&["benchmark", "primaryMetric"]) => Some(Format::Jmh),
            () if has(&["name", "value"]) => Some(Format::CustomSmallerIsBetter),
            () if has_one(&["file", "path"])
                && has_one(&["raw", "size", "bytes", "gzip", "brotli"]) =>
            {
                Some(Format::Sizes)
            }
            () if has(&["name"]) && has_one(&["size", "passed"]) => Some(Format::SizeLimit),
            () => None,
        };
    }
    match () {
        () if has(&["runs"]) && has_one(&["version", "$schema"]) => Some(Format::Sarif),
        () if has(&["inputs", "outputs"]) => Some(Format::Esbuild),
        () if has(&["fullResults"]) => Some(Format::Bundlewatch),
        () if has(&["context", "benchmarks"]) => Some(Format::GoogleBenchmark),
        () if has(&["machine_info", "benchmarks"]) => Some(Format::PytestBenchmark),
        () if has(&["mean", "median", "std_dev"]) => Some(Format::Criterion),
        () if has(&["iters", "times"]) => Some(Format::CriterionSample),
        () if has_one(&["assets", "children"])
            && has_one(&["chunks", "modules", "hash", "errors"]) =>
        {
            Some(Format::Webpack)
        }
        () if has(&["results"]) => Some(Format::Hyperfine),
        () => None,
    }
}

/// The format of lines by the first of them that tells it.
fn by_lines(start: &str) -> Option<Format> {
    let mut lines = start.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().next()?;
    if first.starts_with("mode:") {
        return Some(Format::GoCoverage);
    }
    if separated_header(first) {
        return Some(Format::Sizes);
    }
    // Formats of lines without a mark of their own need not be at the beginning.
    lines.by_ref().take(MOST_LINES).find_map(|line| match line {
        line if line.starts_with("SF:") => Some(Format::Lcov),
        line if is_libtest(line) => Some(Format::CargoBench),
        line if is_go_bench(line) => Some(Format::GoBench),
        _ => None,
    })
}

fn unknown(source: &Source<'_>) -> ReadError {
    let start = source.text.trim_start().lines().next().unwrap_or_default();
    let message = match start {
        "" => "it is empty".to_owned(),
        start => format!("it begins with {}, and is no report that is known", quoted(start)),
    };
    ReadError::Unknown {
        file: source.file.to_owned(),
        message,
        mend: format!("what is read is {}", Format::names()),
    }
}

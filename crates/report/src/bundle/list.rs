use serde::Deserialize;
use tidegate_evidence::{Asset, Bundle, Sizes};

use super::{MOST_ASSETS, add};
use crate::{
    error::{Problem, quoted},
    json::List,
};

#[derive(Deserialize)]
struct Row {
    #[serde(alias = "path", alias = "name")]
    file: String,
    #[serde(alias = "size", alias = "bytes")]
    raw: Option<u64>,
    #[serde(alias = "gzipped")]
    gzip: Option<u64>,
    brotli: Option<u64>,
    limit: Option<u64>,
}

/// Reads a plain list of files with their sizes, as JSON.
pub(crate) fn json_list(text: &str) -> Result<Bundle, serde_json::Error> {
    let List(all): List<Row, MOST_ASSETS> = serde_json::from_str(text)?;
    let mut bundle = Bundle::default();
    for Row { file, raw, gzip, brotli, limit } in all {
        add(&mut bundle, &file, asset(Sizes { raw, gzip, brotli }, limit));
    }
    Ok(bundle)
}

fn asset(sizes: Sizes, limit: Option<u64>) -> Asset {
    let is_over = limit.is_some_and(|limit| sizes.travels().is_some_and(|size| size > limit));
    Asset { sizes, limit, is_over }
}

/// What a column is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    File,
    Raw,
    Gzip,
    Brotli,
    Limit,
}

impl Column {
    fn by_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "file" | "path" | "name" => Some(Self::File),
            "raw" | "size" | "bytes" => Some(Self::Raw),
            "gzip" | "gzipped" => Some(Self::Gzip),
            "brotli" => Some(Self::Brotli),
            "limit" => Some(Self::Limit),
            _ => None,
        }
    }
}

/// The columns of a first line, and what is between them, when it is that of a list of sizes.
fn header(line: &str) -> Option<(Vec<Column>, char)> {
    let delimiter = [',', '\t', ';'].into_iter().find(|delimiter| line.contains(*delimiter))?;
    let columns: Option<Vec<_>> = line.split(delimiter).map(Column::by_name).collect();
    let columns = columns?;
    let is_list = columns.contains(&Column::File)
        && [Column::Raw, Column::Gzip, Column::Brotli].iter().any(|own| columns.contains(own));
    is_list.then_some((columns, delimiter))
}

/// Whether `line` is the first of a list of sizes.
pub(crate) fn separated_header(line: &str) -> bool {
    header(line.trim()).is_some()
}

/// Reads a plain list of files with their sizes, separated by commas, tabs or semicolons.
pub(crate) fn separated(text: &str) -> Result<Bundle, Problem> {
    let mut bundle = Bundle::default();
    let mut columns = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        // An empty cell at the end is between a tab and the end of the line.
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            continue;
        }
        let Some((columns, delimiter)) = &columns else {
            let found = header(line).ok_or_else(|| {
                let message = format!("{} is no header of sizes", quoted(line));
                Problem::new(
                    start,
                    message,
                    "write file,raw,gzip,brotli, of which file and one size are needed",
                )
            })?;
            columns = Some(found);
            continue;
        };
        row(line, columns, *delimiter, &mut bundle).ok_or_else(|| {
            let message = format!("{} does not fit the header", quoted(line));
            Problem::new(start, message, "a size is a whole number of bytes, or nothing")
        })?;
        if bundle.assets.len() > MOST_ASSETS {
            return Err(Problem::too_many(start, MOST_ASSETS, "files"));
        }
    }
    Ok(bundle)
}

fn row(line: &str, columns: &[Column], delimiter: char, bundle: &mut Bundle) -> Option<()> {
    let cells: Vec<_> = line.split(delimiter).map(|cell| cell.trim().trim_matches('"')).collect();
    if cells.len() != columns.len() {
        return None;
    }
    let cell = |column: Column| {
        let at = columns.iter().position(|own| *own == column)?;
        cells.get(at).copied().filter(|cell| !cell.is_empty())
    };
    let size = |column: Column| match cell(column) {
        None => Some(None),
        Some(text) => text.parse::<u64>().ok().map(Some),
    };
    let sizes =
        Sizes { raw: size(Column::Raw)?, gzip: size(Column::Gzip)?, brotli: size(Column::Brotli)? };
    add(bundle, cell(Column::File)?, asset(sizes, size(Column::Limit)?));
    Some(())
}

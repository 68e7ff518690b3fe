//! Ledgers that were exported.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use tidegate_ledger::Entry;

use crate::error::CliError;

/// Each line of a file that `tidegate ledger export` wrote, or of standard input, with its number.
pub(super) fn each_line(
    path: &Path,
    mut visit: impl FnMut(usize, &str) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let cannot = |error: std::io::Error| {
        CliError::failed(format!("{} cannot be read", path.display())).because(&error)
    };
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(cannot)?))
    };
    for (index, line) in reader.lines().enumerate() {
        let line = line.map_err(cannot)?;
        if !line.trim().is_empty() {
            visit(index + 1, &line)?;
        }
    }
    Ok(())
}

/// Each entry of such a file.
pub(super) fn each(path: &Path, mut visit: impl FnMut(Entry)) -> Result<(), CliError> {
    each_line(path, |number, line| {
        let entry = serde_json::from_str(line).map_err(|error| {
            let place = format!("{}:{number}: no entry of a ledger", path.display());
            CliError::failed(place)
                .because(&error)
                .hint("`tidegate ledger export` writes one JSON object per line")
        })?;
        visit(entry);
        Ok(())
    })
}

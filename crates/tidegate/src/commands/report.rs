//! What CI tools wrote: shown, and compared with the base.

mod compare;
mod text;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;
use tidegate_evidence::{Annotations, Evidence, Report, annotate, evidence_page};
use tidegate_report::{Hint, Reading, limits::MOST_BYTES, read};

use crate::{
    args::{Global, ReportCommand, ReportHowArgs, ReportShowArgs},
    error::{CliError, ErrorKind},
    output::Output,
};

/// Runs a command of `report`.
pub(crate) fn run(global: &Global, command: &ReportCommand) -> Result<ExitCode, CliError> {
    match command {
        ReportCommand::Show(args) => show(global, args),
        ReportCommand::Compare(args) => compare::run(global, args),
    }
}

/// A file that was read, with its name.
#[derive(Serialize)]
struct Named {
    file: String,
    #[serde(flatten)]
    reading: Reading,
}

/// All that was asked for, for programs.
#[derive(Serialize)]
struct Shown {
    files: Vec<Named>,
    annotations: Annotations,
}

fn show(global: &Global, args: &ReportShowArgs) -> Result<ExitCode, CliError> {
    let files = read_files(&args.files, &args.how)?;
    let evidence = all_of(files.iter().map(|own| own.reading.report.clone()));
    let annotations = annotate(&evidence, args.how.annotations);
    let mut output = Output::new(global);
    if args.how.markdown {
        output.bytes(evidence_page(&evidence).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = Shown { files, annotations };
    output.data(&shown, |output| {
        for own in &shown.files {
            let format = own.reading.format;
            let totals = text::totals(&own.reading.report);
            output.line(format!("{} ({format}): {totals}", text::shown(&own.file)))?;
        }
        text::annotations(output, &shown.annotations)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn all_of(reports: impl IntoIterator<Item = Report>) -> Evidence {
    let mut evidence = Evidence::default();
    reports.into_iter().for_each(|report| evidence.add(report));
    evidence
}

fn read_files(paths: &[PathBuf], how: &ReportHowArgs) -> Result<Vec<Named>, CliError> {
    let root = match &how.root {
        Some(root) => root.canonicalize().ok(),
        None => std::env::current_dir().ok(),
    };
    let root = root.map(|root| root.to_string_lossy().into_owned());
    let one = |path: &PathBuf| -> Result<Named, CliError> {
        let file = path.display().to_string();
        let bytes = bytes_of(path)?;
        let hint = Hint { name: &file, format: how.format };
        let mut reading = read(&bytes, hint).map_err(|error| unreadable(error.to_string()))?;
        if let Some(root) = &root {
            reading.report.relative_to(root);
        }
        Ok(Named { file, reading })
    };
    paths.iter().map(one).collect()
}

fn unreadable(message: String) -> CliError {
    CliError::new(ErrorKind::Unreadable, message)
}

/// The bytes of a file, and no more than a reader takes, so that it refuses what is larger.
fn bytes_of(path: &Path) -> Result<Vec<u8>, CliError> {
    let most = MOST_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(unreadable(format!("{} cannot be read", path.display())).because(&error)),
    }
}

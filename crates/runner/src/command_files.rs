use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use tidegate_workflow_commands::{check_summary, check_variable, pairs, paths, text};

use crate::{listener::Listener, report::Report};

/// How long one of these files may be. Values of outputs have a million characters at most on GitHub, and 50 in all.
const MOST_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The files that a step writes for the runner.
#[derive(Debug)]
pub(crate) struct CommandFiles {
    folder: PathBuf,
    number: u32,
}

/// By the name of the variable, and how its file's name begins.
const FILES: [(&str, &str); 5] = [
    ("GITHUB_PATH", "add_path_"),
    ("GITHUB_ENV", "set_env_"),
    ("GITHUB_STEP_SUMMARY", "step_summary_"),
    ("GITHUB_STATE", "save_state_"),
    ("GITHUB_OUTPUT", "set_output_"),
];

impl CommandFiles {
    /// Makes them, empty: there are actions that look whether they are there.
    pub(crate) fn create(folder: &Path, number: u32) -> io::Result<Self> {
        let files = Self { folder: folder.to_owned(), number };
        for (_, path) in files.paths() {
            File::create_new(path)?;
        }
        Ok(files)
    }

    /// Their variables and paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let path = |prefix: &str| self.folder.join(format!("{prefix}{}", self.number));
        FILES.into_iter().map(move |(variable, prefix)| (variable, path(prefix)))
    }

    /// Reads and removes them.
    pub(crate) fn collect(self, listener: &mut Listener) {
        for (variable, path) in self.paths() {
            if let Err(why) = collect(variable, &path, listener) {
                let name = variable.trim_start_matches("GITHUB_").to_lowercase();
                listener
                    .fail(&[format!("Unable to process file command '{name}' successfully."), why]);
            }
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn collect(variable: &str, path: &Path, listener: &mut Listener) -> Result<(), String> {
    let most = if variable == "GITHUB_STEP_SUMMARY" { u64::MAX } else { MOST_FILE_BYTES };
    let Some(mut file) = open(path, most).map_err(|error| format!("{variable}: {error}"))? else {
        return Ok(());
    };
    if variable == "GITHUB_STEP_SUMMARY" {
        let size = file.metadata().map_or(0, |found| found.len());
        check_summary(size).map_err(|error| error.to_string())?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| format!("{variable}: {error}"))?;
    let text = text(&bytes);
    match variable {
        "GITHUB_STEP_SUMMARY" => listener.summarize(&text),
        "GITHUB_PATH" => paths(&text).for_each(|folder| listener.report_mut().add_path(folder)),
        _ => return read_pairs(variable, &text, listener),
    }
    Ok(())
}

fn read_pairs(variable: &str, text: &str, listener: &mut Listener) -> Result<(), String> {
    for pair in pairs(text) {
        let pair = pair.map_err(|error| format!("{variable}: {error}"))?;
        if pair.name.contains('\0') || pair.value.contains('\0') && variable == "GITHUB_ENV" {
            return Err(format!(
                "{variable}: '{}' holds a zero byte, which no variable can",
                pair.name.replace('\0', "\\0")
            ));
        }
        let checked = if variable == "GITHUB_ENV" { check_variable(pair.name) } else { Ok(()) };
        if let Err(error) = checked {
            listener.error(error.to_string());
            continue;
        }
        let kept: fn(&mut Report) -> &mut _ = match variable {
            "GITHUB_ENV" => |report| &mut report.variables,
            "GITHUB_STATE" => |report| &mut report.state,
            _ => |report| &mut report.outputs,
        };
        kept(listener.report_mut()).insert(pair.name.to_owned(), pair.value.to_owned());
    }
    Ok(())
}

/// A file that somebody else wrote: no link, no pipe, no more than so much. Nothing of one that is gone or empty.
pub(crate) fn open(path: &Path, most: u64) -> io::Result<Option<File>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is no file any more"));
    }
    if found.len() > most {
        return Err(io::Error::other(format!(
            "it has {} bytes; at most {most} are read",
            found.len()
        )));
    }
    Ok(Some(file).filter(|_| found.len() > 0))
}

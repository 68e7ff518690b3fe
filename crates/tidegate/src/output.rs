//! Writing to standard output and standard error.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write},
};

use serde::Serialize;

use crate::{
    args::{Format, Global},
    error::CliError,
    paint::Paint,
};

/// Standard output, as this command line wants it.
pub(crate) struct Output {
    stream: io::StdoutLock<'static>,
    /// Whether to colour.
    pub(crate) paint: Paint,
    /// How to print data.
    pub(crate) format: Format,
}

impl Output {
    /// As `global` says.
    pub(crate) fn new(global: &Global) -> Self {
        let stdout = io::stdout();
        Self {
            paint: Paint::of(global.color, &stdout),
            stream: stdout.lock(),
            format: global.output,
        }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl fmt::Display) -> Result<(), CliError> {
        writeln!(self.stream, "{text}").map_err(|error| cannot(&error))
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.stream.write_all(bytes).map_err(|error| cannot(&error))?;
        self.stream.flush().map_err(|error| cannot(&error))
    }

    /// Writes `value` as JSON or YAML when that is asked for; else what `table` makes.
    pub(crate) fn data<T: Serialize>(
        &mut self,
        value: &T,
        table: impl FnOnce(&mut Self) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        match text_of(value, self.format)? {
            None => table(self),
            Some(text) => self.line(text),
        }
    }

    /// Whether a person looks at it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.stream.is_terminal()
    }
}

/// `value` as JSON or YAML where that is asked for.
pub(crate) fn text_of<T: Serialize>(value: &T, format: Format) -> Result<Option<String>, CliError> {
    let unfit = |error| CliError::failed("the answer cannot be written").because(&error);
    match format {
        Format::Table | Format::Wide => Ok(None),
        Format::Json => serde_json::to_string_pretty(value).map(Some).map_err(unfit),
        Format::Yaml => {
            let value = serde_json::to_value(value).map_err(unfit)?;
            Ok(Some(tidegate_manifest::to_yaml(&value).trim_end().to_owned()))
        }
    }
}

/// Writes to standard error. When even that is gone there is nobody to tell.
pub(crate) fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A reader that went away, as `head` does, has seen enough: that is no failure of ours, and the
/// program ends as it would by the signal.
pub(crate) fn cannot(error: &io::Error) -> CliError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(i32::from(crate::exit::OK));
    }
    CliError::failed("standard output cannot be written").because(error)
}

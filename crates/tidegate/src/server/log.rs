use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::{
    args::{ColorWhen, LogFormat},
    paint::Paint,
};

/// Begins to write the log on standard error. `TIDEGATE_LOG` says how much of it, such as `debug`
/// or `tidegate_controller=trace`.
pub(crate) fn begin(format: LogFormat, color: ColorWhen) {
    let filter = EnvFilter::try_from_env("TIDEGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Left alone, a line that cannot be written is complained of with `eprintln!`, which panics when
    // standard error is what is full or gone, and takes along what was being logged about.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .log_internal_errors(false);
    // A second call, as in a test, changes nothing.
    let _ = match format {
        LogFormat::Json => log.json().try_init(),
        LogFormat::Text => {
            let ansi = Paint::of(color, &io::stderr()) == Paint::Ansi;
            log.with_ansi(ansi).with_target(io::stderr().is_terminal()).try_init()
        }
    };
}

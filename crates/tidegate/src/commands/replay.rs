//! Recordings sent to two revisions.

use std::process::ExitCode;

use tidegate_provider::{Asking, Report, Revisions, replay};
use tidegate_recording::{MOST_RECORDING_BYTES, recorded};

use super::contract::{bounded, headers};
use crate::{
    args::{Global, ResendArgs},
    error::{CliError, ErrorKind},
    exit,
    output::Output,
};

/// Sends a recording to two revisions and tells what their answers differ in.
pub(crate) async fn run(global: &Global, args: &ResendArgs) -> Result<ExitCode, CliError> {
    let bytes = bounded(&args.file, MOST_RECORDING_BYTES)?;
    let requests = recorded(&args.file.display().to_string(), &bytes).map_err(|problem| {
        CliError::new(ErrorKind::Unreadable, "the recording cannot be read").because(&problem)
    })?;
    let revisions = Revisions {
        base: args.base.clone(),
        head: args.head.clone(),
        asking: Asking::new(headers(&args.headers)?, args.timeout),
        ignored: args.ignored.clone(),
    };
    let report = replay(&requests, &revisions)
        .await
        .map_err(|problem| CliError::new(ErrorKind::Unreachable, problem))?;
    Output::new(global).data(&report, |output| show(output, &report))?;
    Ok(ExitCode::from(if report.divergent.is_empty() { exit::OK } else { exit::FAILED }))
}

fn show(output: &mut Output, report: &Report) -> Result<(), CliError> {
    for replayed in &report.divergent {
        output.line(format!("request {}: {}", replayed.number, replayed.request))?;
        if let Some(event) = replayed.event {
            output.line(format!("  first divergent event: {event}"))?;
        }
        for it in &replayed.differences {
            output.line(format!("  {}", it.field))?;
            output.line(format!("    - {}", it.base))?;
            output.line(format!("    + {}", it.head))?;
        }
    }
    if let Some(first) = report.divergent.first() {
        output.line(format!("first divergence: request {} ({})", first.number, first.request))?;
    }
    let same = report.sent - report.divergent.len();
    output.line(format!("{same} of {} answers are the same", report.sent))
}

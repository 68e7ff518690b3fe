mod read;
mod show;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use serde::Serialize;
use tidegate_hindsight::{
    Concurrent, Look, Report, Settings, Word, judge_requests, judge_series, replay_requests,
    replay_series,
};
use tidegate_judge::{IntervalSettings, JudgeSettings};

use crate::{
    args::{ConcurrentArg, Global, JudgeArgs, JudgeCommand, RecordingArgs, ReplayArgs},
    error::{CliError, ErrorKind},
    exit,
    output::text_of,
    paint::Paint,
};
use read::{Rows, read};

/// Judges what was recorded.
pub(crate) fn run(global: &Global, args: &JudgeArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        Some(JudgeCommand::Replay(args)) => replay(global, args),
        None => judge(global, &args.recordings),
    }
}

fn judge(global: &Global, args: &RecordingArgs) -> Result<ExitCode, CliError> {
    let settings = settings(args);
    let recorded = read(args, &settings)?;
    let mut report = match &recorded.rows {
        Rows::Requests(traffic) => judge_requests(traffic, &settings),
        Rows::Series(metrics) => judge_series(metrics, &settings),
    };
    report.notes.extend(recorded.notes);
    tell(global, &report, |paint| show::report(&report, paint))?;
    Ok(code(report.verdict))
}

/// What programs get of a replay.
#[derive(Serialize)]
struct Replay<'a> {
    #[serde(flatten)]
    report: &'a Report,
    looks: &'a [Look],
}

fn replay(global: &Global, args: &ReplayArgs) -> Result<ExitCode, CliError> {
    let settings = settings(&args.recordings);
    let recorded = read(&args.recordings, &settings)?;
    let (mut report, looks) = match &recorded.rows {
        Rows::Requests(traffic) => replay_requests(traffic, &settings),
        Rows::Series(metrics) => replay_series(metrics, &settings),
    };
    report.notes.extend(recorded.notes);
    tell(global, &Replay { report: &report, looks: &looks }, |paint| {
        format!("{}\n\n{}", show::looks(&looks), show::report(&report, paint))
    })?;
    Ok(code(report.verdict))
}

/// How the command line wants it judged.
fn settings(args: &RecordingArgs) -> Settings {
    let mut judge = JudgeSettings { alpha: args.alpha, ..JudgeSettings::default() };
    let mut interval = IntervalSettings { alpha: args.alpha, ..IntervalSettings::default() };
    if let Some(ratio) = args.error_margin {
        judge.error_odds_margin = ratio;
    }
    if !args.quantiles.is_empty() {
        judge.quantiles.clone_from(&args.quantiles);
    }
    if let Some(margin) = args.margin {
        judge.latency_margin = margin;
        (interval.margin, interval.margin_apart) = (margin, margin);
    }
    if args.warm_up.is_some() {
        // What is left out is left out whole, latency and errors.
        judge.warm_up = Duration::ZERO;
    }
    Settings {
        judge,
        interval,
        warm_up: args.warm_up.unwrap_or_default(),
        concurrent: match args.concurrent {
            ConcurrentArg::Auto => Concurrent::Unsaid,
            ConcurrentArg::Yes => Concurrent::Yes,
            ConcurrentArg::No => Concurrent::No,
        },
        metrics: args.metric.iter().cloned().collect(),
    }
}

/// What the exit code says of a verdict.
fn code(verdict: Word) -> ExitCode {
    ExitCode::from(match verdict {
        Word::NoWorse => exit::OK,
        Word::Worse => exit::WORSE,
        Word::Inconclusive => exit::INCONCLUSIVE,
    })
}

/// Writes a verdict. A reader that went away changes nothing of what the program ends with: that is
/// the verdict, and has to be right.
fn tell<T: Serialize>(
    global: &Global,
    value: &T,
    table: impl FnOnce(Paint) -> String,
) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    let text = text_of(value, global.output)?;
    let text = text.unwrap_or_else(|| table(Paint::of(global.color, &stdout)));
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::new(ErrorKind::Unreadable, "standard output cannot be written")
                .because(&error))
        }
        _ => Ok(()),
    }
}

mod draw;
mod kayenta;
mod read;
mod show;

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use serde::Serialize;
use tidegate_hindsight::{
    Comparison, Concurrent, Look, Report, Settings, Shape, Word, judge_requests, judge_series,
    replay_requests, replay_series,
};
use tidegate_judge::{IntervalSettings, JudgeSettings};
use tidegate_plot::{Glyphs, Theme};

use crate::{
    args::{ConcurrentArg, Global, JudgeArgs, JudgeCommand, RecordingArgs, ReplayArgs, ThemeArg},
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
        Some(JudgeCommand::Kayenta(args)) => kayenta::run(global, args),
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
    planned(args, &report)?;
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
    planned(&args.recordings, &report)?;
    report.notes.extend(recorded.notes);
    let theme = match args.theme {
        ThemeArg::Light => Theme::Light,
        ThemeArg::Dark => Theme::Dark,
    };
    let chart = draw::chart(&report, &looks, theme);
    if let Some(path) = &args.svg {
        save(path, tidegate_plot::svg(&chart).as_bytes())?;
    }
    if let Some(path) = &args.png {
        save(path, &tidegate_plot::png(&chart))?;
    }
    let width = args.width.map_or_else(terminal_width, usize::from);
    let glyphs = glyphs(|name| std::env::var(name).ok());
    tell(global, &Replay { report: &report, looks: &looks }, |paint| {
        let panels =
            chart.panels.iter().step_by(2).map(|panel| tidegate_plot::text(panel, width, glyphs));
        format!("{}\n\n{}", panels.collect::<Vec<_>>().join("\n\n"), show::report(&report, paint))
    })?;
    Ok(code(report.verdict))
}

/// What a terminal can show, by the locale as C reads it: one that is named and is not UTF-8 has ASCII
/// alone. Where none is named, as in containers, terminals have UTF-8 all the same.
fn glyphs(variable: impl Fn(&str) -> Option<String>) -> Glyphs {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let locale = named.map(|locale| locale.to_lowercase()).find(|locale| !locale.is_empty());
    let ascii = |locale: String| !locale.contains("utf-8") && !locale.contains("utf8");
    if locale.is_some_and(ascii) { Glyphs::Ascii } else { Glyphs::Braille }
}

/// Where nobody looks at a terminal, lines are this wide.
const PLAIN_WIDTH: usize = 100;

fn terminal_width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { PLAIN_WIDTH } else { columns.clamp(40, 400) }
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    std::fs::write(path, bytes).map_err(|error| {
        let message = format!("{} cannot be written", path.display());
        CliError::new(ErrorKind::Unreadable, message).because(&error)
    })
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
    judge.design = args.design;
    Settings {
        judge,
        interval,
        warm_up: args.warm_up.unwrap_or_default(),
        concurrent: match args.concurrent {
            ConcurrentArg::Auto => Concurrent::Unsaid,
            ConcurrentArg::Yes => Concurrent::Yes,
            ConcurrentArg::No => Concurrent::No,
        },
        history: args.history.is_some(),
        metrics: args.metric.iter().cloned().collect(),
    }
}

/// Refuses a design where nothing was looked at by it: request by request alone there are so many.
fn planned(args: &RecordingArgs, report: &Report) -> Result<(), CliError> {
    let by_second = match report.comparison {
        Comparison::Concurrent | Comparison::SeeminglyConcurrent => report.shape == Shape::Requests,
        Comparison::Apart | Comparison::History => false,
    };
    if args.design.is_none() || by_second {
        return Ok(());
    }
    let message = "--design is for requests that both answered at the same time";
    let hint = "leave it out: intervals are judged as they come";
    Err(CliError::new(ErrorKind::Usage, message).hint(hint))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_that_is_not_utf_8_has_ascii_alone() {
        let check = |set: &'static [(&str, &str)], expect| {
            let variable = |name: &str| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(glyphs(variable), expect, "{set:?}");
        };
        check(&[], Glyphs::Braille);
        check(&[("LANG", "C.UTF-8")], Glyphs::Braille);
        check(&[("LC_ALL", ""), ("LANG", "de_DE.utf8")], Glyphs::Braille);
        check(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")], Glyphs::Ascii);
        check(&[("LANG", "de_DE.ISO-8859-1")], Glyphs::Ascii);
    }
}

//! Recordings from files and standard input, as what is judged.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::Path,
    time::{Duration, Instant},
};

use tidegate_hindsight::{End, Hit, Metric, Settings, Side, Traffic, Watch};
use tidegate_judge::{Direction, Sample};
use tidegate_recording::{
    Arm, Outcome, ReadSettings, Reader, RecordingError, Request, Series, Shape, Zero,
};

use crate::{
    args::{RecordingArgs, ShapeArg, UnitArg},
    error::{CliError, ErrorKind},
    output::tell,
};

/// What was recorded of both.
pub(super) struct Recorded {
    pub(super) rows: Rows,
    /// What was left out, or taken for granted.
    pub(super) notes: Vec<String>,
}

/// The rows, by their shape.
pub(super) enum Rows {
    Requests(Box<Traffic>),
    Series(Vec<Metric>),
}

/// Reads all that the command line names. Requests from standard input are judged as they come, and
/// reading ends as soon as the canary is shown to be worse.
pub(super) fn read(args: &RecordingArgs, settings: &Settings) -> Result<Recorded, CliError> {
    let columns = read_settings(args);
    let recorded = match (&args.input, &args.canary, args.stable.as_ref().or(args.history.as_ref()))
    {
        (Some(both), ..) => {
            let columns = ReadSettings { arms: true, ..columns };
            one(open(both, &columns)?, settings)
        }
        (None, Some(canary), Some(stable)) => {
            if is_stdin(canary) && is_stdin(stable) {
                let error =
                    CliError::new(ErrorKind::Usage, "standard input can be one of the two only");
                let hint = if settings.history {
                    "write the history into a file"
                } else {
                    "give both in one stream, with a column `revision`, as FILE -"
                };
                return Err(error.hint(hint));
            }
            two(open(canary, &columns)?, open(stable, &columns)?, settings)
        }
        (None, ..) => Err(CliError::new(ErrorKind::Usage, "nothing to judge was named")),
    }?;
    check(args, &recorded.rows)?;
    Ok(recorded)
}

fn read_settings(args: &RecordingArgs) -> ReadSettings {
    let columns = &args.columns;
    ReadSettings {
        shape: columns.shape.map(|shape| match shape {
            ShapeArg::Requests => Shape::Requests,
            ShapeArg::Intervals => Shape::Intervals,
        }),
        time: columns.time.clone(),
        status: columns.status.clone(),
        latency: columns.latency.clone(),
        latency_micros: columns.latency_unit.map(|unit| match unit {
            UnitArg::S => 1e6,
            UnitArg::Ms => 1e3,
            UnitArg::Us => 1.0,
            UnitArg::Ns => 1e-3,
        }),
        arms: false,
        only: args.metric.iter().map(|(name, _)| name.clone()).collect(),
    }
}

/// A recording that is open.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) reader: Reader<'static>,
    live: bool,
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

pub(super) fn open(path: &Path, columns: &ReadSettings) -> Result<Opened, CliError> {
    let live = is_stdin(path);
    let name = if live { "standard input".to_owned() } else { path.display().to_string() };
    let input: Box<dyn Read> = if live {
        Box::new(io::stdin().lock())
    } else {
        let failed = |error| {
            CliError::new(ErrorKind::Unreadable, format!("{name} cannot be read")).because(&error)
        };
        Box::new(File::open(path).map_err(failed)?)
    };
    let reader = Reader::open(&name, input, columns).map_err(unreadable)?;
    Ok(Opened { name, reader, live })
}

pub(super) fn unreadable(error: RecordingError) -> CliError {
    match error {
        RecordingError::Unreadable { file, source } => {
            CliError::new(ErrorKind::Unreadable, format!("{file} cannot be read")).because(&source)
        }
        RecordingError::Malformed { file, line, column, message, mend } => {
            let place = format!("{file}:{line}:{column}: {message}");
            CliError::new(ErrorKind::Unreadable, place).hint(mend)
        }
    }
}

/// Both revisions in one recording.
fn one(mut both: Opened, settings: &Settings) -> Result<Recorded, CliError> {
    if both.reader.shape() == Shape::Intervals {
        let series = both.reader.series().map_err(unreadable)?;
        let (canary, stable) = series.into_iter().partition(|one| one.arm == Some(Arm::Canary));
        return Ok(in_common(canary, stable, both.reader.notes(), other(settings)));
    }
    let mut watch = Watch::new(settings);
    let shown = requests(&mut both, &mut watch, None)?;
    Ok(of_requests(watch, &[both], shown))
}

/// Each revision in its own recording.
fn two(mut canary: Opened, mut stable: Opened, settings: &Settings) -> Result<Recorded, CliError> {
    let shapes = (canary.reader.shape(), stable.reader.shape());
    if shapes.0 != shapes.1 {
        let (of_requests, of_intervals) =
            if shapes.0 == Shape::Requests { (&canary, &stable) } else { (&stable, &canary) };
        let message = format!(
            "the rows of {} are requests, those of {} are intervals",
            of_requests.name, of_intervals.name
        );
        return Err(CliError::new(ErrorKind::Unreadable, message).hint(
            "say what both are with --shape, or name the columns with --status and --latency",
        ));
    }
    if shapes.0 == Shape::Intervals {
        let ours = canary.reader.series().map_err(unreadable)?;
        let theirs = stable.reader.series().map_err(unreadable)?;
        return Ok(in_common(ours, theirs, notes(&[canary, stable]), other(settings)));
    }
    if settings.history {
        // Nothing is judged meanwhile: the past has to be known whole.
        (canary.live, stable.live) = (false, false);
    }
    let mut watch = Watch::new(settings);
    // What comes through a pipe is read last: it may never end.
    let shown = if stable.live {
        requests(&mut canary, &mut watch, Some(Side::Canary))?;
        requests(&mut stable, &mut watch, Some(Side::Stable))?
    } else {
        requests(&mut stable, &mut watch, Some(Side::Stable))?;
        requests(&mut canary, &mut watch, Some(Side::Canary))?
    };
    Ok(of_requests(watch, &[canary, stable], shown))
}

fn of_requests(watch: Watch, readers: &[Opened], shown: bool) -> Recorded {
    let mut notes = notes(readers);
    if shown {
        notes.push("reading ended where the canary was shown to be worse".to_owned());
    }
    Recorded { rows: Rows::Requests(Box::new(watch.traffic)), notes }
}

/// What the readers tell; of several files with the file that it is of.
fn notes(readers: &[Opened]) -> Vec<String> {
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for opened in readers {
        for note in opened.reader.notes() {
            told.entry(note).or_default().push(&opened.name);
        }
    }
    let named = |(note, files): (String, Vec<&str>)| {
        if files.len() == readers.len() { note } else { format!("{}: {note}", files.join(", ")) }
    };
    told.into_iter().map(named).collect()
}

/// Takes the requests of a recording; whether the canary was shown to be worse meanwhile.
fn requests(from: &mut Opened, watch: &mut Watch, side: Option<Side>) -> Result<bool, CliError> {
    let mut progress = Progress::new(from.live);
    while let Some(request) = from.reader.next_request().map_err(unreadable)? {
        let side = side.unwrap_or(match request.arm {
            Some(Arm::Canary) => Side::Canary,
            Some(Arm::Stable) | None => Side::Stable,
        });
        watch.zero_is_error(side, from.reader.zero() == Zero::Error);
        let hit = hit(&request);
        if !from.live {
            watch.add_recorded(side, &hit);
            continue;
        }
        progress.tell(watch);
        if watch.add(side, &hit) {
            progress.end();
            return Ok(true);
        }
    }
    watch.traffic.has_status &= from.reader.has_status();
    progress.end();
    Ok(false)
}

fn hit(request: &Request) -> Hit {
    Hit {
        at_micros: request.at_micros,
        end: match request.outcome {
            Outcome::Good => End::Good,
            Outcome::Error => End::Error,
            Outcome::Zero => End::Zero,
            Outcome::Cancelled => End::Cancelled,
        },
        latency_micros: request.latency_micros,
    }
}

/// Says on a terminal how far a stream is.
struct Progress {
    shown: bool,
    rows: u64,
    told: Instant,
}

/// Often enough to be seen as moving.
const TELL_EVERY: Duration = Duration::from_millis(500);

impl Progress {
    fn new(live: bool) -> Self {
        Self { shown: live && io::stderr().is_terminal(), rows: 0, told: Instant::now() }
    }

    fn tell(&mut self, watch: &Watch) {
        self.rows += 1;
        // The clock is asked for each hundredth row, which is cheap even at a million a second.
        if !self.shown || !self.rows.is_multiple_of(100) || self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        tell(&format!("\r\u{1b}[K{} requests; {}", self.rows, watch.so_far()));
    }

    fn end(&self) {
        if self.shown {
            tell("\r\u{1b}[K");
        }
    }
}

/// What the canary is compared with.
fn other(settings: &Settings) -> &'static str {
    if settings.history { "history" } else { "stable revision" }
}

/// The series that both have. Where each has one alone, these are compared whatever their names.
fn in_common(
    canary: Vec<Series>,
    stable: Vec<Series>,
    mut notes: Vec<String>,
    other: &str,
) -> Recorded {
    if let ([ours], [theirs]) = (canary.as_slice(), stable.as_slice())
        && ours.name != theirs.name
    {
        notes.push(format!("{} of the canary is compared with {}", ours.name, theirs.name));
        let name = ours.name.clone();
        let metric = Metric { name, canary: samples(ours), stable: samples(theirs) };
        return Recorded { rows: Rows::Series(vec![metric]), notes };
    }
    let mut others: BTreeMap<String, Series> =
        stable.into_iter().map(|one| (one.name.clone(), one)).collect();
    let mut metrics = Vec::new();
    for ours in canary {
        match others.remove(&ours.name) {
            Some(theirs) => metrics.push(Metric {
                canary: samples(&ours),
                stable: samples(&theirs),
                name: ours.name,
            }),
            None => notes.push(format!("{} is left out: the canary alone has it", ours.name)),
        }
    }
    notes.extend(others.keys().map(|name| format!("{name} is left out: the {other} alone has it")));
    Recorded { rows: Rows::Series(metrics), notes }
}

fn samples(series: &Series) -> Vec<Sample> {
    #[expect(clippy::cast_precision_loss, reason = "microseconds are plenty")]
    let sample = |at_micros: i64, value| Sample { at: at_micros as f64 / 1e6, value };
    series.points.iter().map(|point| sample(point.at_micros, point.value)).collect()
}

/// Refuses what the command line says of other rows than these.
fn check(args: &RecordingArgs, rows: &Rows) -> Result<(), CliError> {
    let refuse =
        |message: String, hint: String| Err(CliError::new(ErrorKind::Usage, message).hint(hint));
    match rows {
        Rows::Requests(_) => {
            let known = known(args);
            for (name, direction) in &args.metric {
                if !known.contains(name) {
                    let hint = format!(
                        "of requests there are {}; --quantiles makes others",
                        known.join(", ")
                    );
                    return refuse(format!("no metric is named {name:?}"), hint);
                }
                if direction.is_some_and(|change| change != Direction::Increase) {
                    let hint = format!("write --metric {name}");
                    return refuse(
                        format!("of requests, an increase of {name} is what harms"),
                        hint,
                    );
                }
            }
            Ok(())
        }
        Rows::Series(metrics) => {
            if args.error_margin.is_some() || !args.quantiles.is_empty() {
                let message = "--error-margin and --quantiles are for rows that are requests";
                return refuse(
                    message.to_owned(),
                    "these rows are intervals; --margin is for both".to_owned(),
                );
            }
            let missing =
                args.metric.iter().find(|(name, _)| metrics.iter().all(|one| one.name != *name));
            match missing {
                Some((name, _)) => refuse(
                    format!("no metric that both have is named {name:?}"),
                    "leave --metric out to see the names".to_owned(),
                ),
                None => Ok(()),
            }
        }
    }
}

/// The names of the metrics of requests.
fn known(args: &RecordingArgs) -> Vec<String> {
    let quantiles =
        if args.quantiles.is_empty() { &[0.5, 0.9, 0.99] } else { args.quantiles.as_slice() };
    let named = quantiles.iter().map(|p| format!("p{}", (p * 1e8).round() / 1e6));
    std::iter::once("errors".to_owned()).chain(named).collect()
}

//! Rows that are requests.

use crate::{
    cell::{Cell, Numeric, duration_ms, unit_of},
    error::Problem,
    layout::{Layout, Status},
    moment::Clock,
    request::{Arm, Outcome, Request, StatusKind, good, is_failure, of_span, outcome_of},
};

/// The name under which k6 tells how long a request took.
const K6_DURATION: &str = "http_req_duration";

/// How many requests were not told whole, and whether any had a status of HTTP.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    pub(crate) http: bool,
    without_status: u64,
    without_latency: u64,
    unanswered: u64,
    cancelled: u64,
    passed_over: u64,
}

impl Told {
    /// What there is to be told, with how many requests it is of.
    pub(crate) fn notes(&self) -> Vec<String> {
        [
            (self.without_status, "requests with no status", "they count as answered"),
            (self.without_latency, "requests with no latency", "they count for errors alone"),
            (
                self.unanswered,
                "requests with neither status nor latency",
                "they count as errors, for nothing answered them",
            ),
            (
                self.cancelled,
                "requests that the client gave up (499, CANCELLED, 1 of gRPC)",
                "they count neither way",
            ),
            (
                self.passed_over,
                "lines with neither status nor latency",
                "they are left out, for they are no requests",
            ),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, what, so)| format!("{what}: {count}; {so}"))
        .collect()
    }
}

/// The request that a record tells; none where it tells none.
pub(crate) fn request(
    cells: &[Cell<'_>],
    layout: &Layout,
    clock: &mut Clock,
    told: &mut Told,
) -> Result<Option<Request>, Problem> {
    if let Some((name, _)) = layout.long
        && cells.get(name).is_none_or(|cell| cell.text() != K6_DURATION)
    {
        return Ok(None);
    }
    if is_other(cells, layout) {
        told.passed_over += 1;
        return Ok(None);
    }
    let at_micros = moment(cells, layout.time, clock)?;
    let latency_micros = match layout.until {
        None => latency(cells, layout)?,
        Some(end) => lasted(cells, end, at_micros, clock)?,
    };
    let ended = match layout.status {
        None => Ended::Unasked,
        Some(status) => ended(cells, status)?,
    };
    let outcome = told.outcome(ended, latency_micros, layout);
    Ok(Some(Request { at_micros, outcome, latency_micros, arm: arm(cells, layout)? }))
}

/// Whether an object has no key of those that make it a request: a line of a log about something else.
fn is_other(cells: &[Cell<'_>], layout: &Layout) -> bool {
    let status = layout.status.map(Status::column);
    let latency = layout.latency.map(|(at, _)| at);
    let mut telling = [status, latency, layout.until].into_iter().flatten();
    telling.all(|at| cells.get(at).is_some_and(|cell| *cell == Cell::Absent))
}

impl Told {
    /// How a request ended, and what of that was taken for granted.
    fn outcome(&mut self, ended: Ended, latency: Option<f64>, layout: &Layout) -> Outcome {
        let times = layout.latency.is_some() || layout.until.is_some();
        match (ended, latency) {
            (Ended::Untold, None) if times => {
                self.unanswered += 1;
                return Outcome::Error;
            }
            (Ended::Untold, _) => self.without_status += 1,
            (_, None) if times => self.without_latency += 1,
            _ => {}
        }
        let Ended::Told(outcome, kind) = ended else { return Outcome::Good };
        self.http |= kind == StatusKind::Http;
        self.cancelled += u64::from(outcome == Outcome::Cancelled);
        outcome
    }
}

/// When a record is of.
pub(crate) fn moment(cells: &[Cell<'_>], time: usize, clock: &mut Clock) -> Result<i64, Problem> {
    let cell = cells.get(time).unwrap_or(&Cell::Absent);
    clock.read(cell).map_err(|(message, mend)| Problem::new(time, message, mend))
}

/// What a record says of how a request ended.
#[derive(Clone, Copy)]
enum Ended {
    /// There is no column for it.
    Unasked,
    /// Its cell is empty.
    Untold,
    Told(Outcome, StatusKind),
}

fn ended(cells: &[Cell<'_>], status: Status) -> Result<Ended, Problem> {
    let at = status.column();
    let cell = cells.get(at).unwrap_or(&Cell::Absent);
    if cell.is_nothing() {
        // Where nothing is written as the error there was none.
        let told = matches!(status, Status::Failed(_));
        return Ok(if told {
            Ended::Told(Outcome::Good, StatusKind::Other)
        } else {
            Ended::Untold
        });
    }
    let flag = |cell: &Cell<'_>| match cell {
        Cell::Number(number) => Some(*number != 0.0),
        cell => match cell.text().to_lowercase().as_str() {
            "1" | "true" | "yes" | "t" => Some(true),
            "0" | "false" | "no" | "f" => Some(false),
            _ => None,
        },
    };
    let found = match (status, flag(cell)) {
        (Status::Well(_), Some(flag)) => Some((good(flag), StatusKind::Other)),
        (Status::Failed(_), Some(flag)) => Some((good(!flag), StatusKind::Other)),
        (Status::Failed(_), None) => outcome_of(cell).or(Some((Outcome::Error, StatusKind::Other))),
        (Status::Span(_), _) => of_span(cell),
        _ => outcome_of(cell).or_else(|| is_failure(&cell.text())),
    };
    found.map(|(outcome, kind)| Ended::Told(outcome, kind)).ok_or_else(|| {
        Problem::new(
            at,
            format!("{} is no status", cell.shown()),
            "write 200 or 500, 2xx or 5xx, OK or error, true or false",
        )
    })
}

/// How long it took, in microseconds. What is -1 was not measured: HAProxy and others write it so.
fn latency(cells: &[Cell<'_>], layout: &Layout) -> Result<Option<f64>, Problem> {
    let Some((at, micros)) = layout.latency else { return Ok(None) };
    let cell = cells.get(at).unwrap_or(&Cell::Absent);
    let wrong = |why: &str, mend: &str| {
        Err(Problem::new(at, format!("{} is no latency{why}", cell.shown()), mend))
    };
    match cell.number() {
        Numeric::Number(-1.0) | Numeric::Missing => Ok(None),
        Numeric::Number(value) if value < 0.0 => wrong(": it is below zero", "give what it took"),
        // A number with a unit of its own is in milliseconds already.
        Numeric::Number(value) if unit_of(cell) == Some("ms") => Ok(Some(value * 1e3)),
        Numeric::Number(value) => Ok(Some(value * micros)),
        Numeric::Refused(why) => wrong("", why),
        Numeric::Text => match duration_ms(&cell.text()) {
            Some(value) => Ok(Some(value * 1e3)),
            None => wrong("", "write a number, or leave the cell empty"),
        },
    }
}

/// How long it took from its beginning to the moment in another column.
fn lasted(
    cells: &[Cell<'_>],
    end: usize,
    begin_micros: i64,
    clock: &mut Clock,
) -> Result<Option<f64>, Problem> {
    if cells.get(end).is_none_or(Cell::is_nothing) {
        return Ok(None);
    }
    let micros = moment(cells, end, clock)?.saturating_sub(begin_micros);
    if micros < 0 {
        let message = "it ended before it began";
        return Err(Problem::new(end, message, "give the end of the same request"));
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds of one request")]
    Ok(Some(micros as f64))
}

/// Which revision a record is of, where one recording holds both.
pub(crate) fn arm(cells: &[Cell<'_>], layout: &Layout) -> Result<Option<Arm>, Problem> {
    let Some(at) = layout.arm else { return Ok(None) };
    let cell = cells.get(at).unwrap_or(&Cell::Absent);
    Arm::of(&cell.text()).map(Some).ok_or_else(|| {
        Problem::new(
            at,
            format!("{} is no revision", cell.shown()),
            "write canary or stable, or give two files with --canary and --stable",
        )
    })
}

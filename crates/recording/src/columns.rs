//! Which column fits what, by its name and the first record.

use crate::{
    cell::{Cell, Numeric, unit_of},
    error::Problem,
    header::Name,
    layout::Status,
    moment::is_absolute,
    request::{is_failure, outcome_of},
    settings::{ReadSettings, Shape},
    vocabulary::{
        ARMS, BEGINS, CODES, ENDS, FAILED, LATENCIES, OF_REQUESTS, ROW_NUMBERS, SERIES, TIMES,
        VALUES, WELL,
    },
};

/// What a cell says that stands for a list.
pub(crate) const LIST: &str = "a list";

/// The names of the columns, with the first record.
pub(crate) struct Columns<'a> {
    pub(crate) texts: &'a [String],
    pub(crate) names: Vec<Name>,
    pub(crate) first: &'a [Cell<'a>],
}

impl Columns<'_> {
    fn text(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", String::as_str)
    }

    /// The column that best fits `names`; of two alike, the first.
    fn find(&self, names: &[&str]) -> Option<usize> {
        let ranked =
            self.names.iter().enumerate().filter_map(|(at, name)| Some((name.rank(names)?, at)));
        ranked.min().map(|(_, at)| at)
    }

    /// The column that a person named.
    fn named(&self, wanted: &str, option: &str) -> Result<usize, Problem> {
        self.texts.iter().position(|text| text == wanted).ok_or_else(|| {
            let all: Vec<_> = self.texts.iter().take(40).map(String::as_str).collect();
            Problem::new(
                0,
                format!("no column is named {wanted:?}"),
                format!("give {option} one of: {}", all.join(", ")),
            )
        })
    }

    pub(crate) fn time(&self, settings: &ReadSettings) -> Result<usize, Problem> {
        if let Some(name) = &settings.time {
            return self.named(name, "--time");
        }
        // Of several the one that has a date or an epoch: `grpc.time_ms` is how long it took.
        let kind = |at: &usize| self.first.get(*at).is_none_or(|cell| !is_absolute(cell));
        let ranked = self.names.iter().enumerate();
        let ranked = ranked.filter_map(|(at, name)| Some((kind(&at), name.rank(&TIMES)?, at)));
        ranked.min().map(|(.., at)| at).ok_or_else(|| self.no_time())
    }

    fn no_time(&self) -> Problem {
        let list = self.first.iter().position(|cell| cell.text() == LIST);
        let mend = match list {
            Some(at) => format!(
                "write the elements of {} one in each line, as `jq -c '.{}[]'` does",
                self.text(at),
                self.text(at)
            ),
            None => "name one time_s (seconds) or timestamp, or say which it is with --time".into(),
        };
        Problem::new(0, "no column tells the time", mend)
    }

    pub(crate) fn arm(&self, settings: &ReadSettings) -> Result<Option<usize>, Problem> {
        if !settings.arms {
            return Ok(None);
        }
        let found = self.find(&ARMS).map(Some);
        found.ok_or_else(|| {
            Problem::new(
                0,
                "no column tells which revision a row is of",
                "name one revision, with canary or stable in each row, or give two files with --canary and --stable",
            )
        })
    }

    /// Whether k6 wrote it: there each value of a request has a record.
    pub(crate) fn is_of_k6(&self) -> bool {
        let has = |name: &str| self.texts.iter().any(|text| text == name);
        (has("metric_name") && has("metric_value")) || (has("data.time") && has("data.value"))
    }

    /// One value of one series in each record.
    pub(crate) fn long(&self) -> Option<(usize, usize)> {
        let (series, value) = (self.find(&SERIES)?, self.find(&VALUES)?);
        let named = self.first.get(series).is_some_and(|cell| cell.number() == Numeric::Text);
        named.then_some((series, value))
    }

    pub(crate) fn status(&self, settings: &ReadSettings) -> Result<Option<Status>, Problem> {
        if let Some(name) = &settings.status {
            let at = self.named(name, "--status")?;
            return Ok(Some(self.flag(at).unwrap_or(self.code(at))));
        }
        let fits = |at: &usize| {
            let cell = self.first.get(*at);
            let ends =
                |cell: &Cell<'_>| outcome_of(cell).or_else(|| is_failure(&cell.text())).is_some();
            cell.is_some_and(|cell| cell.is_nothing() || ends(cell))
        };
        if let Some(at) = self.find(&CODES).filter(fits) {
            return Ok(Some(self.code(at)));
        }
        let flags = self.find(&WELL).or_else(|| self.find(&FAILED));
        let said = settings.shape == Some(Shape::Requests);
        Ok(flags.filter(|at| said || self.is_flag(*at)).and_then(|at| self.flag(at)))
    }

    fn code(&self, at: usize) -> Status {
        let of_span = self.names.iter().any(|name| name.base == "starttimeunix");
        if of_span { Status::Span(at) } else { Status::Code(at) }
    }

    /// A status that cannot be read would have a table of requests taken for one of intervals.
    pub(crate) fn unread_status(
        &self,
        settings: &ReadSettings,
        status: Option<Status>,
        latency: Option<(usize, f64)>,
    ) -> Result<(), Problem> {
        let at = self.find(&CODES).filter(|_| {
            status.is_none() && latency.is_some() && settings.shape != Some(Shape::Intervals)
        });
        let Some((at, cell)) = at.and_then(|at| Some((at, self.first.get(at)?))) else {
            return Ok(());
        };
        if !matches!(cell, Cell::Text(_)) || cell.number() != Numeric::Text {
            return Ok(());
        }
        Err(Problem::new(
            at,
            format!("{} is no status", cell.shown()),
            "write 200 or 500, 2xx or 5xx, OK or error; or say --shape intervals, if rows are no requests",
        ))
    }

    /// What there is to be told where rows look like intervals and may be requests.
    pub(crate) fn doubt(
        &self,
        settings: &ReadSettings,
        status: Option<Status>,
        timed: bool,
    ) -> Option<String> {
        let flag = self.find(&WELL).or_else(|| self.find(&FAILED));
        let at = flag.filter(|_| settings.shape.is_none() && status.is_none() && timed)?;
        Some(format!(
            "rows are taken as intervals, {} as a number; --shape requests, if each is a request",
            self.text(at)
        ))
    }

    /// The column with the end of a request.
    pub(crate) fn until(&self, time: usize, timed: bool) -> Option<usize> {
        let begins = self.names.get(time).is_some_and(|name| name.is_one_of(&BEGINS));
        self.find(&ENDS).filter(|_| begins && !timed)
    }

    fn flag(&self, at: usize) -> Option<Status> {
        let name = self.names.get(at)?;
        if name.is_one_of(&WELL) {
            return Some(Status::Well(at));
        }
        name.is_one_of(&FAILED).then_some(Status::Failed(at))
    }

    /// Whether the first record has a flag there, not a rate or a count.
    fn is_flag(&self, at: usize) -> bool {
        match self.first.get(at) {
            Some(Cell::Flag(_)) => true,
            // The text of an error, and nothing where there was none. A count has a number.
            Some(cell) if cell.is_nothing() => self.is_text_of_error(at),
            Some(Cell::Text(text)) if text.parse::<f64>().is_err() => {
                outcome_of(&Cell::Text(text.clone())).is_some() || self.is_text_of_error(at)
            }
            Some(cell) => {
                let word = self.names.get(at).is_some_and(|name| {
                    name.is_one_of(&["success", "succeeded", "failed", "iserror", "haserror"])
                });
                let number = cell.number();
                word && (number == Numeric::Number(0.0) || number == Numeric::Number(1.0))
            }
            None => false,
        }
    }

    fn is_text_of_error(&self, at: usize) -> bool {
        self.names.get(at).is_some_and(|name| name.is_one_of(&["error", "err", "failure"]))
    }

    pub(crate) fn latency(
        &self,
        settings: &ReadSettings,
        time: usize,
        notes: &mut Vec<String>,
    ) -> Result<Option<(usize, f64)>, Problem> {
        let at = match &settings.latency {
            Some(name) => Some(self.named(name, "--latency")?),
            None => {
                self.find(&LATENCIES).filter(|at| *at != time).or_else(|| self.other_time(time))
            }
        };
        let Some(at) = at else { return Ok(None) };
        let named = self.names.get(at).and_then(|name| name.micros);
        let micros = settings.latency_micros.or(named).or_else(|| self.usual_micros(at));
        if micros.is_none() && self.first.get(at).is_none_or(|cell| unit_of(cell).is_none()) {
            notes.push(format!(
                "{} is taken as milliseconds; --latency-unit says otherwise",
                self.text(at)
            ));
        }
        Ok(Some((at, micros.unwrap_or(1e3))))
    }

    /// A time with a unit that is not the time of the row: `grpc.time_ms`.
    fn other_time(&self, time: usize) -> Option<usize> {
        let absolute = self.first.get(time).is_some_and(is_absolute);
        let took = |(at, name): &(usize, &Name)| {
            let small = self.first.get(*at).is_some_and(|cell| !is_absolute(cell));
            *at != time && small && name.micros.is_some() && name.base == "time"
        };
        self.names.iter().enumerate().find(took).filter(|_| absolute).map(|(at, _)| at)
    }

    /// The unit that the programs use which write columns of these names.
    fn usual_micros(&self, at: usize) -> Option<f64> {
        let has = |name: &str| self.names.iter().any(|other| other.base == name);
        match self.names.get(at)?.base.as_str() {
            // JMeter.
            "elapsed" if has("timestamp") => Some(1e3),
            // ApacheBench, HAProxy.
            "ttime" | "ta" => Some(1e3),
            // hey.
            "responsetime" if has("offset") && has("statuscode") => Some(1e6),
            // nginx, which writes seconds.
            "requesttime" if has("timeiso8601") || has("timelocal") || has("msec") => Some(1e6),
            // vegeta.
            "latency" if has("bytesin") && has("bytesout") => Some(1e-3),
            // Jaeger.
            "duration" if has("traceid") && has("spanid") => Some(1.0),
            // Traefik.
            "duration" if has("downstreamstatus") => Some(1e-3),
            // Caddy.
            "duration" if self.has_path("resp_headers.") => Some(1e6),
            // The Elastic Common Schema.
            "duration" if self.text(at) == "event.duration" => Some(1e-3),
            // Envoy.
            "duration" if has("responseflags") || has("responsecodedetails") => Some(1e3),
            // oha.
            "requestduration" if has("requeststart") => Some(1e6),
            _ => None,
        }
    }

    /// Microseconds for one of the unit of the times, where that is known.
    pub(crate) fn time_micros(&self, time: usize) -> Option<f64> {
        let name = self.names.get(time)?;
        // hey and oha count seconds.
        let counted = ["offset", "requeststart"].contains(&name.base.as_str());
        name.micros.or_else(|| counted.then_some(1e6))
    }

    fn has_path(&self, start: &str) -> bool {
        self.texts.iter().any(|text| text.starts_with(start))
    }

    pub(crate) fn shape(&self, status: Option<Status>, timed: bool) -> Shape {
        let of_request = |name: &Name| name.is_one_of(&OF_REQUESTS) || name.base == "ttime";
        let told_apart = self.names.iter().any(of_request);
        match (status, timed) {
            (Some(Status::Code(_)), _) | (Some(_), true) => Shape::Requests,
            (None, true) if told_apart => Shape::Requests,
            _ => Shape::Intervals,
        }
    }

    /// Columns that would be numbers and mean nothing: other times, and numbers of rows.
    pub(crate) fn aside(&self, time: usize, shape: Shape, notes: &mut Vec<String>) -> Vec<usize> {
        if shape == Shape::Requests {
            return Vec::new();
        }
        let other_time = |name: &Name| name.is_one_of(&TIMES) && !name.is_one_of(&LATENCIES);
        let aside: Vec<usize> = self
            .names
            .iter()
            .enumerate()
            .filter(|(at, name)| *at != time && (name.is_one_of(&ROW_NUMBERS) || other_time(name)))
            .map(|(at, _)| at)
            .collect();
        notes.extend(aside.iter().map(|at| {
            format!("column {} is left out: it numbers or dates the rows", self.shown(*at))
        }));
        aside
    }

    fn shown(&self, at: usize) -> String {
        match self.text(at) {
            "" => format!("{} (which has no name)", at + 1),
            text => text.to_owned(),
        }
    }

    /// What of a table of requests is not looked at.
    pub(crate) fn ignored(&self, shape: Shape, used: &[Option<usize>]) -> Option<String> {
        if shape == Shape::Intervals {
            return None;
        }
        let rest: Vec<_> = (0..self.texts.len())
            .filter(|at| !used.contains(&Some(*at)))
            .map(|at| self.shown(at))
            .collect();
        (!rest.is_empty()).then(|| format!("columns not used: {}", rest.join(", ")))
    }
}

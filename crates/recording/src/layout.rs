//! Which column is what, from the header and the first record.

use crate::{
    cell::{Cell, Numeric},
    error::Problem,
    header::Name,
    request::outcome_of,
    settings::{ReadSettings, Shape},
    vocabulary::{
        ARMS, CODES, FAILED, LATENCIES, OF_REQUESTS, ROW_NUMBERS, SERIES, TIMES, VALUES, WELL,
    },
};

/// What the columns of a recording stand for.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) shape: Shape,
    pub(crate) time: usize,
    /// Microseconds for one of the unit of the time column, where its name tells.
    pub(crate) time_micros: Option<f64>,
    pub(crate) status: Option<Status>,
    /// The column and microseconds for one of its unit.
    pub(crate) latency: Option<(usize, f64)>,
    pub(crate) arm: Option<usize>,
    /// Where each record is one value of one series: the columns of its name and of its value.
    pub(crate) long: Option<(usize, usize)>,
    /// Columns that are no metrics, whatever they hold.
    pub(crate) aside: Vec<usize>,
    /// What was taken for granted.
    pub(crate) notes: Vec<String>,
}

/// Where a request's end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// A status.
    Code(usize),
    /// Whether it went well.
    Well(usize),
    /// Whether it failed.
    Failed(usize),
}

impl Layout {
    /// What `names` are, with `first`, the first record; a problem where that cannot be told.
    pub(crate) fn of(
        names: &[String],
        first: &[Cell<'_>],
        settings: &ReadSettings,
    ) -> Result<Self, Problem> {
        let header =
            Header { texts: names, names: names.iter().map(|n| Name::of_path(n)).collect(), first };
        let mut notes = Vec::new();
        let time = header.time(settings)?;
        let arm = header.arm(settings)?;
        let long = header.long();
        let mut status = header.status(settings)?;
        let mut latency = header.latency(settings, time, &mut notes)?;
        let shape = settings.shape.unwrap_or_else(|| header.shape(status, latency));
        if shape == Shape::Intervals {
            (status, latency) = (None, None);
        } else if long.is_some() && latency.is_none() {
            // Only a load generator's own format has requests in this form: their latency is the value.
            latency = long.map(|(_, value)| (value, 1e3));
        }
        if shape == Shape::Requests && status.is_none() && latency.is_none() {
            return Err(Problem::new(
                0,
                "no column tells how a request ended, or how long it took",
                "name one status or latency_ms, or say which it is with --status or --latency",
            ));
        }
        let mut aside = header.aside(time, shape, &mut notes);
        aside.extend(arm);
        notes.extend(header.ignored(shape, time, status, latency, arm, long));
        let time_micros = header.names.get(time).and_then(|name| name.micros);
        Ok(Self { shape, time, time_micros, status, latency, arm, long, aside, notes })
    }
}

struct Header<'a> {
    texts: &'a [String],
    names: Vec<Name>,
    first: &'a [Cell<'a>],
}

impl Header<'_> {
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

    fn time(&self, settings: &ReadSettings) -> Result<usize, Problem> {
        if let Some(name) = &settings.time {
            return self.named(name, "--time");
        }
        self.find(&TIMES).ok_or_else(|| {
            Problem::new(
                0,
                "no column tells the time",
                "name one time_s (seconds) or timestamp, or say which it is with --time",
            )
        })
    }

    fn arm(&self, settings: &ReadSettings) -> Result<Option<usize>, Problem> {
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

    /// One value of one series in each record.
    fn long(&self) -> Option<(usize, usize)> {
        let (series, value) = (self.find(&SERIES)?, self.find(&VALUES)?);
        let named = self.first.get(series).is_some_and(|cell| cell.number() == Numeric::Text);
        named.then_some((series, value))
    }

    fn status(&self, settings: &ReadSettings) -> Result<Option<Status>, Problem> {
        if let Some(name) = &settings.status {
            let at = self.named(name, "--status")?;
            return Ok(Some(self.flag(at).unwrap_or(Status::Code(at))));
        }
        let fits = |at: &usize| {
            let cell = self.first.get(*at);
            cell.is_some_and(|cell| cell.is_nothing() || outcome_of(cell).is_some())
        };
        if let Some(at) = self.find(&CODES).filter(fits) {
            return Ok(Some(Status::Code(at)));
        }
        let flags = self.find(&WELL).or_else(|| self.find(&FAILED));
        Ok(flags.filter(|at| self.is_flag(*at)).and_then(|at| self.flag(at)))
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
            Some(Cell::Text(text)) if text.parse::<f64>().is_err() => {
                outcome_of(&Cell::Text(text.clone())).is_some()
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

    fn latency(
        &self,
        settings: &ReadSettings,
        time: usize,
        notes: &mut Vec<String>,
    ) -> Result<Option<(usize, f64)>, Problem> {
        let at = match &settings.latency {
            Some(name) => Some(self.named(name, "--latency")?),
            None => self.find(&LATENCIES).filter(|at| *at != time),
        };
        let Some(at) = at else { return Ok(None) };
        let named = self.names.get(at).and_then(|name| name.micros);
        let micros = settings.latency_micros.or(named).or_else(|| self.usual_micros(at));
        if micros.is_none() {
            notes.push(format!(
                "{} is taken as milliseconds; --latency-unit says otherwise",
                self.text(at)
            ));
        }
        Ok(Some((at, micros.unwrap_or(1e3))))
    }

    /// The unit that the programs use which write columns of these names.
    fn usual_micros(&self, at: usize) -> Option<f64> {
        let has = |name: &str| self.names.iter().any(|other| other.base == name);
        match self.names.get(at)?.base.as_str() {
            // JMeter, and ApacheBench.
            "elapsed" if has("timestamp") => Some(1e3),
            "ttime" => Some(1e3),
            // hey.
            "responsetime" if has("offset") && has("statuscode") => Some(1e6),
            // nginx, which writes seconds.
            "requesttime" if has("timeiso8601") || has("timelocal") => Some(1e6),
            // vegeta.
            "latency" if has("bytesin") && has("bytesout") => Some(1e-3),
            // Jaeger.
            "duration" if has("traceid") && has("spanid") => Some(1.0),
            _ => None,
        }
    }

    fn shape(&self, status: Option<Status>, latency: Option<(usize, f64)>) -> Shape {
        let told_apart = self.names.iter().any(|name| name.is_one_of(&OF_REQUESTS));
        match (status, latency) {
            (Some(Status::Code(_)), _) | (Some(_), Some(_)) => Shape::Requests,
            (None, Some(_)) if told_apart => Shape::Requests,
            _ => Shape::Intervals,
        }
    }

    /// Columns that would be numbers and mean nothing: other times, and numbers of rows.
    fn aside(&self, time: usize, shape: Shape, notes: &mut Vec<String>) -> Vec<usize> {
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
    fn ignored(
        &self,
        shape: Shape,
        time: usize,
        status: Option<Status>,
        latency: Option<(usize, f64)>,
        arm: Option<usize>,
        long: Option<(usize, usize)>,
    ) -> Option<String> {
        if shape == Shape::Intervals {
            return None;
        }
        let mut used = vec![time];
        used.extend(status.map(Status::column));
        used.extend(latency.map(|(at, _)| at));
        used.extend(arm);
        used.extend(long.into_iter().flat_map(|(series, value)| [series, value]));
        let rest: Vec<_> = (0..self.texts.len())
            .filter(|at| !used.contains(at))
            .map(|at| self.shown(at))
            .collect();
        (!rest.is_empty()).then(|| format!("columns not used: {}", rest.join(", ")))
    }
}

impl Status {
    /// The column.
    pub(crate) const fn column(self) -> usize {
        match self {
            Self::Code(at) | Self::Well(at) | Self::Failed(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(header: &str, first: &str) -> Layout {
        let names: Vec<_> = header.split(',').map(str::to_owned).collect();
        let cells: Vec<_> = first.split(',').map(Cell::of_text).collect();
        Layout::of(&names, &cells, &ReadSettings::default()).unwrap()
    }

    fn check(
        header: &str,
        first: &str,
        expect: (Shape, usize, Option<Status>, Option<(usize, f64)>),
    ) {
        let found = layout(header, first);
        assert_eq!((found.shape, found.time, found.status, found.latency), expect, "{header}");
    }

    #[test]
    fn one_row_for_each_request_is_told_by_its_header() {
        let code = |at| Some(Status::Code(at));
        let of = |time, status, latency| (Shape::Requests, time, status, latency);
        check("time_s,status,latency_ms", "0.1,200,12", of(0, code(1), Some((2, 1e3))));
        check("latency_ms,status,time_s", "12,OK,0.1", of(2, code(1), Some((0, 1e3))));
        check(
            "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,Latency",
            "1769860800000,12,home,200,OK,main,true,11",
            of(0, code(3), Some((1, 1e3))),
        );
        check(
            "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset",
            "0.01,0,0,0,0,0,200,0.2",
            of(7, code(6), Some((0, 1e6))),
        );
        check("ts,ok,duration_s", "5,true,0.2", of(0, Some(Status::Well(1)), Some((2, 1e6))));
        check("time,failed,rt", "5,0,20", of(0, Some(Status::Failed(1)), Some((2, 1e3))));
        check(
            "timestamp,code,latency,bytes_out,bytes_in",
            "1,200,5,1,1",
            of(0, code(1), Some((2, 1e-3))),
        );
        check("startTime,duration,traceID,spanID", "1,5,a,b", of(0, None, Some((1, 1.0))));
        check("time,status", "1,500", of(0, code(1), None));
    }

    #[test]
    fn one_row_for_each_interval_is_everything_else() {
        let of = |time| (Shape::Intervals, time, None, None);
        check("time_s,error_rate,p99_ms", "0,0.1,5", of(0));
        check("time_s,latency_ms", "0,5", of(0));
        check("Time,{pod=\"a\"}", "2026-01-01 00:00:00,5", of(0));
        check("time,latency,error", "0,5,0", of(0));
        check("cpu,timestamp,status", "1,2,99.5", of(1));
        check("time,metric,value", "0,cpu,5", of(0));
        assert_eq!(layout("time,metric,value", "0,cpu,5").long, Some((1, 2)));
        assert_eq!(layout(",time,cpu,ts", "0,1,2,3").aside, [0, 3]);
    }

    #[test]
    fn what_is_missing_is_told_with_its_mend() {
        let fail = |header: &str, settings: &ReadSettings| {
            let names: Vec<_> = header.split(',').map(str::to_owned).collect();
            Layout::of(&names, &[], settings).unwrap_err()
        };
        let default = ReadSettings::default();
        assert!(fail("cpu,memory", &default).mend.contains("time_s"));
        let named = ReadSettings { time: Some("when".to_owned()), ..default.clone() };
        assert!(fail("cpu,memory", &named).mend.contains("cpu, memory"));
        let arms = ReadSettings { arms: true, ..default };
        assert!(fail("time,status", &arms).mend.contains("--canary"));
    }
}

//! Which column is what, from the header and the first record.

use crate::{
    cell::Cell,
    columns::Columns,
    error::Problem,
    header::Name,
    settings::{ReadSettings, Shape},
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
    /// The column with the time at which a request ended, where none tells how long it took.
    pub(crate) until: Option<usize>,
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
    /// The status of a span of `OpenTelemetry`.
    Span(usize),
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
        let header = Columns {
            texts: names,
            names: names.iter().map(|n| Name::of_path(n)).collect(),
            first,
        };
        let mut notes = Vec::new();
        let time = header.time(settings)?;
        let arm = header.arm(settings)?;
        let long = header.long();
        // Only a load generator's own format has requests with a value each: their latency is that.
        let is_series = long.is_some() && !header.is_of_k6();
        let mut status = if is_series { None } else { header.status(settings)? };
        let mut latency =
            if is_series { None } else { header.latency(settings, time, &mut notes)? };
        let mut until = header.until(time, latency.is_some());
        header.unread_status(settings, status, latency)?;
        let timed = latency.is_some() || until.is_some();
        let shape = settings.shape.unwrap_or_else(|| header.shape(status, timed));
        if shape == Shape::Intervals {
            notes.extend(header.doubt(settings, status, timed));
            (status, latency, until) = (None, None, None);
        } else if long.is_some() && latency.is_none() && !is_series {
            latency = long.map(|(_, value)| (value, 1e3));
        }
        if shape == Shape::Requests && status.is_none() && !timed && (long.is_none() || is_series) {
            return Err(Problem::new(
                0,
                "no column tells how a request ended, or how long it took",
                "name one status or latency_ms, or say which it is with --status or --latency",
            ));
        }
        let mut aside = header.aside(time, shape, &mut notes);
        aside.extend(arm);
        notes.extend(header.ignored(
            shape,
            &[
                Some(time),
                status.map(Status::column),
                latency.map(|(at, _)| at),
                until,
                arm,
                long.map(|(series, _)| series),
                long.map(|(_, value)| value),
            ],
        ));
        let time_micros = header.time_micros(time);
        Ok(Self { shape, time, time_micros, status, latency, until, arm, long, aside, notes })
    }
}

impl Status {
    /// The column.
    pub(crate) const fn column(self) -> usize {
        match self {
            Self::Code(at) | Self::Span(at) | Self::Well(at) | Self::Failed(at) => at,
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
        check(
            "starttime,seconds,ctime,dtime,ttime,wait",
            "1,1,0,2,2,2",
            of(0, None, Some((4, 1e3))),
        );
        check("ts,grpc.time_ms,code", "1769860800,12,OK", of(0, code(2), Some((1, 1e3))));
        check("time_s,error,latency_ms", "1,,12", of(0, Some(Status::Failed(1)), Some((2, 1e3))));
        check("time_s,status,rt", "1,Connection refused,12", of(0, code(1), Some((2, 1e3))));
    }

    #[test]
    fn a_span_ends_in_a_column_of_its_own() {
        let found = layout("traceId,startTimeUnixNano,endTimeUnixNano,status.code", "a,5,9,1");
        assert_eq!((found.until, found.latency), (Some(2), None));
        assert_eq!((found.status, found.time_micros), (Some(Status::Span(3)), Some(1e-3)));
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
        assert!(
            layout("time,latency,error", "0,5,0").notes.iter().any(|note| note.contains("--shape"))
        );
        assert_eq!(layout("time,metric,value", "0,cpu,5").long, Some((1, 2)));
        check("time,metric,value,status", "0,cpu,5,500", of(0));
        check("result,table,_time,_value,_field", ",0,5,1,cpu", of(2));
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
        let header: Vec<_> = ["time", "status", "rt"].map(str::to_owned).into();
        let cells = ["1", "purple", "5"].map(Cell::of_text);
        let problem = Layout::of(&header, &cells, &default).unwrap_err();
        assert!(problem.message == "\"purple\" is no status" && problem.mend.contains("--shape"));
        let arms = ReadSettings { arms: true, ..default };
        assert!(fail("time,status", &arms).mend.contains("--canary"));
    }
}

use std::fmt::Write as _;

use tidegate_recording::{Arm, Outcome, ReadSettings, Reader, Request, Series, Shape, Zero};

const NOON: i64 = 1_769_860_800_000_000;

fn requests(text: &str, settings: &ReadSettings) -> (Vec<Request>, Zero, Vec<String>) {
    let mut reader = Reader::open("a.csv", Box::new(text.as_bytes()), settings).unwrap();
    assert_eq!(reader.shape(), Shape::Requests);
    let mut all = Vec::new();
    while let Some(request) = reader.next_request().unwrap() {
        all.push(request);
    }
    (all, reader.zero(), reader.notes())
}

fn series(text: &str, settings: &ReadSettings) -> (Vec<Series>, Vec<String>) {
    let mut reader = Reader::open("a.csv", Box::new(text.as_bytes()), settings).unwrap();
    assert_eq!(reader.shape(), Shape::Intervals);
    let series = reader.series().unwrap();
    (series, reader.notes())
}

fn error(text: &str, settings: &ReadSettings) -> String {
    let mut reader = match Reader::open("a.csv", Box::new(text.as_bytes()), settings) {
        Ok(reader) => reader,
        Err(error) => return error.to_string(),
    };
    loop {
        match reader.next_request() {
            Ok(Some(_)) => {}
            Ok(None) => return reader.series().unwrap_err().to_string(),
            Err(error) => return error.to_string(),
        }
    }
}

/// Each file tells these: one request at noon that took 12 ms, then an error that took 30 ms.
#[track_caller]
fn check_requests(text: &str) {
    let (all, ..) = requests(text, &ReadSettings::default());
    let told: Vec<_> = all
        .iter()
        .map(|one| {
            (one.at_micros - all[0].at_micros, one.outcome, one.latency_micros.unwrap().round())
        })
        .collect();
    assert_eq!(told, [(0, Outcome::Good, 12e3), (2_000_000, Outcome::Error, 30e3)], "{text}");
}

#[test]
fn requests_are_read_from_what_load_generators_and_servers_write() {
    check_requests("time_s,status,latency_ms\n0.5,200,12\n2.5,500,30\n");
    check_requests("\u{feff}time_s;status;latency_ms\r\n0.5;200;12\r\n2.5;5xx;30\r\n");
    check_requests(
        "timestamp\tok\tduration_s\n2026-01-31T12:00:00Z\ttrue\t0.012\n2026-01-31T12:00:02Z\tfalse\t0.03\n",
    );
    check_requests(
        "timeStamp,elapsed,label,responseCode,responseMessage,success,Latency\n\
         1769860800000,12,\"a, b\",200,OK,true,11\n1769860802000,30,x,503,\"no\nway\",false,29\n",
    );
    check_requests(
        "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n\
         0.012,0,0,0,0,0,200,0.1\n0.030,0,0,0,0,0,500,2.1\n",
    );
    check_requests(
        "1769860800000000000,200,12000000,0,5,,,a,0,GET,http://x,\n\
         1769860802000000000,500,30000000,0,5,500 Internal,,a,1,GET,http://x,\n",
    );
    check_requests(
        "{\"attack\":\"\",\"seq\":0,\"code\":200,\"timestamp\":\"2026-01-31T12:00:00.5+01:00\",\"latency\":12000000,\"bytes_out\":0,\"bytes_in\":5}\n\
         {\"attack\":\"\",\"seq\":1,\"code\":500,\"timestamp\":\"2026-01-31T12:00:02.5+01:00\",\"latency\":30000000,\"bytes_out\":0,\"bytes_in\":5}\n",
    );
    check_requests(
        "metric_name,timestamp,metric_value,status\nhttp_reqs,1769860800,1,200\n\
         http_req_duration,1769860800,12,200\nhttp_req_duration,1769860802,30,500\n",
    );
    check_requests(
        "{\"type\":\"Metric\",\"data\":{\"name\":\"http_req_duration\"},\"metric\":\"http_req_duration\"}\n\
         {\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"2026-01-31T12:00:00Z\",\"value\":12,\"tags\":{\"status\":\"200\"}}}\n\
         {\"metric\":\"http_reqs\",\"type\":\"Point\",\"data\":{\"time\":\"2026-01-31T12:00:01Z\",\"value\":1,\"tags\":{\"status\":\"200\"}}}\n\
         {\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"2026-01-31T12:00:02Z\",\"value\":30,\"tags\":{\"status\":\"500\"}}}\n",
    );
    check_requests(
        "{\"time_iso8601\":\"2026-01-31T12:00:00+00:00\",\"status\":200,\"request_time\":0.012}\n\
         {\"time_iso8601\":\"2026-01-31T12:00:02+00:00\",\"status\":502,\"request_time\":0.030}\n",
    );
}

#[test]
fn what_zero_means_follows_from_the_other_statuses() {
    let read = |text: &str| requests(text, &ReadSettings::default()).1;
    assert_eq!(read("ts,status,latency_ms\n1,0,2\n2,14,2\n"), Zero::Good);
    assert_eq!(read("ts,status,latency_ms\n1,0,2\n2,200,2\n"), Zero::Error);
}

#[test]
fn one_recording_may_hold_both_revisions() {
    let settings = ReadSettings { arms: true, ..ReadSettings::default() };
    let text = "time_s,revision,status\n1,canary,200\n1,stable,500\n";
    let arms: Vec<_> = requests(text, &settings).0.iter().map(|one| one.arm).collect();
    assert_eq!(arms, [Some(Arm::Canary), Some(Arm::Stable)]);
    let wrong = "time_s,revision,status\n1,canary,200\n1,7fd4,500\n";
    assert_eq!(
        error(wrong, &settings),
        "a.csv:3:3: \"7fd4\" is no revision; write canary or stable, or give two files with --canary and --stable"
    );
}

#[test]
fn what_is_taken_for_granted_is_told() {
    let (_, _, notes) =
        requests("time,status,took,host\n2026-01-31 12:00:00,,5,a\n", &ReadSettings::default());
    assert_eq!(
        notes,
        [
            "took is taken as milliseconds; --latency-unit says otherwise",
            "columns not used: host",
            "times with no zone are taken as UTC",
            "requests with no status: 1; they count as answered",
        ]
    );
}

/// Each file tells `cpu` as 1 at noon and 3 a minute later.
#[track_caller]
fn check_series(text: &str, name: &str) {
    let (all, _) = series(text, &ReadSettings::default());
    let one = all.iter().find(|one| one.name == name).unwrap();
    let told: Vec<_> =
        one.points.iter().map(|point| (point.at_micros - NOON, point.value)).collect();
    assert_eq!(told, [(0, 1.0), (60_000_000, 3.0)], "{text}");
}

#[test]
fn series_are_read_from_what_monitoring_exports() {
    check_series("time_s,cpu,note\n1769860800,1,a\n1769860860,3,b\n", "cpu");
    check_series(
        "\"Time\",\"cpu\"\n\"2026-01-31 12:01:00\",\"3\"\n\"2026-01-31 12:00:00\",\"1\"\n",
        "cpu",
    );
    check_series("Time;cpu;mem\n1769860800000;1;NaN\n1769860860000;3;\n", "cpu");
    check_series(
        "#group,false\n#datatype,string\n,result,table,_time,_value,_field,host\n\
         ,,0,2026-01-31T12:00:00Z,1,cpu,a\n,,0,2026-01-31T12:01:00Z,3,cpu,a\n\n\
         #group,false\n#datatype,string\n,result,table,_time,_value,_field,host\n\
         ,,1,2026-01-31T12:00:00Z,7,mem,a\n",
        "cpu",
    );
    check_series(
        "{\"time\":1769860800,\"cpu\":1}\n\n{\"time\":1769860860,\"cpu\":3,\"late\":1}\n",
        "cpu",
    );
    check_series("metric,ts,value\ncpu,1769860800,1\nmem,1769860800,9\ncpu,1769860860,3\n", "cpu");
    check_series(
        "# TYPE cpu gauge\ncpu{pod=\"a\"} 1 1769860800000\ncpu{pod=\"a\"} 3 1769860860000\n",
        "cpu",
    );
    check_series(
        "cpu{pod=\"a\",zone=\"b\"} 1 1769860800.0\ncpu{pod=\"a\",zone=\"b\"} 3 1769860860.0\n",
        "cpu{zone=\"b\"}",
    );
    check_series("index,time,cpu\n0,1769860800,0.5\n1,1769860800,1.5\n2,1769860860,3\n", "cpu");
}

#[test]
fn counters_and_histograms_become_what_can_be_compared() {
    let mut text = String::from("# TYPE rpc histogram\n# TYPE http_requests counter\n");
    for minute in 0..4_i64 {
        let at = 1_769_860_800 + 60 * minute;
        for (le, below) in [("0.1", 60), ("0.2", 90), ("+Inf", 100)] {
            let _ = writeln!(text, "rpc_bucket{{pod=\"a\",le=\"{le}\"}} {} {at}", below * minute);
        }
        let _ = write!(
            text,
            "rpc_sum{{pod=\"a\"}} {} {at}\nrpc_count{{pod=\"a\"}} {} {at}\n",
            10 * minute,
            100 * minute
        );
        let _ =
            writeln!(text, "http_requests_total{{code=\"200\",pod=\"a\"}} {} {at}", 540 * minute);
        let _ = writeln!(
            text,
            "http_requests_total{{code=\"500\",pod=\"b\"}} {} {}",
            60 * minute,
            at + 7
        );
    }
    let (all, _) = series(&text, &ReadSettings::default());
    let last = |name: &str| {
        let one = all.iter().find(|one| one.name == name).unwrap();
        one.points.last().unwrap().value
    };
    assert!((last("rpc_mean") - 0.1).abs() < 1e-9);
    assert!((last("rpc_p90") - 0.2).abs() < 1e-9);
    assert!((last("rpc_p50") - 0.1 * 50.0 / 60.0).abs() < 1e-9);
    assert!((last("http_requests_total_error_share") - 0.1).abs() < 1e-9);
    assert!((last("http_requests_total") - 10.0).abs() < 1e-9);
}

#[test]
fn series_of_one_recording_are_told_apart_by_a_label() {
    let settings = ReadSettings { arms: true, ..ReadSettings::default() };
    let text = "cpu{revision=\"canary\"} 1 1769860800\ncpu{revision=\"stable\"} 2 1769860800\n";
    let (all, _) = series(text, &settings);
    let told: Vec<_> = all.iter().map(|one| (one.arm, one.points[0].value)).collect();
    assert_eq!(told, [(Some(Arm::Canary), 1.0), (Some(Arm::Stable), 2.0)]);
    assert!(error("cpu 1 1769860800\n", &settings).contains("no label tells which revision"));
}

#[test]
fn errors_say_where_and_what_to_do() {
    let default = ReadSettings::default();
    let check = |text: &str, expect: &str| assert_eq!(error(text, &default), expect);
    check(
        "time_s,status,latency_ms\n1,200,\"a,b\"\n",
        "a.csv:2:7: \"a,b\" is no latency; write a number, or leave the cell empty",
    );
    check(
        "time_s,status,latency_ms\n1,200,5\n2,purple,5\n",
        "a.csv:3:3: \"purple\" is no status; write 200 or 500, 2xx or 5xx, OK or error, true or false",
    );
    check(
        "time_s;p99\n1;12,5\n",
        "a.csv:2:3: p99: \"12,5\" is ambiguous; a comma in a number is read in different ways; write 1234.5, with a point and no other mark",
    );
    check(
        "time_s,p99\n1,12\n\n2,13,14\n",
        "a.csv:4:6: the row has 3 cells, the header 2; give each row a cell for each column; a cell may be empty",
    );
    check(
        "{\"time\":1,\"cpu\":1}\n{\"time\":\"noon\",\"cpu\":1}\n",
        "a.csv:2:9: \"noon\" is no time; write seconds, or an RFC 3339 time such as 2026-01-31T12:00:00Z, or name the column with --time",
    );
    check(
        "{\"time\":1,\"cpu\":1}\nnonsense\n",
        "a.csv:2:2: the line is no JSON object (expected ident); write one object in each line; `grep '^{'` leaves out other lines",
    );
    check(
        "cpu,mem\n1,2\n",
        "a.csv:1:1: no column tells the time; name one time_s (seconds) or timestamp, or say which it is with --time",
    );
    check(
        "1,2\n3,4\n",
        "a.csv:1:1: there is no header; write the names of the columns in the first line, such as time_s,status,latency_ms",
    );
    check("time_s,cpu\n", "a.csv:2:1: there is no row below the header; record something");
}

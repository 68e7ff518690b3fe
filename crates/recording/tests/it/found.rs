//! Files as people have them.

use tidegate_recording::{Outcome, ReadSettings, Reader, Shape};

/// How each request ended, in milliseconds how long it took, and what was told.
type Read = (Vec<(Outcome, Option<f64>)>, Vec<String>);

fn read(text: &str) -> Result<Read, String> {
    let settings = ReadSettings::default();
    let reader = Reader::open("a", Box::new(text.as_bytes()), &settings);
    let mut reader = reader.map_err(|error| error.to_string())?;
    assert_eq!(reader.shape(), Shape::Requests, "{text}");
    let mut all = Vec::new();
    while let Some(one) = reader.next_request().map_err(|error| error.to_string())? {
        all.push((one.outcome, one.latency_micros.map(|micros| (micros / 1e3).round())));
    }
    Ok((all, reader.notes()))
}

/// Each file tells a request that took 12 ms, and an error that took 30.
#[track_caller]
fn check(text: &str) {
    let (all, _) = read(text).unwrap();
    assert_eq!(all, [(Outcome::Good, Some(12.0)), (Outcome::Error, Some(30.0))], "{text}");
}

#[test]
fn objects_may_be_in_an_array_or_over_several_lines() {
    check(
        "[{\"time\":1,\"status\":200,\"took_ms\":12},{\"time\":2,\"status\":500,\"took_ms\":30}]",
    );
    check(
        "[\n  {\n    \"time\": 1,\n    \"status\": 200,\n    \"took_ms\": 12\n  },\n  {\n    \"time\": 2,\n    \"status\": 500,\n    \"took_ms\": 30\n  }\n]\n",
    );
    check(
        "{\n\"time\":1,\"status\":200,\n\"took_ms\":12}\n{\"time\":2,\n\"status\":500,\"took_ms\":30}\n",
    );
    let error =
        read("[\n {\"time\": 1, \"status\": 200},\n {\"time\": 2,\n  \"status\": \"purple\"}]");
    assert!(
        error.as_ref().unwrap_err().starts_with("a:4:13: \"purple\" is no status"),
        "{error:?}"
    );
    let list = read("{\"rows\": [{\"time\": 1}]}\n").unwrap_err();
    assert!(list.contains("`jq -c '.rows[]'`"), "{list}");
}

#[test]
fn a_log_has_lines_about_something_else() {
    let text = "{\"ts\":1,\"msg\":\"listening\"}\n{\"msg\":\"ready\"}\n\
                {\"ts\":2,\"status\":200,\"took_ms\":12}\n{\"ts\":3,\"msg\":\"tick\"}\n\
                {\"ts\":4,\"status\":500,\"took_ms\":30}\n";
    check(text);
    let (_, notes) = read(text).unwrap();
    let told =
        "lines with neither status nor latency: 3; they are left out, for they are no requests";
    assert!(notes.iter().any(|note| note == told), "{notes:?}");
}

#[test]
fn what_a_row_does_not_tell_is_counted() {
    let (all, notes) =
        read("time_s,status,latency_ms\n1,200,\n2,,5\n3,,\n4,499,5\n5,200,-1\n").unwrap();
    let ends: Vec<_> = all.iter().map(|(outcome, _)| *outcome).collect();
    assert_eq!(
        ends,
        [Outcome::Good, Outcome::Good, Outcome::Error, Outcome::Cancelled, Outcome::Good]
    );
    for told in [
        "requests with no latency: 2; they count for errors alone",
        "requests with no status: 1; they count as answered",
        "requests with neither status nor latency: 1; they count as errors, for nothing answered them",
        "requests that the client gave up (499, CANCELLED, 1 of gRPC): 1; they count neither way",
    ] {
        assert!(notes.iter().any(|note| note == told), "{notes:?}");
    }
}

#[test]
fn tables_have_remarks_spaces_and_their_header_again() {
    check("sep=;\ntime_s;status;latency_ms\n1;200;12\n2;500;30\n");
    check(
        "time_s,status,latency_ms\n1,200,12\n   \n# the second half\ntime_s,status,latency_ms\n2,500,30\n",
    );
    check(
        "\"time_s\", \"status\", \"latency_ms\"\n\"1\", \"200\", \"12\"\n\"2\", \"503\", \"30\"\n",
    );
    let (_, notes) = read("time,status\n1,200\n# a\ntime,status\n2,500\n").unwrap();
    assert_eq!(
        notes,
        [
            "times are taken as seconds; name the column time_ms, time_us or time_ns where they are none",
            "lines that begin with #: 1; they are left out",
            "headers in the middle of the file: 1; they are left out",
        ]
    );
}

#[test]
fn a_quote_that_is_never_closed_swallows_nothing_unseen() {
    let error = read("time_s,status,url\n1,200,a\n2,200,\"b\n3,500,c\n4,500,d\n").unwrap_err();
    assert_eq!(
        error,
        "a:3:1: a quoted cell of this row is not closed; close it, and write a quote within quotes twice"
    );
    assert!(read("time_s,status,url\n1,200,5\" disk\n2,200,b\n").is_ok());
    assert!(read("time_s,status,url\n1,200,\"two\nlines\"\n").is_ok());
}

#[test]
fn statuses_and_latencies_are_read_as_programs_write_them() {
    check("ts,status,latency\n1,StatusCode.OK,12ms\n2,DeadlineExceeded,30000µs\n");
    check("ts,status,latency\n1,HTTP/1.1 200 OK,0.012s\n2,Connection refused,00:00:00.030\n");
    check("ts,latencyms,error\n1,12,\n2,30,read: connection reset by peer\n");
    check(
        "{\"time\":1,\"status\":200,\"ms\":NaN,\"took_ms\":12}\n{\"time\":2,\"status\":-1,\"took_ms\":30}\n",
    );
    check(
        "{\"startTimeUnixNano\":\"1769860800000000000\",\"endTimeUnixNano\":\"1769860800012000000\",\"status\":{\"code\":1}}\n\
         {\"startTimeUnixNano\":\"1769860801000000000\",\"endTimeUnixNano\":\"1769860801030000000\",\"status\":{\"code\":2}}\n",
    );
    check(
        "{\"StartUTC\":\"2026-01-31T12:00:00Z\",\"DownstreamStatus\":200,\"Duration\":12000000}\n\
         {\"StartUTC\":\"2026-01-31T12:00:01Z\",\"DownstreamStatus\":502,\"Duration\":30000000}\n",
    );
    check(
        "{\"ts\":1769860800.5,\"duration\":0.012,\"status\":200,\"resp_headers\":{\"Server\":[\"Caddy\"]}}\n\
         {\"ts\":1769860801.5,\"duration\":0.030,\"status\":502,\"resp_headers\":{}}\n",
    );
    check(
        "{\"@timestamp\":\"2026-01-31T12:00:00Z\",\"event\":{\"duration\":12000000},\"http\":{\"response\":{\"status_code\":200}}}\n\
         {\"@timestamp\":\"2026-01-31T12:00:01Z\",\"event\":{\"duration\":30000000},\"http\":{\"response\":{\"status_code\":500}}}\n",
    );
}

#[test]
fn what_prometheus_answers_is_read() {
    let text = "{\n \"status\": \"success\",\n \"data\": {\"resultType\": \"matrix\", \"result\": [\
                {\"metric\": {\"__name__\": \"cpu\", \"pod\": \"a\"}, \"values\": [[1769860800, \"1\"], [1769860815.5, \"NaN\"], [1769860830, \"3\"]]},\
                {\"metric\": {\"job\": \"b\"}, \"values\": [[1769860800, \"5\"]]}]}}";
    let settings = ReadSettings::default();
    let mut reader = Reader::open("a", Box::new(text.as_bytes()), &settings).unwrap();
    assert_eq!(reader.shape(), Shape::Intervals);
    let series = reader.series().unwrap();
    let told: Vec<_> = series
        .iter()
        .map(|one| (one.name.as_str(), one.points.iter().map(|p| p.value).collect::<Vec<_>>()))
        .collect();
    assert_eq!(told, [("cpu", vec![1.0, 3.0]), ("value{job=\"b\"}", vec![5.0])]);
    let error = |text: &str| {
        let mut reader = Reader::open("a", Box::new(text.as_bytes()), &settings).unwrap();
        reader.series().unwrap_err().to_string()
    };
    let instant = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}";
    assert!(error(instant).contains("is a vector"), "{}", error(instant));
    let refused = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"no such metric\"}";
    assert!(error(refused).contains("no such metric"), "{}", error(refused));
    assert!(error(&text[..200]).contains("cut off"), "{}", error(&text[..200]));
}

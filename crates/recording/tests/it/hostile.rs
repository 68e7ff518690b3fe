use proptest::prelude::*;
use tidegate_recording::{ReadSettings, Reader, RecordingError, Shape};

/// Reads all of it, whatever it is; an error has to have a place within the text.
fn read(bytes: &[u8], settings: &ReadSettings) {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    let placed = |error: RecordingError| {
        if let RecordingError::Malformed { line, column, message, mend, .. } = error {
            assert!((1..=lines).contains(&line) && column >= 1, "{line}:{column} {message}");
            assert!(!message.is_empty() && !mend.is_empty());
        }
    };
    let mut reader = match Reader::open("a", Box::new(bytes), settings) {
        Ok(reader) => reader,
        Err(error) => return placed(error),
    };
    if reader.shape() == Shape::Intervals {
        match reader.series() {
            Ok(series) => {
                assert!(series.iter().flat_map(|one| &one.points).all(|p| p.value.is_finite()));
            }
            Err(error) => placed(error),
        }
        return;
    }
    loop {
        match reader.next_request() {
            Ok(Some(request)) => assert!(request.latency_micros.is_none_or(|took| took >= 0.0)),
            Ok(None) => return,
            Err(error) => return placed(error),
        }
    }
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,20}",
        "-?[0-9]{0,5}[.,][0-9]{0,5}",
        Just(String::new()),
        Just("NaN".to_owned()),
        Just("200".to_owned()),
        Just("canary".to_owned()),
        Just("2026-01-31T12:00:00Z".to_owned()),
        "\"[a-z,;\n\"]{0,6}\"?",
        "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes, &ReadSettings::default());
    }

    #[test]
    fn tables_of_any_cells_are_read_or_refused_with_a_place(
        header in prop::sample::select(vec![
            "time_s,status,latency_ms", "time;p99;cpu", "revision,ts,ok,took", "metric,time,value",
            "{\"time\":1,\"status\":200}", "# TYPE a counter", "up 1 2", "[{\"time\":1,\"status\":200}", "{\n",
            "{\"data\":{\"resultType\":\"matrix\",\"result\":[", "time,error,latency",
        ]),
        rows in prop::collection::vec(prop::collection::vec(cell(), 0..5), 0..8),
        delimiter in prop::sample::select(vec![",", ";", "\t", " "]),
        arms in any::<bool>(),
    ) {
        let rows: Vec<_> = rows.iter().map(|cells| cells.join(delimiter)).collect();
        let settings = ReadSettings { arms, ..ReadSettings::default() };
        read(format!("{header}\n{}\n", rows.join("\n")).as_bytes(), &settings);
    }

    #[test]
    fn scraped_lines_of_any_kind_are_read_or_refused_with_a_place(
        lines in prop::collection::vec("[a-c_]{0,4}(\\{[a-c]?=?\"?[a-c\\\\\"]{0,3}\"?,?\\}?)?[ #]{0,2}[0-9.eE+Inf-]{0,6} ?[0-9.]{0,12}", 0..8),
    ) {
        read(format!("# EOF\n{}\n", lines.join("\n")).as_bytes(), &ReadSettings::default());
    }
}

use tidegate_units::Timestamp;
use tidegate_workflow::Cron;

/// The times after `after`, as many as are expected.
fn check(text: &str, zone: Option<&str>, after: &str, expect: &[&str]) {
    let cron = Cron::new(text, zone).unwrap();
    let mut at = moment(after);
    for expected in expect {
        at = cron.next(at).unwrap();
        assert_eq!(at, moment(expected), "{text} {zone:?}: {expected} was expected");
    }
}

fn moment(text: &str) -> Timestamp {
    let text: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(text.as_millisecond())
}

fn is_one(text: &str) -> bool {
    Cron::new(text, None).is_ok()
}

#[test]
fn fields_are_numbers_lists_ranges_and_steps() {
    check(
        "30 5 * * *",
        None,
        "2026-03-01T05:30:00Z",
        &["2026-03-02T05:30:00Z", "2026-03-03T05:30:00Z"],
    );
    check(
        "*/20 * * * *",
        None,
        "2026-03-01T05:30:00Z",
        &["2026-03-01T05:40:00Z", "2026-03-01T06:00:00Z"],
    );
    check(
        "7/25 1 * * *",
        None,
        "2026-03-01T00:00:00Z",
        &[
            "2026-03-01T01:07:00Z",
            "2026-03-01T01:32:00Z",
            "2026-03-01T01:57:00Z",
            "2026-03-02T01:07:00Z",
        ],
    );
    check(
        "0 0,12 1 */6 *",
        None,
        "2026-03-01T00:00:00Z",
        &["2026-07-01T00:00:00Z", "2026-07-01T12:00:00Z", "2027-01-01T00:00:00Z"],
    );
    check(
        "0 0 * jan-feb MON",
        None,
        "2026-01-20T00:00:00Z",
        &["2026-01-26T00:00:00Z", "2026-02-02T00:00:00Z"],
    );
    check(
        "0 0 29 2 *",
        None,
        "2026-01-01T00:00:00Z",
        &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"],
    );
    check("0 0 29 2 *", None, "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
}

#[test]
fn of_day_and_weekday_one_is_enough_where_both_are_restricted() {
    check(
        "0 0 13 * FRI",
        None,
        "2026-03-01T00:00:00Z",
        &[
            "2026-03-06T00:00:00Z",
            "2026-03-13T00:00:00Z",
            "2026-03-20T00:00:00Z",
            "2026-03-27T00:00:00Z",
            "2026-04-03T00:00:00Z",
            "2026-04-10T00:00:00Z",
            "2026-04-13T00:00:00Z",
        ],
    );
    check(
        "0 0 */15 * 1",
        None,
        "2026-03-01T12:00:00Z",
        &["2026-03-16T00:00:00Z", "2026-06-01T00:00:00Z"],
    );
}

#[test]
fn a_time_zone_is_where_its_clocks_are() {
    check("30 5 * * *", Some("Asia/Kolkata"), "2026-03-01T00:00:00Z", &["2026-03-02T00:00:00Z"]);
    check("0 9 * * *", Some("America/New_York"), "2026-03-07T15:00:00Z", &["2026-03-08T13:00:00Z"]);
    check("0 9 * * *", Some("europe/berlin"), "2026-10-24T08:00:00Z", &["2026-10-25T08:00:00Z"]);
}

#[test]
fn an_hour_that_is_left_out_moves_on_and_one_that_comes_twice_counts_once() {
    // New York goes from 2:00 to 3:00 on 8 March 2026, and from 2:00 back to 1:00 on 1 November.
    check(
        "30 2 * * *",
        Some("America/New_York"),
        "2026-03-07T12:00:00Z",
        &["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"],
    );
    check(
        "30 1 * * *",
        Some("America/New_York"),
        "2026-10-31T12:00:00Z",
        &["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
    );
    check(
        "*/30 2 * * *",
        Some("America/New_York"),
        "2026-03-08T00:00:00Z",
        &["2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"],
    );
    // Lord Howe moves by half an hour.
    check(
        "15 2 * * *",
        Some("Australia/Lord_Howe"),
        "2026-10-03T12:00:00Z",
        &["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
    );
    // Samoa left out a whole day.
    check("0 12 30 12 *", Some("Pacific/Apia"), "2011-12-29T00:00:00Z", &["2011-12-30T10:00:00Z"]);
}

#[test]
fn a_day_that_never_comes_has_no_next() {
    let cron = Cron::new("0 0 30 2 *", None).unwrap();
    assert_eq!(cron.next(moment("2026-01-01T00:00:00Z")), None);
}

#[test]
fn what_the_official_parser_refuses_is_refused() {
    // Recorded from @actions/workflow-parser.
    for text in [
        "* * * * *",
        "0,5,10 * * * *",
        "0-59/15 0-23 1-31 1-12 0-6",
        "0  0 * * *",
        "59 23 31 dec sat",
        "*/1 * * * *",
        "5/15 * * * *",
        "1-3,5-7 * * * *",
    ] {
        assert!(is_one(text), "{text}");
    }
    for text in [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 7",
        "@daily",
        "*/0 * * * *",
        "*/60 * * * *",
        "5-1 * * * *",
        "1-2-3 * * * *",
        "1,, * * * *",
        "a * * * *",
        " 0 0 * * *",
        "0 0 * * * ",
        "*/ * * * *",
        "/5 * * * *",
        "-1 * * * *",
        "mon * * * *",
    ] {
        assert!(!is_one(text), "{text:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_what_is_allowed() {
    let error = Cron::new("0 0 * * 8", None).unwrap_err().to_string();
    assert!(error.contains("`8` is no weekday: allowed are 0-6"), "{error}");
    let error = Cron::new("0 0 * * 1", Some("Mars/Olympus")).unwrap_err().to_string();
    assert_eq!(
        error,
        "`Mars/Olympus` is no time zone: a name of the IANA list is one, such as Europe/Berlin"
    );
}

use tidegate_contract::{
    Body, Category, Combine, Content, MomentKind, Path, Response, Rule, RuleList, Rules,
    check_format, match_response,
};

fn text(body: &str, rules: Rules) -> Response {
    let headers = vec![("Content-Type".to_owned(), vec!["text/plain".to_owned()])];
    let body = Body::Present { bytes: body.as_bytes().to_vec(), content_type: None };
    Response { status: 200, content: Content { headers, body, rules, ..Content::default() } }
}

fn is_moment(kind: MomentKind, format: &str, value: &str) -> bool {
    let rule = Rule::Moment { kind, format: format.to_owned() };
    let mut body = Category::default();
    body.add(Path::below_root([]), RuleList { rules: vec![rule], combine: Combine::And });
    let rules = Rules { body, ..Rules::default() };
    match_response(&text("example", rules), &text(value, Rules::default())).is_empty()
}

#[track_caller]
fn check(format: &str, good: &[&str], bad: &[&str]) {
    for (values, expect) in [(good, true), (bad, false)] {
        for value in values {
            let is = is_moment(MomentKind::DateTime, format, value);
            assert_eq!(is, expect, "{value:?} by {format:?}");
        }
    }
}

#[test]
fn dates_are_days_that_there_are() {
    check(
        "yyyy-MM-dd",
        &["2026-01-31", "2024-02-29", "2000-02-29", "2026-1-3"],
        &[
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-32",
            "2026-01-31x",
            "",
        ],
    );
    check("d MMM yyyy", &["1 Jan 2026", "31 dec 2025"], &["1 Foo 2026", "31 feb 2026"]);
    check("EEEE, d MMMM", &["Monday, 5 January"], &["Mon, 5 January", "Monday, 5 Jan"]);
    check("EEE yy", &["Tue 26"], &["Tue 2026"]);
    check("DDD", &["1", "366"], &["0", "367"]);
    check("QQQ yyyy", &["Q3 2026"], &["Q5 2026"]);
    check("QQQQ", &["2nd quarter"], &["5th quarter"]);
    check("G", &["AD", "bc"], &["CE"]);
}

#[test]
fn times_are_of_a_day() {
    check("HH:mm:ss", &["00:00:00", "23:59:59"], &["24:00:00", "12:60:00", "12:00:60", "12:00"]);
    check("hh:mm a", &["12:30 PM", "1:05 am"], &["0:30 PM", "13:30 PM", "12:30"]);
    check("kk", &["1", "24"], &["0", "25"]);
    check("KK", &["0", "11"], &["12"]);
    check("HH:mm:ss.SSS", &["01:02:03.4", "01:02:03.456"], &["01:02:03.4567", "01:02:03."]);
}

#[test]
fn zones_are_written_as_the_format_says() {
    for (format, good, bad) in [
        ("XXX", vec!["Z", "+01:00", "-11:30", "+13:00"], vec!["+0100", "+1:60", "", "GMT"]),
        ("XX", vec!["Z", "+0100"], vec!["+01:00", "+01"]),
        ("X", vec!["Z", "+01", "+0130"], vec!["+01:30"]),
        ("xxx", vec!["+01:00"], vec!["Z"]),
        ("Z", vec!["+0100"], vec!["Z", "+01:00"]),
        ("ZZZZ", vec!["GMT", "GMT+01:00", "UTC-02:00"], vec!["+01:00"]),
        ("ZZZZZ", vec!["+01:00"], vec!["+0100"]),
        ("O", vec!["GMT+1", "UTC+01:30"], vec!["+1"]),
        ("z", vec!["CET", "AEST"], vec!["Z", "cet"]),
        ("'['VV']'", vec!["[Europe/Warsaw]"], vec!["[Warsaw]"]),
    ] {
        let with = |zone: &&str| format!("2026-01-31T12:00:00{zone}");
        let (good, bad): (Vec<_>, Vec<_>) =
            (good.iter().map(with).collect(), bad.iter().map(with).collect());
        let good: Vec<_> = good.iter().map(String::as_str).collect();
        let bad: Vec<_> = bad.iter().map(String::as_str).collect();
        check(&format!("yyyy-MM-dd'T'HH:mm:ss{format}"), &good, &bad);
    }
}

#[test]
fn without_a_format_it_is_that_of_iso_8601() {
    for (kind, good, bad) in [
        (MomentKind::Date, "2026-01-31", "31.01.2026"),
        (MomentKind::Time, "12:00:00", "noon"),
        (MomentKind::DateTime, "2026-01-31T12:00:00+01:00", "2026-01-31"),
    ] {
        assert!(is_moment(kind, "", good), "{good}");
        assert!(!is_moment(kind, "", bad), "{bad}");
    }
}

#[test]
fn quotes_hold_text_and_letters_that_mean_nothing_are_told() {
    check("hh 'o''clock' ''", &["12 o'clock '"], &["12 oclock '"]);
    let unclosed = "a quote in the format \"yyyy 'T\" is not closed";
    assert_eq!(check_format("yyyy 'T"), Err(unclosed.to_owned()));
    let unknown = "the letter b means nothing in the format \"yyyy-bb\"";
    assert_eq!(check_format("yyyy-bb"), Err(unknown.to_owned()));
}

//! Answers as services give them, and what is told of them.

use tidegate_comparison::{
    Answer, Apart, Body, Counts, Example, Found, MOST_EXAMPLES, MOST_FIELDS, Settings, compare,
};

fn answer(body: &str) -> Answer {
    Answer {
        status: 200,
        fields: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Body::Whole(body.as_bytes().to_vec()),
        micros: 5_000,
    }
}

fn with(fields: &[(&str, &str)]) -> Answer {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Answer { fields: fields.collect(), ..answer("") }
}

/// What is found of three answers: names, and who stands apart.
fn found(settings: &Settings, [candidate, first, second]: [&Answer; 3]) -> Vec<(String, Apart)> {
    let found = compare(settings, [Some(candidate), Some(first), Some(second)]);
    found.differences.into_iter().map(|it| (it.field, it.apart)).collect()
}

fn check(three: [&str; 3], expect: &[(&str, Apart)]) {
    let answers = three.map(answer);
    let told = found(&Settings::default(), answers.each_ref());
    let expect: Vec<_> =
        expect.iter().map(|(field, apart)| ((*field).to_owned(), *apart)).collect();
    assert_eq!(told, expect, "{three:?}");
}

#[test]
fn a_wrong_field_is_named_among_those_that_are_random() {
    check(
        [
            r#"{"id": "x1", "at": 17, "items": [{"sku": 1, "price": 9}, {"sku": 2, "price": 4}]}"#,
            r#"{"id": "y2", "at": 17, "items": [{"sku": 1, "price": 7}, {"sku": 2, "price": 4}]}"#,
            r#"{"id": "z3", "at": 18, "items": [{"sku": 1, "price": 7}, {"sku": 2, "price": 4}]}"#,
        ],
        &[
            ("body.at", Apart::Second),
            ("body.id", Apart::All),
            ("body.items[].price", Apart::Candidate),
        ],
    );
}

#[test]
fn the_items_of_an_array_are_one_field_and_its_length_another() {
    check(["[1, 2, 3]", "[1, 2]", "[1, 2]"], &[("body", Apart::Candidate)]);
    check(["[1, 9]", "[1, 2]", "[1, 2]"], &[("body[]", Apart::Candidate)]);
    // Two items, each of which another answer stands apart in: nobody is like anybody.
    check(["[9, 2]", "[1, 8]", "[1, 2]"], &[("body[]", Apart::All)]);
    check(["[9]", "[1, 2]", "[1, 2, 3]"], &[("body", Apart::All), ("body[]", Apart::Candidate)]);
}

#[test]
fn missing_fields_and_other_types_are_differences() {
    check(
        [r#"{"a": 1}"#, r#"{"a": 1, "b": null}"#, r#"{"a": 1, "b": null}"#],
        &[("body.b", Apart::Candidate)],
    );
    check([r#"{"a": "1"}"#, r#"{"a": 1}"#, r#"{"a": 1}"#], &[("body.a", Apart::Candidate)]);
    check([r#"{"a": {}}"#, r#"{"a": {}}"#, r#"{"a": []}"#], &[("body.a", Apart::Second)]);
    check([r#"{"a": 1}"#, r#"{ "a":1 }"#, "{\"a\":1}\n"], &[]);
    check(
        [r#"{"a b": 1}"#, r#"{"a b": 2}"#, r#"{"a b": 2}"#],
        &[("body[\"a b\"]", Apart::Candidate)],
    );
}

#[test]
fn what_is_no_json_is_compared_as_a_whole() {
    check(["<p>a</p>", "<p>b</p>", "<p>b</p>"], &[("body", Apart::Candidate)]);
    check(["{\"a\": ", "{\"a\": 1}", "{\"a\": 1}"], &[("body", Apart::Candidate)]);
    check(["same", "same", "same"], &[]);
    check(["1", "2", "2"], &[("body", Apart::Candidate)]);
}

#[test]
fn a_status_that_differs_is_all_that_is_told() {
    let (good, bad) = (answer("{}"), Answer { status: 500, ..answer(r#"{"error": 1}"#) });
    let settings = Settings::default();
    assert_eq!(found(&settings, [&bad, &good, &good]), [("status".to_owned(), Apart::Candidate)]);
    let nothing = compare(&settings, [None, Some(&good), Some(&good)]);
    let told = &nothing.differences[0];
    assert_eq!((told.field.as_str(), told.apart), ("status", Apart::Candidate));
    assert_eq!(told.shown, ["no answer", "200", "200"]);
    assert_eq!(compare(&settings, [None, None, None]), Found::default());
    let ignored = Settings { ignored: vec!["status".to_owned()], ..settings };
    assert_eq!(compare(&ignored, [None, Some(&good), Some(&good)]), Found::default());
}

#[test]
fn headers_that_say_when_and_on_which_way_are_not_compared() {
    let one =
        with(&[("date", "a"), ("x-request-id", "1"), ("etag", "x"), ("vary", "a"), ("vary", "b")]);
    let other = with(&[("date", "b"), ("x-request-id", "2"), ("etag", "y"), ("vary", "a, b")]);
    let settings = Settings::default();
    assert_eq!(
        found(&settings, [&one, &other, &other]),
        [("header.etag".to_owned(), Apart::Candidate)]
    );
    let settings = Settings { ignored: vec!["header.etag".to_owned()], ..settings };
    assert_eq!(found(&settings, [&one, &other, &other]), []);
}

#[test]
fn cookies_are_compared_by_name() {
    let one = with(&[("set-cookie", "s=1; Path=/"), ("set-cookie", "t=2")]);
    let same = with(&[("set-cookie", "t=9"), ("set-cookie", "s=8")]);
    let fewer = with(&[("set-cookie", "s=8")]);
    let settings = Settings::default();
    assert_eq!(found(&settings, [&one, &same, &same]), []);
    assert_eq!(
        found(&settings, [&one, &fewer, &fewer]),
        [("header.set-cookie".to_owned(), Apart::Candidate)]
    );
}

#[test]
fn who_takes_longer_than_both_others_by_the_margin_stands_apart() {
    let settings = Settings::default();
    let check = |times: [u64; 3], expect: Option<Apart>| {
        let answers = times.map(|micros| Answer { micros, ..answer("") });
        let told = found(&settings, answers.each_ref());
        let expect: Vec<_> =
            expect.map(|apart| ("latency".to_owned(), apart)).into_iter().collect();
        assert_eq!(told, expect, "{times:?}");
    };
    check([13_001, 10_000, 9_000], Some(Apart::Candidate));
    check([13_000, 10_000, 9_000], None);
    check([1, 10_000, 10_000], None);
    check([10_000, 5_000, 20_000], Some(Apart::Second));
    check([900, 100, 100], None);
}

#[test]
fn bodies_that_were_not_read_are_not_compared() {
    let whole = answer("{}");
    let unread = Answer { body: Body::Unread, ..whole.clone() };
    let told = compare(&Settings::default(), [Some(&unread), Some(&whole), Some(&whole)]);
    assert_eq!(told, Found { unread: true, ..Found::default() });
}

#[test]
fn examples_are_few_and_hide_secrets() {
    let wrong = answer(r#"{"price": 9, "token": "t1"}"#);
    let right = answer(r#"{"price": 7, "token": "t2"}"#);
    let settings = Settings { examples: 2, ..Settings::default() };
    let mut counts = Counts::default();
    for _ in 0..5 {
        let found = compare(&settings, [Some(&wrong), Some(&right), Some(&right)]);
        counts.add(&found, "GET /a", settings.examples);
    }
    assert_eq!((counts.compared, counts.differing, counts.noisy), (5, 5, 0));
    let price = &counts.fields["body.price"];
    assert_eq!((price.ordinal, price.candidate, price.apart()), (1, 5, 5));
    let example = Example { request: "GET /a".into(), candidate: "9".into(), stable: "7".into() };
    assert_eq!(price.examples, [example.clone(), example]);
    assert_eq!(counts.fields["body.token"].examples[0].candidate, "(hidden)");
    let silent = Settings { examples: 0, ..settings };
    let found = compare(&silent, [Some(&wrong), Some(&right), Some(&right)]);
    assert!(found.differences.iter().all(|it| it.shown.iter().all(String::is_empty)));
}

#[test]
fn fields_without_end_are_counted_together() {
    let mut counts = Counts::default();
    let settings = Settings::default();
    let same = answer("{}");
    for round in 0..40 {
        let keys: Vec<String> = (0..100).map(|key| format!("\"k{round}-{key}\": 1")).collect();
        let more = answer(&format!("{{{}}}", keys.join(",")));
        counts.add(&compare(&settings, [Some(&more), Some(&same), Some(&same)]), "GET /", 3);
    }
    assert_eq!(counts.fields.len(), MOST_FIELDS);
    assert_eq!(counts.uncounted, 4_000 - 256);
    assert_eq!(counts.beyond.candidate, 38);
    let examples: usize = counts.fields.values().map(|field| field.examples.len()).sum();
    assert_eq!(examples, MOST_EXAMPLES);
    let text = serde_json::to_string(&counts).unwrap();
    assert!(text.len() < 64 * 1024, "{}", text.len());
}

#[test]
fn more_fields_than_are_told_of_one_answer_are_counted_too() {
    let keys: Vec<String> = (0..600).map(|key| format!("\"{key}\": 1")).collect();
    let more = answer(&format!("{{{}}}", keys.join(",")));
    let same = answer("{}");
    let found = compare(&Settings::default(), [Some(&same), Some(&more), Some(&same)]);
    assert_eq!((found.differences.len(), found.beyond), (512, [0, 88, 0, 0]));
}

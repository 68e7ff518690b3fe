use proptest::prelude::*;
use tidegate_report::{Format, Hint, ReadError, read};

use crate::file;

/// Reads it, whatever it is; an error has to have a place within the text.
fn survive(bytes: &[u8], format: Option<Format>) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    if let Err(ReadError::Malformed { line, column, message, mend, .. }) =
        read(bytes, Hint { name: "f", format })
    {
        assert!((1..=lines + 1).contains(&line) && column >= 1, "{line}:{column} {message}");
        assert!(!message.is_empty() && !mend.is_empty());
    }
}

/// All reports of real tools.
fn reports() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/reports");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.iter().map(|name| file(name)).collect()
}

/// A change of a text: a range of it goes, and something else comes.
fn change() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    let more = prop::sample::select(vec![
        "",
        "<",
        ">",
        "&",
        "\"",
        "'",
        "/",
        "<a>",
        "</a>",
        "<![CDATA[",
        "-->",
        "&#x41;",
        "&lol;",
        "-1",
        "99999999999999999999",
        "1e999",
        "NaN",
        ",",
        ":",
        "{",
        "}",
        "[",
        "]",
        "null",
        "\n",
        "\u{0}",
        "µ",
    ]);
    (any::<prop::sample::Index>(), 0..40_usize, more.prop_map(str::to_owned))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn reports_that_something_happened_to_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let reports = reports();
        let mut bytes = which.get(&reports).clone();
        for (at, gone, more) in &changes {
            let at = at.index(bytes.len().max(1));
            let end = (at + gone).min(bytes.len());
            bytes.splice(at.min(end)..end, more.bytes());
        }
        survive(&bytes, None);
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        survive(&bytes, None);
        survive(&bytes, Some(format));
    }

    #[test]
    fn reports_that_end_too_early_are_refused_or_whole(
        which in any::<prop::sample::Index>(),
        length in any::<prop::sample::Index>(),
    ) {
        let reports = reports();
        let whole = which.get(&reports);
        survive(&whole[..length.index(whole.len())], None);
    }
}

#[test]
fn suites_without_end_are_refused() {
    let deep = "<testsuite>".repeat(100_000);
    let error = read(deep.as_bytes(), Hint { name: "f", format: None }).unwrap_err();
    assert!(error.to_string().contains("more than 64 deep"), "{error}");
}

#[test]
fn more_tests_than_are_read_are_refused() {
    let many = format!("<testsuite>{}</testsuite>", "<testcase/>".repeat(500_001));
    let error = read(many.as_bytes(), Hint { name: "f", format: None }).unwrap_err();
    assert!(error.to_string().contains("more than 500000 tests"), "{error}");
}

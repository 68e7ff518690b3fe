use std::ops::Range;

use proptest::prelude::*;
use tidegate_workflow_commands::{MOST_PATTERN_BYTES, Masker, TooManySecrets};

fn masker(secrets: &[impl AsRef<str>]) -> Masker {
    let mut masker = Masker::new();
    secrets.iter().try_for_each(|secret| masker.add_value(secret.as_ref())).unwrap();
    masker
}

fn check(secrets: &[&str], text: &str, expect: &str) {
    assert_eq!(masker(secrets).mask(text), expect, "{secrets:?} in {text:?}");
}

#[test]
fn secrets_that_overlap_or_touch_are_one() {
    check(&["abcd", "cdef"], "-abcdef-", "-***-");
    check(&["abc", "def"], "-abcdef-", "-***-");
    check(&["abc", "abcdef"], "-abcdef-abc-", "-***-***-");
    check(&["bc", "abcd"], "-abcd-bc-", "-***-***-");
    check(&["aa"], "-aaa-aaaaa-", "-***-***-");
    check(&["abc"], "abcxabc", "***x***");
    check(&["äö"], "üäöü", "ü***ü");
}

#[test]
fn nothing_masks_nothing() {
    check(&[], "text", "text");
    check(&[""], "text", "text");
    assert!(masker(&[""]).is_empty());
    let mut blank = Masker::new();
    blank.add_mask(" \n ").unwrap();
    assert!(blank.is_empty());
}

#[test]
fn the_lines_of_a_secret_are_secret() {
    let mut masks = Masker::new();
    masks.add_secret("  first line\r\n  second\n\nthird  \n").unwrap();
    assert_eq!(masks.mask("a first line b"), "a *** b");
    assert_eq!(masks.mask("second, third"), "***, ***");
    assert_eq!(masks.mask("[first line\r\n  second\n\nthird]"), "[***]");
}

#[test]
fn a_mask_with_blanks_around_counts_with_and_without_them() {
    let mut masks = Masker::new();
    masks.add_mask(" word ").unwrap();
    assert_eq!(masks.mask("a word, a sword"), "a ***, a s***");
}

#[test]
fn too_much_to_mask_is_told() {
    let mut masks = Masker::new();
    let secret = "x".repeat(MOST_PATTERN_BYTES / 8);
    assert_eq!(masks.add_value(&secret), Ok(()));
    assert_eq!(masks.add_value(&format!("y{secret}{secret}")), Err(TooManySecrets));
}

#[test]
fn a_byte_goes_out_as_soon_as_it_is_decided() {
    let masks = masker(&["secret", "sea"]);
    let mut stream = masks.stream();
    let mut step = |piece: &str| {
        let mut out = Vec::new();
        stream.feed(piece.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(step("plain "), "plain ");
    assert_eq!(step("the se"), "the ");
    assert_eq!(step("cre"), "");
    assert_eq!(step("ase"), "secrea");
    assert_eq!(step("cret"), "***");
    assert_eq!(step("sea"), "");
    assert_eq!(step("."), ".");
    let mut rest = Vec::new();
    stream.feed(b"secre", &mut rest);
    stream.finish(&mut rest);
    assert_eq!(rest, b"secre");
}

#[test]
fn secrets_that_come_later_mask_what_is_held_back() {
    let mut masks = masker(&["abcdef"]);
    let mut stream = masks.stream();
    let mut out = Vec::new();
    stream.feed(b"12abcde", &mut out);
    assert_eq!(out, b"12");
    masks.add_value("cd").unwrap();
    stream.renew(&masks);
    stream.feed(b"xcd", &mut out);
    stream.finish(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "12ab***ex***");
}

#[test]
fn secrets_that_come_later_mask_what_follows_nothing() {
    let mut masks = Masker::new();
    let mut stream = masks.stream();
    let mut out = Vec::new();
    stream.feed(b"word ", &mut out);
    masks.add_value("word").unwrap();
    stream.renew(&masks);
    stream.feed(b"wo", &mut out);
    stream.feed(b"rd", &mut out);
    stream.finish(&mut out);
    assert_eq!(out, b"word ***");
}

/// The same by looking for every form at every place.
fn slow(forms: &[String], text: &str) -> String {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for form in forms {
        let places =
            (0..text.len()).filter(|at| text.as_bytes()[*at..].starts_with(form.as_bytes()));
        ranges.extend(places.map(|at| at..at + form.len()));
    }
    ranges.sort_by_key(|range| range.start);
    let mut out = String::new();
    let (mut from, mut open) = (0, None);
    for range in ranges {
        if open.is_none_or(|end| range.start > end) {
            out.push_str(&text[from.max(open.unwrap_or(0))..range.start]);
            out.push_str("***");
            open = Some(range.end);
        }
        open = open.map(|end| end.max(range.end));
        from = open.unwrap_or(0);
    }
    out.push_str(&text[from..]);
    out
}

fn stream(masker: &Masker, text: &str, cuts: &[usize]) -> String {
    let mut out = Vec::new();
    let mut stream = masker.stream();
    let mut rest = text.as_bytes();
    for cut in cuts {
        let (piece, behind) = rest.split_at((*cut).min(rest.len()));
        stream.feed(piece, &mut out);
        rest = behind;
    }
    stream.feed(rest, &mut out);
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

const FEW: &str = "[ab&\"'\nä]{1,7}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn words_of_few_letters_are_masked_as_by_looking_everywhere(
        secrets in proptest::collection::vec("[abc]{1,5}", 0..5), text in "[abc]{0,40}"
    ) {
        // None of these has a form that text of these letters could hold, but itself.
        prop_assert_eq!(masker(&secrets).mask(&text), slow(&secrets, &text));
    }

    #[test]
    fn any_pieces_come_to_the_same(
        secrets in proptest::collection::vec(FEW, 0..5), text in "[ab&\"'\n\\\\ä=YW]{0,60}",
        cuts in proptest::collection::vec(0usize..9, 0..20)
    ) {
        let masker = masker(&secrets);
        prop_assert_eq!(stream(&masker, &text, &cuts), masker.mask(&text));
    }

    #[test]
    fn no_secret_remains(
        secrets in proptest::collection::vec(FEW, 1..4), around in proptest::collection::vec("[ab c]{0,4}", 4)
    ) {
        let masker = masker(&secrets);
        let said = secrets.iter().zip(&around).flat_map(|(secret, around)| [secret.as_str(), around]);
        let text = said.collect::<Vec<_>>().concat();
        let masked = masker.mask(&text).into_owned();
        for secret in &secrets {
            prop_assert!(!masked.contains(secret.as_str()), "{} holds {}", masked, secret);
        }
        prop_assert_eq!(masker.mask(&masked), masked.as_str());
    }
}

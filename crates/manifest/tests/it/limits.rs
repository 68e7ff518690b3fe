use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use tidegate_manifest::read;

/// The first problem, found within a time that no input may exceed even on a busy machine.
fn first(text: &str) -> String {
    let start = Instant::now();
    let problems = read("big.yaml", text).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    problems.problems[0].to_string()
}

#[test]
fn a_file_may_have_four_mebibytes() {
    let text = "# ".to_owned() + &"x".repeat(4 << 20);
    assert_eq!(
        first(&text),
        "big.yaml:1:1: the file has 4194306 bytes; allowed: at most 4194304 bytes (4 MiB); \
         split it into several files"
    );
    let comment = "# ".to_owned() + &"x".repeat((4 << 20) - 2);
    assert_eq!(read("big.yaml", &comment).map(|documents| documents.len()), Ok(0));
}

#[test]
fn nesting_is_bounded_in_every_style() {
    let expected = |column: usize| {
        format!("big.yaml:1:{column}: nested more than 64 deep; allowed: at most 64 levels")
    };
    assert_eq!(first(&"[".repeat(10_000)), expected(256));
    assert_eq!(first(&"- ".repeat(10_000)), expected(129));
    assert_eq!(first(&"{a: ".repeat(200)), expected(257));
    let mut block = String::new();
    for depth in 0..500 {
        block.push_str(&" ".repeat(depth));
        block.push_str("a:\n");
    }
    assert_eq!(
        first(&block),
        "big.yaml:65:65: nested more than 64 deep; allowed: at most 64 levels"
    );
}

#[test]
fn a_bomb_of_aliases_is_not_built() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{below}]").unwrap();
    }
    let problem = first(&text);
    assert!(
        problem.contains("too many values, aliases counted as what they stand for"),
        "{problem}"
    );
}

#[test]
fn a_bomb_of_long_texts_is_not_built() {
    let long = "x".repeat(1 << 20);
    let uses = vec!["*long"; 1_000].join(", ");
    let problem = first(&format!("long: &long {long}\nuses: [{uses}]\n"));
    assert!(
        problem.contains("at most 400000 values in a file, and 16 MiB of text by aliases"),
        "{problem}"
    );
}

#[test]
fn a_large_file_is_read_in_time() {
    let one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {a: b, c: d}\n---\n";
    let text: String = (0..10_000).map(|n| one.replace("NAME", &format!("m{n}"))).collect();
    let start = Instant::now();
    assert_eq!(read("big.yaml", &text).map(|documents| documents.len()), Ok(10_000));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

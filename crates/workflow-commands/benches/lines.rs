//! What a line of a log costs: masked by many secrets, heard as a command, and looked at by matchers.

#![expect(clippy::unwrap_used, reason = "a bench tells what it finds")]

use divan::{Bencher, black_box, counter::BytesCount};
use tidegate_workflow_commands::{Interpreter, Masker, Matchers, Trust, read_matchers};

fn main() {
    divan::main();
}

const LINE: &str = "2026-01-01T00:00:00Z compiling crate number seventeen of forty, with some text behind it (0.37 s)\n";

fn log() -> String {
    LINE.repeat(10_000)
}

#[divan::bench(args = [1, 10, 100])]
fn mask(bencher: Bencher<'_, '_>, secrets: u32) {
    let mut masker = Masker::new();
    (0..secrets).for_each(|n| {
        masker.add_secret(&format!("token-{n}-{}", n.wrapping_mul(2_654_435_761))).unwrap();
    });
    let log = log();
    bencher
        .counter(BytesCount::of_str(&log))
        .bench(|| log.lines().map(|line| masker.mask(black_box(line)).len()).sum::<usize>());
}

#[divan::bench]
fn hear(bencher: Bencher<'_, '_>) {
    let log = log();
    let mut interpreter = Interpreter::new("/w", Trust::default());
    bencher.counter(BytesCount::of_str(&log)).bench_local(|| {
        log.lines().filter(|line| interpreter.hear(black_box(line)).is_some()).count()
    });
}

#[divan::bench]
fn look(bencher: Bencher<'_, '_>) {
    let file = r#"{"problemMatcher": [{"owner": "cc", "pattern": [
        {"regexp": "^(.*):(\\d+):(\\d+):\\s+(warning|error):\\s+(.*)$", "file": 1, "line": 2, "message": 5}]}]}"#;
    let log = log();
    let mut matchers = Matchers::new();
    matchers.add(&read_matchers(file.as_bytes()).unwrap());
    let mut given_up = Vec::new();
    bencher.counter(BytesCount::of_str(&log)).bench_local(|| {
        log.lines().for_each(|line| drop(matchers.look(black_box(line), &mut given_up)));
    });
}

//! Recordings, judged.

use std::fmt::Write as _;

use serde_json::Value;

use crate::program::{Program, Said};

/// Ten requests a second for five minutes: each `fails`-th of them an error, each as slow as `slower`
/// says, in an order that has no end within it.
fn requests(fails: u32, slower: f64, begin: u32) -> String {
    let mut text = String::from("time_s,status,latency_ms\n");
    for nth in 0..3_000_u32 {
        let at = f64::from(begin) + f64::from(nth) / 10.0;
        let status = if (nth * 7 + 3) % fails == 0 { 500 } else { 200 };
        let latency = slower * (10.0 + f64::from(nth * 37 % 101) / 4.0);
        let _ = writeln!(text, "{at:.1},{status},{latency:.2}");
    }
    text
}

const NOON: u32 = 1_769_860_800;

fn recorded() -> Program {
    let program = Program::new();
    program.write("stable.csv", &requests(100, 1.0, NOON));
    program.write("same.csv", &requests(101, 1.0, NOON));
    program.write("failing.csv", &requests(20, 1.0, NOON));
    program.write("slow.csv", &requests(100, 1.5, NOON));
    program.write("later.csv", &requests(101, 1.0, NOON + 3_600));
    program
}

fn judge(program: &Program, canary: &str, more: &[&str]) -> Said {
    let args = ["judge", "--canary", canary, "--stable", "stable.csv"];
    program.run(&[args.as_slice(), more].concat())
}

#[test]
fn the_exit_code_is_the_verdict() {
    let program = recorded();
    for (canary, expect, word) in
        [("failing.csv", 1, "worse"), ("slow.csv", 1, "worse"), ("later.csv", 3, "inconclusive")]
    {
        let said = judge(&program, canary, &["-o", "json"]);
        assert_eq!(said.code, expect, "{canary}: {}{}", said.out, said.err);
        let json: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(json["verdict"], word);
        assert_eq!(json["metrics"].as_array().unwrap().len(), 4);
    }
    let good = judge(&program, "same.csv", &["--metric", "p50", "--margin", "1"]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    assert!(good.out.starts_with("no worse: the one metric"), "{}", good.out);
    let yaml = judge(&program, "failing.csv", &["-o", "yaml"]);
    assert!(yaml.code == 1 && yaml.out.contains("verdict: worse"), "{}", yaml.out);
}

#[test]
fn a_design_looks_when_it_was_said_beforehand() {
    let program = recorded();
    let design = ["--design", "requests=3000,spending=pocock,looks=5", "--metric", "errors"];
    let said = judge(&program, "failing.csv", &design);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("of 5 (needs "), "{}", said.out);
    for (canary, more) in [("later.csv", "requests=3000"), ("failing.csv", "looks=5")] {
        let said = judge(&program, canary, &["--design", more]);
        assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    }
}

#[test]
fn people_get_the_verdict_why_and_a_table() {
    let said = judge(&recorded(), "failing.csv", &[]);
    let lines: Vec<_> = said.out.lines().collect();
    assert!(lines[0].starts_with("worse: errors: canary "), "{}", said.out);
    assert!(lines[1].starts_with("shown at 2026-01-31T12:"));
    assert!(
        lines[3].starts_with("METRIC") && lines[4].starts_with("errors   worse"),
        "{}",
        said.out
    );
    assert_eq!(said.err, "");
}

#[test]
fn a_stream_ends_with_its_verdict() {
    let program = recorded();
    let failing = requests(20, 1.0, NOON);
    let said =
        program.run_with_input(&["judge", "--canary", "-", "--stable", "stable.csv"], &failing);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("reading ended where the canary was shown to be worse"),
        "{}",
        said.out
    );
    let mut both = String::from("time_s,revision,status,latency_ms\n");
    for (canary, stable) in failing.lines().zip(requests(100, 1.0, NOON).lines()).skip(1) {
        for (name, line) in [("canary", canary), ("stable", stable)] {
            let (time, rest) = line.split_once(',').unwrap();
            let _ = writeln!(both, "{time},{name},{rest}");
        }
    }
    let said = program.run_with_input(&["judge", "-", "-o", "json"], &both);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
}

#[test]
fn intervals_are_judged_by_what_their_names_say() {
    let program = Program::new();
    let export = |p99: f64| {
        let mut text = String::from("\u{feff}\"Time\";\"p99_ms\";\"throughput\";\"pod\"\r\n");
        for nth in 0..60_u32 {
            let noise = f64::from(nth * 37 % 11) - 5.0;
            let _ = write!(
                text,
                "\"2026-01-31 12:{nth:02}:00\";{};{};web\r\n",
                p99 + noise,
                90.0 - noise
            );
        }
        text
    };
    program.write("stable.csv", &export(100.0));
    program.write("slow.csv", &export(150.0));
    let said = judge(&program, "slow.csv", &["-o", "json"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&json["shape"], &json["metrics"][0]["verdict"]),
        (&"intervals".into(), &"worse".into())
    );
    assert!(said.out.contains("column pod is left out: \\\"web\\\" is no number"), "{}", said.out);
    let said = judge(&program, "slow.csv", &["--metric", "throughput"]);
    assert_ne!(said.code, 1, "{}{}", said.out, said.err);
    assert_eq!(judge(&program, "slow.csv", &["--metric", "cpu"]).code, 2);
    assert_eq!(judge(&program, "slow.csv", &["--quantiles", "0.9"]).code, 2);
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let program = recorded();
    program.write("broken.csv", "time_s,status,latency_ms\n1,200,5\n2,200,\"1,5\"\n");
    let said = judge(&program, "broken.csv", &[]);
    assert_eq!((said.code, said.out.as_str()), (5, ""));
    insta::assert_snapshot!(said.err, @r#"
    error: broken.csv:3:7: "1,5" is no latency
      hint: a comma in a number is read in different ways; write 1234.5, with a point and no other mark
    "#);
    assert_eq!(judge(&program, "none.csv", &[]).code, 5);
    for args in [
        ["judge"].as_slice(),
        &["judge", "--canary", "same.csv"],
        &["judge", "--canary", "-", "--stable", "-"],
        &["judge", "--canary", "same.csv", "--stable", "stable.csv", "--alpha", "2"],
        &["judge", "--canary", "same.csv", "--stable", "stable.csv", "--metric", "p95"],
    ] {
        assert_eq!(program.run(args).code, 2, "{args:?}");
    }
}

#[test]
fn a_replay_tells_all_looks() {
    let program = recorded();
    let args =
        ["judge", "replay", "--canary", "failing.csv", "--stable", "stable.csv", "-o", "json"];
    let said = program.run(&args);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let looks = json["looks"].as_array().unwrap();
    assert!(looks.len() > 5 && looks[looks.len() - 1]["verdict"] == "worse");
    let since = looks.iter().rposition(|look| look["verdict"] != "worse").unwrap() + 1;
    assert_eq!(looks[since]["at"], json["decidedAt"]);
}

#[test]
fn a_replay_is_drawn() {
    let program = recorded();
    let args = ["judge", "replay", "--canary", "failing.csv", "--stable", "stable.csv"];
    let drawn = ["--svg", "a.svg", "--png", "a.png", "--theme", "dark", "--width", "60"];
    let said = program.run(&[args.as_slice(), &drawn].concat());
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.starts_with("errors: evidence\n") && said.out.contains("\nworse: errors:"),
        "{}",
        said.out
    );
    let plot = said.out.lines().take_while(|line| !line.starts_with("worse:"));
    assert!(plot.into_iter().all(|line| line.chars().count() <= 60), "{}", said.out);
    let file = |name: &str| std::fs::read(program.folder().join(name)).unwrap();
    assert!(file("a.svg").starts_with(b"<svg ") && file("a.png").starts_with(b"\x89PNG"));
    let nowhere = [args.as_slice(), &["--svg", "none/a.svg"]].concat();
    assert_eq!(program.run(&nowhere).code, 5);
}

/// Five-minute rows of `hours`, from an hour of 2026-01-24 on: 300 in the afternoon, else 100.
fn by_day(from_hour: u32, hours: u32, level: &dyn Fn(u32) -> u32) -> String {
    let mut text = String::from("time,p99_ms\n");
    for nth in 0..hours * 12 {
        let at = 1_769_212_800 + from_hour * 3_600 + nth * 300;
        let value = level((from_hour + nth / 12) % 24) + nth * 37 % 11;
        let _ = writeln!(text, "{at},{value}");
    }
    text
}

#[test]
fn a_metric_is_compared_with_its_own_past() {
    let program = Program::new();
    let usual = |hour: u32| if (12..18).contains(&hour) { 300 } else { 100 };
    program.write("week.csv", &by_day(0, 7 * 24, &usual));
    program.write("hour.csv", &by_day(7 * 24 - 1, 1, &usual));
    program.write("peak.csv", &by_day(7 * 24 + 13, 2, &usual));
    program.write("night.csv", &by_day(7 * 24 + 2, 2, &|_| 300));
    let against = |canary: &str, history: &str, more: &[&str]| {
        let args = ["judge", "--canary", canary, "--history", history];
        program.run(&[args.as_slice(), more].concat())
    };
    for (canary, history, code, word, season) in [
        ("peak.csv", "week.csv", 0, "no_worse", "hour_of_day"),
        ("night.csv", "week.csv", 1, "worse", "hour_of_day"),
        ("night.csv", "hour.csv", 3, "inconclusive", "none"),
    ] {
        let said = against(canary, history, &["-o", "json"]);
        assert_eq!(said.code, code, "{canary}: {}{}", said.out, said.err);
        let json: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!((&json["verdict"], &json["comparison"]), (&word.into(), &"history".into()));
        assert_eq!(json["metrics"][0]["past"]["season"], season, "{}", said.out);
    }
    let said = against("night.csv", "week.csv", &[]);
    assert!(said.out.contains("EXPECTED") && said.out.contains("2016 rows"), "{}", said.out);
    let short = against("night.csv", "hour.csv", &[]);
    assert!(short.out.contains("inconclusive: p99_ms: the past is too short"), "{}", short.out);
    for wrong in [["--stable", "week.csv"], ["--concurrent", "yes"], ["--error-margin", "2"]] {
        assert_eq!(against("night.csv", "week.csv", &wrong).code, 2, "{wrong:?}");
    }
}

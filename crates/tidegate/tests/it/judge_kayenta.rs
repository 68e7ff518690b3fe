//! Recordings, judged by a canary configuration of Kayenta.

use std::fmt::Write as _;

use serde_json::Value;

use crate::program::{Program, Said};

const CONFIG: &str = r#"{
    "name": "shop",
    "metrics": [
        {"name": "p90", "groups": ["speed"], "analysisConfigurations": {"canary": {"direction": "increase"}}},
        {"name": "errors", "groups": ["errors"], "analysisConfigurations": {"canary": {"nanStrategy": "replace"}}}
    ],
    "classifier": {"groupWeights": {"speed": 60, "errors": 40}, "scoreThresholds": {"pass": 90, "marginal": 75}}
}"#;

/// A row a minute for half an hour, half of them without errors, which are no cells then.
fn intervals(p90: f64, errors: &str, turn: u32) -> String {
    let mut text = String::from("time_s,p90,errors\n");
    for nth in 0..30_u32 {
        let noise = f64::from(nth * turn % 11) - 5.0;
        let errors = if nth % 2 == 0 { errors } else { "" };
        let _ = writeln!(text, "{},{:.1},{errors}", nth * 60, p90 + noise);
    }
    text
}

fn recorded() -> Program {
    let program = Program::new();
    program.write("shop.json", CONFIG);
    program.write("stable.csv", &intervals(100.0, "2", 3));
    program.write("same.csv", &intervals(100.0, "2", 7));
    program.write("slow.csv", &intervals(150.0, "2", 7));
    program
}

fn judge(program: &Program, canary: &str, more: &[&str]) -> Said {
    let args = ["judge", "kayenta", "--config", "shop.json", "--canary", canary];
    program.run(&[&args, ["--stable", "stable.csv"].as_slice(), more].concat())
}

#[test]
fn the_exit_code_is_what_the_score_comes_to() {
    let program = recorded();
    for (canary, more, code, class, word) in [
        ("same.csv", [].as_slice(), 0, "Pass", "no_worse"),
        ("slow.csv", &[], 1, "Fail", "worse"),
        ("slow.csv", &["--marginal", "40"], 3, "Marginal", "inconclusive"),
        ("slow.csv", &["--pass", "40", "--marginal", "40"], 0, "Pass", "no_worse"),
    ] {
        let said = judge(&program, canary, &[more, &["-o", "json"]].concat());
        assert_eq!(said.code, code, "{canary} {more:?}: {}{}", said.out, said.err);
        let json: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(json["judgeName"], "NetflixACAJudge-v1.0");
        assert_eq!(
            (&json["score"]["classification"], &json["verdict"]),
            (&class.into(), &word.into())
        );
        assert_eq!(json["score"]["score"], if canary == "same.csv" { 100.0 } else { 40.0 });
    }
}

#[test]
fn people_get_the_score_and_why() {
    let said = judge(&recorded(), "slow.csv", &[]);
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(lines[0], "score 40 (passes from 90, marginal from 75): Fail");
    assert!(lines[2].starts_with("METRIC   VERDICT   CANARY   STABLE"), "{}", said.out);
    assert!(lines[3].starts_with("p90      High      "), "{}", said.out);
    assert!(lines[4].starts_with("errors   Pass      1        1 "), "{}", said.out);
    assert_eq!(lines[7..9].concat(), "speed    0errors   100");
    let told = |file: &str| {
        format!("note: {file}: cells that hold no number: 15 in errors; they count as missing")
    };
    assert_eq!(lines[9..], ["", &told("slow.csv"), &told("stable.csv")]);
    assert_eq!(said.err, "");
}

#[test]
fn a_column_that_is_not_there_has_no_data_and_is_told() {
    let program = recorded();
    let other = intervals(100.0, "2", 7).replace("p90", "p99");
    let args = ["judge", "kayenta", "--config", "shop.json", "--canary", "-"];
    let args = [args.as_slice(), &["--stable", "stable.csv"]].concat();
    let said = program.run_with_input(&args, &other);
    assert_eq!(said.code, 1, "half of the metrics have no data: {}{}", said.out, said.err);
    assert!(
        said.out.contains("note: there is no column \"p90\" in standard input"),
        "{}",
        said.out
    );
}

#[test]
fn with_no_score_to_pass_there_is_no_verdict() {
    let program = recorded();
    let (bare, _) = CONFIG.split_once(", \"scoreThresholds\"").unwrap();
    program.write("shop.json", &format!("{bare}}}}}"));
    let said = judge(&program, "same.csv", &[]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("score 100: no score to pass was given\n"), "{}", said.out);
    assert_eq!(judge(&program, "same.csv", &["--pass", "100"]).code, 0);
    assert_eq!(judge(&program, "slow.csv", &["--pass", "100"]).code, 1);
    assert_eq!(judge(&program, "same.csv", &["--marginal", "50"]).code, 2);
}

#[test]
fn what_cannot_be_judged_is_no_verdict() {
    let program = recorded();
    program.write("odd.json", &CONFIG.replace("direction", "directions"));
    program.write("broken.csv", "time_s,p90,errors\n0,\"1,5\",2\n60,2,2\n");
    assert_eq!(judge(&program, "none.csv", &[]).code, 5);
    assert_eq!(judge(&program, "broken.csv", &[]).code, 5);
    assert_eq!(judge(&program, "same.csv", &["--marginal", "95"]).code, 2);
    for (config, canary, code) in
        [("none.json", "same.csv", 5), ("odd.json", "same.csv", 2), ("-", "-", 2)]
    {
        let args = ["judge", "kayenta", "--config", config, "--canary", canary];
        let said = program.run(&[args.as_slice(), &["--stable", "stable.csv"]].concat());
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{config}: {}", said.err);
    }
}

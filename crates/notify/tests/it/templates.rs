use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_notify::Template;

/// What Go 1.26 with sprig 3.3 makes of a template; no output where it fails.
#[derive(Deserialize)]
struct Case {
    template: String,
    #[serde(default)]
    output: String,
    #[serde(default)]
    error: bool,
}

fn rendered(template: &str, data: &Value) -> Result<String, String> {
    let template = Template::parse(template).map_err(|problem| problem.to_string())?;
    template
        .render(data, tidegate_units::Timestamp::from_millis(0))
        .map_err(|problem| problem.to_string())
}

#[test]
fn templates_say_what_go_says() {
    let data: Value = serde_json::from_str(include_str!("../fixtures/template_data.json")).unwrap();
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../fixtures/template_cases.json")).unwrap();
    assert!(cases.len() > 40);
    let mut wrong = Vec::new();
    for Case { template, output, error } in cases {
        let found = rendered(&template, &data);
        if found.clone().ok() != (!error).then(|| output.clone()) {
            wrong.push(format!("{template:?}\n  Go: {output:?}\n  we: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[track_caller]
fn refused(template: &str, expect: &str) {
    let problem = rendered(template, &json!({"a": {"b": 1}, "list": [1]})).unwrap_err();
    assert!(problem.contains(expect), "{template}: {problem:?} does not say {expect:?}");
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    refused("{{ env \"HOME\" }}", "templates do not see the environment");
    refused("{{ uuidv4 }}", "must be the same");
    refused("{{ getHostByName \"a\" }}", "do not ask the network");
    refused("{{if .a}}{{define \"x\"}}y{{end}}{{end}}", "stands in no other block");
    refused("{{define \"x\"}}y", "the template \"x\" has no `end`");
    refused("{{template x}}", "the name of a template is missing");
    refused("{{template \"x\"}}", "there is no template \"x\"");
    refused("{{define \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}", "100 levels deep");
    refused("{{ toDate \"2006\" \"2025\" }}", "call .time.Parse");
    refused("{{ dateInZone \"15\" now \"Europe/Berlin\" }}", "is not known; there is UTC");
    refused("{{ semver .a }}", "there is no function `semver`");
    refused("a\nb {{ .a | nope }}", "line 2");
    refused("{{ .a.b 5 }}", "only times and spans have methods");
    refused("{{ $x }}", "there is no variable `$x`");
    refused("{{ break }}", "stands in a `range` only");
    refused("{{ if .a }}", "has no `end`");
    refused("{{ .a", "has no `}}`");
    refused("{{ range true }}{{end}}", "goes over lists");
    refused("{{ index .list 7 }}", "there is no element 7 of 1");
    refused("{{ .a.b.c }}", "1 has no field `c`");
    refused("{{ fail \"not for us\" }}", "not for us");
    refused("{{ div 1 0 }}", "have no result");
    refused(&format!("{}x{}", "{{if .a}}".repeat(51), "{{end}}".repeat(51)), "levels deep");
}

#[test]
fn a_message_ends_however_it_is_written() {
    let many: Vec<u32> = (0..2_000).collect();
    let data = json!({"many": many});
    let squared = "{{range .many}}{{range $.many}}{{end}}{{end}}";
    assert!(rendered(squared, &data).unwrap_err().contains("steps"));
    let long = "{{range .many}}{{repeat 60000 \"x\"}}{{end}}";
    assert!(rendered(long, &data).unwrap_err().contains("longer than 256 KiB"));
    assert!(rendered("{{repeat 1000000000 \"x\"}}", &data).unwrap_err().contains("64 KiB"));
    assert!(rendered("{{printf \"%999999999d\" 1}}", &data).unwrap().len() <= 200);
    assert!(rendered(&"x".repeat(70_000), &data).unwrap_err().contains("64 KiB"));
}

proptest! {
    /// Whatever it is, it is read or refused, and never more.
    #[test]
    fn nothing_that_is_written_in_a_template_breaks_it(
        parts in prop::collection::vec(
            prop_oneof![
                Just("{{"), Just("}}"), Just("{{-"), Just("-}}"), Just("if"), Just("range"), Just("end"), Just("else"),
                Just("."), Just(".a"), Just("$"), Just("$x"), Just(":="), Just("="), Just("|"), Just("("), Just(")"),
                Just("\""), Just("`"), Just("add"), Just("1"), Just("-1.5"), Just(","), Just("é"), Just("/*"), Just("*/"),
                Just("\\"), Just("printf"), Just("len"), Just("with"), Just("break"), Just("\n"),
            ],
            0..40,
        )
    ) {
        let _ = rendered(&parts.join(" "), &json!({"a": [1, "b"]}));
        let _ = rendered(&parts.concat(), &json!({"a": [1, "b"]}));
        let _ = rendered(&format!("{{{{ {} }}}}", parts.join(" ")), &json!({"a": [1, "b"]}));
    }
}

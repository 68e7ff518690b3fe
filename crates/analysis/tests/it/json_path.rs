//! Paths into JSON, in the dialect of Kubernetes.

use serde_json::{Value, json};
use tidegate_analysis::JsonPath;

fn document() -> Value {
    json!({
        "data": { "ok": true, "value": 0.5, "a.b": 1, "x-y": 2, "none": null },
        "items": [
            { "name": "one", "n": 1, "tags": ["a", "b"] },
            { "name": "two", "n": 2.5, "up": false },
            { "name": "it's", "n": 3, "up": true }
        ],
        "matrix": [[1, 2], [3, 4]]
    })
}

#[track_caller]
fn check(path: &str, expect: Value) {
    let found = JsonPath::parse(path).and_then(|path| path.find(&document()).cloned());
    assert_eq!(found.map_err(|problem| problem.to_string()), Ok(expect), "{path}");
}

#[track_caller]
fn fails(path: &str, expect: &str) {
    let found = JsonPath::parse(path).and_then(|path| path.find(&document()).cloned());
    assert_eq!(found.map_err(|problem| problem.to_string()), Err(expect.to_owned()), "{path}");
}

#[test]
fn names_lead_into_mappings() {
    check("{$.data.ok}", json!(true));
    check("{.data.value}", json!(0.5));
    check("{ $.data.value }", json!(0.5));
    check("{data.value}", json!(0.5));
    check("{@.data.value}", json!(0.5));
    check("{$['data']['value']}", json!(0.5));
    check("{$[\"data\"].value}", json!(0.5));
    check("{$.data['a.b']}", json!(1));
    check(r"{$.data.a\.b}", json!(1));
    check("{$.data.x-y}", json!(2));
    check("{$.data.none}", Value::Null);
    check("{$['data','items']}", document()["data"].clone());
    check("{$}", document());
    check("{.}", document());
    check("{@}", document());
}

#[test]
fn indexes_lead_into_lists() {
    check("{$.items[0].name}", json!("one"));
    check("{.items[-1].n}", json!(3));
    check("{.items[1:3].name}", json!("two"));
    check("{.items[:].name}", json!("one"));
    check("{.items[-1:].name}", json!("it's"));
    check("{.items[0:3:2].name}", json!("one"));
    check("{.items[2,0].name}", json!("it's"));
    check("{.matrix[1][0]}", json!(3));
    check("{.matrix[*][1]}", json!(2));
    check("{.items.[1].name}", json!("two"));
}

#[test]
fn of_several_results_the_first_is_taken() {
    check("{.items[*].name}", json!("one"));
    check("{.items.*.name}", json!("one"));
    check("{.data.*}", json!(1));
    check("{..name}", json!("one"));
    check("{$..tags[1]}", json!("b"));
    check("{.items[9:].name}{.data.ok}", json!(true));
    check("{.data.ok} {.data.value}", json!(true));
    // In some of them the name is missing.
    check("{.items[*].up}", json!(false));
}

#[test]
fn filters_choose_from_lists() {
    check("{.items[?(@.name == \"two\")].n}", json!(2.5));
    check("{.items[?(@.name=='two')].n}", json!(2.5));
    check(r"{.items[?(@.name == 'it\'s')].n}", json!(3));
    check("{.items[?(@.n > 1)].name}", json!("two"));
    check("{.items[?(@.n >= 3)].name}", json!("it's"));
    check("{.items[?(@.n < 2)].name}", json!("one"));
    check("{.items[?(@.n <= 1.0)].name}", json!("one"));
    check("{.items[?(@.n != 1)].name}", json!("two"));
    check("{.items[?(@.tags)].name}", json!("one"));
    check("{.items[?(@.n == $.data['x-y'])].name}{.data.ok}", json!(true));
    check("{.matrix[?(@[0] == 3)][1]}", json!(4));
}

#[test]
fn what_is_not_there_is_an_error() {
    fails("{$.data.nothing}", "nothing is not found");
    fails("{$.data.ok.deeper}", "deeper is not found");
    fails("{$.items.name}", "name is not found");
    fails("{..nothing}", "nothing is not found");
    fails("{.items[3]}", "index 3 is outside of a list of 3");
    fails("{.items[-4]}", "index -4 is outside of a list of 3");
    fails("{.data[0]}", "a mapping is no list");
    fails("{.data.value[0]}", "0.5 is no list");
    fails("{.items[?(@.n > 9)].name}", "nothing is there");
    fails("{.items[?(@.up == true)].name}", "up is not found");
    fails("{.items[?(@.n == 'a')].name}", "1 and \"a\" cannot be compared");
    fails("{.data.ok[?(@.a)]}", "true is no list");
}

#[test]
fn what_is_no_path_is_refused() {
    fails("", "the path is empty");
    fails("$.data", "\"$.data\" stands outside of braces: write {$.path.to.value}");
    fails("a{.data}", "\"a{.data}\" stands outside of braces: write {$.path.to.value}");
    fails("{.data", "it ends where } is missing");
    fails("{.items[}", "found '}' in place of a number");
    fails("{.items[0}", "found '}' in place of ]");
    fails("{.items['a}", "a quote ' is not closed");
    fails("{.items[1:2:0]}", "the step of a slice is 1 or more");
    fails("{.items[99999999999999999999]}", "\"99999999999999999999\" is no whole number");
    fails("{...}", "found '.' in place of a name");
    fails("{.items[?(@.a = 1)]}", "found '=' in place of )");
    fails("{.items[?('a')]}", "found ')' in place of a comparison");
    fails(&format!("{{.{}}}", "a".repeat(5_000)), "a path has at most 4096 bytes");
}

#[test]
fn ranges_and_texts_are_read() {
    check("{range $.items[*]}{.name}{\", \"}{end}", json!("one"));
    check("{range .items[?(@.up)]}{.n}{end}", json!(2.5));
    check("{range .items[*]}{range .tags[*]}{@}{end}{end}", json!("a"));
    check("{range .items[0:0]}{.a}{end}{.data.ok}", json!(true));
    check("{range .items[*]}{\"x\"}{end}", json!("x"));
    check("{'text'}", json!("text"));
    fails("{range .items[*]}{.nothing}{end}", "nothing is not found");
    fails("{range .items[*]}{.name}", "a {range} has no {end}");
    fails("{.a}{end}", "{end} ends no {range}");
    fails(&"{range .a}".repeat(9), "more than 8 ranges in each other");
}

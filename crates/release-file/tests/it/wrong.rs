use std::collections::BTreeMap;

use tidegate_release_file::{Kind, NewVersions, Pointer, read, update};

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let check = |kind: &Kind, text: &str, expect: &str| {
        assert_eq!(read("f", kind, text).unwrap_err().to_string(), expect);
    };
    check(
        &Kind::PackageJson,
        "{\n  \"a\": 1\n  \"b\": 2\n}",
        "f:3:3: this is no JSON: there is neither a comma nor an end",
    );
    check(
        &Kind::PackageJson,
        "{\"a\": \"b",
        "f:1:8: this is no JSON: there is a text without its end",
    );
    check(&Kind::PackageJson, "{} x", "f:1:4: this is no JSON: there is something after the end");
    check(&Kind::Pom, "<a>\n</b>", "f:2:1: this is no XML: </b> closes what is not open");
    check(
        &Kind::JsonAt(Pointer::parse("$.a.b").unwrap()),
        "{}",
        "f:1:1: there is no text at $.a.b",
    );
    let told = read("f", &Kind::Cargo, "[package\n").unwrap_err().to_string();
    assert!(told.starts_with("f:1:9: this is no TOML: "), "{told}");
    let told = read("f", &Kind::Chart, "a: [1\nb: }\n").unwrap_err().to_string();
    assert!(told.starts_with("f:2:") && told.contains("this is no YAML: "), "{told}");
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let deep = |open: &str| open.repeat(100_000);
    for (kind, text) in [
        (Kind::Json, deep("[")),
        (Kind::Json, deep("{\"a\":")),
        (Kind::Pom, deep("<a>")),
        (Kind::Chart, deep("[")),
    ] {
        assert!(read("f", &kind, &text).is_err(), "{kind:?}");
    }
}

#[test]
fn only_plain_places_are_taken() {
    let check = |text: &str, good: bool| assert_eq!(Pointer::parse(text).is_ok(), good, "{text}");
    check("$.a", true);
    check("$['a b'][0].c", true);
    check("$", false);
    check("a.b", false);
    check("$..a", false);
    check("$.a[*]", false);
    check("$.a[?(@.b)]", false);
    check("$.a[0", false);
}

#[test]
fn a_file_without_a_version_stays_as_it_is() {
    let version = "9.9.9".parse().unwrap();
    let names = BTreeMap::new();
    let new = NewVersions { version: Some(&version), names: &names, day: "" };
    for (name, text) in [
        ("package.json", "{\"private\": true}"),
        ("pom.xml", "<project/>"),
        ("VERSION", ""),
        ("Chart.yaml", ""),
        ("setup.cfg", "[metadata]\nname = x\n"),
    ] {
        assert_eq!(update(name, &Kind::of(name).unwrap(), text, &new).unwrap(), text);
    }
    assert_eq!(Kind::of("README.md"), None);
}

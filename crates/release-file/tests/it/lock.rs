use std::collections::BTreeMap;

use tidegate_release_file::{Kind, NewVersions, update};

fn to(kind: &Kind, text: &str) -> String {
    let version = "2.0.0".parse().unwrap();
    let names = BTreeMap::from([
        ("own".to_owned(), "2.0.0".parse().unwrap()),
        ("lib".to_owned(), "0.5.0".parse().unwrap()),
    ]);
    let new = NewVersions { version: Some(&version), names: &names, day: "2026-01-31" };
    update("lock", kind, text, &new).unwrap()
}

#[test]
fn cargo_lock_follows_for_packages_that_lie_beside() {
    let lock = "# generated\nversion = 4\n\n[[package]]\nname = \"lib\"\nversion = \"0.4.0\"\nsource = \"registry+x\"\nchecksum = \"0\"\n\n[[package]]\nname = \"lib\"\nversion = \"0.4.9\"\n\n[[package]]\nname = \"own\"\nversion = \"1.2.3\"\ndependencies = [\n \"lib 0.4.0\",\n \"lib 0.4.9\",\n \"serde\",\n]\n";
    let expect = lock
        .replace("name = \"lib\"\nversion = \"0.4.9\"", "name = \"lib\"\nversion = \"0.5.0\"")
        .replace("lib 0.4.9", "lib 0.5.0")
        .replace("1.2.3", "2.0.0");
    assert_eq!(to(&Kind::CargoLock, lock), expect);
    assert_eq!(to(&Kind::CargoLock, &expect), expect);
}

#[test]
fn npms_locks_follow_for_the_package_and_those_of_its_workspace() {
    let lock = "{\n  \"name\": \"own\",\n  \"version\": \"1.2.3\",\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"\": {\n      \"name\": \"own\",\n      \"version\": \"1.2.3\",\n      \"dependencies\": { \"lib\": \"^0.4.9\" }\n    },\n    \"node_modules/lib\": { \"resolved\": \"packages/lib\", \"link\": true },\n    \"node_modules/other\": { \"version\": \"1.2.3\", \"dependencies\": { \"lib\": \"^0.4.9\" } },\n    \"packages/lib\": { \"name\": \"lib\", \"version\": \"0.4.9\" },\n    \"packages/more\": { \"version\": \"0.4.9\", \"devDependencies\": { \"lib\": \"0.4.9\" } }\n  }\n}\n";
    let found = to(&Kind::PackageLock, lock);
    let lines: Vec<_> = lock
        .lines()
        .zip(found.lines())
        .filter(|(old, new)| old != new)
        .map(|(_, new)| new.trim())
        .collect();
    assert_eq!(
        lines,
        [
            "\"version\": \"2.0.0\",",
            "\"version\": \"2.0.0\",",
            "\"dependencies\": { \"lib\": \"^0.5.0\" }",
            "\"packages/lib\": { \"name\": \"lib\", \"version\": \"0.5.0\" },",
            "\"packages/more\": { \"version\": \"0.4.9\", \"devDependencies\": { \"lib\": \"0.5.0\" } }",
        ]
    );
    assert_eq!(to(&Kind::PackageLock, &found), found);
}

#[test]
fn a_file_of_another_component_changes_in_what_it_asks_for_alone() {
    let names = BTreeMap::from([("lib".to_owned(), "0.5.0".parse().unwrap())]);
    let new = NewVersions { version: None, names: &names, day: "" };
    let check = |name: &str, text: &str, expect: &str| {
        assert_eq!(update(name, &Kind::of(name).unwrap(), text, &new).unwrap(), expect);
    };
    check(
        "package.json",
        "{\"version\": \"1.0.0\", \"dependencies\": {\"lib\": \"^0.4.0\"}}",
        "{\"version\": \"1.0.0\", \"dependencies\": {\"lib\": \"^0.5.0\"}}",
    );
    check(
        "package-lock.json",
        "{\"version\": \"1.0.0\", \"packages\": {\"\": {\"version\": \"1.0.0\"}, \"l\": {\"name\": \"lib\", \"version\": \"0.4.0\"}}}",
        "{\"version\": \"1.0.0\", \"packages\": {\"\": {\"version\": \"1.0.0\"}, \"l\": {\"name\": \"lib\", \"version\": \"0.5.0\"}}}",
    );
    check(
        "Cargo.toml",
        "[package]\nversion = \"1.0.0\"\n[dependencies]\nlib = { path = \"../lib\", version = \"0.4.0\" }\n",
        "[package]\nversion = \"1.0.0\"\n[dependencies]\nlib = { path = \"../lib\", version = \"0.5.0\" }\n",
    );
    for name in ["VERSION", "pom.xml", "pubspec.yaml", "Chart.yaml"] {
        let text = "version: 1.0.0\n";
        let text =
            if name == "pom.xml" { "<project><version>1.0.0</version></project>" } else { text };
        check(name, text, text);
    }
}

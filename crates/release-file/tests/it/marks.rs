use std::collections::BTreeMap;

use proptest::prelude::*;
use tidegate_release_file::{Kind, NewVersions, read, update};

fn to(text: &str) -> String {
    let version = "2.10.7-rc.1".parse().unwrap();
    let names = BTreeMap::new();
    let new = NewVersions { version: Some(&version), names: &names, day: "2026-01-31" };
    update("README.md", &Kind::Marked, text, &new).unwrap()
}

#[test]
fn lines_with_a_mark_change_and_no_others() {
    // Values of release-please 17.9.0, updater `generic`.
    let check = |text: &str, expect: &str| assert_eq!(to(text), expect);
    check("v1.2.3 // x-release-please-version\n", "v2.10.7-rc.1 // x-release-please-version\n");
    check(
        "a 1.2.3\nb 1.2.3 x-release-please-version",
        "a 1.2.3\nb 2.10.7-rc.1 x-release-please-version",
    );
    check("MAJOR = 1 # x-release-please-major", "MAJOR = 2 # x-release-please-major");
    check("minor: 2 # x-release-please-minor", "minor: 10 # x-release-please-minor");
    check("patch = 3; // x-release-please-patch", "patch = 7; // x-release-please-patch");
    check("on 2025-12-24 x-release-please-date", "on 2026-01-31 x-release-please-date");
    check(
        "1.2.3 of 2025-12-24 x-release-please-version-date",
        "2.10.7-rc.1 of 2026-01-31 x-release-please-version-date",
    );
    check("1.2.3-beta.1+5, x-release-please-version", "2.10.7-rc.1, x-release-please-version");
    check("nothing 1.2 x-release-please-version", "nothing 1.2 x-release-please-version");
}

#[test]
fn a_block_changes_from_its_begin_to_its_end() {
    let text = "1.2.3\n<!-- x-release-please-start-version -->\r\na 1.2.3\nb 1.2.3 and 1.2.3\n<!-- x-release-please-end -->\n1.2.3\n";
    let expect = "1.2.3\n<!-- x-release-please-start-version -->\r\na 2.10.7-rc.1\nb 2.10.7-rc.1 and 1.2.3\n<!-- x-release-please-end -->\n1.2.3\n";
    assert_eq!(to(text), expect);
    assert_eq!(read("x", &Kind::Marked, text).unwrap().as_deref(), Some("1.2.3"));
    assert_eq!(read("x", &Kind::Marked, "1.2.3\n").unwrap(), None);
}

proptest! {
    #[test]
    fn what_has_no_mark_is_not_changed(text in "[a-z0-9. \n\r\"'{}:=-]{0,200}") {
        prop_assert_eq!(to(&text), text);
    }

    #[test]
    fn no_text_is_more_than_an_error(text in "\\PC{0,60}(\n\\PC{0,40}){0,4}") {
        let version = "1.0.0".parse().unwrap();
        let names = BTreeMap::new();
        let new = NewVersions { version: Some(&version), names: &names, day: "" };
        for name in ["Cargo.toml", "package.json", "pom.xml", "Chart.yaml", "setup.cfg", "setup.py", "build.gradle", "mix.exs", "VERSION", "Cargo.lock", "package-lock.json"] {
            let _ = update(name, &Kind::of(name).unwrap(), &text, &new);
        }
    }
}

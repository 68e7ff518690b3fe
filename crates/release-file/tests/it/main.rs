//! Files of people's, and what becomes of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod lock;
mod marks;
mod settings;
mod wrong;

use std::collections::BTreeMap;

use semver::Version;
use tidegate_release_file::{Kind, NewVersions, read, update};

/// The file at version 1.2.3, and at 2.0.0-rc.1 with the same bytes around it.
#[track_caller]
fn check(name: &str, text: &str) {
    let kind = Kind::of(name).unwrap();
    check_kind(name, &kind, text);
}

#[track_caller]
fn check_kind(name: &str, kind: &Kind, text: &str) {
    let before = text.replace('§', "1.2.3");
    let after = text.replace('§', "2.0.0-rc.1");
    let to = |text: &str, version: &str| {
        let version: Version = version.parse().unwrap();
        let names = BTreeMap::from([("own".to_owned(), version.clone())]);
        let new = NewVersions { version: Some(&version), names: &names, day: "2026-01-31" };
        update(name, kind, text, &new).unwrap()
    };
    assert_eq!(read(name, kind, &before).unwrap().as_deref(), Some("1.2.3"), "{name}");
    assert_eq!(to(&before, "2.0.0-rc.1"), after, "{name}");
    assert_eq!(to(&after, "2.0.0-rc.1"), after, "{name}: twice is once");
    assert_eq!(to(&after, "1.2.3"), before, "{name}: and back");
    let windows = before.replace('\n', "\r\n");
    assert_eq!(to(&windows, "2.0.0-rc.1"), after.replace('\n', "\r\n"), "{name}: other line ends");
}

use std::fs;

use crate::workspace::{Import, Kind, Member, members, root};

/// What a pure crate must not import, and why.
const BANNED: &[(&str, &str)] = &[
    ("async-trait", "nothing waits in a pure crate"),
    ("axum", "a pure crate speaks to no network"),
    ("chrono", "time arrives in the input, as a Timestamp"),
    ("fs4", "a pure crate touches no file"),
    ("futures-util", "nothing waits in a pure crate"),
    ("getrandom", "chance arrives in the input, as a seed"),
    ("hyper", "a pure crate speaks to no network"),
    ("hyper-util", "a pure crate speaks to no network"),
    ("rusqlite", "a pure crate stores nothing"),
    ("rustix", "a pure crate asks nothing of the kernel"),
    ("tokio", "nothing waits in a pure crate"),
    ("tokio-util", "nothing waits in a pure crate"),
    ("tracing", "a pure crate reports in types, not in a log"),
];

fn pure_members() -> Vec<Member> {
    members().into_iter().filter(|member| member.layer.as_deref() == Some("pure")).collect()
}

fn banned(member: &Member) -> Vec<String> {
    let why = |import: &Import| {
        let ban = BANNED.iter().find(|(name, _)| *name == import.name);
        ban.filter(|_| import.kind == Kind::Product)
            .map(|(name, why)| format!("{} imports {name}: {why}", member.name))
    };
    member.imports.iter().filter_map(why).collect()
}

#[test]
fn pure_crates_import_nothing_that_reaches_outside() {
    let banned: Vec<_> = pure_members().iter().flat_map(banned).collect();
    assert!(banned.is_empty(), "\n{}\n", banned.join("\n"));
}

#[test]
fn a_banned_import_is_told_with_its_reason() {
    let mut member = pure_members().remove(0);
    member.name = "under-test".to_owned();
    let import = |kind| Import { name: "tokio".to_owned(), kind };
    member.imports = vec![import(Kind::Tests)];
    assert!(banned(&member).is_empty());
    member.imports = vec![import(Kind::Product)];
    assert_eq!(banned(&member), ["under-test imports tokio: nothing waits in a pure crate"]);
}

#[test]
fn pure_crates_state_their_invariant() {
    for member in pure_members() {
        let text = fs::read_to_string(member.folder.join("src/lib.rs")).unwrap();
        assert!(
            text.lines().any(|line| line.starts_with("//! Invariant: ")),
            "{}: src/lib.rs has no line `//! Invariant: ...` that says what is absent",
            member.name
        );
    }
}

/// Clippy takes the file nearest to the crate, so each pure crate links to the one with the bans.
#[test]
fn pure_crates_are_linted_by_the_bans() {
    let bans = root().join("clippy-pure.toml").canonicalize().unwrap();
    for member in pure_members() {
        let found = member.folder.join("clippy.toml").canonicalize();
        assert!(
            found.is_ok_and(|found| found == bans),
            "{0}: link the bans: ln -s ../../clippy-pure.toml {1}/clippy.toml",
            member.name,
            member.folder.display()
        );
    }
}

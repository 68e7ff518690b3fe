use tidegate_conventional::{
    Bump, Change, Channel, NextError, Past, Rules, Section, Versioning, Why, changes, next,
};

use crate::commits;

fn past(last: &str, prereleases: &[&str]) -> Past {
    Past {
        last: (!last.is_empty()).then(|| last.parse().unwrap()),
        prereleases: prereleases.iter().map(|version| version.parse().unwrap()).collect(),
    }
}

#[track_caller]
fn check_by(rules: &Rules, past: &Past, messages: &[&str], expect: &str) {
    let next = next(past, &changes(&commits(messages)), rules).unwrap();
    let found = next.version.map_or("-".to_owned(), |version| version.to_string());
    assert_eq!(found, expect, "{past:?} {messages:?}");
}

#[test]
fn before_1_0_0_versions_mean_what_the_rules_say() {
    let check = |minor, patch, message: &str, expect: &str| {
        let rules = Rules {
            bump_minor_pre_major: minor,
            bump_patch_for_minor_pre_major: patch,
            ..Rules::usual()
        };
        check_by(&rules, &past("0.3.1", &[]), &[message], expect);
    };
    check(false, false, "feat!: x", "1.0.0");
    check(true, false, "feat!: x", "0.4.0");
    check(true, true, "feat!: x", "0.4.0");
    check(true, false, "feat: x", "0.4.0");
    check(true, true, "feat: x", "0.3.2");
    check(true, true, "fix: x", "0.3.2");
    let strict = Rules { bump_minor_pre_major: true, ..Rules::usual() };
    check_by(&strict, &past("1.3.1", &[]), &["feat!: x"], "2.0.0");
}

#[test]
fn the_first_version_is_the_one_of_the_rules() {
    check_by(&Rules::usual(), &past("", &[]), &["fix: x"], "0.1.0");
    check_by(&Rules::usual(), &past("", &[]), &["chore: x"], "-");
    check_by(&Rules::usual(), &past("", &[]), &["chore: x\n\nRelease-As: 7.0.0"], "7.0.0");
    let rules = Rules { channel: Channel::new("beta"), ..Rules::usual() };
    check_by(&rules, &past("", &[]), &["fix: x"], "0.1.0-beta.1");
}

#[test]
fn a_channel_counts_its_pre_releases_of_one_version() {
    let beta = Rules { channel: Channel::new("beta"), ..Rules::usual() };
    let check = |last: &str, had: &[&str], message: &str, expect: &str| {
        check_by(&beta, &past(last, had), &[message], expect);
    };
    check("1.0.0", &[], "feat: x", "1.1.0-beta.1");
    check("1.0.0", &["1.1.0-beta.1"], "feat: x", "1.1.0-beta.2");
    check("1.0.0", &["1.1.0-beta.9", "1.1.0-beta.10"], "fix: x", "1.1.0-beta.11");
    check("1.0.0", &["1.1.0-beta.2"], "feat!: x", "2.0.0-beta.1");
    check("1.0.0", &["1.1.0-alpha.7"], "feat: x", "1.1.0-beta.1");
    // What broke was taken back: who follows the channel is not led back.
    check("1.0.0", &["2.0.0-beta.1"], "fix: x", "2.0.0-beta.2");
    check("", &["1.0.0-beta.3"], "fix: x", "1.0.0-beta.4");
}

#[test]
fn after_pre_releases_comes_the_release_that_they_were_for() {
    let check = |last: &str, had: &[&str], message: &str, expect: &str| {
        check_by(&Rules::usual(), &past(last, had), &[message], expect);
    };
    check("1.0.0", &["1.1.0-beta.1"], "feat: x", "1.1.0");
    check("", &["2.0.0-rc.1"], "fix: x", "2.0.0");
    check("", &["2.1.0-rc.1"], "feat!: x", "3.0.0");
}

#[test]
fn the_strategy_prerelease_counts_up_until_more_is_asked() {
    // Values of release-please 17.9.0, `versioning: prerelease`.
    let rules = Rules {
        versioning: Versioning::Prerelease,
        channel: Channel::new("beta"),
        prerelease: true,
        bump_minor_pre_major: false,
        ..Rules::usual()
    };
    let check = |last: &str, message: &str, expect: &str| {
        check_by(&rules, &past(last, &[]), &[message], expect);
    };
    check("1.2.3", "fix: x", "1.2.4-beta");
    check("1.2.3", "feat: x", "1.3.0-beta");
    check("1.2.3", "feat!: x", "2.0.0-beta");
    check("2.0.0-beta", "fix: x", "2.0.0-beta.1");
    check("2.0.0-beta.1", "feat!: x", "2.0.0-beta.2");
    check("2.0.0-beta09", "fix: x", "2.0.0-beta10");
    check("1.2.3-beta01-01", "fix: x", "1.2.3-beta01-02");
    check("1.3.0-beta.4", "feat: x", "1.3.0-beta.5");
    check("1.2.4-beta.4", "feat: x", "1.3.0-beta.4");
    check("1.3.0-beta.4", "feat!: x", "2.0.0-beta.4");
    let released = Rules { prerelease: false, ..rules.clone() };
    check_by(&released, &past("2.0.0-beta.2", &[]), &["fix: x"], "2.0.0");
    check_by(&released, &past("1.2.4-beta.4", &[]), &["feat: x"], "1.3.0");
}

#[test]
fn a_strategy_that_always_does_the_same() {
    let check = |bump, expect| {
        let rules = Rules { versioning: Versioning::Always(bump), ..Rules::usual() };
        check_by(&rules, &past("0.2.3", &[]), &["feat!: x"], expect);
    };
    check(Bump::Patch, "0.2.4");
    check(Bump::Minor, "0.3.0");
    check(Bump::Major, "1.0.0");
}

#[test]
fn sections_say_which_types_ask_for_a_release() {
    let section =
        |kind: &str, hidden| Section { kind: kind.to_owned(), title: "T".to_owned(), hidden };
    let rules =
        Rules { sections: vec![section("docs", false), section("feat", true)], ..Rules::usual() };
    let check =
        |message: &str, expect: &str| check_by(&rules, &past("1.0.0", &[]), &[message], expect);
    check("docs: x", "1.0.1");
    check("feat: x", "-");
    check("feat!: x", "2.0.0");
    check("fix: x", "-");
    check("fix!: x", "2.0.0");
}

#[test]
fn a_version_that_was_already_is_refused_with_the_commit_that_asks_for_it() {
    let check = |past: &Past, asked: &str| {
        let message = format!("chore: x\n\nRelease-As: {asked}");
        let told = next(past, &changes(&commits(&[&message])), &Rules::usual()).unwrap_err();
        assert!(matches!(&told, NextError::NotLater { .. }), "{told}");
        told.to_string()
    };
    let told = check(&past("1.2.3", &[]), "1.2.3");
    assert!(told.starts_with("Release-As: 1.2.3 of 00"), "{told}");
    check(&past("1.2.3", &[]), "1.2.3-rc.1");
    check(&past("1.2.3", &["2.0.0-rc.2"]), "2.0.0-rc.1");
}

#[test]
fn reasons_are_told_change_by_change() {
    let list = changes(&commits(&["docs: a", "fix(x): b", "feat: c", "perf!: d"]));
    let next = next(&past("1.0.0", &[]), &list, &Rules::usual()).unwrap();
    let told: Vec<_> = next
        .reasons
        .iter()
        .map(|reason| (reason.change.as_str(), reason.bump, reason.why.clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("perf!: d", Bump::Major, Why::Breaking),
            ("feat: c", Bump::Minor, Why::Feature),
            ("fix(x): b", Bump::Patch, Why::Told),
        ]
    );
}

#[test]
fn channels_have_names_that_versions_may_have() {
    let check = |name: &str, good: bool| assert_eq!(Channel::new(name).is_some(), good, "{name}");
    check("beta", true);
    check("next-1", true);
    check("", false);
    check("7", false);
    check("a.b", false);
    check("a b", false);
}

#[test]
fn what_somebody_asks_for_is_no_change_that_is_told() {
    let asked = Change::asking("3.0.0".parse().unwrap(), "--as");
    assert!(!asked.is_of_commit());
    let all: Vec<_> = std::iter::once(asked).chain(changes(&commits(&["fix: x"]))).collect();
    let next = next(&past("1.0.0", &[]), &all, &Rules::usual()).unwrap();
    assert_eq!(next.version.unwrap().to_string(), "3.0.0");
    assert_eq!(next.reasons[0].change, "release 3.0.0");
}

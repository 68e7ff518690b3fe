//! What three other tools make of the same histories, recorded from them: release-please 17.9.0 (`bump-minor-pre-major`),
//! semantic-release 24.2.9 (preset conventionalcommits) and commit-and-tag-version 12.7.3, each on a repository of
//! its own.

use tidegate_conventional::{Past, Rules, changes, next};

use crate::commits;

/// What a history is about, the version before it, its messages with the oldest first, and the next version by us,
/// release-please, semantic-release and commit-and-tag-version; `-` where there is none.
type Row = (&'static str, &'static str, &'static [&'static str], [&'static str; 4]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("a fix", "1.2.3", &["fix: x"], ["1.2.4", "1.2.4", "1.2.4", "1.2.4"]),
    ("a feature", "1.2.3", &["feat: x"], ["1.3.0", "1.3.0", "1.3.0", "1.3.0"]),
    ("feature and fix", "1.2.3", &["fix: x", "feat: y"], ["1.3.0", "1.3.0", "1.3.0", "1.3.0"]),
    ("fix after feature", "1.2.3", &["feat: y", "fix: x"], ["1.3.0", "1.3.0", "1.3.0", "1.3.0"]),
    ("a mark breaks", "1.2.3", &["feat!: x"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a mark on a fix", "1.2.3", &["fix!: x"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a mark behind a scope", "1.2.3", &["feat(api)!: x"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a footer breaks", "1.2.3", &["feat: x\n\nBREAKING CHANGE: y"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a footer with a dash breaks", "1.2.3", &["feat: x\n\nBREAKING-CHANGE: y"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a footer on a chore", "1.2.3", &["chore: x\n\nBREAKING CHANGE: y"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a mark on a chore", "1.2.3", &["chore!: drop node 6"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("breaking within the body", "1.2.3", &["fix: x\n\nwords first\nBREAKING CHANGE: y\n\nRefs #1"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a breaking footer before another", "1.2.3", &["fix: x\n\nbody\n\nBREAKING CHANGE: y\nReviewed-by: z"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("breaking in lower case is not", "1.2.3", &["fix: x\n\nbreaking change: y"], ["1.2.4", "1.2.4", "2.0.0", "2.0.0"]),
    ("a chore alone", "1.2.3", &["chore: x"], ["-", "-", "-", "1.2.4"]),
    ("docs alone", "1.2.3", &["docs: x"], ["-", "-", "-", "1.2.4"]),
    ("refactor alone", "1.2.3", &["refactor: x"], ["-", "-", "-", "1.2.4"]),
    ("style test build ci", "1.2.3", &["style: a", "test: b", "build: c", "ci: d"], ["-", "-", "-", "1.2.4"]),
    ("performance", "1.2.3", &["perf: x"], ["1.2.4", "1.2.4", "1.2.4", "1.2.4"]),
    ("nothing conventional", "1.2.3", &["update things", "WIP"], ["-", "-", "-", "1.2.4"]),
    ("conventional among others", "1.2.3", &["update things", "fix: x", "Merge branch 'a' into b"], ["1.2.4", "1.2.4", "1.2.4", "1.2.4"]),
    ("an unknown type", "1.2.3", &["wibble: x"], ["-", "-", "-", "1.2.4"]),
    ("an unknown type that breaks", "1.2.3", &["wibble!: x"], ["2.0.0", "-", "2.0.0", "2.0.0"]),
    ("upper case", "1.2.3", &["FEAT: x"], ["1.3.0", "-", "1.3.0", "1.2.4"]),
    ("the word feature", "1.2.3", &["feature: x"], ["1.3.0", "-", "-", "1.3.0"]),
    ("no space after the colon", "1.2.3", &["feat:x"], ["1.3.0", "1.3.0", "-", "1.2.4"]),
    ("an empty scope", "1.2.3", &["feat(): x"], ["-", "-", "1.3.0", "1.3.0"]),
    ("a space before the colon", "1.2.3", &["feat : x"], ["-", "-", "-", "1.2.4"]),
    ("scopes with signs", "1.2.3", &["fix(a/b, c-d): x"], ["1.2.4", "1.2.4", "1.2.4", "1.2.4"]),
    ("zero: a fix", "0.3.1", &["fix: x"], ["0.3.2", "0.3.2", "0.3.2", "0.3.2"]),
    ("zero: a feature", "0.3.1", &["feat: x"], ["0.4.0", "0.4.0", "0.4.0", "0.3.2"]),
    ("zero: breaking", "0.3.1", &["feat!: x"], ["0.4.0", "0.4.0", "1.0.0", "0.4.0"]),
    ("zero zero: a fix", "0.0.4", &["fix: x"], ["0.0.5", "0.0.5", "0.0.5", "0.0.5"]),
    ("zero zero: breaking", "0.0.4", &["fix!: x"], ["0.1.0", "0.1.0", "1.0.0", "0.1.0"]),
    ("release as", "1.2.3", &["feat: x\n\nRelease-As: 3.0.0"], ["3.0.0", "3.0.0", "1.3.0", "1.3.0"]),
    ("release as in lower case", "1.2.3", &["chore: release\n\nrelease-as: 2.0.0"], ["2.0.0", "2.0.0", "-", "1.2.4"]),
    ("the newest release as", "1.2.3", &["chore: a\n\nRelease-As: 3.0.0", "chore: b\n\nRelease-As: 4.0.0"], ["4.0.0", "4.0.0", "-", "1.2.4"]),
    ("release as and more after it", "1.2.3", &["chore: a\n\nRelease-As: 3.0.0", "feat!: b"], ["3.0.0", "3.0.0", "2.0.0", "2.0.0"]),
    ("a revert by hand", "1.2.3", &["revert: let us never again speak of it"], ["1.2.4", "1.2.4", "-", "1.2.4"]),
    ("a squash of two", "1.2.3", &["fix: one (#4)\n\nfeat: two"], ["1.3.0", "1.3.0", "1.2.4", "1.2.4"]),
    ("a squash of two in footers", "1.2.3", &["chore: many\n\nfix(a): one\nfeat(b): two"], ["1.3.0", "1.3.0", "-", "1.2.4"]),
    ("a nested commit", "1.2.3", &["chore: many\n\nBEGIN_NESTED_COMMIT\nfeat: inner\nEND_NESTED_COMMIT"], ["1.3.0", "1.3.0", "-", "1.2.4"]),
    ("no empty line before the body", "1.2.3", &["fix: x\nmore of it\nBREAKING CHANGE: y"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("line ends of Windows", "1.2.3", &["feat: x\r\n\r\nBREAKING CHANGE: y"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("an emoji before it", "1.2.3", &[":sparkles: feat: x"], ["-", "-", "-", "1.2.4"]),
    ("closes an issue", "1.2.3", &["fix: x\n\nCloses #12"], ["1.2.4", "1.2.4", "1.2.4", "1.2.4"]),
    ("a fixup", "1.2.3", &["fixup! feat: x"], ["-", "-", "-", "1.2.4"]),
    ("squash mark", "1.2.3", &["squash! feat!: x"], ["-", "-", "-", "1.2.4"]),
    ("a major and what does not count", "1.2.3", &["docs: a", "feat!: b", "chore: c"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("a type with digits", "1.2.3", &["feat2: x"], ["-", "-", "-", "1.2.4"]),
    ("breaking with a number sign", "1.2.3", &["fix: x\n\nBREAKING CHANGE #y"], ["2.0.0", "2.0.0", "2.0.0", "2.0.0"]),
    ("only a merge", "1.2.3", &["Merge pull request #1 from a/b\n\nfeat: x"], ["1.3.0", "1.3.0", "-", "1.2.4"]),
    ("revert as git writes it, of an older release", "1.2.3", &["Revert \"feat: old\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567."], ["1.2.4", "-", "1.2.4", "1.2.4"]),
];

#[test]
fn the_next_version_is_the_one_that_is_expected() {
    for (name, last, messages, [ours, ..]) in ROWS {
        let past = Past { last: Some(last.parse().unwrap()), prereleases: Vec::new() };
        let next = next(&past, &changes(&commits(messages)), &Rules::usual()).unwrap();
        let found = next.version.map_or("-".to_owned(), |version| version.to_string());
        assert_eq!(found, *ours, "{name}");
    }
}

/// A change of ours that moves away from the others is seen by these.
#[test]
fn how_many_are_the_same_as_those_of_each_tool() {
    let same = |tool: usize| ROWS.iter().filter(|(_, _, _, all)| all[tool] == all[0]).count();
    assert_eq!((ROWS.len(), [same(1), same(2), same(3)]), (53, [49, 38, 29]));
}

/// Each is a decision.
#[test]
fn where_we_differ_from_release_please() {
    let apart = ROWS.iter().filter(|(_, _, _, [ours, theirs, ..])| ours != theirs);
    let apart: Vec<_> = apart.map(|(name, ..)| *name).collect();
    let expect = [
        // What breaks is released, whatever its type.
        "an unknown type that breaks",
        // Types are read without regard to case, as the specification says.
        "upper case",
        // `feature` is the same as `feat`, also for whether there is a release.
        "the word feature",
        // What is taken back is released.
        "revert as git writes it, of an older release",
    ];
    assert_eq!(apart, expect);
}

use proptest::prelude::*;
use tidegate_conventional::{Change, changes};

use crate::commits;

#[track_caller]
fn check(messages: &[&str], expect: &[&str]) {
    let line = |change: &Change| {
        let scope = change.scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
        let broken = change.breaking.as_ref().map(|text| format!(" !{text}")).unwrap_or_default();
        let on: Vec<_> =
            change.references.iter().map(|on| format!(" {}#{}", on.action, on.number)).collect();
        let version =
            change.release_as.as_ref().map(|version| format!(" ={version}")).unwrap_or_default();
        format!("{}{scope}: {}{broken}{}{version}", change.kind, change.description, on.concat())
    };
    let found: Vec<_> = changes(&commits(messages)).iter().map(line).collect();
    assert_eq!(found, expect);
}

#[test]
fn types_scopes_and_descriptions() {
    check(&["feat: one"], &["feat: one"]);
    check(&["FIX(Api):  two  words "], &["fix(Api): two words"]);
    check(&["fix: newest last", "feat: newer"], &["feat: newer", "fix: newest last"]);
    check(&["not one", "", "Merge branch 'x'", "feat no colon", "feat(open: x"], &[]);
}

#[test]
fn what_breaks_is_told_by_its_footer_or_its_description() {
    check(&["feat!: one"], &["feat: one !one"]);
    check(
        &["feat(a)!: one\n\nBREAKING CHANGE: all of it\n  on two lines"],
        &["feat(a): one !all of it on two lines"],
    );
    check(&["chore: x\n\nwords\n\nBREAKING-CHANGE: gone\nRefs: #5"], &["chore: x !gone refs#5"]);
    check(&["fix: x\nBREAKING CHANGE: y"], &["fix: x !y"]);
    check(&["fix: x\r\n\r\nBREAKING CHANGE: y\r\n"], &["fix: x !y"]);
    check(&["fix: x\n\nno BREAKING CHANGE: here"], &["fix: x"]);
}

#[test]
fn issues_and_versions_come_from_footers() {
    check(&["fix: x\n\nCloses #12"], &["fix: x closes#12"]);
    check(&["fix: x\n\nFixes: #1, #2\nReviewed-by: Z"], &["fix: x fixes#1 fixes#2"]);
    check(&["chore: x\n\nRelease-As: v2.0.0-rc.1"], &["chore: x =2.0.0-rc.1"]);
    check(&["chore: x\n\nrelease-as: nonsense"], &["chore: x"]);
}

#[test]
fn a_squashed_commit_tells_of_several_changes() {
    check(&["fix: one (#4)\n\nbody\n\nfeat(b)!: two"], &["fix: one (#4)", "feat(b): two !two"]);
    check(&["chore: many\n\nfix(a): one\nfeat: two"], &["chore: many", "fix(a): one", "feat: two"]);
    check(
        &[
            "chore: many\n\nBEGIN_NESTED_COMMIT\nfeat: inner\n\nBREAKING CHANGE: y\nEND_NESTED_COMMIT\n",
        ],
        &["chore: many", "feat: inner !y"],
    );
}

#[test]
fn what_was_taken_back_is_left_out_with_what_took_it_back() {
    let first = commits(&["feat: one"])[0].id.clone();
    let by_git = format!("Revert \"feat: one\"\n\nThis reverts commit {first}.");
    check(&["feat: one", &by_git, "fix: two"], &["fix: two"]);
    let by_hand = format!("revert: feat: one\n\nRefs: {}", &first[..10]);
    check(&["feat: one", &by_hand], &[]);
    // Taken back and brought again.
    let second = commits(&["", ""])[0].id.clone();
    let again = format!("Revert \"Revert \"feat: one\"\"\n\nThis reverts commit {second}.");
    check(&["feat: one", &by_git, &again], &["feat: one"]);
    // Of an older release: people have it, so that they are told.
    let older = format!("Revert \"feat: old\"\n\nThis reverts commit {}.", "9".repeat(40));
    check(&[&older], &["revert: feat: old"]);
}

proptest! {
    #[test]
    fn no_message_is_an_error(message in "\\PC{0,80}(\n\\PC{0,40}){0,6}") {
        changes(&commits(&[&message]));
    }

    #[test]
    fn whatever_follows_a_header_leaves_its_type(body in "[a-z \n]{0,60}") {
        let message = format!("feat: x\n\n{body}");
        prop_assert_eq!(&changes(&commits(&[&message]))[0].kind, "feat");
    }
}

use std::fs;

use tidegate_git::{Error, NewCommit, NewTag};

use crate::world::{Work, World, ada, git};

const TAG: NewTag<'_> = NewTag { name: "v1.1.0", message: "v1.1.0\n\n* feat: x" };

fn changed() -> (World, Work) {
    let world = World::new();
    let work = world.repository("r");
    work.write("VERSION", "1.0.0\n").write("other", "1").commit("feat: x");
    work.write("VERSION", "1.1.0\n").write("other", "2").write("staged", "3");
    work.git(&["add", "staged"]);
    (world, work)
}

#[test]
fn a_release_is_a_commit_of_its_files_alone_and_a_tag_with_a_message() {
    let (_world, work) = changed();
    let files = ["VERSION".to_owned()];
    let commit = NewCommit { files: &files, message: "chore: release 1.1.0" };
    let written = work.open().record(Some(&commit), &[TAG], &ada()).unwrap();
    assert!(written.made);
    assert_eq!(
        work.git(&["show", "--format=%an <%ae> %ct %s", "--name-only"]),
        "Ada <ada@example.com> 1700000000 chore: release 1.1.0\n\nVERSION"
    );
    assert_eq!(work.git(&["cat-file", "-t", "v1.1.0"]), "tag");
    assert_eq!(work.git(&["rev-parse", "v1.1.0^{commit}"]), written.commit.as_str());
    assert!(work.git(&["cat-file", "tag", "v1.1.0"]).ends_with("v1.1.0\n\n* feat: x"));
    // What else was changed or staged is as it was.
    assert_eq!(work.git(&["status", "--porcelain"]), " M other\nA  staged");
    assert_eq!(work.git(&["fsck", "--strict"]), "");
}

#[test]
fn again_it_changes_nothing() {
    let (_world, work) = changed();
    let files = ["VERSION".to_owned()];
    let commit = NewCommit { files: &files, message: "chore: release 1.1.0" };
    let first = work.open().record(Some(&commit), &[TAG], &ada()).unwrap();
    let refs = work.git(&["show-ref"]);
    let again = work.open().record(Some(&commit), &[TAG], &ada()).unwrap();
    assert_eq!((again.commit, again.made), (first.commit, false));
    assert_eq!(work.git(&["show-ref"]), refs);
}

#[test]
fn a_file_that_is_gone_is_taken_out() {
    let (_world, work) = changed();
    fs::remove_file(work.folder.join("VERSION")).unwrap();
    let commit = NewCommit { files: &["VERSION".to_owned()], message: "chore: none" };
    work.open().record(Some(&commit), &[], &ada()).unwrap();
    assert_eq!(work.git(&["ls-tree", "--name-only", "HEAD"]), "other");
}

#[test]
fn a_tag_that_is_elsewhere_is_not_moved_and_nothing_is_done() {
    let (_world, work) = changed();
    let old = work.git(&["rev-parse", "HEAD"]);
    work.git(&["tag", "v1.1.0"]);
    let commit = NewCommit { files: &["VERSION".to_owned()], message: "chore: release" };
    let other = NewTag { name: "w1", message: "w" };
    let error = work.open().record(Some(&commit), &[other, TAG], &ada()).unwrap_err();
    assert!(matches!(&error, Error::TagElsewhere { at, .. } if at.as_str() == old), "{error}");
    assert_eq!(work.git(&["rev-parse", "HEAD"]), old);
    assert_eq!(work.git(&["tag"]), "v1.1.0");
}

#[test]
fn a_lock_that_somebody_holds_lets_nothing_through() {
    let (_world, work) = changed();
    let before = work.git(&["show-ref"]);
    fs::create_dir_all(work.folder.join(".git/refs/tags")).unwrap();
    fs::write(work.folder.join(".git/refs/heads/main.lock"), "").unwrap();
    let commit = NewCommit { files: &["VERSION".to_owned()], message: "chore: release" };
    let error = work.open().record(Some(&commit), &[TAG], &ada()).unwrap_err();
    assert!(matches!(&error, Error::Moved { .. } | Error::Refused { .. }), "{error}");
    assert_eq!(work.git(&["show-ref"]), before, "neither the commit nor its tag");
}

#[test]
fn names_that_are_no_tags_are_refused() {
    let (_world, work) = changed();
    for name in ["", "a b", "-d", "x..y", "a~1", "x.lock", "a\nb"] {
        let error = work.open().record(None, &[NewTag { name, message: "x" }], &ada()).unwrap_err();
        assert!(matches!(error, Error::BadName { .. }), "{name:?}: {error}");
    }
}

#[test]
fn hooks_do_not_run() {
    let (world, work) = changed();
    for hook in [
        "pre-commit",
        "commit-msg",
        "post-commit",
        "reference-transaction",
        "pre-push",
        "post-checkout",
    ] {
        let path = work.folder.join(".git/hooks").join(hook);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\ntouch {}/ran\nexit 1\n", work.url())).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).unwrap();
    }
    git(&world.path("."), &["init", "-q", "--bare", "remote.git"]);
    work.git(&["config", "remote.origin.url", world.path("remote.git").to_str().unwrap()]);
    let repository = work.open();
    let commit = NewCommit { files: &["VERSION".to_owned()], message: "chore: release" };
    let written = repository.record(Some(&commit), &[TAG], &ada()).unwrap();
    let refs = ["refs/heads/main".to_owned(), "refs/tags/v1.1.0".to_owned()];
    repository.push("origin", &refs).unwrap();
    assert!(!work.folder.join("ran").exists());
    let there = git(&world.path("remote.git"), &["rev-parse", "main", "v1.1.0^{commit}"]);
    assert_eq!(there, format!("{0}\n{0}", written.commit));
}

#[test]
fn a_push_is_of_all_refs_or_none_and_forces_nothing() {
    let (world, work) = changed();
    git(&world.path("."), &["clone", "-q", "--bare", "r", "remote.git"]);
    work.git(&["config", "remote.origin.url", world.path("remote.git").to_str().unwrap()]);
    let remote = world.path("remote.git");
    git(
        &remote,
        &[
            "update-ref",
            "refs/heads/main",
            &git(&remote, &["commit-tree", "HEAD^{tree}", "-m", "theirs"]),
        ],
    );
    let before = git(&remote, &["show-ref"]);
    let repository = work.open();
    repository.record(None, &[TAG], &ada()).unwrap();
    let refs = ["refs/heads/main".to_owned(), "refs/tags/v1.1.0".to_owned()];
    assert!(repository.push("origin", &refs).is_err());
    assert_eq!(git(&remote, &["show-ref"]), before);
    assert!(matches!(repository.push("--mirror", &refs), Err(Error::BadName { .. })));
}

#[test]
fn a_detached_head_takes_the_commit_itself() {
    let (_world, work) = changed();
    work.git(&["checkout", "-q", "--detach"]);
    let main = work.git(&["rev-parse", "main"]);
    let commit = NewCommit { files: &["VERSION".to_owned()], message: "chore: release" };
    let written = work.open().record(Some(&commit), &[TAG], &ada()).unwrap();
    assert_eq!(work.git(&["rev-parse", "HEAD"]), written.commit.as_str());
    assert_eq!(work.git(&["rev-parse", "main"]), main);
}

#[test]
fn the_person_is_who_the_configuration_says() {
    let (_world, work) = changed();
    work.git(&["config", "user.name", "Grace"]);
    work.git(&["config", "user.email", "grace@example.com"]);
    let person = work.open().person().unwrap();
    assert_eq!(person.to_string(), "Grace <grace@example.com>");
}

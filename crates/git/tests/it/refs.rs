use tidegate_git::{Git, RefKind, Refs};

use crate::world::World;

#[test]
fn what_a_ref_is_for() {
    let check = |name, expect| assert_eq!(RefKind::of(name), expect, "{name}");
    check("refs/heads/feature/x", RefKind::Branch { name: "feature/x".to_owned() });
    check("refs/tags/v1", RefKind::Tag { name: "v1".to_owned() });
    check("refs/pull/7/head", RefKind::PullRequest { number: 7 });
    check("refs/pull/7/merge", RefKind::Merge { number: 7 });
    check("refs/merge-requests/8/head", RefKind::PullRequest { number: 8 });
    check("refs/pull-requests/9/from", RefKind::PullRequest { number: 9 });
    check("refs/pull/x/head", RefKind::Other);
    check("refs/pull/7/head/more", RefKind::Other);
    check("refs/notes/commits", RefKind::Other);
    check("HEAD", RefKind::Other);
}

fn told(before: &Refs, after: &Refs) -> Vec<String> {
    let side = |id: Option<&tidegate_git::ObjectId>| id.map_or("-", |id| id.short()).to_owned();
    let line = |change: &tidegate_git::RefChange| {
        format!("{} {} {}", change.name, side(change.before.as_ref()), side(change.after.as_ref()))
    };
    before.changes(after).iter().map(line).collect()
}

#[test]
fn pushes_tags_and_proposed_changes_are_seen_between_two_looks() {
    let world = World::new();
    let work = world.repository("r");
    let git = Git::find().unwrap();
    assert!(work.open().refs().unwrap().is_empty());
    let first = work.commit("one");
    work.git(&["branch", "old"]);
    work.git(&["tag", "-a", "v1", "-m", "first"]);
    let before = work.open().refs().unwrap();
    assert_eq!(
        before.get("refs/tags/v1").unwrap().as_str(),
        first,
        "an annotated tag is at its commit"
    );
    assert_eq!(before, git.remote_refs(work.url(), None).unwrap());
    assert_eq!(before.changes(&before), []);

    let second = work.commit("two");
    work.git(&["branch", "-D", "old"]);
    work.git(&["update-ref", "refs/pull/3/head", "HEAD"]);
    let after = work.open().refs().unwrap();
    let (first, second) = (&first[..7], &second[..7]);
    assert_eq!(
        told(&before, &after),
        [
            format!("refs/heads/main {first} {second}"),
            format!("refs/heads/old {first} -"),
            format!("refs/pull/3/head - {second}"),
        ]
    );
    assert_eq!(before.changes(&after)[2].kind(), RefKind::PullRequest { number: 3 });
    assert_eq!(told(&Refs::default(), &before).len(), 3);
}

#[test]
fn tags_are_those_that_a_revision_has() {
    let world = World::new();
    let work = world.repository("r");
    let first = work.commit("one");
    work.git(&["tag", "v1"]);
    work.git(&["tag", "-a", "app/v1", "-m", "x"]);
    work.git(&["tag", "-a", "of-a-tree", "-m", "x", "HEAD^{tree}"]);
    work.git(&["checkout", "-q", "-b", "side"]);
    work.commit("two");
    work.git(&["tag", "v2"]);
    work.git(&["checkout", "-q", "main"]);
    let repository = work.open();
    let tags = repository.tags_reachable("HEAD").unwrap();
    let found: Vec<_> =
        tags.iter().map(|tag| (tag.name.as_str(), tag.annotated, tag.commit.as_str())).collect();
    assert_eq!(found, [("app/v1", true, first.as_str()), ("v1", false, first.as_str())]);
    assert_eq!(repository.tags().unwrap().len(), 3);
}

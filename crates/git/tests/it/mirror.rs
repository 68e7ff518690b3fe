use tidegate_git::{Error, Git, Mirror};

use crate::world::World;

#[test]
fn a_mirror_follows_every_ref_and_reads_any_revision() {
    let world = World::new();
    let work = world.repository("r");
    work.write("action.yml", "name: one\n").commit("one");
    work.git(&["tag", "v1"]);
    work.git(&["branch", "old"]);
    let git = Git::find().unwrap();
    let mirror = Mirror::open(&git, &world.path("mirrors/r.git"), work.url()).unwrap();
    mirror.update(None).unwrap();
    let before = mirror.repository().refs().unwrap();
    assert_eq!(before, work.open().refs().unwrap());

    work.write("action.yml", "name: two\n").commit("two");
    work.git(&["branch", "-D", "old"]);
    work.git(&["tag", "-f", "v1"]);
    work.git(&["update-ref", "refs/pull/1/head", "HEAD"]);
    let again = Mirror::open(&git, &world.path("mirrors/r.git"), work.url()).unwrap();
    again.update(None).unwrap();
    let after = again.repository().refs().unwrap();
    assert_eq!(after, work.open().refs().unwrap());
    let names: Vec<_> = before.changes(&after).into_iter().map(|change| change.name).collect();
    assert_eq!(names, ["refs/heads/main", "refs/heads/old", "refs/pull/1/head", "refs/tags/v1"]);
    let read =
        |revision| again.repository().read_file(revision, "action.yml", 100).unwrap().unwrap();
    assert_eq!(read("v1"), b"name: two\n");
    assert_eq!(read("main~1"), b"name: one\n");
}

#[test]
fn a_mirror_of_another_is_not_taken_for_it() {
    let world = World::new();
    let (one, other) = (world.repository("one"), world.repository("other"));
    let git = Git::find().unwrap();
    Mirror::open(&git, &world.path("m.git"), one.url()).unwrap();
    let error = Mirror::open(&git, &world.path("m.git"), other.url()).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
}

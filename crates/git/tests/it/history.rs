use tidegate_git::{EntryKind, Error, Git, Range, Repository};

use crate::world::{World, git};

fn log(repository: &Repository, after: Option<&str>, to: &str) -> Vec<(String, Vec<String>)> {
    let commits = repository.commits(Range { after, to }).unwrap();
    commits.into_iter().map(|commit| (commit.message, commit.paths)).collect()
}

fn row(message: &str, paths: &[&str]) -> (String, Vec<String>) {
    (message.to_owned(), paths.iter().map(|path| (*path).to_owned()).collect())
}

#[test]
fn commits_have_their_messages_and_every_path_that_they_touched() {
    let world = World::new();
    let work = world.repository("r");
    work.write("a", "1")
        .write("d/ü\n:x", "2")
        .commit("feat: one\n\nbody\n\u{1f}\n\nBREAKING CHANGE: x");
    work.commit("fix: nothing");
    work.git(&["mv", "a", "b"]);
    work.commit(":100644 looks like a change");
    let repository = work.open();
    assert_eq!(
        log(&repository, None, "HEAD"),
        [
            row(":100644 looks like a change", &["a", "b"]),
            row("fix: nothing", &[]),
            row("feat: one\n\nbody\n\u{1f}\n\nBREAKING CHANGE: x", &["a", "d/ü\n:x"]),
        ]
    );
    assert_eq!(log(&repository, Some("HEAD~1"), "HEAD").len(), 1);
    assert_eq!(log(&repository, Some("HEAD"), "HEAD"), []);
}

#[test]
fn a_commit_says_who_when_and_after_what() {
    let world = World::new();
    let work = world.repository("r");
    let first = work.commit("chore: begin");
    let second = work.commit("fix: go on");
    let commits = work.open().commits(Range { after: None, to: "main" }).unwrap();
    let ids: Vec<_> = commits.iter().map(|commit| commit.id.as_str()).collect();
    assert_eq!(ids, [&second, &first]);
    assert_eq!(commits[0].parents[0].as_str(), first);
    assert!(commits[1].parents.is_empty());
    assert_eq!(
        (commits[0].committed, commits[0].author.as_str(), commits[0].email.as_str()),
        (1_700_000_000, "Ada", "ada@example.com")
    );
}

#[test]
fn a_merge_touched_what_it_brought_to_its_first_parent() {
    let world = World::new();
    let work = world.repository("r");
    work.write("a", "1").commit("chore: a");
    work.git(&["checkout", "-q", "-b", "side"]);
    work.write("side/s", "1").commit("fix: s");
    work.git(&["checkout", "-q", "main"]);
    work.write("b", "1").commit("chore: b");
    work.git(&["merge", "-q", "--no-ff", "side", "-m", "Merge side"]);
    let repository = work.open();
    let merge = &repository.commits(Range { after: None, to: "HEAD" }).unwrap()[0];
    assert_eq!((merge.parents.len(), merge.paths.as_slice()), (2, &["side/s".to_owned()][..]));
    let base = repository.merge_base("main~1", "side").unwrap().unwrap();
    assert_eq!(base, repository.commit("side~1").unwrap());
    assert!(repository.is_ancestor("side", "main").unwrap());
    assert!(!repository.is_ancestor("main", "side").unwrap());
}

#[test]
fn changed_paths_are_those_of_both_sides() {
    let world = World::new();
    let work = world.repository("r");
    work.write("a", "1").write("d/b", "1").commit("one");
    work.git(&["rm", "-q", "a"]);
    work.write("d/b", "2").write("c", "").commit("two");
    let repository = work.open();
    assert_eq!(repository.changed_paths(Some("HEAD~"), "HEAD").unwrap(), ["a", "c", "d/b"]);
    assert_eq!(repository.changed_paths(None, "HEAD").unwrap(), ["c", "d/b"]);
}

#[test]
fn files_and_folders_are_read_at_a_revision() {
    let world = World::new();
    let work = world.repository("r");
    work.write(".github/workflows/ci.yml", "on: push\n").write("-x", "dash").commit("one");
    work.write(".github/workflows/ci.yml", "on: [push]\n").commit("two");
    let repository = work.open();
    let read = |revision, path| repository.read_file(revision, path, 1000).unwrap();
    assert_eq!(read("HEAD~1", ".github/workflows/ci.yml").as_deref(), Some(&b"on: push\n"[..]));
    assert_eq!(read("HEAD", "/.github/workflows/ci.yml").as_deref(), Some(&b"on: [push]\n"[..]));
    assert_eq!(read("HEAD", "-x").as_deref(), Some(&b"dash"[..]));
    assert_eq!(read("HEAD", ".github"), None);
    assert_eq!(read("HEAD", "nowhere"), None);
    let inside = repository.folder_at("HEAD", ".github/workflows").unwrap().unwrap();
    assert_eq!(
        (inside[0].path.as_str(), inside[0].kind),
        (".github/workflows/ci.yml", EntryKind::File)
    );
    assert_eq!(repository.folder_at("HEAD", "").unwrap().unwrap().len(), 2);
    assert_eq!(repository.folder_at("HEAD", "nowhere").unwrap(), None);
    let big = repository.read_file("HEAD", "-x", 3);
    assert!(matches!(big, Err(Error::TooMuch { limit: 3, .. })), "{big:?}");
}

#[test]
fn where_it_is_and_what_a_revision_names() {
    let world = World::new();
    let work = world.repository("r");
    assert!(matches!(work.open().head(), Err(Error::Unborn(_))));
    let first = work.commit("one");
    work.git(&["tag", "-a", "v1", "-m", "x"]);
    let second = work.commit("two");
    let repository = work.open();
    let head = repository.head().unwrap();
    assert_eq!((head.commit.as_str(), head.branch.as_deref()), (second.as_str(), Some("main")));
    assert_eq!(repository.resolve("v1").unwrap().unwrap().as_str(), first);
    assert_eq!(repository.resolve("nothing").unwrap(), None);
    assert_eq!(repository.resolve("--help").unwrap(), None);
    assert_eq!(repository.default_branch("origin").unwrap().as_deref(), Some("main"));
    work.git(&["checkout", "-q", "--detach", "v1"]);
    assert_eq!(repository.head().unwrap().branch, None);
    let told = repository.commit("nothing").unwrap_err().to_string();
    assert_eq!(told, "there is no nothing in the repository");
}

#[test]
fn a_shallow_clone_is_told_with_its_mend() {
    let world = World::new();
    let work = world.repository("r");
    work.commit("one");
    work.commit("two");
    assert!(work.open().needs_history().is_ok());
    let url = format!("file://{}", work.url());
    git(&world.path("."), &["clone", "-q", "--depth=1", &url, "shallow"]);
    let shallow = Repository::open(&Git::find().unwrap(), &world.path("shallow")).unwrap();
    let told = shallow.needs_history().unwrap_err().to_string();
    assert!(told.contains("`git fetch --unshallow --tags`"), "{told}");
}

#[test]
fn a_folder_in_no_repository_is_told() {
    let world = World::new();
    let told = Repository::open(&Git::find().unwrap(), &world.path(".")).unwrap_err().to_string();
    assert!(told.contains("is in no Git repository"), "{told}");
    let told =
        Repository::open(&Git::find().unwrap(), &world.path("gone")).unwrap_err().to_string();
    assert!(told.contains("is in no Git repository"), "{told}");
}

#[test]
fn a_folder_inside_is_of_the_repository_and_a_bare_one_has_no_work_tree() {
    let world = World::new();
    let work = world.repository("r");
    work.write("deep/er/x", "").commit("one");
    let git_program = Git::find().unwrap();
    let inside = Repository::open(&git_program, &work.folder.join("deep/er")).unwrap();
    assert_eq!((inside.folder(), inside.is_bare()), (work.folder.as_path(), false));
    git(&world.path("."), &["clone", "-q", "--bare", "r", "b.git"]);
    let bare = Repository::open(&git_program, &world.path("b.git")).unwrap();
    assert_eq!((bare.folder(), bare.is_bare()), (world.path("b.git").as_path(), true));
}

#[test]
fn what_differs_in_the_work_tree_is_listed() {
    let world = World::new();
    let work = world.repository("r");
    work.write("a", "1").write("b", "1").commit("one");
    assert_eq!(work.open().changed_in_work_tree().unwrap(), Vec::<String>::new());
    work.write("a", "2").write("new file", "");
    assert_eq!(work.open().changed_in_work_tree().unwrap(), ["a", "new file"]);
}

#[test]
fn many_files_are_read_at_once() {
    let world = World::new();
    let work = world.repository("r");
    work.write("a b", "one\ntwo").write("d/empty", "").write("ü", "x missing\n").commit("one");
    let found =
        work.open().read_files("HEAD", &["a b", "nowhere", "d", "d/empty", "ü", "a\nb"]).unwrap();
    let found: Vec<_> =
        found.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let expect: [(&str, &[u8]); 3] =
        [("a b", b"one\ntwo"), ("d/empty", b""), ("ü", b"x missing\n")];
    assert_eq!(found, expect);
}

use std::{fs, num::NonZeroU32, path::Path};

use tidegate_git::{Checkout, Error, Git, History, ObjectId, Submodules, Wanted};

use crate::world::{Work, World, git};

fn of(url: &str) -> Checkout<'_> {
    Checkout {
        url,
        wanted: Wanted::Default,
        history: History::Last(NonZeroU32::MIN),
        submodules: Submodules::None,
        sparse: &[],
        large_files: false,
        credentials: None,
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap() == ".git" {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn project(world: &World) -> Work {
    let work = world.repository("project");
    work.write("a", "1").write("docs/x", "x").write("src/deep/y", "y").commit("one");
    work.git(&["tag", "-a", "v1", "-m", "first"]);
    work.git(&["branch", "side"]);
    work.write("b", "2").commit("two");
    work
}

fn commits(folder: &Path) -> usize {
    git(folder, &["rev-list", "--all", "HEAD"]).lines().count()
}

#[test]
fn what_the_other_side_starts_from_with_one_commit() {
    let world = World::new();
    let work = project(&world);
    for url in [work.url().to_owned(), format!("file://{}", work.url())] {
        let to = world.path(&format!("out{}", url.len()));
        let out = Git::find().unwrap().checkout(&to, &of(&url)).unwrap();
        assert_eq!(out.commit.as_str(), work.git(&["rev-parse", "main"]));
        assert_eq!(out.name.as_deref(), Some("refs/heads/main"));
        assert_eq!(files(&to), ["a", "b", "docs/x", "src/deep/y"]);
        assert_eq!(commits(&to), 1, "{url}");
        assert_eq!(git(&to, &["status", "--porcelain"]), "");
    }
}

#[test]
fn branches_tags_full_names_and_commits() {
    let world = World::new();
    let work = project(&world);
    let first = work.git(&["rev-parse", "side"]);
    work.git(&["update-ref", "refs/pull/5/merge", "main"]);
    let id: ObjectId = first.parse().unwrap();
    let check = |wanted, expect: &str, name: Option<&str>| {
        let to = world.path("out");
        let out =
            Git::find().unwrap().checkout(&to, &Checkout { wanted, ..of(work.url()) }).unwrap();
        assert_eq!((out.commit.as_str(), out.name.as_deref()), (expect, name));
        assert_eq!(git(&to, &["rev-parse", "HEAD"]), expect);
        assert_eq!(to.join("b").exists(), expect != first);
    };
    let main = work.git(&["rev-parse", "main"]);
    check(Wanted::Ref("side"), &first, Some("refs/heads/side"));
    check(Wanted::Ref("v1"), &first, Some("refs/tags/v1"));
    check(Wanted::Ref("refs/pull/5/merge"), &main, Some("refs/pull/5/merge"));
    check(Wanted::Commit(&id), &first, None);
}

#[test]
fn the_whole_history_has_every_branch_and_tag_also_after_a_part_of_it() {
    let world = World::new();
    let work = project(&world);
    let to = world.path("out");
    let git_program = Git::find().unwrap();
    let url = format!("file://{}", work.url());
    git_program.checkout(&to, &of(&url)).unwrap();
    assert!(to.join(".git/shallow").exists());
    git_program.checkout(&to, &Checkout { history: History::Whole, ..of(&url) }).unwrap();
    assert_eq!(commits(&to), 2);
    assert_eq!(git(&to, &["tag"]), "v1");
    assert_eq!(git(&to, &["rev-parse", "origin/side"]), work.git(&["rev-parse", "side"]));
    assert!(!to.join(".git/shallow").exists());
}

#[test]
fn what_lay_there_from_before_is_taken_away() {
    let world = World::new();
    let work = project(&world);
    let to = world.path("out");
    let git_program = Git::find().unwrap();
    git_program.checkout(&to, &of(work.url())).unwrap();
    fs::write(to.join("a"), "changed").unwrap();
    fs::write(to.join("rubbish"), "").unwrap();
    work.write(".gitignore", "rubbish\n").commit("three");
    git_program.checkout(&to, &of(work.url())).unwrap();
    assert_eq!(files(&to), [".gitignore", "a", "b", "docs/x", "src/deep/y"]);
    assert_eq!(fs::read_to_string(to.join("a")).unwrap(), "1");
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let world = World::new();
    let work = project(&world);
    let other = world.repository("other");
    other.write("mine", "1");
    let full = world.path("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("mine"), "").unwrap();
    for folder in [&other.folder, &full] {
        let error = Git::find().unwrap().checkout(folder, &of(work.url())).unwrap_err();
        assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
        assert!(folder.join("mine").exists());
    }
}

#[test]
fn only_the_folders_that_are_wanted_and_all_of_them_again() {
    let world = World::new();
    let work = project(&world);
    let to = world.path("out");
    let sparse = ["src".to_owned()];
    let git_program = Git::find().unwrap();
    git_program.checkout(&to, &Checkout { sparse: &sparse, ..of(work.url()) }).unwrap();
    assert_eq!(files(&to), ["a", "b", "src/deep/y"]);
    git_program.checkout(&to, &of(work.url())).unwrap();
    assert_eq!(files(&to), ["a", "b", "docs/x", "src/deep/y"]);
}

#[test]
fn repositories_inside_come_as_asked() {
    let world = World::new();
    let inner = world.repository("inner");
    inner.write("i", "1").commit("one");
    let middle = world.repository("middle");
    middle.write("m", "1");
    middle.git(&["submodule", "-q", "add", "../inner", "inner"]);
    middle.commit("one");
    let work = project(&world);
    work.git(&["submodule", "-q", "add", "../middle", "middle"]);
    work.commit("with another inside");
    let check = |submodules, expect: &[&str]| {
        let to = world.path(&format!("out-{submodules:?}"));
        Git::find().unwrap().checkout(&to, &Checkout { submodules, ..of(work.url()) }).unwrap();
        let found: Vec<_> =
            files(&to).into_iter().filter(|path| path.starts_with("middle/")).collect();
        assert_eq!(found, expect, "{submodules:?}");
    };
    check(Submodules::None, &[]);
    check(Submodules::Direct, &["middle/.gitmodules", "middle/m"]);
    check(Submodules::Recursive, &["middle/.gitmodules", "middle/inner/i", "middle/m"]);
}

#[test]
fn what_is_not_there_is_told_by_name() {
    let world = World::new();
    let work = project(&world);
    let check = |url: &str, wanted, expect: &str| {
        let told =
            Git::find().unwrap().checkout(&world.path("out"), &Checkout { wanted, ..of(url) });
        let told = told.unwrap_err().to_string();
        assert!(told.contains(expect), "{told:?} should say {expect:?}");
    };
    check(work.url(), Wanted::Ref("nope"), "there is no branch or tag nope of");
    let nothing: ObjectId = "1".repeat(40).parse().unwrap();
    check(work.url(), Wanted::Commit(&nothing), "git fetch failed");
    check("ext::sh -c touch% ran", Wanted::Default, "a helper's address would start a program");
    check("--upload-pack=touch ran", Wanted::Default, "it is no address");
    check("/nowhere/at/all", Wanted::Default, "");
}

#[test]
fn large_files_come_or_it_is_told_what_is_missing() {
    let world = World::new();
    let work = project(&world);
    let wanted = Checkout { large_files: true, ..of(work.url()) };
    match Git::find().unwrap().checkout(&world.path("out"), &wanted) {
        // With git-lfs on the machine a repository that has none is checked out as it is.
        Ok(_) => assert!(world.path("out/a").exists()),
        Err(error) => assert!(matches!(error, Error::NoLargeFiles), "{error}"),
    }
}

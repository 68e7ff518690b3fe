//! Releases of real repositories, which are made anew for each test.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::program::{Program, Said};

/// A repository with a Rust package at 0.1.0, and what came after it.
struct Repository {
    program: Program,
    folder: TempDir,
}

const IDENTITY: [(&str, &str); 7] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_AUTHOR_NAME", "Ada"),
    ("GIT_AUTHOR_EMAIL", "ada@example.com"),
    ("GIT_COMMITTER_NAME", "Ada"),
    ("GIT_COMMITTER_EMAIL", "ada@example.com"),
    ("GIT_COMMITTER_DATE", "@1700000000 +0000"),
];

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).envs(IDENTITY);
    let output = command.env("GIT_AUTHOR_DATE", "@1700000000 +0000").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {told}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

impl Repository {
    fn empty() -> Self {
        let repository = Self { program: Program::new(), folder: tempfile::tempdir().unwrap() };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    fn new() -> Self {
        let repository = Self::empty();
        repository.write("Cargo.toml", "[package]\nname = \"shop\" # ours\nversion = \"0.1.0\"\n");
        repository.write("Cargo.lock", "[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\n");
        repository.commit("feat: begin");
        repository.git(&["tag", "v0.1.0"]);
        repository.write("a", "1");
        repository.commit("fix(cart): sum (#3)");
        repository.write("b", "1");
        repository.commit("feat: pay\n\nCloses #9");
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.folder.path(), arguments)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    fn run_by(&self, path: &str, arguments: &[&str]) -> Said {
        let mut command = self.program.command();
        command.current_dir(self.folder.path()).env("PATH", path).envs(IDENTITY);
        command.env("SOURCE_DATE_EPOCH", "1700000000").arg("release").args(arguments);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.run_by(&env::var("PATH").unwrap(), arguments)
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], code: i32, expect: &str) {
        let said = self.run(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(expect), "{:?} should say {expect:?}", said.err);
    }

    /// All that a release leaves behind.
    fn state(&self) -> (String, String, String) {
        (
            self.git(&["show-ref"]),
            self.git(&["status", "--porcelain"]),
            self.git(&["ls-files", "-s"]),
        )
    }
}

#[test]
fn the_next_version_is_told_with_its_reasons() {
    let repository = Repository::new();
    let told = repository.ok(&["next"]);
    let lines: Vec<_> = told.lines().map(|line| line.get(11..).unwrap_or(line)).collect();
    assert_eq!(lines[1..], ["feature   feat: pay", "patch     fix(cart): sum (#3)"]);
    assert!(told.starts_with("0.2.0 (after 0.1.0)\n"), "{told}");
    let json = repository.ok(&["next", "-o", "json"]);
    for expect in [
        "\"version\": \"0.2.0\"",
        "\"tag\": \"v0.2.0\"",
        "\"bump\": \"minor\"",
        "\"previousTag\": \"v0.1.0\"",
    ] {
        assert!(json.contains(expect), "{json}");
    }
}

#[test]
fn a_release_is_files_a_commit_and_a_tag_and_again_it_is_nothing() {
    let repository = Repository::new();
    let dry = repository.ok(&["make", "--dry-run"]);
    assert!(
        dry.contains("-version = \"0.1.0\"\n+version = \"0.2.0\"")
            && dry.contains("would tag     v0.2.0"),
        "{dry}"
    );
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
    assert_eq!(repository.git(&["tag"]), "v0.1.0");
    repository.ok(&["make"]);
    assert_eq!(
        repository.read("Cargo.toml"),
        "[package]\nname = \"shop\" # ours\nversion = \"0.2.0\"\n"
    );
    assert_eq!(
        repository.read("Cargo.lock"),
        "[[package]]\nname = \"shop\"\nversion = \"0.2.0\"\n"
    );
    let changelog = repository.read("CHANGELOG.md");
    assert!(
        changelog.starts_with("# Changelog\n\n## 0.2.0 (2023-11-14)\n\n### Features\n\n* pay ("),
        "{changelog}"
    );
    assert_eq!(
        repository.git(&["show", "--format=%s", "--name-only"]),
        "chore(release): 0.2.0\n\nCHANGELOG.md\nCargo.lock\nCargo.toml"
    );
    assert_eq!(
        repository.git(&["rev-parse", "v0.2.0^{commit}"]),
        repository.git(&["rev-parse", "HEAD"])
    );
    assert!(repository.git(&["tag", "-l", "-n9", "v0.2.0"]).contains("pay ("));
    let state = repository.state();
    assert!(repository.ok(&["make"]).starts_with("nothing to release"));
    assert_eq!(repository.state(), state);
}

#[test]
fn wherever_it_was_interrupted_it_ends_in_the_same_state() {
    let straight = Repository::new();
    straight.ok(&["make"]);
    let check = |interrupted: &dyn Fn(&Repository)| {
        let repository = Repository::new();
        interrupted(&repository);
        repository.ok(&["make"]);
        assert_eq!(repository.state(), straight.state());
    };
    check(&|_| {});
    check(&|repository| drop(repository.ok(&["bump"])));
    check(&|repository| drop(repository.ok(&["changelog"])));
    check(&|repository| {
        repository.ok(&["changelog"]);
        repository.ok(&["bump"]);
        repository.git(&["add", "-A"]);
    });
    check(&|repository| {
        // One of the files was written.
        let before = repository.read("Cargo.lock");
        repository.ok(&["bump"]);
        repository.write("Cargo.lock", &before);
    });
    check(&|repository| {
        repository.ok(&["changelog"]);
        repository.ok(&["bump"]);
        repository.ok(&["tag"]);
    });
    check(&|repository| drop(repository.ok(&["make"])));
}

#[test]
fn a_release_that_goes_on_the_next_day_keeps_the_day_that_it_was_begun() {
    let repository = Repository::new();
    let text = {
        repository.ok(&["changelog"]);
        repository.read("CHANGELOG.md").replace("2023-11-14", "2023-11-13")
    };
    repository.write("CHANGELOG.md", &text);
    repository.ok(&["make"]);
    assert_eq!(repository.read("CHANGELOG.md"), text);
}

#[test]
fn what_somebody_changed_and_did_not_commit_is_not_released() {
    let repository = Repository::new();
    repository.write("Cargo.toml", "[package]\nname = \"mine\"\nversion = \"0.1.0\"\n");
    let state = repository.state();
    repository.refused(&["make"], 1, "Cargo.toml has changes that are not committed");
    assert_eq!(repository.state(), state);
    // Other files are nobody's business.
    repository.git(&["checkout", "-q", "Cargo.toml"]);
    repository.write("a", "changed");
    repository.ok(&["make"]);
    assert_eq!(repository.git(&["status", "--porcelain"]), " M a");
}

#[test]
fn pre_releases_count_and_end_in_their_release() {
    let repository = Repository::new();
    assert!(
        repository.ok(&["make", "--channel", "beta"]).starts_with("0.2.0-beta.1 (after 0.1.0)")
    );
    assert!(repository.ok(&["make", "--channel", "beta"]).starts_with("nothing to release"));
    repository.write("c", "1");
    repository.commit("fix: more");
    assert!(
        repository
            .ok(&["make", "--channel", "beta"])
            .starts_with("0.2.0-beta.2 (after 0.2.0-beta.1)")
    );
    assert!(repository.ok(&["make"]).starts_with("0.2.0 (after 0.2.0-beta.2)"));
    assert_eq!(repository.git(&["tag"]), "v0.1.0\nv0.2.0\nv0.2.0-beta.1\nv0.2.0-beta.2");
    repository.write("d", "1");
    repository.commit("fix: even more");
    assert!(repository.ok(&["next", "--as", "1.0.0"]).starts_with("1.0.0 (after 0.2.0)"));
    repository.refused(&["next", "--as", "0.2.0"], 1, "0.2.0 of --as is not later than 0.2.0");
}

#[test]
fn components_are_released_each_by_its_own_commits() {
    let repository = Repository::empty();
    repository
        .write("packages/core/package.json", "{\"name\": \"@x/core\", \"version\": \"1.0.0\"}\n");
    repository.write("packages/web/package.json", "{\"name\": \"@x/web\", \"version\": \"2.0.0\", \"dependencies\": {\"@x/core\": \"^1.0.0\"}}\n");
    repository
        .write("packages/cli/package.json", "{\"name\": \"@x/cli\", \"version\": \"3.0.0\"}\n");
    repository.write("release-please-config.json", "{\"packages\": {\"packages/core\": {}, \"packages/web\": {\"tag-separator\": \"/\"}, \"packages/cli\": {}}, \"plugins\": [\"node-workspace\"], \"label\": \"x\"}\n");
    repository.write(".release-please-manifest.json", "{\n  \"packages/core\": \"1.0.0\",\n  \"packages/web\": \"2.0.0\",\n  \"packages/cli\": \"3.0.0\"\n}\n");
    repository.commit("chore: begin");
    repository.write("packages/core/x", "1");
    repository.commit("feat: core");
    let told = repository.ok(&["make"]);
    assert!(
        told.contains("core 1.1.0 (after 1.0.0)")
            && told.contains("web 2.0.1 (after 2.0.0, because it is made of core)"),
        "{told}"
    );
    assert!(told.contains("settings without a meaning here: label"), "{told}");
    assert_eq!(repository.git(&["tag"]), "core-v1.1.0\nweb/v2.0.1");
    assert_eq!(
        repository.read("packages/web/package.json"),
        "{\"name\": \"@x/web\", \"version\": \"2.0.1\", \"dependencies\": {\"@x/core\": \"^1.1.0\"}}\n"
    );
    assert_eq!(
        repository.read(".release-please-manifest.json"),
        "{\n  \"packages/core\": \"1.1.0\",\n  \"packages/web\": \"2.0.1\",\n  \"packages/cli\": \"3.0.0\"\n}\n"
    );
    assert!(repository.ok(&["make"]).starts_with("nothing to release"));
    repository.refused(
        &["next", "--component", "nope"],
        2,
        "those of this repository: cli, core, web",
    );
}

#[test]
fn a_push_takes_the_branch_and_its_tags_also_those_of_an_earlier_try() {
    let repository = Repository::new();
    let remote = repository.program.data();
    fs::create_dir_all(&remote).unwrap();
    git(&remote, &["init", "-q", "--bare", "-b", "main"]);
    repository.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repository.ok(&["make"]);
    assert_eq!(git(&remote, &["for-each-ref"]), "", "nothing is pushed unless it is said");
    repository.ok(&["make", "--push"]);
    let here = repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(git(&remote, &["rev-parse", "main", "v0.2.0^{commit}"]), format!("{here}\n{here}"));
}

#[test]
fn what_is_wrong_is_told_with_its_mend() {
    let repository = Repository::new();
    let said = repository.run_by("/nowhere", &["next"]);
    assert!(
        said.code == 1 && said.err.contains("the program git is not on this machine"),
        "{}",
        said.err
    );
    repository.refused(&["next", "--path", "/"], 1, "is in no Git repository");
    repository.refused(&["next", "--channel", "7"], 2, "a name has letters");
    repository.write(
        "release-please-config.json",
        "{\"packages\": {\".\": {\n  \"versioning\": \"own\"}}}",
    );
    repository.commit("chore: settings");
    repository.refused(
        &["next"],
        1,
        "release-please-config.json:2:3: the versioning own is not built",
    );
    repository.write(
        "release-please-config.json",
        "{\"packages\": {\".\": {\"changelog-path\": \"../../x\"}}}",
    );
    repository.commit("chore: settings");
    repository.refused(&["next"], 1, "leads out of the repository");
    let url = format!("file://{}", repository.folder.path().display());
    let shallow = repository.program.data();
    git(repository.folder.path(), &["clone", "-q", "--depth=1", &url, shallow.to_str().unwrap()]);
    repository.refused(
        &["next", "--path", shallow.to_str().unwrap()],
        1,
        "git fetch --unshallow --tags",
    );
    let empty = Repository::empty();
    empty.refused(&["next"], 1, "has no commit yet");
}

#[test]
fn a_link_in_place_of_a_file_is_not_followed() {
    let repository = Repository::new();
    repository.git(&["rm", "-q", "Cargo.lock"]);
    std::os::unix::fs::symlink("../elsewhere", repository.path("CHANGELOG.md")).unwrap();
    repository.commit("fix: link");
    let said = repository.run(&["make"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(!repository.path("../elsewhere").exists());
}

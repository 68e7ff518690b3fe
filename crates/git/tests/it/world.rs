//! A folder with repositories in it, whose commits have the same names on every machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;
use tidegate_git::{Git, Identity, Repository};

pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// A repository with no commit, whose branch is `main`.
    pub(crate) fn repository(&self, name: &str) -> Work {
        let work = Work { folder: self.path(name) };
        fs::create_dir_all(&work.folder).unwrap();
        work.git(&["init", "-q", "-b", "main"]);
        work
    }
}

pub(crate) struct Work {
    pub(crate) folder: PathBuf,
}

impl Work {
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.folder, arguments)
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// All files as they are, committed.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn open(&self) -> Repository {
        Repository::open(&Git::find().unwrap(), &self.folder).unwrap()
    }

    pub(crate) fn url(&self) -> &str {
        self.folder.to_str().unwrap()
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = tried(folder, arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {told}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn tried(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(["-c", "protocol.file.allow=always", "-c", "commit.gpgSign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "@1700000000 +0000")
        .env("GIT_COMMITTER_DATE", "@1700000000 +0000")
        .output()
        .unwrap()
}

pub(crate) fn ada() -> Identity {
    Identity {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        at: Some(1_700_000_000),
    }
}

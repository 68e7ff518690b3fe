use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) layer: Option<String>,
    pub(crate) folder: PathBuf,
    pub(crate) imports: Vec<Import>,
}

/// A dependency as it is declared.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Product,
    Tests,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn members() -> Vec<Member> {
    let metadata = metadata(&["--no-deps", "--offline"]);
    metadata["packages"].as_array().unwrap().iter().map(member).collect()
}

fn member(package: &Value) -> Member {
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    Member {
        name: package["name"].as_str().unwrap().to_owned(),
        layer: package["metadata"]["tidegate"]["layer"].as_str().map(str::to_owned),
        folder: manifest.parent().unwrap().to_owned(),
        imports: package["dependencies"].as_array().unwrap().iter().map(import).collect(),
    }
}

fn import(dependency: &Value) -> Import {
    Import {
        name: dependency["name"].as_str().unwrap().to_owned(),
        kind: if dependency["kind"] == "dev" { Kind::Tests } else { Kind::Product },
    }
}

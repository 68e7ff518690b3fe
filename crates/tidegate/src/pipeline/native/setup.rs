//! The tools of this machine, in place of those that `setup-*` would fetch.

mod version;

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use tidegate_steps::{Order, Report};

use self::version::{Asked, Version};
use super::{Told, apart, outputs};
use crate::pipeline::host::Room;

pub(super) const NODE: &[(&str, &str)] = &[
    ("node-version", ""),
    ("node-version-file", ""),
    ("architecture", ""),
    ("check-latest", "false"),
    ("registry-url", ""),
    ("scope", ""),
    ("token", ""),
    ("cache", ""),
    ("package-manager-cache", "true"),
    ("cache-dependency-path", ""),
    ("always-auth", ""),
    ("mirror", ""),
    ("mirror-token", ""),
];
pub(super) const PYTHON: &[(&str, &str)] = &[
    ("python-version", ""),
    ("python-version-file", ""),
    ("architecture", ""),
    ("cache", ""),
    ("cache-dependency-path", ""),
    ("check-latest", "false"),
    ("update-environment", "true"),
    ("allow-prereleases", "false"),
    ("freethreaded", "false"),
    ("token", ""),
];
pub(super) const GO: &[(&str, &str)] = &[
    ("go-version", ""),
    ("go-version-file", ""),
    ("check-latest", "false"),
    ("cache", "true"),
    ("cache-dependency-path", ""),
    ("architecture", ""),
    ("token", ""),
];
pub(super) const JAVA: &[(&str, &str)] = &[
    ("java-version", ""),
    ("java-version-file", ""),
    ("distribution", ""),
    ("java-package", "jdk"),
    ("architecture", ""),
    ("cache", ""),
    ("cache-dependency-path", ""),
    ("check-latest", "false"),
    ("token", ""),
];

/// A tool of this machine.
#[derive(Clone, Debug)]
struct Tool {
    path: PathBuf,
    version: Version,
}

/// What a tool is called and how it is asked for its version.
struct Kind {
    /// For people.
    name: &'static str,
    /// The program, and what it is also called with a version behind it.
    program: &'static str,
    arguments: &'static [&'static str],
    /// The input with the version, and the one with the name of a file that has it.
    input: &'static str,
    file: &'static str,
}

pub(super) async fn node(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let kind = Kind {
        name: "Node",
        program: "node",
        arguments: &["--version"],
        input: "node-version",
        file: "node-version-file",
    };
    let tool = tool(room, order, told, kind).await?;
    let mut report = outputs([
        ("node-version", format!("v{}", tool.version)),
        ("cache-hit", "false".to_owned()),
    ]);
    report.path = vec![folder(&tool.path)];
    Ok(report)
}

pub(super) async fn python(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let kind = Kind {
        name: "Python",
        program: "python3",
        arguments: &["--version"],
        input: "python-version",
        file: "python-version-file",
    };
    let tool = tool(room, order, told, kind).await?;
    // Many machines have `python3` alone, and scripts after this action say `python`.
    let named = room.job.folders().temporary().join("python");
    let there = named.clone();
    let program = tool.path.clone();
    apart(move || {
        std::fs::create_dir_all(&there).map_err(|error| format!("{}: {error}", there.display()))?;
        for name in ["python", "python3"] {
            let _ = std::fs::remove_file(there.join(name));
            symlink(&program, there.join(name))
                .map_err(|error| format!("{}: {error}", there.display()))?;
        }
        Ok(())
    })
    .await?;
    let mut report = outputs([
        ("python-version", tool.version.to_string()),
        ("python-path", tool.path.display().to_string()),
        ("cache-hit", "false".to_owned()),
    ]);
    report.path = vec![named.display().to_string().into()];
    report.env = vec![("pythonLocation".into(), folder(&tool.path))];
    Ok(report)
}

pub(super) async fn go(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let kind = Kind {
        name: "Go",
        program: "go",
        arguments: &["version"],
        input: "go-version",
        file: "go-version-file",
    };
    let tool = tool(room, order, told, kind).await?;
    let mut report =
        outputs([("go-version", tool.version.to_string()), ("cache-hit", "false".to_owned())]);
    report.path = vec![folder(&tool.path)];
    Ok(report)
}

pub(super) async fn java(room: &Room, order: &Order, told: &Told) -> Result<Report, String> {
    let kind = Kind {
        name: "Java",
        program: "java",
        arguments: &["-version"],
        input: "java-version",
        file: "java-version-file",
    };
    let tool = tool(room, order, told, kind).await?;
    let home = tool.path.canonicalize().unwrap_or_else(|_| tool.path.clone());
    let home = home.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_owned();
    let mut report = outputs([
        ("distribution", told.get("distribution").to_owned()),
        ("version", tool.version.to_string()),
        ("path", home.display().to_string()),
        ("cache-hit", "false".to_owned()),
    ]);
    report.env = vec![("JAVA_HOME".into(), home.display().to_string().into())];
    report.path = vec![folder(&tool.path)];
    Ok(report)
}

fn folder(program: &Path) -> std::sync::Arc<str> {
    program.parent().unwrap_or(Path::new("/")).display().to_string().into()
}

/// The tool that is asked for, if the machine has it.
async fn tool(room: &Room, order: &Order, told: &Told, kind: Kind) -> Result<Tool, String> {
    let asked = asked(room, told, &kind)?;
    let wanted = Asked::read(&asked);
    let name = kind.name;
    let found = apart(move || Ok(tools(&kind))).await?;
    let fits = found
        .iter()
        .filter(|tool| wanted.takes(&tool.version))
        .max_by_key(|tool| tool.version.clone());
    let Some(tool) = fits else {
        let has: Vec<String> = found.iter().map(|tool| tool.version.to_string()).collect();
        let has = if has.is_empty() { "none".to_owned() } else { has.join(", ") };
        return Err(format!(
            "{name} {asked} is not on this machine, which has {has}: install it, put it into PATH, or change what the workflow asks for"
        ));
    };
    room.say(&order.step, &format!("Found {name} {} at {}", tool.version, tool.path.display()));
    if !told.get("cache").is_empty() && told.get("cache") != "true" && told.get("cache") != "false"
    {
        room.say(
            &order.step,
            &format!(
                "The cache of {} is that of this machine; nothing is restored or saved",
                told.get("cache")
            ),
        );
    }
    Ok(tool.clone())
}

/// What is asked for, by the input or by a file.
fn asked(room: &Room, told: &Told, kind: &Kind) -> Result<String, String> {
    let written = told.get(kind.input);
    let file = told.get(kind.file);
    if !written.is_empty() || file.is_empty() {
        return Ok(written.to_owned());
    }
    let path = room.job.folders().workspace().join(file);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("The specified version file {file} cannot be read: {error}"))?;
    version::of_file(file, &text).ok_or_else(|| format!("{file} names no version of {}", kind.name))
}

/// Each version that is in `PATH`, also those with their version in their names.
fn tools(kind: &Kind) -> Vec<Tool> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<Tool> = Vec::new();
    for folder in std::env::split_paths(&path) {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| is_named(name, kind.program)).collect();
        names.sort();
        for name in names {
            let program = folder.join(name);
            if let Some(version) = version_of(&program, kind.arguments)
                && found.iter().all(|tool| tool.version != version)
            {
                found.push(Tool { path: program, version });
            }
        }
    }
    found
}

/// `python3`, `python3.11`, `go1.22.1`.
fn is_named(name: &str, program: &str) -> bool {
    let Some(rest) = name.strip_prefix(program) else { return false };
    rest.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
}

fn version_of(program: &Path, arguments: &[&str]) -> Option<Version> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let said = [output.stdout, output.stderr].concat();
    Version::find(&String::from_utf8_lossy(&said))
}

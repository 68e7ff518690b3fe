//! What every command says of itself.

use crate::program::Program;

/// Every command that people see, by its words.
fn commands(program: &Program) -> Vec<String> {
    let reference = program.ok(&["internal-reference", "cli"]);
    let heads = reference.lines().filter_map(|line| line.strip_prefix("## `"));
    heads.map(|head| head.trim_end_matches('`').to_owned()).collect()
}

#[test]
fn the_help_of_every_command_is_as_it_was_reviewed() {
    let program = Program::new();
    let commands = commands(&program);
    assert!(commands.len() > 25, "{commands:?}");
    let help = commands.iter().map(|command| {
        let mut args = command.split(' ').skip(1).collect::<Vec<_>>();
        args.push("--help");
        format!("$ {command} --help\n{}", program.ok(&args))
    });
    insta::assert_snapshot!(help.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_reference_is_markdown_whose_tables_hold_together() {
    let program = Program::new();
    let page = program.ok(&["internal-reference", "cli"]);
    assert!(page.starts_with("# Command line\n"), "{page}");
    assert!(!page.contains("internal-"), "hidden commands are no part of it");
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let bars = line.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 3, "{line}");
    }
    let codes = program.ok(&["internal-reference", "exit-codes"]);
    assert_eq!(codes.lines().filter(|line| line.starts_with("| ")).count(), 8, "{codes}");
}

#[test]
fn completions_are_there_for_every_shell() {
    let program = Program::new();
    for (shell, word) in
        [("bash", "complete -F"), ("zsh", "#compdef tidegate"), ("fish", "complete -c tidegate")]
    {
        let script = program.ok(&["completions", shell]);
        assert!(script.contains(word) && script.contains("set-image"), "{shell}");
    }
}

#[test]
fn the_version_is_told_without_a_server() {
    let program = Program::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(program.ok(&["version"]), format!("tidegate {version}\n"));
    assert_eq!(program.ok(&["--version"]), format!("tidegate {version}\n"));
    let json: serde_json::Value =
        serde_json::from_str(&program.ok(&["version", "-o", "json"])).unwrap();
    assert_eq!(json, serde_json::json!({"client": version, "server": null}));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let program = Program::new();
    let mut child = program
        .command()
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

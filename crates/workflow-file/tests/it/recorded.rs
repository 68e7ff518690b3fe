//! Files of ours, and what GitHub's own parser said of them: `fixtures/record.mjs` asked it.

use std::{collections::BTreeSet, fs, path::Path};

use tidegate_workflow_file::read_workflow;

#[test]
fn what_is_told_is_what_githubs_parser_tells() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    names.sort();
    assert!(names.len() >= 30, "the files are in {}", folder.display());
    for path in names {
        let text = fs::read_to_string(&path).unwrap();
        let recorded = fs::read_to_string(path.with_extension("txt")).unwrap();
        same(&path, &text, &recorded);
    }
}

/// Each line of the record is told, at its place, and nothing else is. The parser of npm leaves out where within an
/// expression something is, which the service tells.
fn same(path: &Path, text: &str, recorded: &str) {
    let reading = read_workflow("file", text);
    let ours: BTreeSet<String> = reading
        .problems
        .iter()
        .map(|problem| {
            let message = problem.message.split(". Located at position").next().unwrap_or_default();
            format!("{}:{} {message}", problem.value_line, problem.value_column)
        })
        .collect();
    let theirs: BTreeSet<String> = recorded
        .lines()
        .map(|line| line.split(". Located at position").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ours, theirs, "{}", path.display());
    assert_eq!(reading.is_valid(), theirs.is_empty(), "{}", path.display());
}

//! Bad input, one slip each, with the exact message: `cases/NAME.txt` against `cases/NAME.yaml`.
//!
//! A case is `# title`, lines to take out of the good file (`- `), lines to put in their place
//! (`+ `), and the problems (`= `). Without `- ` lines the `+ ` lines are the whole file. `<TAB>`,
//! `<CR>`, `<BOM>`, `<NUL>` stand for what an editor would lose.
//! `UPDATE_CASES=1 cargo test -p tidegate-manifest` writes the problems anew, to be read and kept.

use std::{fmt::Write as _, fs, path::PathBuf};

use tidegate_manifest::read_file;

#[derive(Default)]
struct Case {
    title: String,
    taken: String,
    put: String,
    problems: String,
}

fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        let (mark, rest) = line.split_at_checked(1).unwrap_or((line, ""));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        if mark == "#" {
            let title = rest.to_owned();
            cases.push(Case { title, ..Case::default() });
            continue;
        }
        let Some(case) = cases.last_mut() else {
            continue;
        };
        match mark {
            "-" => writeln!(case.taken, "{rest}").unwrap(),
            "+" => writeln!(case.put, "{rest}").unwrap(),
            "=" => writeln!(case.problems, "{rest}").unwrap(),
            "" => {}
            _ => panic!("no mark of a case: {line}"),
        }
    }
    cases
}

fn input(good: &str, case: &Case) -> String {
    let put = case
        .put
        .replace("<TAB>", "\t")
        .replace("<CR>", "\r")
        .replace("<BOM>", "\u{feff}")
        .replace("<NUL>", "\0");
    if case.taken.is_empty() {
        return put;
    }
    let places = good.match_indices(&case.taken).count();
    assert_eq!(places, 1, "{}: to be taken out:\n{}", case.title, case.taken);
    good.replace(&case.taken, &put)
}

fn problems(text: &str) -> String {
    match read_file("web.yaml", text) {
        Ok(reading) => {
            let mut told = format!("(none: {} documents)\n", reading.documents.len());
            for left in &reading.left {
                writeln!(told, "left alone: line {}: {left}", left.line).unwrap();
            }
            for note in &reading.notes {
                writeln!(told, "note: {note}").unwrap();
            }
            told
        }
        Err(problems) => format!("{problems}\n"),
    }
}

fn check(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases");
    let good = fs::read_to_string(folder.join(name).with_extension("yaml")).unwrap_or_default();
    let path = folder.join(name).with_extension("txt");
    let mut cases = parse(&fs::read_to_string(&path).unwrap());
    if std::env::var_os("UPDATE_CASES").is_some() {
        for case in &mut cases {
            case.problems = problems(&input(&good, case));
        }
        fs::write(&path, written(&cases)).unwrap();
        return;
    }
    for case in &cases {
        assert_eq!(problems(&input(&good, case)), case.problems, "{name}: {}", case.title);
    }
}

fn written(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        writeln!(text, "# {}", case.title).unwrap();
        for (mark, lines) in [("-", &case.taken), ("+", &case.put), ("=", &case.problems)] {
            for line in lines.lines() {
                writeln!(text, "{}", format!("{mark} {line}").trim_end()).unwrap();
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn rollouts() {
    check("rollout");
}

#[test]
fn pod_templates() {
    check("pod");
}

#[test]
fn analysis_templates() {
    check("analysis");
}

#[test]
fn decisions() {
    check("decision");
}

#[test]
fn experiments() {
    check("experiment");
}

#[test]
fn services() {
    check("service");
}

#[test]
fn config_maps_and_secrets() {
    check("config");
}

#[test]
fn yaml() {
    check("yaml");
}

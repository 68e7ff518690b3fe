use crate::{
    Reading, Token,
    check::{Scope, steps},
    grammar, injection,
    load::load,
    problem::Problems,
    reader,
};

/// Reads an action file: `action.yml`. `file` is what it is called in problems.
pub fn read_action(file: &str, text: &str) -> Reading {
    let mut problems = Problems::new(file, text);
    let root = load(&mut problems, text).map(|document| {
        let root = reader::read(&mut problems, &grammar::ACTION, &document, "root");
        if let Some(runs) = root.get("runs").filter(|_| !problems.any_error()) {
            check(&mut problems, runs);
        }
        root
    });
    Reading { root, problems: problems.finish() }
}

/// What an action runs, and how.
fn check(problems: &mut Problems<'_>, runs: &Token) {
    if let Some(using) = runs.get("using")
        && let Some(kind) = using.text()
    {
        let needed = match kind {
            "composite" => "steps",
            "docker" => "image",
            _ => "main",
        };
        let has = ["steps", "image", "main"].iter().find(|key| runs.get(key).is_some());
        if let Some(has) = has.filter(|has| **has != needed) {
            let message = format!("An action using '{kind}' has '{needed}', and not '{has}'");
            problems.error(using.span, message);
        }
    }
    if let Some(list) = runs.get("steps") {
        steps(problems, list, Scope::Action);
        injection::in_steps(problems, list);
    }
}

//! Script injection: text that anybody can write, put into a script before the script is read.

use tidegate_expression::{Function, Kind as Part, Node, Operator, Value};

use crate::{Template, Token, problem::Problems};

/// What outsiders can choose: titles, texts, names of branches, who they say they are. `*` is any item.
const OUTSIDERS: [&str; 30] = [
    "github.head_ref",
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.pull_request.head.repo.description",
    "github.event.pull_request.head.repo.homepage",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.changes.title.from",
    "github.event.changes.body.from",
    "github.event.pages.*.page_name",
    "github.event.head_commit.message",
    "github.event.head_commit.author.email",
    "github.event.head_commit.author.name",
    "github.event.head_commit.committer.email",
    "github.event.head_commit.committer.name",
    "github.event.commits.*.message",
    "github.event.commits.*.author.email",
    "github.event.commits.*.author.name",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_commit.message",
    "github.event.workflow_run.head_commit.author.name",
    "github.event.workflow_run.head_commit.author.email",
];

/// Warns of each such text in a script of a workflow.
pub(crate) fn find(problems: &mut Problems<'_>, root: &Token) {
    for job in root.get("jobs").and_then(Token::pairs).unwrap_or_default() {
        if let Some(steps) = job.value.get("steps") {
            in_steps(problems, steps);
        }
    }
}

/// Warns of each such text in a script of these steps.
pub(crate) fn in_steps(problems: &mut Problems<'_>, steps: &Token) {
    for step in steps.items().unwrap_or_default() {
        if let Some(script) = step.get("run") {
            in_script(problems, script, "run", "\"$NAME\"");
        }
        let uses = step.get("uses").and_then(Token::text).unwrap_or_default();
        if uses.starts_with("actions/github-script@")
            && let Some(script) = step.get("with").and_then(|with| with.get("script"))
        {
            in_script(problems, script, "script", "process.env.NAME");
        }
        if let Some(parallel) = step.get("parallel") {
            in_steps(problems, parallel);
        }
    }
}

fn in_script(problems: &mut Problems<'_>, script: &Token, key: &str, instead: &str) {
    for (token, template) in script.templates() {
        for (part, name) in chosen_by_outsiders(template) {
            let message = format!(
                "Script injection: '{name}' is text that outsiders choose, and it becomes part of the '{key}' script before the script is read"
            );
            let hint = format!(
                "hand it over as a variable: `env: {{ NAME: \"${{{{ {name} }}}}\" }}`, and use {instead} in the script"
            );
            problems.warn(token.span, part, message, hint);
        }
    }
}

fn chosen_by_outsiders(template: &Template) -> Vec<(crate::Span, String)> {
    let mut found = Vec::new();
    for part in &template.parts {
        let mut names = Vec::new();
        if let Some(root) = part.expression.root() {
            texts(root, false, &mut names);
        }
        found.extend(names.into_iter().map(|name| (part.span, name)));
    }
    found
}

/// What of an expression reaches its text. `whole` is whether an object is written out with all that is in it.
fn texts(node: &Node, whole: bool, found: &mut Vec<String>) {
    match &node.kind {
        Part::Context(_) | Part::Index(_) => {
            if let Some(path) = path(node)
                && outside(&path, whole)
            {
                found.push(path.join("."));
            }
        }
        Part::Call(Function::ToJson, parts) => {
            for part in parts {
                texts(part, true, found);
            }
        }
        Part::Operator(Operator::And | Operator::Or, parts)
        | Part::Call(
            Function::Format | Function::Join | Function::FromJson | Function::Case,
            parts,
        ) => {
            for part in parts {
                texts(part, whole, found);
            }
        }
        _ => {}
    }
}

/// `github.event.issue.title` as its names; an index that is a number is `*`.
fn path(node: &Node) -> Option<Vec<String>> {
    match &node.kind {
        Part::Context(name) => Some(vec![name.to_lowercase()]),
        Part::Index(parts) => {
            let [object, index] = parts.as_ref();
            let mut path = path(object)?;
            path.push(match &index.kind {
                Part::Literal(Value::Text(name)) => name.to_lowercase(),
                _ => "*".to_owned(),
            });
            Some(path)
        }
        _ => None,
    }
}

fn outside(path: &[String], whole: bool) -> bool {
    OUTSIDERS.iter().any(|known| {
        let mut known = known.split('.');
        let fits = path.iter().all(|name| {
            known.next().is_some_and(|known| known == name || known == "*" || name == "*")
        });
        fits && path.len() > 1 && (whole || known.next().is_none())
    })
}

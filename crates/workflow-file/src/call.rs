//! Jobs that call workflows of the same repository, held to what those ask for.

use std::collections::BTreeMap;

use tidegate_workflow::{Excess, Level, Permissions};

use crate::{
    Kind, Pair, Severity, Token, model::permissions, problem::Problems, workflow::read_workflow,
};

/// Whoever has the other workflows of a repository.
pub trait Library {
    /// The text of a file by its path from the root of the repository, such as `.github/workflows/build.yml`.
    fn workflow(&self, path: &str) -> Option<String>;
}

/// Workflows that may be within one another on GitHub, the first caller among them.
const MOST_LEVELS: usize = 10;

/// Workflows that one workflow may call on GitHub, nested ones counted.
const MOST_CALLS: usize = 50;

/// Checks each call of a workflow, and the calls of what is called.
pub(crate) fn check(problems: &mut Problems<'_>, root: &Token, library: &dyn Library) {
    let limits = permissions(root);
    let mut caller = Caller { problems, library, calls: 0, texts: BTreeMap::new() };
    for job in jobs(root) {
        if job.value.get("uses").is_some() {
            let limits = permissions(&job.value).or_else(|| limits.clone());
            caller.call(job, job, limits.as_ref(), 1);
        }
    }
}

fn jobs(root: &Token) -> &[Pair] {
    root.get("jobs").and_then(Token::pairs).unwrap_or_default()
}

struct Caller<'c, 't> {
    problems: &'c mut Problems<'t>,
    library: &'c dyn Library,
    calls: usize,
    /// What was read of each path.
    texts: BTreeMap<String, Option<Token>>,
}

impl Caller<'_, '_> {
    /// A call by `job`, which is `first` or a job of what that calls. Problems are told at `first`.
    fn call(&mut self, first: &Pair, job: &Pair, limits: Option<&Permissions>, level: usize) {
        let Some(uses) = job.value.get("uses") else { return };
        let reference = uses.text().unwrap_or_default();
        let local = reference.strip_prefix("./").or_else(|| reference.strip_prefix("$/"));
        let Some(path) = local else { return };
        self.calls += 1;
        if level >= MOST_LEVELS {
            let message = format!("Nested reusable workflow depth exceeded {MOST_LEVELS}.");
            return self.tell(first, &message);
        }
        if self.calls > MOST_CALLS {
            if self.calls == MOST_CALLS + 1 {
                let message =
                    format!("The maximum of {MOST_CALLS} called workflows has been exceeded");
                self.tell(first, &message);
            }
            return;
        }
        let Some(called) = self.called(first, path, reference) else { return };
        let Some(event) = event(&called) else {
            let message = format!(
                "workflow_call key is not defined in the referenced workflow '{reference}'."
            );
            return self.tell(first, &message);
        };
        // Nested calls were written in another file, whose own check tells of them.
        if level == 1 {
            self.inputs(job, event.get("inputs"));
            self.secrets(job, event.get("secrets"));
        }
        self.nested(first, job, &called, limits, level);
    }

    fn nested(
        &mut self,
        first: &Pair,
        job: &Pair,
        called: &Token,
        limits: Option<&Permissions>,
        level: usize,
    ) {
        let reference = job.value.get("uses").and_then(Token::text).unwrap_or_default();
        let own = permissions(called);
        if let Some((asked, allowed)) = beyond(own.as_ref(), limits) {
            let message = format!(
                "Error calling workflow '{reference}'. The workflow '{reference}' is requesting '{asked}', but is only allowed '{allowed}'."
            );
            self.tell(first, &message);
        }
        for nested in jobs(called) {
            let wanted = permissions(&nested.value);
            if let Some((asked, allowed)) = beyond(wanted.as_ref(), limits) {
                let name = nested.key.text().unwrap_or_default();
                let message = format!(
                    "Error calling workflow '{reference}'. The nested job '{name}' is requesting '{asked}', but is only allowed '{allowed}'."
                );
                self.tell(first, &message);
            }
            if nested.value.get("uses").is_some() {
                let limits = wanted.or_else(|| own.clone()).or_else(|| limits.cloned());
                self.call(first, nested, limits.as_ref(), level + 1);
            }
        }
    }

    fn tell(&mut self, first: &Pair, message: &str) {
        let span = first.value.get("uses").map_or(first.key.span, |uses| uses.span);
        self.problems.error(span, message);
    }

    /// The workflow of a path. None when it cannot be used, which was told.
    fn called(&mut self, first: &Pair, path: &str, reference: &str) -> Option<Token> {
        if let Some(known) = self.texts.get(path) {
            return known.clone();
        }
        let Some(text) = self.library.workflow(path) else {
            self.texts.insert(path.to_owned(), None);
            let span = first.value.get("uses").map_or(first.key.span, |uses| uses.span);
            let message = format!("Unable to find reusable workflow '{reference}'");
            let hint = "what it asks for is not checked, and the job cannot run without it";
            self.problems.warn(span, span, message, hint.to_owned());
            return None;
        };
        let reading = read_workflow(path, &text);
        let broken = reading.problems.iter().find(|problem| problem.severity == Severity::Error);
        if let Some(problem) = broken {
            let message = format!(
                "Error from called workflow {path} (Line: {}, Col: {}): {}",
                problem.line, problem.column, problem.message
            );
            self.tell(first, &message);
        }
        let root = reading.root.filter(|_| broken.is_none());
        self.texts.insert(path.to_owned(), root.clone());
        root
    }

    fn inputs(&mut self, job: &Pair, defined: Option<&Token>) {
        let defined = defined.and_then(Token::pairs).unwrap_or_default();
        let given = job.value.get("with").and_then(Token::pairs).unwrap_or_default();
        for input in defined {
            let name = input.key.text().unwrap_or_default();
            match find(given, name) {
                Some(value) => self.fitting(&input.value, &value.value),
                None if required(&input.value) => {
                    let message =
                        format!("Input {name} is required, but not provided while calling.");
                    self.tell(job, &message);
                }
                None => {}
            }
        }
        self.unknown(given, defined, "input");
    }

    fn fitting(&mut self, definition: &Token, value: &Token) {
        let kind = definition.get("type").and_then(Token::text).unwrap_or_default();
        let fits = match &value.kind {
            Kind::Boolean(_) => kind != "number",
            Kind::Number(_) => kind != "boolean",
            Kind::Text(_) => kind == "string",
            _ => true,
        };
        if !fits {
            let message = format!("Unexpected value '{}'", value.shown());
            self.problems.error_with_hint(value.span, message, &format!("the input is a {kind}"));
        }
    }

    fn secrets(&mut self, job: &Pair, defined: Option<&Token>) {
        let secrets = job.value.get("secrets");
        if secrets.and_then(Token::text) == Some("inherit") {
            return;
        }
        let defined = defined.and_then(Token::pairs).unwrap_or_default();
        let given = secrets.and_then(Token::pairs).unwrap_or_default();
        for secret in defined {
            let name = secret.key.text().unwrap_or_default();
            if required(&secret.value) && find(given, name).is_none() {
                let message = format!("Secret {name} is required, but not provided while calling.");
                self.tell(job, &message);
            }
        }
        self.unknown(given, defined, "secret");
    }

    fn unknown(&mut self, given: &[Pair], defined: &[Pair], kind: &str) {
        for pair in given {
            let Some(name) = pair.key.text() else { continue };
            if find(defined, name).is_none() {
                let message =
                    format!("Invalid {kind}, {name} is not defined in the referenced workflow.");
                self.problems.error(pair.value.span, message);
            }
        }
    }
}

/// What is asked for beyond the most that may be had, and what of that may be had; none when nothing is.
fn beyond(asked: Option<&Permissions>, most: Option<&Permissions>) -> Option<(String, String)> {
    let over = asked?.excess(most?);
    let listed = |level: fn(&Excess) -> Level| {
        let levels =
            over.iter().map(|one| format!("{}: {}", one.permission.name(), level(one).name()));
        levels.collect::<Vec<_>>().join(", ")
    };
    (!over.is_empty()).then(|| (listed(|one| one.asked), listed(|one| one.allowed)))
}

/// What `workflow_call` has; a token of nothing where it has nothing.
fn event(root: &Token) -> Option<Token> {
    let on = root.get("on")?;
    let nothing = || Token { span: on.span, kind: Kind::Null };
    match &on.kind {
        Kind::Text(event) => (**event == *"workflow_call").then(nothing),
        Kind::List(events) => {
            events.iter().any(|event| event.text() == Some("workflow_call")).then(nothing)
        }
        _ => on.get("workflow_call").cloned(),
    }
}

fn find<'p>(pairs: &'p [Pair], name: &str) -> Option<&'p Pair> {
    pairs.iter().find(|pair| pair.key.text().is_some_and(|key| key.eq_ignore_ascii_case(name)))
}

fn required(definition: &Token) -> bool {
    definition.get("required").is_some_and(|required| required.kind == Kind::Boolean(true))
}

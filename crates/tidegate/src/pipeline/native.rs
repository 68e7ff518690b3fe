//! Actions that Tidegate has itself: no Node is started for them.

mod artifact;
mod cache;
mod checkout;
mod setup;

use std::sync::Arc;

use serde::Serialize;
use tidegate_expression::{Expression, Names};
use tidegate_steps::{Action, ActionInput, Order, Outcome, Pair, Report, Runs};
use tidegate_workflow::{Condition, Place, Placed, Template, Token};

use super::{host::Room, library::Remote};

/// An action that Tidegate has.
struct Native {
    /// `owner/name` or `owner/name/path`.
    name: &'static str,
    /// What it can be told, and what it is where it is not told; one in `${{ }}` is evaluated.
    inputs: &'static [(&'static str, &'static str)],
    /// When what it does after all steps is done: an expression, or nothing.
    post: &'static str,
    /// What it does, for the docs and for refusals.
    about: &'static str,
}

const ALL: &[Native] = &[
    Native {
        name: "actions/checkout",
        inputs: checkout::INPUTS,
        post: "",
        about: "the repository at the commit of the run, or another one of a mirror",
    },
    Native {
        name: "actions/cache",
        inputs: cache::INPUTS,
        post: "success()",
        about: "restores a cache, and saves it after all steps",
    },
    Native {
        name: "actions/cache/restore",
        inputs: cache::INPUTS,
        post: "",
        about: "restores a cache",
    },
    Native { name: "actions/cache/save", inputs: cache::INPUTS, post: "", about: "saves a cache" },
    Native {
        name: "actions/upload-artifact",
        inputs: artifact::UPLOAD,
        post: "",
        about: "keeps files of the job as an artifact",
    },
    Native {
        name: "actions/download-artifact",
        inputs: artifact::DOWNLOAD,
        post: "",
        about: "brings artifacts of the run",
    },
    Native {
        name: "actions/setup-node",
        inputs: setup::NODE,
        post: "",
        about: "the Node of this machine",
    },
    Native {
        name: "actions/setup-python",
        inputs: setup::PYTHON,
        post: "",
        about: "the Python of this machine",
    },
    Native {
        name: "actions/setup-go",
        inputs: setup::GO,
        post: "",
        about: "the Go of this machine",
    },
    Native {
        name: "actions/setup-java",
        inputs: setup::JAVA,
        post: "",
        about: "the JDK of this machine",
    },
];

fn found(remote: &Remote) -> Option<&'static Native> {
    let name = match remote.path.as_str() {
        "" => remote.repository.clone(),
        path => format!("{}/{path}", remote.repository),
    };
    ALL.iter().find(|native| native.name.eq_ignore_ascii_case(&name))
}

/// Whether Tidegate has an action itself.
pub(crate) fn has(remote: &Remote) -> bool {
    found(remote).is_some()
}

/// Each action that Tidegate has, with what it does.
pub(crate) fn all() -> impl Iterator<Item = Shown> {
    ALL.iter().map(|native| Shown { name: native.name, about: native.about })
}

/// An action that Tidegate has, for people.
#[derive(Serialize)]
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
}

/// Why something that is no repository cannot be used.
pub(crate) fn refusal(uses: &str) -> String {
    let known: Vec<&str> = ALL.iter().map(|native| native.name).collect();
    format!(
        "{uses} cannot run here: actions of a repository can, of this one or of a folder that --actions names, and these, which \
         Tidegate has itself: {}",
        known.join(", ")
    )
}

/// The action of that name, if Tidegate has it.
pub(crate) fn action(remote: &Remote) -> Option<Action> {
    let native = found(remote)?;
    let input = |(name, default): &(&'static str, &'static str)| ActionInput {
        name: (*name).into(),
        default: Some(template(default)),
        deprecated: None,
    };
    Some(Action {
        name: native.name.to_owned(),
        directory: String::new(),
        repository: Some((remote.repository.clone(), remote.reference.clone())),
        inputs: native.inputs.iter().map(input).collect(),
        outputs: vec![],
        runs: Runs::Native { name: native.name, post: condition(native.post) },
    })
}

fn template(text: &str) -> Template {
    let place = Place::default();
    let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    let parsed = inner.and_then(|inner| Expression::parse(inner, &Names::any()).ok());
    match parsed {
        Some(expression) => Template::new(place, Token::Expression(Arc::new(expression))),
        None => Template::text(place, text),
    }
}

fn condition(text: &str) -> Option<Condition> {
    let expression = Expression::parse(text, &Names::any()).ok().filter(|_| !text.is_empty())?;
    Some(Condition::Asks(Placed::new(Place::default(), Arc::new(expression))))
}

/// What an action of Tidegate's own is told.
#[derive(Clone, Debug)]
pub(crate) struct Told(Vec<Pair>);

impl Told {
    /// An input; empty where nothing is told.
    pub(crate) fn get(&self, name: &str) -> &str {
        let input = self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        input.map_or("", |(_, value)| value.trim())
    }

    /// An input that is `true` or `false`, as the official actions read it.
    pub(crate) fn truth(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" | "" => Ok(false),
            other => Err(format!(
                "Input does not meet YAML 1.2 \"Core Schema\" specification: {name}\nSupport boolean input list: `true | \
                 True | TRUE | false | False | FALSE`, and not `{other}`"
            )),
        }
    }

    /// An input that has to be told.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, String> {
        match self.get(name) {
            "" => Err(format!("Input required and not supplied: {name}")),
            value => Ok(value),
        }
    }

    /// The lines of an input.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.get(name).lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    }
}

/// Runs one.
pub(crate) async fn run(
    room: &Room,
    order: &Order,
    name: &str,
    inputs: &[Pair],
    state: &[Pair],
) -> Result<Report, String> {
    let told = Told(inputs.to_vec());
    match name {
        "actions/checkout" => checkout::run(room, order, &told).await,
        "actions/cache" => cache::run(room, order, &told, state).await,
        "actions/cache/restore" => cache::restore(room, order, &told).await,
        "actions/cache/save" => cache::save_now(room, order, &told).await,
        "actions/upload-artifact" => artifact::upload(room, order, &told).await,
        "actions/download-artifact" => artifact::download(room, order, &told).await,
        "actions/setup-node" => setup::node(room, order, &told).await,
        "actions/setup-python" => setup::python(room, order, &told).await,
        "actions/setup-go" => setup::go(room, order, &told).await,
        "actions/setup-java" => setup::java(room, order, &told).await,
        other => Err(refusal(other)),
    }
}

/// A report of success with outputs.
pub(crate) fn outputs<const N: usize>(pairs: [(&str, String); N]) -> Report {
    let outputs = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    Report { outputs, ..Report::of(Outcome::Success) }
}

/// Does what waits for a disk or a program, where it stops nobody else.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()))
}

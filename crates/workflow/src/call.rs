//! Inputs, secrets and outputs of a workflow that others call or start by hand.

use std::fmt;
use std::sync::Arc;

use crate::place::Place;
use crate::template::Template;

/// What those who call a workflow see of it.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    /// What it can be told.
    pub inputs: Vec<Input>,
    /// Secrets that it uses.
    pub secrets: Vec<Secret>,
    /// What it tells.
    pub outputs: Vec<Output>,
}

/// Something that a workflow can be told.
#[derive(Clone, Debug)]
pub struct Input {
    /// Where its name stands.
    pub place: Place,
    /// Its name, without regard to case.
    pub name: Arc<str>,
    /// What it is about.
    pub description: Option<String>,
    /// What it may be.
    pub kind: InputKind,
    /// Whether it has to be told.
    pub required: bool,
    /// What it is where it is not told.
    pub default: Option<Template>,
    /// What it may be, where it is a choice.
    pub options: Vec<String>,
}

/// What an input may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// A text.
    #[default]
    Text,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// One of the texts that are listed.
    Choice,
    /// The name of an environment.
    Environment,
}

/// A secret that a workflow uses.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Where its name stands.
    pub place: Place,
    /// Its name, without regard to case.
    pub name: Arc<str>,
    /// What it is about.
    pub description: Option<String>,
    /// Whether it has to be given.
    pub required: bool,
}

/// Something that a called workflow tells.
#[derive(Clone, Debug)]
pub struct Output {
    /// Where its name stands.
    pub place: Place,
    /// Its name.
    pub name: Arc<str>,
    /// What it is about.
    pub description: Option<String>,
    /// Its value: a text that may be of the outputs of jobs.
    pub value: Template,
}

impl InputKind {
    /// As a workflow has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Choice => "choice",
            Self::Environment => "environment",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Text, Self::Bool, Self::Number, Self::Choice, Self::Environment]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl fmt::Display for InputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

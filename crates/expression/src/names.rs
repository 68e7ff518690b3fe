use std::{collections::BTreeMap, sync::Arc};

use crate::Function;

/// Which contexts and functions an expression may use at its place. The functions of the language itself
/// may be used everywhere.
#[derive(Clone, Debug, Default)]
pub struct Names {
    contexts: BTreeMap<String, Arc<str>>,
    functions: BTreeMap<String, (Arc<str>, Arity)>,
    any: bool,
}

/// What [`Names::read`] could not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is neither the name of a context nor a function with its numbers of arguments, such as 'success(0,MAX)'"
)]
pub struct MalformedName(String);

/// How many arguments a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arity {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

/// As many arguments as GitHub lets a function have.
const MOST: usize = 255;

impl Names {
    /// These contexts, and no function but those of the language.
    pub fn contexts<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().fold(Self::default(), Self::with_context)
    }

    /// Whatever name somebody thinks of, with any number of arguments: to check how an expression is written
    /// where what it may use is not known.
    pub fn any() -> Self {
        Self { any: true, ..Self::default() }
    }

    /// Names as the official schema of workflows lists them: `github` is a context, and `hashFiles(1,255)` is
    /// a function that takes one to 255 arguments; `MAX` is as many as one likes.
    pub fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, MalformedName> {
        names.into_iter().try_fold(Self::default(), |names, name| {
            let malformed = || MalformedName(name.to_owned());
            let Some((function, numbers)) = name.split_once('(') else {
                return Ok(names.with_context(name));
            };
            let numbers = numbers.strip_suffix(')').and_then(|numbers| numbers.split_once(','));
            let (least, most) = numbers.ok_or_else(malformed)?;
            let least = least.trim().parse().map_err(|_| malformed())?;
            let most = match most.trim() {
                "MAX" => usize::MAX,
                most => most.parse().map_err(|_| malformed())?,
            };
            Ok(names.with_function(function, least, most))
        })
    }

    /// These, and a context.
    pub fn with_context(mut self, name: &str) -> Self {
        self.contexts.insert(name.to_ascii_lowercase(), name.into());
        self
    }

    /// These, and a function that takes `least` to `most` arguments.
    pub fn with_function(mut self, name: &str, least: usize, most: usize) -> Self {
        let arity = Arity { least, most };
        self.functions.insert(name.to_ascii_lowercase(), (name.into(), arity));
        self
    }

    /// The names of the contexts, as they were given.
    pub fn context_names(&self) -> impl Iterator<Item = &str> {
        self.contexts.values().map(AsRef::as_ref)
    }

    /// The name under which a context is known; the case of its letters does not matter.
    pub(crate) fn context(&self, name: &str) -> Option<Arc<str>> {
        let known = self.contexts.get(&name.to_ascii_lowercase()).cloned();
        known.or_else(|| self.any.then(|| name.into()))
    }

    pub(crate) fn function(&self, name: &str) -> Option<(Function, Arity)> {
        let lower = name.to_ascii_lowercase();
        built_in(&lower)
            .or_else(|| {
                let (name, arity) = self.functions.get(&lower)?;
                Some((Function::Scoped(name.clone()), *arity))
            })
            .or_else(|| {
                let arity = Arity { least: 0, most: usize::MAX };
                self.any.then(|| (Function::Scoped(name.into()), arity))
            })
    }
}

fn built_in(name: &str) -> Option<(Function, Arity)> {
    let (function, least, most) = match name {
        "case" => (Function::Case, 3, MOST),
        "contains" => (Function::Contains, 2, 2),
        "endswith" => (Function::EndsWith, 2, 2),
        "format" => (Function::Format, 1, MOST),
        "fromjson" => (Function::FromJson, 1, 1),
        "join" => (Function::Join, 1, 2),
        "startswith" => (Function::StartsWith, 2, 2),
        "tojson" => (Function::ToJson, 1, 1),
        _ => return None,
    };
    Some((function, Arity { least, most }))
}

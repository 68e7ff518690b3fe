//! Whether an actual request, answer or message is as a contract has it.

mod binary;
mod body;
mod form;
mod header;
mod json;
mod list;
mod part;
mod query;
mod text;
mod tree;
mod value;
mod xml;

pub use part::{match_message, match_request, match_response};

use crate::{
    mismatch::{MOST_MISMATCHES, Mismatch},
    place::Place,
    rule::{Best, Category, Combine, Rule},
};

/// Whether keys that nobody expects matter: they do in requests, not in answers and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unexpected {
    Allowed,
    Refused,
}

/// What a part is matched by.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) rules: &'a Category,
    pub(crate) unexpected: Unexpected,
}

impl<'a> Context<'a> {
    pub(crate) fn best(&self, place: &Place) -> Option<Best<'a>> {
        self.rules.best(place)
    }

    /// The same with other rules.
    pub(crate) fn with<'b>(&self, rules: &'b Category) -> Context<'b> {
        Context { rules, unexpected: self.unexpected }
    }
}

/// Whether enough of a place's rules hold; else why each does not.
pub(crate) fn holds(
    best: Best<'_>,
    mut check: impl FnMut(&Rule, bool) -> Result<(), String>,
) -> Result<(), Vec<String>> {
    let rules = &best.list.rules;
    let problems: Vec<String> =
        rules.iter().filter_map(|rule| check(rule, best.cascaded).err()).collect();
    let enough = match best.list.combine {
        Combine::And => problems.is_empty(),
        Combine::Or => problems.len() < rules.len(),
    };
    if enough { Ok(()) } else { Err(problems) }
}

/// Mismatches, no more than are told.
#[derive(Default)]
pub(crate) struct Found(pub(crate) Vec<Mismatch>);

impl Found {
    pub(crate) fn add(&mut self, mismatch: Mismatch) {
        if self.0.len() < MOST_MISMATCHES {
            self.0.push(mismatch);
        }
    }

    pub(crate) fn extend(&mut self, more: Self) {
        more.0.into_iter().for_each(|mismatch| self.add(mismatch));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

//! How the jobs of a matrix run.

use tidegate_expression::{Scope, Value};

use crate::matrix::{Combination, MOST_COMBINATIONS, combinations};
use crate::setting::{Errors, members, one, truth_of, unknown, within};
use crate::template::Template;

/// How the jobs of a matrix run, and which there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    /// Whether the others are cancelled when one fails.
    pub fail_fast: bool,
    /// How many run at once, at most.
    pub max_parallel: Option<usize>,
    /// The jobs; `None` without a matrix.
    pub combinations: Option<Vec<Combination>>,
}

impl Default for Strategy {
    fn default() -> Self {
        Self { fail_fast: true, max_parallel: None, combinations: None }
    }
}

impl Strategy {
    /// What `strategy` says.
    pub fn read(template: &Template, scope: &dyn Scope) -> Result<Self, Errors> {
        let value = template.evaluate(scope)?;
        let mut read = Self::default();
        for (name, value) in members(template, &value)?.iter() {
            let place = within(template, name);
            match (&**name, value) {
                ("fail-fast", value) => read.fail_fast = truth_of(place, value)?,
                ("max-parallel", Value::Number(most)) => read.max_parallel = whole(*most),
                ("max-parallel", other) => return Err(one(place, "a number", other)),
                ("matrix", value) => read.combinations = Some(combinations(place, value)?),
                _ => return Err(unknown(place, name, "fail-fast, max-parallel or matrix")),
            }
        }
        Ok(read)
    }

    /// The context `strategy` of the job with that number, from 0.
    pub fn context(
        fail_fast: bool,
        max_parallel: Option<usize>,
        index: usize,
        total: usize,
    ) -> Value {
        [
            ("fail-fast", Value::Bool(fail_fast)),
            ("job-index", count(index)),
            ("job-total", count(total)),
            ("max-parallel", count(max_parallel.unwrap_or(total))),
        ]
        .into_iter()
        .collect()
    }
}

/// The whole number, where it is at least one.
fn whole(number: f64) -> Option<usize> {
    let most = u32::try_from(MOST_COMBINATIONS).unwrap_or(u32::MAX);
    (1..=most)
        .rev()
        .find(|whole| f64::from(*whole) <= number)
        .and_then(|whole| usize::try_from(whole).ok())
}

fn count(number: usize) -> Value {
    Value::Number(u32::try_from(number).map_or(f64::MAX, f64::from))
}

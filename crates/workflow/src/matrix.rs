//! The jobs of a matrix: which there are, in which order, and what they are called.
//!
//! The rules are those of GitHub's `MatrixBuilder`: all combinations of the vectors, without those
//! that `exclude` names, each with what `include` adds to it, then what `include` has that fits no
//! combination. Values are compared as the expression language's `==` does.

use std::sync::Arc;

use tidegate_expression::{List, Object, Value};

use crate::evaluate::TemplateError;
use crate::naming::{Ids, of_matrix_job};
use crate::place::Place;
use crate::setting::Errors;

/// A job may not have more jobs by its matrix: GitHub's own limit.
pub const MOST_COMBINATIONS: usize = 256;

/// So many combinations may stand before `exclude` is looked at: with more, looking at each takes
/// longer than planning all else.
const MOST_PRODUCTS: usize = 1 << 16;

/// One job of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    /// Its id within the job, made of its values.
    pub id: String,
    /// What it is called beyond the job's name: the values of its vectors.
    pub segments: Vec<String>,
    /// The context `matrix`.
    pub values: Object,
}

/// What `matrix` says, evaluated.
#[derive(Clone, Debug, Default)]
struct Matrix {
    vectors: Vec<(Arc<str>, List)>,
    include: Vec<Include>,
    exclude: Vec<Object>,
}

/// An entry of `include`.
#[derive(Clone, Debug)]
struct Include {
    /// Values of vectors, which a combination has to have.
    filter: Vec<(Arc<str>, Value)>,
    /// Values that a combination gets.
    extra: Vec<(Arc<str>, Value)>,
}

impl Combination {
    /// What the job of that name is called with these values.
    pub fn name(&self, job: &str) -> String {
        of_matrix_job(job, &self.segments)
    }
}

/// The combinations of a matrix whose value is `value` and which stands at `place`.
pub fn combinations(place: Place, value: &Value) -> Result<Vec<Combination>, Errors> {
    let matrix = Matrix::new(place, value)?;
    let mut matched = vec![false; matrix.include.len()];
    let mut ids = Ids::default();
    let mut found = Vec::new();
    for index in 0..matrix.products(place)? {
        let values = matrix.product(index);
        if !matrix.excludes(&values) {
            let extra = matrix.extra(&values, &mut matched);
            found.extend(combination(&mut ids, values, extra));
        }
    }
    for (include, _) in matrix.include.iter().zip(matched).filter(|(_, matched)| !matched) {
        let values = include.filter.iter().chain(&include.extra).cloned().collect();
        found.extend(combination(&mut ids, values, Vec::new()));
    }
    if found.len() > MOST_COMBINATIONS {
        let rule =
            format!("a matrix has at most {MOST_COMBINATIONS} jobs, and this one {}", found.len());
        return Err(vec![TemplateError::rule(place, rule)]);
    }
    Ok(found)
}

/// Ids and names have the values of vectors; those that `include` adds come after.
fn combination(
    ids: &mut Ids,
    values: Object,
    extra: Vec<(Arc<str>, Value)>,
) -> Option<Combination> {
    let mut segments = Vec::new();
    for (_, value) in values.iter() {
        segments_of(value, &mut segments);
    }
    let id = ids.plain(&segments.iter().map(String::as_str).collect::<Vec<_>>())?;
    let values = if extra.is_empty() {
        values
    } else {
        values.iter().map(|(name, value)| (name.clone(), value.clone())).chain(extra).collect()
    };
    Some(Combination { id, segments, values })
}

/// The texts, numbers and truth values in it, at any depth, without names.
fn segments_of(value: &Value, segments: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| segments_of(item, segments)),
        Value::Object(members) => {
            members.iter().for_each(|(_, value)| segments_of(value, segments));
        }
        Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            let text = value.as_text();
            if !text.is_empty() {
                segments.push(text.to_string());
            }
        }
    }
}

impl Matrix {
    fn new(place: Place, value: &Value) -> Result<Self, Errors> {
        let Value::Object(members) = value else {
            return Err(vec![TemplateError::unexpected(place, "a mapping of lists", value)]);
        };
        let mut matrix = Self::default();
        let mut errors = Vec::new();
        for (name, value) in members.iter() {
            match (&**name, value) {
                ("include" | "exclude", Value::List(_)) => {}
                (_, Value::List(vector)) if vector.is_empty() => {
                    let rule = format!("Matrix vector '{name}' does not contain any values");
                    errors.push(TemplateError::rule(place, rule));
                }
                (_, Value::List(vector)) => matrix.vectors.push((name.clone(), vector.clone())),
                (_, other) => {
                    errors.push(TemplateError::unexpected(place, "a list in the matrix", other));
                }
            }
        }
        // After the vectors: which of an entry's values they have decides what it means.
        matrix.read_include(place, &value.get("include"), &mut errors);
        matrix.read_exclude(place, &value.get("exclude"), &mut errors);
        if matrix.vectors.is_empty() && matrix.include.is_empty() && errors.is_empty() {
            errors.push(TemplateError::rule(place, "Matrix must define at least one vector"));
        }
        if errors.is_empty() { Ok(matrix) } else { Err(errors) }
    }

    fn read_include(&mut self, place: Place, include: &Value, errors: &mut Errors) {
        for entry in entries(place, include, errors) {
            if entry.is_empty() {
                errors.push(TemplateError::rule(
                    place,
                    "Matrix include mapping does not contain any values",
                ));
                continue;
            }
            let (filter, extra) = entry
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .partition(|(name, _)| self.has(name));
            self.include.push(Include { filter, extra });
        }
    }

    fn read_exclude(&mut self, place: Place, exclude: &Value, errors: &mut Errors) {
        for entry in entries(place, exclude, errors) {
            if entry.is_empty() {
                errors.push(TemplateError::rule(place, "Matrix exclude filter must not be empty"));
            }
            for (name, _) in entry.iter().filter(|(name, _)| !self.has(name)) {
                let rule =
                    format!("Matrix exclude key '{name}' does not match any key within the matrix");
                errors.push(TemplateError::rule(place, rule));
            }
            self.exclude.push(entry);
        }
    }

    fn has(&self, name: &str) -> bool {
        self.vectors.iter().any(|(vector, _)| vector.eq_ignore_ascii_case(name))
    }

    /// How many combinations the vectors have.
    fn products(&self, place: Place) -> Result<usize, Errors> {
        let none = usize::from(!self.vectors.is_empty());
        let product = self.vectors.iter().try_fold(none, |product, (_, vector)| {
            product.checked_mul(vector.len()).filter(|product| *product <= MOST_PRODUCTS)
        });
        product.ok_or_else(|| {
            vec![TemplateError::rule(
                place,
                format!("a matrix has at most {MOST_PRODUCTS} combinations before exclude"),
            )]
        })
    }

    /// The combination of that number; the last vector changes first.
    fn product(&self, index: usize) -> Object {
        let mut left = index;
        let mut values: Vec<(Arc<str>, Value)> = Vec::with_capacity(self.vectors.len());
        for (name, vector) in self.vectors.iter().rev() {
            let value = vector.get(left % vector.len()).cloned().unwrap_or_default();
            values.push((name.clone(), value));
            left /= vector.len();
        }
        values.into_iter().rev().collect()
    }

    fn excludes(&self, values: &Object) -> bool {
        self.exclude.iter().any(|filter| {
            filter
                .iter()
                .all(|(name, wanted)| fits(wanted, values.get(name).unwrap_or(&Value::Null)))
        })
    }

    /// What `include` adds to a combination; a later entry has the last word.
    fn extra(&self, values: &Object, matched: &mut [bool]) -> Vec<(Arc<str>, Value)> {
        let mut extra = Vec::new();
        for (include, matched) in self.include.iter().zip(matched) {
            let filter = &include.filter;
            if filter
                .iter()
                .all(|(name, wanted)| fits(wanted, values.get(name).unwrap_or(&Value::Null)))
            {
                *matched = true;
                extra.extend(include.extra.iter().cloned());
            }
        }
        extra
    }
}

/// Whether `found` has what a filter asks for: each scalar in `wanted` equals the one at the same
/// place in `found`, which may have more.
fn fits(wanted: &Value, found: &Value) -> bool {
    match wanted {
        Value::Object(members) => {
            members.iter().all(|(name, wanted)| fits(wanted, &found.get(name)))
        }
        Value::List(items) => items.iter().enumerate().all(|(at, wanted)| match found {
            Value::List(found) => fits(wanted, found.get(at).unwrap_or(&Value::Null)),
            _ => fits(wanted, &Value::Null),
        }),
        scalar => scalar.equals(found),
    }
}

/// The mappings of `include` or `exclude`.
fn entries(place: Place, value: &Value, errors: &mut Errors) -> Vec<Object> {
    let Value::List(items) = value else { return Vec::new() };
    let mut entries = Vec::new();
    for item in items.iter() {
        match item {
            Value::Object(entry) => entries.push(entry.clone()),
            other => errors.push(TemplateError::unexpected(place, "a mapping", other)),
        }
    }
    entries
}

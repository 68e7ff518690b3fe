//! Lists.

use serde_json::Value;

use super::{Called, MANY, list, row, text, value};
use crate::template::{
    function::Row,
    go_text::{plain, same, whole},
};

pub(super) const TABLE: &[Row] = &[
    row("list", 0, MANY, |values| Ok(values.to_vec().into())),
    row("first", 1, 1, |values| Ok(list(value(values, 0))?.first().cloned().unwrap_or_default())),
    row("last", 1, 1, |values| Ok(list(value(values, 0))?.last().cloned().unwrap_or_default())),
    row("rest", 1, 1, |values| {
        Ok(list(value(values, 0))?.get(1..).unwrap_or_default().to_vec().into())
    }),
    row("initial", 1, 1, |values| {
        let items = list(value(values, 0))?;
        Ok(items.get(..items.len().saturating_sub(1)).unwrap_or_default().to_vec().into())
    }),
    row("reverse", 1, 1, |values| Ok(list(value(values, 0))?.iter().rev().cloned().collect())),
    row("append", 2, 2, |values| {
        Ok(list(value(values, 0))?.iter().chain([value(values, 1)]).cloned().collect())
    }),
    row("prepend", 2, 2, |values| {
        Ok([value(values, 1)].into_iter().chain(list(value(values, 0))?).cloned().collect())
    }),
    row("concat", 0, MANY, |values| {
        let mut all = Vec::new();
        for one in values {
            all.extend_from_slice(list(one)?);
        }
        Ok(all.into())
    }),
    row("uniq", 1, 1, |values| {
        let mut unique: Vec<Value> = Vec::new();
        for item in list(value(values, 0))? {
            if !unique.iter().any(|known| same(known, item)) {
                unique.push(item.clone());
            }
        }
        Ok(unique.into())
    }),
    row("without", 1, MANY, |values| {
        let dropped = values.get(1..).unwrap_or_default();
        let kept = list(value(values, 0))?
            .iter()
            .filter(|item| !dropped.iter().any(|one| same(one, item)));
        Ok(kept.cloned().collect())
    }),
    row("has", 2, 2, |values| {
        Ok(list(value(values, 1))?.iter().any(|item| same(item, value(values, 0))).into())
    }),
    row("compact", 1, 1, |values| {
        let kept =
            list(value(values, 0))?.iter().filter(|item| crate::template::go_text::is_true(item));
        Ok(kept.cloned().collect())
    }),
    row("sortAlpha", 1, 1, |values| {
        let mut words: Vec<_> = list(value(values, 0))?.iter().map(plain).collect();
        words.sort();
        Ok(words.into())
    }),
    row("join", 2, 2, |values| {
        let words: Vec<_> = match value(values, 1) {
            Value::Array(items) => items.iter().filter(|item| !item.is_null()).map(plain).collect(),
            other => vec![plain(other)],
        };
        Ok(words.join(text(value(values, 0))?).into())
    }),
    row("splitList", 2, 2, |values| Ok(parts(values)?.into())),
    row("split", 2, 2, |values| {
        let named = parts(values)?.into_iter().enumerate();
        Ok(Value::Object(named.map(|(at, part)| (format!("_{at}"), part.into())).collect()))
    }),
    row("chunk", 2, 2, |values| {
        let size = whole(value(values, 0)).and_then(|size| usize::try_from(size).ok());
        let size = size.filter(|size| *size > 0).ok_or("the size of a part is above 0")?;
        let parts = list(value(values, 1))?.chunks(size).map(<[Value]>::to_vec);
        Ok(parts.map(Value::from).collect())
    }),
    row("splitn", 3, 3, |values| {
        let most = usize::try_from(integer(value(values, 1))).unwrap_or(usize::MAX);
        let parts = text(value(values, 2))?.splitn(most, text(value(values, 0))?);
        let named = parts.enumerate().map(|(at, part)| (format!("_{at}"), part.into()));
        Ok(Value::Object(named.collect()))
    }),
    row("tuple", 0, MANY, |values| Ok(values.to_vec().into())),
    row("toStrings", 1, 1, |values| {
        Ok(list(value(values, 0))?.iter().map(plain).map(Value::from).collect())
    }),
    row("until", 1, 1, |values| steps(0, integer(value(values, 0)), 1)),
    row("untilStep", 3, 3, |values| {
        steps(integer(value(values, 0)), integer(value(values, 1)), integer(value(values, 2)))
    }),
    row("seq", 0, 3, |values| {
        let (from, step, to) = match values {
            [to] => (1, if integer(to) < 1 { -1 } else { 1 }, integer(to)),
            [from, to] => {
                let (from, to) = (integer(from), integer(to));
                (from, if to < from { -1 } else { 1 }, to)
            }
            [from, step, to] => (integer(from), integer(step), integer(to)),
            _ => return Ok("".into()),
        };
        let all = steps(from, to.saturating_add(step.signum()), step)?;
        let words: Vec<_> = list(&all)?.iter().map(plain).collect();
        Ok(words.join(" ").into())
    }),
];

fn parts(values: &[Value]) -> Result<Vec<&str>, String> {
    let (separator, text) = (text(value(values, 0))?, text(value(values, 1))?);
    Ok(text.split(separator).collect())
}

fn integer(value: &Value) -> i64 {
    whole(value).unwrap_or_default()
}

/// More numbers are read by nobody.
const MOST_STEPS: usize = 10_000;

/// The numbers from one to below another.
fn steps(from: i64, below: i64, step: i64) -> Called {
    let goes_on = |at: &i64| (step > 0 && *at < below) || (step < 0 && *at > below);
    let numbers = std::iter::successors(Some(from), |at| at.checked_add(step)).take_while(goes_on);
    let numbers: Vec<_> = numbers.take(MOST_STEPS + 1).collect();
    if numbers.len() > MOST_STEPS {
        return Err(format!("there are more than {MOST_STEPS} numbers"));
    }
    Ok(numbers.into())
}

/// `slice x 1 2`, which is `x[1:2]`.
pub(super) fn slice(values: &[Value]) -> Called {
    let bound = |at: usize, missing: usize| match values.get(at) {
        None => Ok(missing),
        Some(bound) => whole(bound)
            .and_then(|bound| usize::try_from(bound).ok())
            .ok_or_else(|| format!("{} is no bound", plain(bound))),
    };
    let outside = || "the bounds are outside of what there is".to_owned();
    match value(values, 0) {
        Value::Array(items) => {
            let part = items.get(bound(1, 0)?..bound(2, items.len())?).ok_or_else(outside)?;
            Ok(part.to_vec().into())
        }
        other => Err(format!("{} has no parts", plain(other))),
    }
}

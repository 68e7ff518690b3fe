use crate::{
    ConditionError, Value,
    budget::Budget,
    call::{Arguments, shared},
    eval::Evaluated,
    function::Function,
    number::count,
};

/// How often `repeat` repeats at most, as expr-lang has it.
const MAX_REPEATS: usize = 1_000_000;

/// Computes a function of text.
pub(crate) fn text(given: &Arguments<'_>, budget: &mut Budget) -> Evaluated {
    if given.function == Function::Join {
        return join(given, budget);
    }
    let text = given.text(0)?;
    budget.spend_text(text.len(), given.place)?;
    match given.function {
        Function::Trim => trim(given, text),
        Function::TrimPrefix => {
            let prefix = or_space(given)?;
            Ok(shared(text.strip_prefix(prefix).unwrap_or(text)))
        }
        Function::TrimSuffix => {
            let suffix = or_space(given)?;
            Ok(shared(text.strip_suffix(suffix).unwrap_or(text)))
        }
        Function::Upper => budget.text(cased(text, char::to_uppercase), given.place),
        Function::Lower => budget.text(cased(text, char::to_lowercase), given.place),
        Function::Split | Function::SplitAfter => split(given, text, budget),
        Function::Replace => replace(given, text, budget),
        Function::Repeat => repeat(given, text, budget),
        Function::IndexOf => Ok(position(text.find(given.text(1)?))),
        Function::LastIndexOf => Ok(position(text.rfind(given.text(1)?))),
        Function::HasPrefix => Ok(text.starts_with(given.text(1)?).into()),
        Function::HasSuffix => Ok(text.ends_with(given.text(1)?).into()),
        _ => Err(given.refuse(0)),
    }
}

fn trim(given: &Arguments<'_>, text: &str) -> Evaluated {
    if given.values.len() == 1 {
        return Ok(shared(text.trim()));
    }
    let set = given.text(1)?;
    Ok(shared(text.trim_matches(|c| set.contains(c))))
}

fn or_space<'a>(given: &'a Arguments<'_>) -> Result<&'a str, ConditionError> {
    if given.values.len() == 1 { Ok(" ") } else { given.text(1) }
}

/// Go changes the case of each character alone: one that would become several stays.
fn cased<I: Iterator<Item = char>>(text: &str, change: fn(char) -> I) -> String {
    text.chars()
        .map(|c| {
            let mut changed = change(c);
            match (changed.next(), changed.next()) {
                (Some(single), None) => single,
                _ => c,
            }
        })
        .collect()
}

fn position(at: Option<usize>) -> Value {
    at.map_or(Value::Int(-1), count)
}

/// The pieces between separators; with a limit the last piece is all that is left.
fn split(given: &Arguments<'_>, text: &str, budget: &mut Budget) -> Evaluated {
    let separator = given.text(1)?;
    let limit = match given.values.len() {
        2 => usize::MAX,
        _ => usize::try_from(given.int(2)?).unwrap_or(usize::MAX),
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while pieces.len() < limit {
        let cut = cut_at(rest, separator).filter(|_| pieces.len() + 1 < limit);
        let Some((end, next)) = cut else {
            if !(separator.is_empty() && rest.is_empty()) {
                pieces.push(shared(rest));
            }
            break;
        };
        let keep = if given.function == Function::SplitAfter { next } else { end };
        pieces.push(shared(rest.get(..keep).unwrap_or_default()));
        rest = rest.get(next..).unwrap_or_default();
    }
    budget.list(pieces, given.place)
}

/// Where a piece ends and where the next begins. Without a separator, each character is a piece.
fn cut_at(rest: &str, separator: &str) -> Option<(usize, usize)> {
    if separator.is_empty() {
        let first = rest.chars().next()?.len_utf8();
        return (first < rest.len()).then_some((first, first));
    }
    let end = rest.find(separator)?;
    Some((end, end + separator.len()))
}

fn replace(given: &Arguments<'_>, text: &str, budget: &mut Budget) -> Evaluated {
    let (old, new) = (given.text(1)?, given.text(2)?);
    let limit = match given.values.len() {
        3 => usize::MAX,
        _ => usize::try_from(given.int(3)?).unwrap_or(usize::MAX),
    };
    let times = text.matches(old).take(limit).count();
    budget.spend_text(text.len().saturating_add(times.saturating_mul(new.len())), given.place)?;
    Ok(Value::text(text.replacen(old, new, limit)))
}

fn repeat(given: &Arguments<'_>, text: &str, budget: &mut Budget) -> Evaluated {
    let times = usize::try_from(given.int(1)?)
        .ok()
        .filter(|times| *times <= MAX_REPEATS)
        .ok_or_else(|| given.fail("the number of repetitions is 0 to 1000000"))?;
    budget.spend_text(text.len().saturating_mul(times), given.place)?;
    Ok(Value::text(text.repeat(times)))
}

fn join(given: &Arguments<'_>, budget: &mut Budget) -> Evaluated {
    let glue = if given.values.len() == 1 { "" } else { given.text(1)? };
    let mut joined = String::new();
    for (position, item) in given.list(0)?.iter().enumerate() {
        let Value::Text(piece) = item else {
            let found = item.kind_name();
            return Err(given.fail(&format!("only strings can be joined, found {found}")));
        };
        budget.spend_text(piece.len() + glue.len(), given.place)?;
        if position > 0 {
            joined.push_str(glue);
        }
        joined.push_str(piece);
    }
    Ok(Value::text(joined))
}

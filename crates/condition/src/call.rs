use std::sync::Arc;

use crate::{
    ConditionError, Value,
    access::{fetch, get},
    aggregate, convert,
    error::Place,
    eval::{Evaluated, Evaluator},
    format,
    function::{Function, Param},
    listing,
    number::{count, float, int},
    text,
    value::Key,
};

/// The arguments of a call, taken apart with errors that name the function.
pub(crate) struct Arguments<'a> {
    pub(crate) function: Function,
    pub(crate) values: &'a [Value],
    pub(crate) place: Place,
}

impl Arguments<'_> {
    pub(crate) fn value(&self, position: usize) -> &Value {
        self.values.get(position).unwrap_or(&Value::Nil)
    }

    /// The error that the value at `position` is not what the function takes there.
    pub(crate) fn refuse(&self, position: usize) -> ConditionError {
        let params = self.function.params();
        let wanted = params.get(position).or(params.last()).map_or("nothing", |p| Param::words(*p));
        let (name, found) = (self.function.name(), self.value(position).kind_name());
        self.place.evaluation(format!("`{name}` takes {wanted}, found {found}"))
    }

    pub(crate) fn text(&self, position: usize) -> Result<&str, ConditionError> {
        match self.value(position) {
            Value::Text(text) => Ok(text),
            _ => Err(self.refuse(position)),
        }
    }

    pub(crate) fn int(&self, position: usize) -> Result<i64, ConditionError> {
        int(self.value(position)).ok_or_else(|| self.refuse(position))
    }

    pub(crate) fn float(&self, position: usize) -> Result<f64, ConditionError> {
        float(self.value(position)).ok_or_else(|| self.refuse(position))
    }

    pub(crate) fn list(&self, position: usize) -> Result<&[Value], ConditionError> {
        match self.value(position) {
            Value::List(list) => Ok(list.items()),
            _ => Err(self.refuse(position)),
        }
    }

    pub(crate) fn fail(&self, message: &str) -> ConditionError {
        self.place.evaluation(format!("`{}`: {message}", self.function.name()))
    }
}

impl Evaluator<'_> {
    /// Computes a function of values.
    pub(crate) fn call(&mut self, function: Function, values: &[Value], place: Place) -> Evaluated {
        let given = Arguments { function, values, place };
        match function {
            // As in Argo Rollouts, both ask about the whole result, whatever they are given.
            Function::IsNil => Ok(Value::Bool(*self.result == Value::Nil)),
            Function::Default if *self.result == Value::Nil => Ok(given.value(1).clone()),
            Function::Default => Ok(self.result.clone()),
            Function::IsNan => Ok(given.float(0)?.is_nan().into()),
            Function::IsInf => Ok(given.float(0)?.is_infinite().into()),
            Function::Len => self.length(&given),
            Function::Type => Ok(Value::text(given.value(0).kind_name())),
            Function::Text => {
                let text = format::display(given.value(0), &mut self.budget, place)?;
                Ok(Value::text(text))
            }
            Function::ToJson => {
                let text = format::json(given.value(0), &mut self.budget, place)?;
                Ok(Value::text(text))
            }
            Function::AsInt | Function::AsFloat | Function::Int | Function::Float => {
                convert::number(&given)
            }
            Function::Abs | Function::Ceil | Function::Floor | Function::Round => {
                convert::rounded(&given)
            }
            Function::FromJson | Function::ToBase64 | Function::FromBase64 => {
                convert::encoded(&given, &mut self.budget)
            }
            Function::Max | Function::Min | Function::Mean | Function::Median => {
                aggregate::aggregate(&given, &mut self.budget)
            }
            Function::First | Function::Last | Function::Get => element(&given),
            Function::Keys | Function::Values | Function::ToPairs | Function::FromPairs => {
                self.entries(&given)
            }
            Function::Take
            | Function::Reverse
            | Function::Uniq
            | Function::Concat
            | Function::Flatten
            | Function::Sort => listing::listing(&given, &mut self.budget),
            Function::BitAnd
            | Function::BitOr
            | Function::BitXor
            | Function::BitNand
            | Function::BitShl
            | Function::BitShr
            | Function::BitUshr
            | Function::BitNot => convert::bits(&given),
            _ => text::text(&given, &mut self.budget),
        }
    }

    fn length(&mut self, given: &Arguments<'_>) -> Evaluated {
        match given.value(0) {
            Value::Text(text) => {
                self.budget.spend_text(text.len(), given.place)?;
                Ok(count(text.chars().count()))
            }
            Value::List(list) => Ok(count(list.items().len())),
            Value::Map(map) => Ok(count(map.entries().len())),
            _ => Err(given.refuse(0)),
        }
    }

    fn entries(&mut self, given: &Arguments<'_>) -> Evaluated {
        if given.function == Function::FromPairs {
            return listing::from_pairs(given, &mut self.budget);
        }
        let Value::Map(map) = given.value(0) else {
            return Err(given.refuse(0));
        };
        let entries = map.entries().iter();
        let items = match given.function {
            Function::Keys => entries.map(|(key, _)| Key::value(key)).collect(),
            Function::Values => entries.map(|(_, value)| value.clone()).collect(),
            _ => entries.map(|(key, value)| Value::list([key.value(), value.clone()])).collect(),
        };
        self.budget.list(items, given.place)
    }
}

fn element(given: &Arguments<'_>) -> Evaluated {
    let base = given.value(0);
    match given.function {
        Function::Get => get(base, given.value(1), given.place),
        Function::First => Ok(fetch(base, &Value::Int(0), given.place).unwrap_or_default()),
        _ => Ok(fetch(base, &Value::Int(-1), given.place).unwrap_or_default()),
    }
}

/// Text that several values may share.
pub(crate) fn shared(text: &str) -> Value {
    Value::Text(Arc::from(text))
}

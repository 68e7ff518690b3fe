use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use crate::{
    ConditionError, Value,
    budget::shallow,
    error::Place,
    eval::{Evaluated, Evaluator, Scope},
    fold::Fold,
    number::{arithmetic, count, float},
    operator::Binary,
    syntax::Node,
    value::{Key, Keys, List, Map},
};

impl<'a> Evaluator<'a> {
    /// Computes a function that looks at each element of a list.
    pub(crate) fn fold(&mut self, fold: Fold, arguments: &'a [Node], place: Place) -> Evaluated {
        let mut arguments = arguments.iter();
        let collection = match arguments.next() {
            Some(node) => self.value(node)?,
            None => Value::Nil,
        };
        let Value::List(list) = collection else {
            let (name, found) = (fold.name(), collection.kind_name());
            return Err(place.evaluation(format!("`{name}` takes an array, found {found}")));
        };
        let (predicate, last) = (arguments.next(), arguments.next());
        if fold == Fold::Reduce {
            return self.reduce(&list, predicate, last, place);
        }
        let descending = match last {
            Some(node) => descending(&self.value(node)?, node.place)?,
            None => false,
        };
        self.scopes.push(Scope::default());
        let outcome = self.each(fold, &list, predicate, descending, place);
        self.scopes.pop();
        outcome
    }

    fn each(
        &mut self,
        fold: Fold,
        list: &List,
        predicate: Option<&'a Node>,
        descending: bool,
        place: Place,
    ) -> Evaluated {
        match fold {
            Fold::All => self
                .position(list, predicate, false, false)
                .map(|at| at.is_none().into()),
            Fold::None => self
                .position(list, predicate, true, false)
                .map(|at| at.is_none().into()),
            Fold::Any => self
                .position(list, predicate, true, false)
                .map(|at| at.is_some().into()),
            Fold::One => Ok((self.chosen(list, predicate)?.len() == 1).into()),
            Fold::Count => Ok(count(self.chosen(list, predicate)?.len())),
            Fold::Filter => {
                let chosen = self.chosen(list, predicate)?;
                self.budget.list(chosen, place)
            }
            Fold::Find | Fold::FindIndex => {
                let at = self.position(list, predicate, true, false)?;
                Ok(found(fold == Fold::FindIndex, list, at))
            }
            Fold::FindLast | Fold::FindLastIndex => {
                let at = self.position(list, predicate, true, true)?;
                Ok(found(fold == Fold::FindLastIndex, list, at))
            }
            Fold::Map => {
                let items = self.answers(list, predicate)?;
                self.budget.list(items, place)
            }
            Fold::Sum => self.sum(list, predicate, place),
            Fold::GroupBy => self.group(list, predicate, place),
            Fold::SortBy => self.sort_by(list, predicate, descending, place),
            Fold::Reduce => Ok(Value::Nil),
        }
    }

    /// What the predicate gives for one element; the element itself if there is no predicate.
    fn answer(&mut self, predicate: Option<&'a Node>, item: &Value, index: usize) -> Evaluated {
        if let Some(scope) = self.scopes.last_mut() {
            scope.item = item.clone();
            scope.index = index;
        }
        match predicate {
            Some(node) => self.value(node),
            None => Ok(item.clone()),
        }
    }

    fn asked(
        &mut self,
        predicate: Option<&'a Node>,
        item: &Value,
        index: usize,
    ) -> Result<bool, ConditionError> {
        match self.answer(predicate, item, index)? {
            Value::Bool(flag) => Ok(flag),
            other => {
                let place = predicate.map_or_else(Place::default, |node| node.place);
                let kind = other.kind_name();
                Err(place.evaluation(format!("the predicate gives a bool, found {kind}")))
            }
        }
    }

    fn answers(
        &mut self,
        list: &List,
        predicate: Option<&'a Node>,
    ) -> Result<Vec<Value>, ConditionError> {
        let items = list.items().iter().enumerate();
        items
            .map(|(index, item)| self.answer(predicate, item, index))
            .collect()
    }

    fn chosen(
        &mut self,
        list: &List,
        predicate: Option<&'a Node>,
    ) -> Result<Vec<Value>, ConditionError> {
        let mut chosen = Vec::new();
        for (index, item) in list.items().iter().enumerate() {
            if self.asked(predicate, item, index)? {
                chosen.push(item.clone());
            }
        }
        Ok(chosen)
    }

    /// Where the predicate first gives `wanted`, seen from the start or from the end.
    fn position(
        &mut self,
        list: &List,
        predicate: Option<&'a Node>,
        wanted: bool,
        backwards: bool,
    ) -> Result<Option<usize>, ConditionError> {
        let length = list.items().len();
        for step in 0..length {
            let index = if backwards { length - 1 - step } else { step };
            let Some(item) = list.items().get(index) else {
                break;
            };
            if self.asked(predicate, item, index)? == wanted {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn sum(&mut self, list: &List, predicate: Option<&'a Node>, place: Place) -> Evaluated {
        let mut total = Value::Int(0);
        for (index, item) in list.items().iter().enumerate() {
            let answer = self.answer(predicate, item, index)?;
            total = arithmetic(Binary::Add, &answer, &total, place)?;
        }
        Ok(total)
    }

    fn group(&mut self, list: &List, predicate: Option<&'a Node>, place: Place) -> Evaluated {
        let mut groups: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
        for (item, answer) in list.items().iter().zip(self.answers(list, predicate)?) {
            let Some(key) = Key::of(&answer) else {
                let kind = answer.kind_name();
                return Err(place.evaluation(format!("`groupBy` cannot group by {kind}")));
            };
            groups.entry(key).or_default().push(item.clone());
        }
        self.budget.spend(list.items().len(), place)?;
        let entries = groups
            .into_iter()
            .map(|(key, items)| (key, Value::list(items)));
        shallow(
            Value::Map(Arc::new(Map::new(Keys::Any, entries.collect()))),
            place,
        )
    }

    fn sort_by(
        &mut self,
        list: &List,
        predicate: Option<&'a Node>,
        descending: bool,
        place: Place,
    ) -> Evaluated {
        let keys = self.answers(list, predicate)?;
        let pairs = keys.into_iter().zip(list.items().iter().cloned()).collect();
        let sorted = sorted(pairs, descending, place)?;
        self.budget.list(sorted, place)
    }

    fn reduce(
        &mut self,
        list: &List,
        predicate: Option<&'a Node>,
        start: Option<&'a Node>,
        place: Place,
    ) -> Evaluated {
        let mut items = list.items().iter().enumerate();
        let accumulator = match start {
            Some(node) => self.value(node)?,
            None => match items.next() {
                Some((_, first)) => first.clone(),
                None => {
                    return Err(place.evaluation("`reduce` of an empty array needs a first value"));
                }
            },
        };
        self.scopes.push(Scope {
            accumulator,
            ..Scope::default()
        });
        for (index, item) in items {
            let next = self.answer(predicate, item, index)?;
            if let Some(scope) = self.scopes.last_mut() {
                scope.accumulator = next;
            }
        }
        Ok(self
            .scopes
            .pop()
            .map(|scope| scope.accumulator)
            .unwrap_or_default())
    }
}

fn found(as_index: bool, list: &List, at: Option<usize>) -> Value {
    match at {
        None => Value::Nil,
        Some(index) if as_index => count(index),
        Some(index) => list.items().get(index).cloned().unwrap_or_default(),
    }
}

/// Whether `order` asks for the greatest first.
pub(crate) fn descending(order: &Value, place: Place) -> Result<bool, ConditionError> {
    match order {
        Value::Text(order) if &**order == "asc" => Ok(false),
        Value::Text(order) if &**order == "desc" => Ok(true),
        _ => Err(place.evaluation("the order is \"asc\" or \"desc\"")),
    }
}

/// The second of each pair, in the order of the first, which are all numbers or all texts.
pub(crate) fn sorted(
    mut pairs: Vec<(Value, Value)>,
    descending: bool,
    place: Place,
) -> Result<Vec<Value>, ConditionError> {
    let numbers = pairs.iter().all(|(key, _)| float(key).is_some());
    let texts = pairs.iter().all(|(key, _)| matches!(key, Value::Text(_)));
    if pairs.len() > 1 && !numbers && !texts {
        return Err(place.evaluation("only numbers, or only strings, can be sorted together"));
    }
    pairs.sort_by(|(a, _), (b, _)| {
        let order = total_order(a, b);
        if descending { order.reverse() } else { order }
    });
    Ok(pairs.into_iter().map(|(_, value)| value).collect())
}

/// A total order, NaN last, as a sort needs it.
fn total_order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => {
            let plain = |value| float(value).unwrap_or(f64::NAN) + 0.0;
            plain(a).total_cmp(&plain(b))
        }
    }
}

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

/// What is asked about each element, and where the question stands.
#[derive(Clone, Copy)]
struct Question<'a> {
    fold: Fold,
    /// Without one, the element itself is the answer.
    predicate: Option<&'a Node>,
    place: Place,
}

/// From which end a list is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Start,
    End,
}

impl<'a> Evaluator<'a> {
    /// Computes a function that looks at each element of a list.
    pub(crate) fn fold(&mut self, fold: Fold, arguments: &'a [Node], place: Place) -> Evaluated {
        let mut arguments = arguments.iter();
        let collection = match arguments.next() {
            Some(node) => self.value(node)?,
            None => Value::Nil,
        };
        let Value::List(elements) = collection else {
            let (name, found) = (fold.name(), collection.kind_name());
            return Err(place.evaluation(format!("`{name}` takes an array, found {found}")));
        };
        let question = Question { fold, predicate: arguments.next(), place };
        let extra = match arguments.next() {
            Some(node) => Some(self.value(node)?),
            None => None,
        };
        if fold == Fold::Reduce {
            return self.reduce(&elements, question, extra);
        }
        self.scopes.push(Scope::default());
        let outcome = self.each(&elements, question, extra.as_ref());
        self.scopes.pop();
        outcome
    }

    fn each(&mut self, list: &List, asked: Question<'a>, extra: Option<&Value>) -> Evaluated {
        match asked.fold {
            Fold::All => Ok(self.position(list, asked, false, Side::Start)?.is_none().into()),
            Fold::None => Ok(self.position(list, asked, true, Side::Start)?.is_none().into()),
            Fold::Any => Ok(self.position(list, asked, true, Side::Start)?.is_some().into()),
            Fold::One => Ok((self.chosen(list, asked)?.len() == 1).into()),
            Fold::Count => Ok(count(self.chosen(list, asked)?.len())),
            Fold::Filter => {
                let chosen = self.chosen(list, asked)?;
                self.budget.list(chosen, asked.place)
            }
            Fold::Find | Fold::FindIndex => {
                let at = self.position(list, asked, true, Side::Start)?;
                Ok(found(asked.fold == Fold::FindIndex, list, at))
            }
            Fold::FindLast | Fold::FindLastIndex => {
                let at = self.position(list, asked, true, Side::End)?;
                Ok(found(asked.fold == Fold::FindLastIndex, list, at))
            }
            Fold::Map => {
                let items = self.answers(list, asked)?;
                self.budget.list(items, asked.place)
            }
            Fold::Sum => self.sum(list, asked),
            Fold::GroupBy => self.group(list, asked),
            Fold::SortBy => self.sort_by(list, asked, extra),
            Fold::Reduce => Ok(Value::Nil),
        }
    }

    /// What the predicate gives for one element.
    fn answer(&mut self, asked: Question<'a>, item: &Value, index: usize) -> Evaluated {
        if let Some(scope) = self.scopes.last_mut() {
            scope.item = item.clone();
            scope.index = index;
        }
        self.budget.spend(1, asked.place)?;
        match asked.predicate {
            Some(node) => self.value(node),
            None => Ok(item.clone()),
        }
    }

    fn holds(
        &mut self,
        asked: Question<'a>,
        item: &Value,
        index: usize,
    ) -> Result<bool, ConditionError> {
        match self.answer(asked, item, index)? {
            Value::Bool(flag) => Ok(flag),
            other => {
                let place = asked.predicate.map_or(asked.place, |node| node.place);
                let (name, kind) = (asked.fold.name(), other.kind_name());
                Err(place
                    .evaluation(format!("the predicate of `{name}` gives a bool, found {kind}")))
            }
        }
    }

    fn answers(&mut self, list: &List, asked: Question<'a>) -> Result<Vec<Value>, ConditionError> {
        let items = list.items().iter().enumerate();
        items.map(|(index, item)| self.answer(asked, item, index)).collect()
    }

    fn chosen(&mut self, list: &List, asked: Question<'a>) -> Result<Vec<Value>, ConditionError> {
        let mut chosen = Vec::new();
        for (index, item) in list.items().iter().enumerate() {
            if self.holds(asked, item, index)? {
                chosen.push(item.clone());
            }
        }
        Ok(chosen)
    }

    /// Where the predicate first gives `wanted`.
    fn position(
        &mut self,
        list: &List,
        asked: Question<'a>,
        wanted: bool,
        from: Side,
    ) -> Result<Option<usize>, ConditionError> {
        let length = list.items().len();
        for step in 0..length {
            let index = if from == Side::End { length - 1 - step } else { step };
            let Some(item) = list.items().get(index) else { break };
            if self.holds(asked, item, index)? == wanted {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn sum(&mut self, list: &List, asked: Question<'a>) -> Evaluated {
        let mut total = Value::Int(0);
        for (index, item) in list.items().iter().enumerate() {
            let answer = self.answer(asked, item, index)?;
            total = arithmetic(Binary::Add, &answer, &total, asked.place)?;
        }
        Ok(total)
    }

    fn group(&mut self, list: &List, asked: Question<'a>) -> Evaluated {
        let mut groups: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
        for (item, answer) in list.items().iter().zip(self.answers(list, asked)?) {
            let Some(key) = Key::of(&answer) else {
                let kind = answer.kind_name();
                return Err(asked.place.evaluation(format!("`groupBy` cannot group by {kind}")));
            };
            groups.entry(key).or_default().push(item.clone());
        }
        self.budget.spend(list.items().len(), asked.place)?;
        let entries = groups.into_iter().map(|(key, items)| (key, Value::list(items)));
        let map = Map::new(Keys::Groups, entries.collect());
        shallow(Value::Map(Arc::new(map)), asked.place)
    }

    fn sort_by(&mut self, list: &List, asked: Question<'a>, order: Option<&Value>) -> Evaluated {
        let greatest_first = match order {
            Some(order) => descending(order, asked.place)?,
            None => false,
        };
        let keys = self.answers(list, asked)?;
        let pairs = keys.into_iter().zip(list.items().iter().cloned()).collect();
        let sorted = sorted(pairs, greatest_first, asked.place)?;
        self.budget.list(sorted, asked.place)
    }

    fn reduce(&mut self, list: &List, asked: Question<'a>, start: Option<Value>) -> Evaluated {
        let mut items = list.items().iter().enumerate();
        let first = start.or_else(|| items.next().map(|(_, item)| item.clone()));
        let Some(accumulator) = first else {
            return Err(asked.place.evaluation("`reduce` of an empty array needs a first value"));
        };
        self.scopes.push(Scope { accumulator, ..Scope::default() });
        for (index, item) in items {
            let next = self.answer(asked, item, index)?;
            if let Some(scope) = self.scopes.last_mut() {
                scope.accumulator = next;
            }
        }
        Ok(self.scopes.pop().map(|scope| scope.accumulator).unwrap_or_default())
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
    if let (Value::Text(a), Value::Text(b)) = (a, b) {
        return a.cmp(b);
    }
    let plain = |value| float(value).unwrap_or(f64::NAN) + 0.0;
    plain(a).total_cmp(&plain(b))
}

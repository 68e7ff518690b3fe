use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ConditionError, Value,
    access::{contains, fetch, slice},
    budget::{Budget, shallow},
    check::not_a_bool,
    error::Place,
    number::{arithmetic, count, equal, int, mismatch, order},
    operator::{Binary, Compare, Unary},
    pattern,
    syntax::{Comparison, Expr, Node, Pointer},
    value::{Key, Keys, Map},
};

pub(crate) type Evaluated = Result<Value, ConditionError>;

/// Computes the condition `node` for `result`.
pub(crate) fn evaluate(node: &Node, result: &Value) -> Result<bool, ConditionError> {
    let mut evaluator = Evaluator::new(result);
    match evaluator.value(node)? {
        Value::Bool(outcome) => Ok(outcome),
        other => Err(not_a_bool(node.place, other.kind_name())),
    }
}

/// Computes the expression `node` for `result`.
pub(crate) fn value(node: &Node, result: &Value) -> Evaluated {
    Evaluator::new(result).value(node)
}

pub(crate) struct Evaluator<'a> {
    pub(crate) result: &'a Value,
    pub(crate) budget: Budget,
    pub(crate) scopes: Vec<Scope>,
    variables: Vec<(&'a str, Value)>,
}

/// The element that a predicate looks at.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) item: Value,
    pub(crate) index: usize,
    pub(crate) accumulator: Value,
}

impl<'a> Evaluator<'a> {
    fn new(result: &'a Value) -> Self {
        Self { result, budget: Budget::new(), scopes: Vec::new(), variables: Vec::new() }
    }

    pub(crate) fn value(&mut self, node: &'a Node) -> Evaluated {
        let place = node.place;
        self.budget.spend(1, place)?;
        match &node.expr {
            Expr::Nil => Ok(Value::Nil),
            Expr::Bool(flag) => Ok(Value::Bool(*flag)),
            Expr::Int(number) => Ok(Value::Int(*number)),
            Expr::Float(number) => Ok(Value::Float(*number)),
            Expr::Text(text) => Ok(Value::Text(Arc::clone(text))),
            Expr::Name(name) => Ok(self.variable(name)),
            Expr::Pointer(pointer) => Ok(self.pointer(*pointer)),
            Expr::Unary(operator, operand) => self.unary(*operator, operand, place),
            Expr::Binary(operator, left, right) => self.binary(*operator, left, right, place),
            Expr::Compare(first, rest) => self.comparisons(first, rest),
            Expr::Matches(text, regex) => {
                let text = self.value(text)?;
                self.matches(&text, regex, place)
            }
            Expr::Chain(inner) => Ok(self.link(inner)?.unwrap_or_default()),
            Expr::Member(_) => Ok(self.link(node)?.unwrap_or_default()),
            Expr::Slice(parts) => {
                let base = self.value(&parts.base)?;
                let from = parts.from.as_ref().map(|node| self.value(node)).transpose()?;
                let to = parts.to.as_ref().map(|node| self.value(node)).transpose()?;
                slice(&base, from.as_ref(), to.as_ref(), &mut self.budget, place)
            }
            Expr::Call(function, arguments) => {
                let arguments = self.values(arguments)?;
                self.call(*function, &arguments, place)
            }
            Expr::Fold(fold, arguments) => self.fold(*fold, arguments, place),
            Expr::Let(name, value, body) => self.declaration(name, value, body),
            Expr::Sequence(nodes) => Ok(self.values(nodes)?.pop().unwrap_or_default()),
            Expr::If(branches) => {
                let chosen = self.truth(&branches.condition)?;
                self.value(if chosen { &branches.then } else { &branches.otherwise })
            }
            Expr::OrElse(first, otherwise) => {
                if self.truth(first)? {
                    return Ok(Value::Bool(true));
                }
                self.value(otherwise)
            }
            Expr::List(nodes) => {
                let items = self.values(nodes)?;
                self.budget.list(items, place)
            }
            Expr::Map(pairs) => self.map(pairs, place),
        }
    }

    fn values(&mut self, nodes: &'a [Node]) -> Result<Vec<Value>, ConditionError> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    fn variable(&self, name: &str) -> Value {
        let variable = self.variables.iter().rev().find(|(known, _)| *known == name);
        variable.map_or(self.result, |(_, value)| value).clone()
    }

    fn pointer(&self, pointer: Pointer) -> Value {
        let Some(scope) = self.scopes.last() else {
            return Value::Nil;
        };
        match pointer {
            Pointer::Item => scope.item.clone(),
            Pointer::Index => count(scope.index),
            Pointer::Accumulator => scope.accumulator.clone(),
        }
    }

    /// The value of `node`, which has to be true or false.
    pub(crate) fn truth(&mut self, node: &'a Node) -> Result<bool, ConditionError> {
        match self.value(node)? {
            Value::Bool(flag) => Ok(flag),
            other => {
                let found = other.kind_name();
                Err(node.place.evaluation(format!("found {found} where a bool is expected")))
            }
        }
    }

    fn declaration(&mut self, name: &'a str, value: &'a Node, body: &'a Node) -> Evaluated {
        let value = self.value(value)?;
        self.variables.push((name, value));
        let body = self.value(body);
        self.variables.pop();
        body
    }

    fn unary(&mut self, operator: Unary, operand: &'a Node, place: Place) -> Evaluated {
        if operator == Unary::Not {
            return self.truth(operand).map(|flag| Value::Bool(!flag));
        }
        match (operator, self.value(operand)?) {
            (Unary::Minus, Value::Int(number)) => Ok(Value::Int(number.wrapping_neg())),
            (Unary::Minus, Value::Float(number)) => Ok(Value::Float(-number)),
            (Unary::Minus, other) => {
                let found = other.kind_name();
                Err(place.evaluation(format!("`-` takes a number, found {found}")))
            }
            (_, value) => Ok(value),
        }
    }

    fn binary(
        &mut self,
        operator: Binary,
        left: &'a Node,
        right: &'a Node,
        place: Place,
    ) -> Evaluated {
        match operator {
            Binary::Or => Ok(Value::Bool(self.truth(left)? || self.truth(right)?)),
            Binary::And => Ok(Value::Bool(self.truth(left)? && self.truth(right)?)),
            Binary::Coalesce => match self.value(left)? {
                missing if missing.is_nil() => self.value(right),
                found => Ok(found),
            },
            _ => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.combine(operator, &left, &right, place)
            }
        }
    }

    fn combine(
        &mut self,
        operator: Binary,
        left: &Value,
        right: &Value,
        place: Place,
    ) -> Evaluated {
        let budget = &mut self.budget;
        match operator {
            Binary::Equal => equal(left, right, budget, place).map(Value::Bool),
            Binary::NotEqual => equal(left, right, budget, place).map(|same| Value::Bool(!same)),
            Binary::In => contains(left, right, budget, place).map(Value::Bool),
            Binary::Matches => self.matches_value(left, right, place),
            Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
                self.part_of(operator, left, right, place)
            }
            Binary::Range => self.range(left, right, place),
            Binary::Add => match (left, right) {
                (Value::Text(a), Value::Text(b)) => budget.text(format!("{a}{b}"), place),
                _ => arithmetic(operator, left, right, place),
            },
            _ => arithmetic(operator, left, right, place),
        }
    }

    fn comparisons(&mut self, first: &'a Node, rest: &'a [Comparison]) -> Evaluated {
        let mut left = self.value(first)?;
        for comparison in rest {
            let right = self.value(&comparison.right)?;
            if !self.compare(comparison.operator, &left, &right, comparison.place)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn compare(
        &mut self,
        operator: Compare,
        left: &Value,
        right: &Value,
        place: Place,
    ) -> Result<bool, ConditionError> {
        if let Value::Text(text) = left {
            self.budget.spend_text(text.len(), place)?;
        }
        let order =
            order(left, right).map_err(|_| mismatch(operator.sign(), left, right, place))?;
        Ok(operator.accepts(order))
    }

    fn matches_value(&mut self, text: &Value, pattern: &Value, place: Place) -> Evaluated {
        /// What it costs to compile a pattern, which takes some hundred microseconds.
        const COMPILING: usize = 10_000;
        match (text, pattern) {
            (Value::Nil, _) | (_, Value::Nil) => Ok(Value::Bool(false)),
            (_, Value::Text(pattern)) => {
                self.budget.spend(COMPILING, place)?;
                let regex = pattern::compile(pattern, place)?;
                self.matches(text, &regex, place)
            }
            _ => Err(mismatch("matches", text, pattern, place)),
        }
    }

    fn matches(&mut self, text: &Value, regex: &regex::Regex, place: Place) -> Evaluated {
        match text {
            Value::Nil => Ok(Value::Bool(false)),
            Value::Text(text) => {
                self.budget.spend(1 + text.len(), place)?;
                Ok(Value::Bool(regex.is_match(text)))
            }
            other => Err(mismatch("matches", other, &Value::text(""), place)),
        }
    }

    fn part_of(
        &mut self,
        operator: Binary,
        left: &Value,
        right: &Value,
        place: Place,
    ) -> Evaluated {
        match (left, right) {
            (Value::Nil, _) | (_, Value::Nil) => Ok(Value::Bool(false)),
            (Value::Text(text), Value::Text(part)) => {
                self.budget.spend_text(text.len() + part.len(), place)?;
                Ok(Value::Bool(match operator {
                    Binary::Contains => text.contains(&**part),
                    Binary::StartsWith => text.starts_with(&**part),
                    _ => text.ends_with(&**part),
                }))
            }
            _ => Err(mismatch(operator.sign(), left, right, place)),
        }
    }

    fn range(&mut self, from: &Value, to: &Value, place: Place) -> Evaluated {
        let (Some(from), Some(to)) = (int(from), int(to)) else {
            return Err(mismatch("..", from, to, place));
        };
        // The budget is asked before anything is allocated.
        let length = to.saturating_sub(from).saturating_add(1);
        self.budget.spend(usize::try_from(length).unwrap_or(0), place)?;
        Ok(Value::list((from..=to).map(Value::Int)))
    }

    fn map(&mut self, pairs: &'a [(Node, Node)], place: Place) -> Evaluated {
        let mut entries = BTreeMap::new();
        for (key, value) in pairs {
            let Value::Text(name) = self.value(key)? else {
                return Err(key.place.evaluation("the key of a map is a string"));
            };
            let value = self.value(value)?;
            // Of two equal keys the first one counts, as in expr-lang.
            entries.entry(Key::Text(name)).or_insert(value);
        }
        self.budget.spend(pairs.len(), place)?;
        shallow(Value::Map(Arc::new(Map::new(Keys::Text, entries))), place)
    }

    /// A part of a chain: none when an optional member had nothing to be taken from.
    fn link(&mut self, node: &'a Node) -> Result<Option<Value>, ConditionError> {
        let Expr::Member(member) = &node.expr else {
            return self.value(node).map(Some);
        };
        let Some(base) = self.link(&member.base)? else {
            return Ok(None);
        };
        if member.optional && base.is_nil() {
            return Ok(None);
        }
        let key = self.value(&member.key)?;
        fetch(&base, &key, node.place).map(Some)
    }
}

use std::cmp::Ordering;

use crate::{
    Error, Function, Kind, Node, Operator, Scope, Value,
    coerce::{equals, order},
    filter::{Index, pick},
    function,
    memory::{Counter, Exceeded, ITEM, Memory},
};

/// The value of an expression; it takes at most so many bytes.
pub(crate) fn evaluate(root: &Node, scope: &dyn Scope, memory: usize) -> Result<Value, Error> {
    let mut evaluation = Evaluation { root, scope, memory: Memory::new(memory) };
    Ok(match evaluation.node(root, 0)? {
        Value::List(list) => Value::List(list.plain()),
        other => other,
    })
}

/// An expression while it is evaluated. Parts that do not matter are not evaluated, so that they cannot fail.
pub(crate) struct Evaluation<'a> {
    root: &'a Node,
    scope: &'a dyn Scope,
    memory: Memory,
}

impl Evaluation<'_> {
    /// The value of a part that is so deep in the expression; it recurses as deep as an expression may be.
    pub(crate) fn node(&mut self, node: &Node, level: usize) -> Result<Value, Error> {
        let value = match &node.kind {
            Kind::Literal(value) => value.clone(),
            Kind::Context(name) => self.scope.context(name),
            Kind::Star => "*".into(),
            Kind::Index(parts) => self.index(parts, level)?,
            Kind::Call(Function::Scoped(name), arguments) => {
                let arguments: Result<Vec<_>, _> =
                    arguments.iter().map(|argument| self.node(argument, level + 1)).collect();
                let answer = self.scope.call(name, &arguments?);
                answer.map_err(|message| Error { span: node.span, message })?
            }
            Kind::Call(function, arguments) => function::call(
                function,
                &mut Arguments { evaluation: self, node, nodes: arguments, level },
            )?,
            Kind::Operator(operator, operands) => self.operation(*operator, operands, level)?,
        };
        let own = match (&node.kind, &value) {
            (Kind::Index(_), Value::List(list)) if list.is_filtered() => list.len() * ITEM,
            _ => 0,
        };
        let taken = self.memory.take(level, &value, own);
        taken.map_err(|exceeded| self.exceeded(node, &exceeded))?;
        Ok(value)
    }

    fn exceeded(&self, node: &Node, Exceeded: &Exceeded) -> Error {
        let message = format!(
            "The maximum allowed memory size was exceeded while evaluating the following expression: {}",
            self.root
        );
        Error { span: node.span, message }
    }

    fn index(&mut self, [value, index]: &[Node; 2], level: usize) -> Result<Value, Error> {
        let from = self.node(value, level + 1)?;
        let wanted = match index.kind {
            Kind::Star => Index::Every,
            // Nothing can be found, so nothing is looked for.
            _ if from.is_primitive() => return Ok(Value::Null),
            _ => Index::One(self.node(index, level + 1)?),
        };
        let found = pick(&from, &wanted, self.memory.counter());
        found.map_err(|exceeded| self.exceeded(value, &exceeded))
    }

    fn operation(
        &mut self,
        operator: Operator,
        operands: &[Node],
        level: usize,
    ) -> Result<Value, Error> {
        match (operator, operands) {
            (Operator::And | Operator::Or, _) => {
                let mut value = Value::Null;
                for operand in operands {
                    value = self.node(operand, level + 1)?;
                    if value.is_truthy() == (operator == Operator::Or) {
                        break;
                    }
                }
                Ok(value)
            }
            (_, [only]) => Ok(Value::Bool(!self.node(only, level + 1)?.is_truthy())),
            (_, [left, right]) => {
                let left = self.node(left, level + 1)?;
                let right = self.node(right, level + 1)?;
                Ok(Value::Bool(compare(operator, &left, &right)))
            }
            _ => Ok(Value::Null),
        }
    }
}

fn compare(operator: Operator, left: &Value, right: &Value) -> bool {
    let less = || order(left, right).is_some_and(Ordering::is_lt);
    let greater = || order(left, right).is_some_and(Ordering::is_gt);
    match operator {
        Operator::Equal => equals(left, right),
        Operator::NotEqual => !equals(left, right),
        Operator::Less => less(),
        Operator::LessOrEqual => equals(left, right) || less(),
        Operator::Greater => greater(),
        Operator::GreaterOrEqual => equals(left, right) || greater(),
        Operator::Not | Operator::And | Operator::Or => false,
    }
}

/// A function's arguments, each evaluated when it is asked for.
pub(crate) struct Arguments<'a, 'b> {
    evaluation: &'a mut Evaluation<'b>,
    node: &'a Node,
    nodes: &'a [Node],
    level: usize,
}

impl Arguments<'_, '_> {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// An argument's value; `null` when it is not given.
    pub(crate) fn get(&mut self, place: usize) -> Result<Value, Error> {
        match self.nodes.get(place) {
            Some(argument) => self.evaluation.node(argument, self.level + 1),
            None => Ok(Value::Null),
        }
    }

    pub(crate) fn counter(&self) -> Counter {
        self.evaluation.memory.counter()
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error { span: self.node.span, message: message.into() }
    }

    pub(crate) fn exceeded(&self, exceeded: &Exceeded) -> Error {
        self.evaluation.exceeded(self.node, exceeded)
    }
}

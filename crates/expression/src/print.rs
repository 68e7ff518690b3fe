//! Expressions as text, with the parentheses that they need.

use std::fmt::{self, Display, Formatter};

use crate::{Expression, Kind, Node, Operator, Value, lexer::is_name, number::print_exactly};

/// How tightly what is indexed, and what is no operator at all, binds.
const TIGHTEST: u8 = u8::MAX;

impl Display for Node {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Literal(value) => literal(value, formatter),
            Kind::Context(name) => formatter.write_str(name),
            Kind::Star => formatter.write_str("*"),
            Kind::Index(parts) => index(parts, formatter),
            Kind::Call(function, arguments) => {
                write!(formatter, "{}(", function.name())?;
                for (place, argument) in arguments.iter().enumerate() {
                    write!(formatter, "{}{argument}", if place == 0 { "" } else { ", " })?;
                }
                formatter.write_str(")")
            }
            Kind::Operator(operator, operands) => operation(*operator, operands, formatter),
        }
    }
}

fn literal(value: &Value, formatter: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => formatter.write_str("null"),
        Value::Number(number) => formatter.write_str(&print_exactly(*number)),
        Value::Text(text) => write!(formatter, "'{}'", text.replace('\'', "''")),
        other => other.fmt(formatter),
    }
}

fn index([value, index]: &[Node; 2], formatter: &mut Formatter<'_>) -> fmt::Result {
    let is_indexable = matches!(value.kind, Kind::Context(_) | Kind::Index(_) | Kind::Call(..));
    grouped(value, !is_indexable, formatter)?;
    match &index.kind {
        Kind::Star => formatter.write_str(".*"),
        Kind::Literal(Value::Text(name)) if is_name(name) => write!(formatter, ".{name}"),
        _ => write!(formatter, "[{index}]"),
    }
}

fn operation(operator: Operator, operands: &[Node], formatter: &mut Formatter<'_>) -> fmt::Result {
    let own = operator.precedence();
    if operator == Operator::Not {
        formatter.write_str("!")?;
        return operands.iter().try_for_each(|node| grouped(node, binding(node) < own, formatter));
    }
    for (place, operand) in operands.iter().enumerate() {
        if place > 0 {
            write!(formatter, " {} ", operator.sign())?;
        }
        // Operators of one precedence group from the left.
        let needed = if place == 0 { own } else { own + 1 };
        grouped(operand, binding(operand) < needed, formatter)?;
    }
    Ok(())
}

fn binding(node: &Node) -> u8 {
    match &node.kind {
        Kind::Operator(operator, _) => operator.precedence(),
        _ => TIGHTEST,
    }
}

fn grouped(node: &Node, group: bool, formatter: &mut Formatter<'_>) -> fmt::Result {
    if group { write!(formatter, "({node})") } else { node.fmt(formatter) }
}

/// The expression with no more parentheses and blanks than it needs.
impl Display for Expression {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.root().map_or(Ok(()), |root| root.fmt(formatter))
    }
}

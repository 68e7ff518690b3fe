//! A template with its data.

use std::borrow::Cow;

use serde_json::Value;
use tidegate_units::Timestamp;

use crate::template::{
    MAX_OUTPUT_BYTES, TemplateError,
    function::Function,
    go_text::{is_true, printed},
    moment::{self, Moment},
    parser::Defined,
    syntax::{Base, Command, Node, Operand, Pipeline, Range},
};

/// So much is done for one message: a `range` within a `range` over all that is known of a rollout is far below.
const MAX_STEPS: usize = 100_000;

type Rendered<T> = Result<T, TemplateError>;

/// Blocks within blocks, also of templates that use themselves: far beyond what people write, far within the stack.
const MAX_DEPTH: usize = 100;

/// What the nodes say of `data` at a time.
pub(crate) fn render(
    (nodes, defined): (&[Node], &Defined),
    data: &Value,
    now: Timestamp,
) -> Rendered<String> {
    let variables = vec![(String::new(), data.clone())];
    let now = Moment::at(now).value();
    let mut writer =
        Writer { out: String::new(), variables, steps: MAX_STEPS, depth: 0, defined, now };
    writer.nodes(nodes, data)?;
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    variables: Vec<(String, Value)>,
    steps: usize,
    depth: usize,
    defined: &'a Defined,
    now: Value,
}

/// How the nodes of a block ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

impl Writer<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Rendered<Flow> {
        if self.depth >= MAX_DEPTH {
            let message =
                format!("blocks and templates are nested more than {MAX_DEPTH} levels deep");
            return Err(TemplateError::at(1, message));
        }
        self.depth += 1;
        let flow = self.each_node(nodes, dot);
        self.depth -= 1;
        flow
    }

    fn each_node(&mut self, nodes: &[Node], dot: &Value) -> Rendered<Flow> {
        let known = self.variables.len();
        let mut flow = Flow::On;
        for node in nodes {
            flow = self.node(node, dot)?;
            if flow != Flow::On {
                break;
            }
        }
        self.variables.truncate(known);
        Ok(flow)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Rendered<Flow> {
        match node {
            Node::Text(text) => self.write(text, 1)?,
            Node::Print(pipeline) => {
                let value = self.value(pipeline, dot)?;
                self.write(&printed(&value), pipeline.line)?;
            }
            Node::Assign { name, declares, value } => {
                let value = self.value(value, dot)?;
                self.assign(name, *declares, value);
            }
            Node::If { test, then, otherwise } => {
                let holds = is_true(&self.value(test, dot)?);
                return self.nodes(if holds { then } else { otherwise }, dot);
            }
            Node::With { variable, value, then, otherwise } => {
                let value = self.value(value, dot)?;
                if !is_true(&value) {
                    return self.nodes(otherwise, dot);
                }
                let known = self.variables.len();
                self.variables.extend(variable.iter().map(|name| (name.clone(), value.clone())));
                let flow = self.nodes(then, &value)?;
                self.variables.truncate(known);
                return Ok(flow);
            }
            Node::Range(range) => return self.range(range, dot),
            Node::Template { line, name, data } => {
                self.template(*line, name, data.as_ref(), dot)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    /// Another template, which knows no variables but its own `$`.
    fn template(
        &mut self,
        line: usize,
        name: &str,
        data: Option<&Pipeline>,
        dot: &Value,
    ) -> Rendered<()> {
        self.step(line)?;
        let data = data.map(|data| self.value(data, dot)).transpose()?.unwrap_or_default();
        let Some(nodes) = self.defined.get(name) else {
            return Err(TemplateError::at(line, format!("there is no template {name:?}")));
        };
        let own = vec![(String::new(), data.clone())];
        let variables = std::mem::replace(&mut self.variables, own);
        self.nodes(nodes, &data)?;
        self.variables = variables;
        Ok(())
    }

    fn assign(&mut self, name: &str, declares: bool, value: Value) {
        let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        match known {
            Some((_, held)) if !declares => *held = value,
            _ => self.variables.push((name.to_owned(), value)),
        }
    }

    fn range(&mut self, range: &Range, dot: &Value) -> Rendered<Flow> {
        let items: Vec<(Value, Value)> = match self.value(&range.over, dot)? {
            Value::Array(items) => {
                items.into_iter().enumerate().map(|(index, item)| (index.into(), item)).collect()
            }
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
            }
            // As deep as the steps allow.
            Value::Number(count) if count.is_i64() => {
                let count = usize::try_from(count.as_i64().unwrap_or_default()).unwrap_or_default();
                let count = count.min(self.steps + 1);
                (0..count).map(|index| (index.into(), index.into())).collect()
            }
            Value::Null => Vec::new(),
            other => {
                let message = format!(
                    "`range` goes over lists, maps and whole numbers, found {}",
                    printed(&other)
                );
                return Err(TemplateError::at(range.over.line, message));
            }
        };
        if items.is_empty() {
            return self.nodes(&range.otherwise, dot);
        }
        for (index, item) in items {
            self.step(range.over.line)?;
            let known = self.variables.len();
            self.variables.extend(range.index.iter().map(|name| (name.clone(), index.clone())));
            self.variables.extend(range.element.iter().map(|name| (name.clone(), item.clone())));
            let flow = self.nodes(&range.body, &item)?;
            self.variables.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn write(&mut self, text: &str, line: usize) -> Rendered<()> {
        if self.out.len() + text.len() > MAX_OUTPUT_BYTES {
            let message = format!("the message is longer than {} KiB", MAX_OUTPUT_BYTES >> 10);
            return Err(TemplateError::at(line, message));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn step(&mut self, line: usize) -> Rendered<()> {
        self.steps = self.steps.checked_sub(1).ok_or_else(|| {
            TemplateError::at(line, format!("the message takes more than {MAX_STEPS} steps"))
        })?;
        Ok(())
    }

    fn value(&mut self, pipeline: &Pipeline, dot: &Value) -> Rendered<Value> {
        let mut last: Option<Value> = None;
        for command in &pipeline.commands {
            self.step(pipeline.line)?;
            last = Some(match command {
                Command::Value(operand) => self.operand(operand, dot, pipeline.line)?,
                Command::Call(function, arguments) => {
                    self.call(*function, arguments, last, dot, pipeline.line)?
                }
                Command::Method { of, name, arguments } => {
                    let value = self.operand(of, dot, pipeline.line)?;
                    let mut given = Vec::with_capacity(arguments.len() + 1);
                    for argument in arguments {
                        given.push(self.operand(argument, dot, pipeline.line)?);
                    }
                    given.extend(last);
                    let made = moment::method(&value, name, &given).unwrap_or_else(|| {
                        let shown = printed(&value);
                        Err(format!(
                            "only times and spans have methods, and {shown} has no `{name}`"
                        ))
                    });
                    made.map_err(|problem| TemplateError::at(pipeline.line, problem))?
                }
            });
        }
        Ok(last.unwrap_or_default())
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Operand],
        piped: Option<Value>,
        dot: &Value,
        line: usize,
    ) -> Rendered<Value> {
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for argument in arguments {
            let value = self.operand(argument, dot, line)?;
            // The others may make no sense then, as in `and .a .a.b`.
            if function.is_decided_by(&value) {
                return Ok(value);
            }
            values.push(value);
        }
        values.extend(piped);
        if function.asks_the_time() {
            values.push(self.now.clone());
        }
        let made = function.call(&values).map_err(|problem| TemplateError::at(line, problem))?;
        // Go's maps are changed where they are; here a variable gets what became of it.
        if function.changes_its_map()
            && let Some(Operand { base: Base::Variable(name), fields }) = arguments.first()
            && fields.is_empty()
        {
            self.assign(name, false, made.clone());
        }
        Ok(made)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value, line: usize) -> Rendered<Value> {
        let base = match &operand.base {
            Base::Dot => Cow::Borrowed(dot),
            Base::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                let Some((_, held)) = known else { return Ok(Value::Null) };
                return Ok(reached(Cow::Borrowed(held), &operand.fields, line)?.into_owned());
            }
            Base::Literal(value) => Cow::Borrowed(value),
            Base::Call(function) => Cow::Owned(self.call(*function, &[], None, dot, line)?),
            Base::Pipeline(pipeline) => Cow::Owned(self.value(pipeline, dot)?),
        };
        Ok(reached(base, &operand.fields, line)?.into_owned())
    }
}

/// What is found by fields, one in the other.
fn reached<'a>(
    mut found: Cow<'a, Value>,
    fields: &[String],
    line: usize,
) -> Rendered<Cow<'a, Value>> {
    for field in fields {
        if let Some(made) = moment::method(&found, field, &[]) {
            found = Cow::Owned(made.map_err(|problem| TemplateError::at(line, problem))?);
            continue;
        }
        found = match found {
            Cow::Borrowed(Value::Object(fields)) => {
                Cow::Borrowed(fields.get(field).unwrap_or(&Value::Null))
            }
            Cow::Owned(Value::Object(mut fields)) => {
                Cow::Owned(fields.remove(field).unwrap_or_default())
            }
            // As in Go: what is not there has no fields, and they are not there.
            nothing if nothing.is_null() => nothing,
            other => {
                let message = format!("{} has no field `{field}`", printed(&other));
                return Err(TemplateError::at(line, message));
            }
        };
    }
    Ok(found)
}

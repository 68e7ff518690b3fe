//! From words to what is done.

use std::{collections::BTreeMap, iter::Peekable};

use serde_json::Value;

use crate::template::{
    TemplateError,
    function::{Function, refusal},
    lexer::{Piece, Word},
    syntax::{Base, Command, Node, Operand, Pipeline, Range},
};

/// How deep blocks and parentheses may be nested: far beyond what people write, far within the stack.
const MAX_DEPTH: usize = 50;

type Read<T> = Result<T, TemplateError>;

/// Templates that a template defines, by name.
pub(crate) type Defined = BTreeMap<String, Vec<Node>>;

/// The nodes of a template, and what it defines.
pub(crate) fn parse(pieces: Vec<Piece>) -> Read<(Vec<Node>, Defined)> {
    let mut parser = Parser {
        pieces: pieces.into_iter(),
        variables: vec![String::new()],
        depth: 0,
        loops: 0,
        defined: Defined::new(),
    };
    let (nodes, end) = parser.block()?;
    match end {
        End::Text => Ok((nodes, parser.defined)),
        End::Close(line) => Err(TemplateError::at(line, "this `end` closes nothing")),
        End::Else(line, _) => Err(TemplateError::at(line, "this `else` belongs to nothing")),
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    /// Those that are declared so far; `$` is the first.
    variables: Vec<String>,
    depth: usize,
    loops: usize,
    defined: Defined,
}

/// What ends a block.
enum End {
    Text,
    Close(usize),
    Else(usize, Vec<Word>),
}

type Words = Peekable<std::vec::IntoIter<Word>>;

impl Parser {
    fn block(&mut self) -> Read<(Vec<Node>, End)> {
        let known = self.variables.len();
        let mut nodes = Vec::new();
        let end = loop {
            match self.pieces.next() {
                None => break End::Text,
                Some(Piece::Text(text)) => nodes.push(Node::Text(text)),
                Some(Piece::Action { line, words }) => match words.first() {
                    Some(Word::Name(word)) if word == "end" && words.len() == 1 => {
                        break End::Close(line);
                    }
                    Some(Word::Name(word)) if word == "else" => {
                        break End::Else(line, words.into_iter().skip(1).collect());
                    }
                    _ => nodes.push(self.action(line, words)?),
                },
            }
        };
        self.variables.truncate(known);
        Ok((nodes, end))
    }

    fn action(&mut self, line: usize, words: Vec<Word>) -> Read<Node> {
        let mut words = words.into_iter().peekable();
        let Some(Word::Name(word)) = words.peek().cloned() else { return self.plain(line, words) };
        match word.as_str() {
            "if" | "with" | "range" => {
                words.next();
                self.nested(line, |parser| match word.as_str() {
                    "if" => parser.condition(line, words),
                    "with" => parser.with(line, words),
                    _ => parser.range(line, words),
                })
            }
            "break" | "continue" if self.loops == 0 => {
                Err(TemplateError::at(line, format!("`{word}` stands in a `range` only")))
            }
            "break" => Ok(Node::Break),
            "continue" => Ok(Node::Continue),
            "define" => {
                words.next();
                let (name, data) = self.named_template(line, words)?;
                if data.is_some() || self.depth > 0 {
                    let message = "`define` takes a name alone, and stands in no other block";
                    return Err(TemplateError::at(line, message));
                }
                self.define(line, name)?;
                Ok(Node::Text(String::new()))
            }
            "template" => {
                words.next();
                let (name, data) = self.named_template(line, words)?;
                Ok(Node::Template { line, name, data })
            }
            "block" => {
                words.next();
                let (name, data) = self.named_template(line, words)?;
                self.define(line, name.clone())?;
                Ok(Node::Template { line, name, data })
            }
            _ => self.plain(line, words),
        }
    }

    /// The name of a template, and what it is given.
    fn named_template(
        &mut self,
        line: usize,
        mut words: Words,
    ) -> Read<(String, Option<Pipeline>)> {
        let Some(Word::Literal(Value::String(name))) = words.next() else {
            return Err(TemplateError::at(line, "the name of a template is missing, in quotes"));
        };
        let data = words.peek().is_some().then(|| self.whole(line, words)).transpose()?;
        Ok((name, data))
    }

    /// Reads up to `end`, where neither variables nor loops of what is around are known.
    fn define(&mut self, line: usize, name: String) -> Read<()> {
        if self.depth >= MAX_DEPTH {
            let message = format!("blocks are nested more than {MAX_DEPTH} levels deep");
            return Err(TemplateError::at(line, message));
        }
        let variables = std::mem::replace(&mut self.variables, vec![String::new()]);
        let loops = std::mem::take(&mut self.loops);
        self.depth += 1;
        let (nodes, end) = self.block()?;
        self.depth -= 1;
        (self.variables, self.loops) = (variables, loops);
        if !matches!(end, End::Close(_)) {
            return Err(TemplateError::at(line, format!("the template {name:?} has no `end`")));
        }
        self.defined.insert(name, nodes);
        Ok(())
    }

    fn nested(&mut self, line: usize, read: impl FnOnce(&mut Self) -> Read<Node>) -> Read<Node> {
        if self.depth >= MAX_DEPTH {
            let message = format!("blocks are nested more than {MAX_DEPTH} levels deep");
            return Err(TemplateError::at(line, message));
        }
        self.depth += 1;
        let known = self.variables.len();
        let node = read(self);
        self.variables.truncate(known);
        self.depth -= 1;
        node
    }

    /// Something that is written, or a variable that gets a value.
    fn plain(&mut self, line: usize, mut words: Words) -> Read<Node> {
        let mut ahead = words.clone();
        if let (Some(Word::Variable(name, fields)), Some(sign)) = (ahead.next(), ahead.next())
            && fields.is_empty()
            && matches!(sign, Word::Declare | Word::Assign)
        {
            let declares = sign == Word::Declare;
            let value = self.whole(line, ahead)?;
            if declares {
                self.variables.push(name.clone());
            } else {
                self.known(&name, line)?;
            }
            return Ok(Node::Assign { name, declares, value });
        }
        let pipeline = self.pipeline(line, &mut words)?;
        Self::ended(line, &mut words)?;
        Ok(Node::Print(pipeline))
    }

    fn condition(&mut self, line: usize, words: Words) -> Read<Node> {
        let test = self.whole(line, words)?;
        let (then, otherwise) = self.branches(line, "if")?;
        Ok(Node::If { test, then, otherwise })
    }

    fn with(&mut self, line: usize, words: Words) -> Read<Node> {
        let (mut names, words) = Self::declared(words);
        let value = self.whole(line, words)?;
        let variable = names.pop();
        self.variables.extend(variable.clone());
        let (then, otherwise) = self.branches(line, "with")?;
        Ok(Node::With { variable, value, then, otherwise })
    }

    fn range(&mut self, line: usize, words: Words) -> Read<Node> {
        let (mut names, words) = Self::declared(words);
        let over = self.whole(line, words)?;
        let element = names.pop();
        let index = names.pop();
        self.variables.extend(index.iter().chain(&element).cloned());
        self.loops += 1;
        let branches = self.branches(line, "range");
        self.loops -= 1;
        let (body, otherwise) = branches?;
        Ok(Node::Range(Range { index, element, over, body, otherwise }))
    }

    /// `$a :=` or `$a, $b :=` at the begin, and what follows.
    fn declared(words: Words) -> (Vec<String>, Words) {
        let (mut ahead, mut names) = (words.clone(), Vec::new());
        while let Some(Word::Variable(name, _)) = ahead.next() {
            names.push(name);
            match ahead.next() {
                Some(Word::Comma) if names.len() == 1 => {}
                Some(Word::Declare) => return (names, ahead),
                _ => break,
            }
        }
        (Vec::new(), words)
    }

    /// What is done if it is so, and if not.
    fn branches(&mut self, line: usize, of: &str) -> Read<(Vec<Node>, Vec<Node>)> {
        let (then, end) = self.block()?;
        let otherwise = match end {
            End::Close(_) => Vec::new(),
            End::Else(_, words) if words.is_empty() => match self.block()? {
                (nodes, End::Close(_)) => nodes,
                _ => return Err(TemplateError::at(line, format!("this `{of}` has no `end`"))),
            },
            // `else if` is an `if` in the `else`, and shares its `end`.
            End::Else(line, words) => match words.first() {
                Some(Word::Name(word)) if word == of && of != "range" => {
                    vec![self.action(line, words)?]
                }
                _ => {
                    let message = format!("after `else` of `{of}` stands nothing, or `{of}`");
                    return Err(TemplateError::at(line, message));
                }
            },
            End::Text => return Err(TemplateError::at(line, format!("this `{of}` has no `end`"))),
        };
        Ok((then, otherwise))
    }

    fn whole(&mut self, line: usize, mut words: Words) -> Read<Pipeline> {
        let pipeline = self.pipeline(line, &mut words)?;
        Self::ended(line, &mut words)?;
        Ok(pipeline)
    }

    fn ended(line: usize, words: &mut Words) -> Read<()> {
        match words.next() {
            None => Ok(()),
            Some(word) => {
                Err(TemplateError::at(line, format!("found {word:?} where `}}}}` is expected")))
            }
        }
    }

    fn pipeline(&mut self, line: usize, words: &mut Words) -> Read<Pipeline> {
        let mut commands = vec![self.command(line, words)?];
        while words.next_if_eq(&Word::Pipe).is_some() {
            match self.command(line, words)? {
                Command::Value(Operand { base: Base::Call(function), fields })
                    if fields.is_empty() =>
                {
                    commands.push(Command::Call(function, Vec::new()));
                }
                command @ (Command::Call(..) | Command::Method { .. }) => commands.push(command),
                Command::Value(mut of) if !of.fields.is_empty() => {
                    let name = of.fields.pop().unwrap_or_default();
                    commands.push(Command::Method { of, name, arguments: Vec::new() });
                }
                Command::Value(_) => {
                    return Err(TemplateError::at(line, "a function is expected after `|`"));
                }
            }
        }
        Ok(Pipeline { line, commands })
    }

    fn command(&mut self, line: usize, words: &mut Words) -> Read<Command> {
        let first = self.operand(line, words)?;
        let mut arguments = Vec::new();
        while words.peek().is_some_and(is_operand) {
            arguments.push(self.operand(line, words)?);
        }
        match first {
            operand if arguments.is_empty() => Ok(Command::Value(operand)),
            Operand { base: Base::Call(function), fields } if fields.is_empty() => {
                Ok(Command::Call(function, arguments))
            }
            mut of => match of.fields.pop() {
                Some(name) => Ok(Command::Method { of, name, arguments }),
                None => Err(TemplateError::at(line, "only functions and methods take arguments")),
            },
        }
    }

    fn operand(&mut self, line: usize, words: &mut Words) -> Read<Operand> {
        match words.next() {
            Some(Word::Dot(fields)) => Ok(Operand { base: Base::Dot, fields }),
            Some(Word::Variable(name, fields)) => {
                self.known(&name, line)?;
                Ok(Operand { base: Base::Variable(name), fields })
            }
            Some(Word::Literal(value)) => {
                Ok(Operand { base: Base::Literal(value), fields: Vec::new() })
            }
            Some(Word::Name(name)) => Ok(Operand { base: named(&name, line)?, fields: Vec::new() }),
            Some(Word::Open) => self.parenthesis(line, words),
            Some(other) => {
                Err(TemplateError::at(line, format!("found {other:?} where a value is expected")))
            }
            None => Err(TemplateError::at(line, "a value is missing")),
        }
    }

    fn parenthesis(&mut self, line: usize, words: &mut Words) -> Read<Operand> {
        if self.depth >= MAX_DEPTH {
            return Err(TemplateError::at(line, "parentheses are nested too deep"));
        }
        self.depth += 1;
        let pipeline = self.pipeline(line, words)?;
        self.depth -= 1;
        match words.next() {
            Some(Word::Close(fields)) => {
                Ok(Operand { base: Base::Pipeline(Box::new(pipeline)), fields })
            }
            _ => Err(TemplateError::at(line, "`(` has no `)`")),
        }
    }

    fn known(&self, name: &str, line: usize) -> Read<()> {
        if self.variables.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(TemplateError::at(line, format!("there is no variable `${name}`")))
    }
}

fn is_operand(word: &Word) -> bool {
    !matches!(word, Word::Pipe | Word::Close(_) | Word::Comma | Word::Declare | Word::Assign)
}

fn named(name: &str, line: usize) -> Read<Base> {
    match name {
        "true" => Ok(Base::Literal(Value::Bool(true))),
        "false" => Ok(Base::Literal(Value::Bool(false))),
        "nil" => Ok(Base::Literal(Value::Null)),
        _ => match Function::named(name) {
            Some(function) => Ok(Base::Call(function)),
            None => Err(TemplateError::at(line, refusal(name))),
        },
    }
}

use crate::{
    ConditionError,
    error::Place,
    fold::{Argument, Fold},
    function::{self, Found},
    operator::prefix,
    parser::Parser,
    syntax::{Expr, Member, Node, Pointer, Slice},
    token::{Number, Token, TokenKind},
};

type Parsed = Result<Node, ConditionError>;

impl Parser {
    /// An operand with all that is attached to it.
    pub(crate) fn primary(&mut self) -> Parsed {
        let place = self.current().place;
        let TokenKind::Sign(sign) = self.current().kind else {
            return self.word();
        };
        if let Some((operator, strength)) = prefix(sign) {
            self.advance();
            let operand = self.expression(strength)?;
            let node = Node::new(Expr::Unary(operator, Box::new(operand)), place)?;
            return self.postfix(node);
        }
        let node = match sign {
            "(" => self.parenthesis()?,
            "#" | "." if self.predicates > 0 => self.pointer()?,
            "#" => return Err(outside_predicate(place)),
            "[" => self.list()?,
            "{" => self.map()?,
            "::" => {
                self.advance();
                let (name, place) = self.expect_name("the name of a function")?;
                self.call(&name, place, None)?
            }
            _ => return Err(missing_value(self.current())),
        };
        self.postfix(node)
    }

    fn parenthesis(&mut self) -> Parsed {
        self.expect("(")?;
        let node = self.sequence()?;
        self.expect(")")?;
        Ok(node)
    }

    /// A literal or a name. Nothing can be attached to a number, `true`, `false` or `nil`.
    fn word(&mut self) -> Parsed {
        let token = self.advance();
        let place = token.place;
        match token.kind.clone() {
            TokenKind::Number { value: Number::Int(value), .. } => {
                Node::new(Expr::Int(value), place)
            }
            TokenKind::Number { value: Number::Float(value), .. } => {
                Node::new(Expr::Float(value), place)
            }
            TokenKind::Text(text) => {
                let node = Node::new(Expr::Text(text.into()), place)?;
                self.postfix(node)
            }
            TokenKind::Name(name) => self.named(&name, place),
            TokenKind::Sign(_) | TokenKind::End => Err(missing_value(&token)),
        }
    }

    fn named(&mut self, name: &str, place: Place) -> Parsed {
        let constant = match name {
            "true" => Some(Expr::Bool(true)),
            "false" => Some(Expr::Bool(false)),
            "nil" => Some(Expr::Nil),
            _ => None,
        };
        if let Some(constant) = constant {
            return Node::new(constant, place);
        }
        let node = if self.current().is("(") {
            self.call(name, place, None)?
        } else if name == "$env" {
            self.environment(place)?
        } else {
            self.variable(name, place)?
        };
        self.postfix(node)
    }

    /// A name that is seen, or a variable.
    fn variable(&self, name: &str, place: Place) -> Parsed {
        if !self.names.contains(&name) {
            // It has no name where fields of it have.
            let hidden = name == "result" && !self.names.is_empty();
            if hidden {
                return Err(place.name(unseen(name, self.names)));
            }
            return Node::new(Expr::Name(name.into()), place);
        }
        let base = Node::new(Expr::Name("result".into()), place)?;
        let key = Node::new(Expr::Text(name.into()), place)?;
        let member = Member { base, key, optional: false };
        Node::new(Expr::Member(Box::new(member)), place)
    }

    /// `$env.result` and `$env["result"]` are `result`.
    fn environment(&mut self, place: Place) -> Parsed {
        if !self.names.is_empty() {
            return Err(place.name("`$env` is not supported; write the name itself"));
        }
        let bracket = self.takes("[");
        if !bracket && !self.takes(".") {
            return Err(place.name("`$env` alone is not supported; use `result`"));
        }
        let token = self.advance();
        if bracket {
            self.expect("]")?;
        }
        match token.kind {
            TokenKind::Name(name) if !bracket => Node::new(Expr::Name(name.into()), token.place),
            TokenKind::Text(name) if bracket => Node::new(Expr::Name(name.into()), token.place),
            _ => Err(token.place.name("`$env` has `result` only; write `result`")),
        }
    }

    fn pointer(&mut self) -> Parsed {
        let place = self.current().place;
        // `.field` is short for `#.field`: the dot is left for what follows.
        if !self.takes("#") {
            return Node::new(Expr::Pointer(Pointer::Item), place);
        }
        let pointer = match &self.current().kind {
            TokenKind::Name(name) => match name.as_str() {
                "index" => Pointer::Index,
                "acc" => Pointer::Accumulator,
                other => {
                    return Err(place.name(format!(
                        "`#{other}` is unknown; allowed are `#`, `#index` in `map` and `reduce`, `#acc` in `reduce`"
                    )));
                }
            },
            _ => return Node::new(Expr::Pointer(Pointer::Item), place),
        };
        self.advance();
        Node::new(Expr::Pointer(pointer), place)
    }

    fn postfix(&mut self, mut node: Node) -> Parsed {
        loop {
            let place = self.current().place;
            node = if self.takes(".") {
                self.field(node, false)?
            } else if self.takes("?.") {
                if self.takes("[") {
                    self.index(node, place, true)?
                } else {
                    self.field(node, true)?
                }
            } else if self.takes("[") {
                self.index(node, place, false)?
            } else {
                return Ok(node);
            };
        }
    }

    /// What follows the dot. Once a member of a chain was optional, all that follow belong to it.
    fn field(&mut self, base: Node, optional: bool) -> Parsed {
        let token = self.advance();
        let name = match token.kind {
            TokenKind::Name(name) => name,
            TokenKind::Sign(word) if word.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                word.to_owned()
            }
            _ => {
                let message = format!("found {token} where the name of a field is expected");
                return Err(token.place.syntax(message));
            }
        };
        if self.current().is("(") {
            let message =
                format!("values have no methods; write `{name}(..)` with the value inside");
            return Err(token.place.name(message));
        }
        let (base, chained) = match base {
            Node { expr: Expr::Chain(inner), .. } => (*inner, true),
            other => (other, false),
        };
        let key = Node::new(Expr::Text(name.into()), token.place)?;
        let member = Member { base, key, optional };
        let node = Node::new(Expr::Member(Box::new(member)), token.place)?;
        if chained || optional {
            Node::new(Expr::Chain(Box::new(node)), token.place)
        } else {
            Ok(node)
        }
    }

    /// What follows `[`: an index, or a slice such as `[1:]`.
    fn index(&mut self, base: Node, place: Place, optional: bool) -> Parsed {
        let from = if self.current().is(":") { None } else { Some(self.expression(0)?) };
        if let Some(key) = from {
            if !self.current().is(":") {
                self.expect("]")?;
                let member = Member { base, key, optional };
                let node = Node::new(Expr::Member(Box::new(member)), place)?;
                return if optional {
                    Node::new(Expr::Chain(Box::new(node)), place)
                } else {
                    Ok(node)
                };
            }
            return self.slice(base, Some(key), place);
        }
        self.slice(base, None, place)
    }

    fn slice(&mut self, base: Node, from: Option<Node>, place: Place) -> Parsed {
        self.expect(":")?;
        let to = if self.current().is("]") { None } else { Some(self.expression(0)?) };
        self.expect("]")?;
        Node::new(Expr::Slice(Box::new(Slice { base, from, to })), place)
    }

    fn list(&mut self) -> Parsed {
        let place = self.current().place;
        self.expect("[")?;
        let items = self.separated("]")?;
        Node::new(Expr::List(items), place)
    }

    /// Expressions with commas between them, up to `close`; a last comma may stand alone.
    fn separated(&mut self, close: &'static str) -> Result<Vec<Node>, ConditionError> {
        let mut nodes = Vec::new();
        while !self.takes(close) {
            if !nodes.is_empty() {
                if !self.takes(",") {
                    return Err(self.unexpected(&format!("`,` or `{close}`")));
                }
                if self.takes(close) {
                    break;
                }
            }
            nodes.push(self.expression(0)?);
        }
        Ok(nodes)
    }

    fn map(&mut self) -> Parsed {
        let place = self.current().place;
        self.expect("{")?;
        let mut pairs = Vec::new();
        while !self.takes("}") {
            if !pairs.is_empty() {
                self.expect(",")?;
                if self.takes("}") {
                    break;
                }
            }
            let key = self.map_key()?;
            self.expect(":")?;
            pairs.push((key, self.expression(0)?));
        }
        Node::new(Expr::Map(pairs), place)
    }

    fn map_key(&mut self) -> Parsed {
        if self.current().is("(") {
            return self.expression(0);
        }
        let token = self.current().clone();
        match token.kind {
            TokenKind::Name(text) | TokenKind::Text(text) | TokenKind::Number { text, .. } => {
                self.advance();
                Node::new(Expr::Text(text.into()), token.place)
            }
            _ => Err(self
                .unexpected("a key (a name, a string, a number, or an expression in parentheses)")),
        }
    }

    /// The arguments of the function `name`, behind its name; `piped` is one that came before.
    pub(crate) fn call(&mut self, name: &str, place: Place, piped: Option<Node>) -> Parsed {
        match function::find(name, place)? {
            Found::Fold(fold) => self.fold(fold, place, piped),
            Found::Function(function) if function.is_of_a_result() && !self.names.is_empty() => {
                let name = function.name();
                Err(place.name(format!("`{name}` is a function of conditions on a result only")))
            }
            Found::Function(function) => {
                self.expect("(")?;
                let mut arguments: Vec<Node> = piped.into_iter().collect();
                arguments.extend(self.separated(")")?);
                function::check_count(function, arguments.len(), place)?;
                Node::new(Expr::Call(function, arguments), place)
            }
        }
    }

    fn fold(&mut self, fold: Fold, place: Place, piped: Option<Node>) -> Parsed {
        self.expect("(")?;
        let mut arguments: Vec<Node> = piped.into_iter().collect();
        let wanted = fold.arguments().iter().skip(arguments.len());
        for (position, argument) in wanted.enumerate() {
            if self.current().is(")") {
                break;
            }
            if position > 0 {
                self.expect(",")?;
                if self.current().is(")") {
                    break;
                }
            }
            arguments.push(match argument {
                Argument::Value => self.expression(0)?,
                Argument::Predicate => self.predicate()?,
            });
        }
        self.takes(",");
        self.expect(")")?;
        if arguments.len() < fold.required() {
            let message = format!("`{}` takes {}", fold.name(), fold.usage());
            return Err(place.mismatch(message));
        }
        Node::new(Expr::Fold(fold, arguments), place)
    }

    fn predicate(&mut self) -> Parsed {
        self.predicates += 1;
        let body = if self.current().is("{") { self.block() } else { self.expression(0) };
        self.predicates -= 1;
        if self.current().is(";") {
            return Err(
                self.unexpected("`,` or `)` (a predicate with `;` needs `{` and `}` around it)")
            );
        }
        body
    }
}

/// The message for a name that is not seen.
pub(crate) fn unseen(name: &str, names: &[&str]) -> String {
    let seen: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("the name `{name}` is unknown; there are {}", seen.join(", "))
}

fn missing_value(found: &Token) -> ConditionError {
    found.place.syntax(format!("found {found} where a value is expected"))
}

fn outside_predicate(place: Place) -> ConditionError {
    place.syntax("`#` stands for an element inside of a predicate only, as in `all(result, # > 0)`")
}

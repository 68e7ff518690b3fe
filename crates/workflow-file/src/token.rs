use std::sync::Arc;

use tidegate_expression::Expression;

use crate::{Span, scalar::written};

/// A value of a file, whatever it is, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Where it is.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a value of a file is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// Text without expressions.
    Text(Arc<str>),
    /// A text that is worked out when it is needed: `${{ }}`, alone or within other text, or a condition.
    Expression(Arc<Template>),
    /// `${{ insert }}`, as a key: the entries of its value belong to the mapping around it.
    Insert,
    /// A sequence.
    List(Vec<Token>),
    /// A mapping, in the order of the file.
    Map(Vec<Pair>),
}

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// A text, or an expression that makes one.
    pub key: Token,
    /// What it has.
    pub value: Token,
}

/// A text with expressions in it, as one expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The expression that makes the text: a call of `format` where there is other text around.
    pub text: String,
    /// The same, parsed.
    pub expression: Expression,
    /// Each expression of the text by itself, in order.
    pub parts: Vec<Part>,
}

/// One `${{ }}` of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Where it is, its braces included.
    pub span: Span,
    /// What is between the braces, without blanks around it.
    pub text: String,
    /// The same, parsed.
    pub expression: Expression,
}

impl Token {
    /// The text, where it is one without expressions.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries, where it is a mapping.
    pub fn pairs(&self) -> Option<&[Pair]> {
        match &self.kind {
            Kind::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The items, where it is a sequence.
    pub fn items(&self) -> Option<&[Token]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// What a mapping has under a name; none where it is no mapping.
    pub fn get(&self, name: &str) -> Option<&Token> {
        let pairs = self.pairs()?;
        pairs.iter().find(|pair| pair.key.text() == Some(name)).map(|pair| &pair.value)
    }

    /// Whether it is an expression itself.
    pub fn is_expression(&self) -> bool {
        matches!(self.kind, Kind::Expression(_) | Kind::Insert)
    }

    /// Whether there is an expression anywhere in it.
    pub fn has_expression(&self) -> bool {
        match &self.kind {
            Kind::List(items) => items.iter().any(Self::has_expression),
            Kind::Map(pairs) => {
                pairs.iter().any(|pair| pair.key.is_expression() || pair.value.has_expression())
            }
            _ => self.is_expression(),
        }
    }

    /// All expressions that are anywhere in it, in the order of the file.
    pub fn templates(&self) -> Vec<(&Token, &Template)> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(token) = open.pop() {
            match &token.kind {
                Kind::Expression(template) => found.push((token, template.as_ref())),
                Kind::List(items) => open.extend(items.iter().rev()),
                Kind::Map(pairs) => {
                    open.extend(pairs.iter().rev().flat_map(|pair| [&pair.value, &pair.key]));
                }
                _ => {}
            }
        }
        found
    }

    /// The scalar as text, as GitHub writes it in messages and where a text is asked for; nothing for collections.
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Null | Kind::List(_) | Kind::Map(_) => String::new(),
            Kind::Boolean(value) => value.to_string(),
            Kind::Number(value) => written(*value),
            Kind::Text(text) => text.to_string(),
            Kind::Expression(template) => format!("${{{{ {} }}}}", template.text),
            Kind::Insert => "${{ insert }}".to_owned(),
        }
    }
}

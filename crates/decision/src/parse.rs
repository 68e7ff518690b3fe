//! The language of conditions: names, numbers, comparisons, `&&`, `||`, `!` and brackets.

use crate::condition::{Node, Operator};

/// A rule that somebody can still follow is shorter.
const MOST_BYTES: usize = 1_000;

/// So deep brackets and negations may be nested, so that reading one needs little stack.
const DEEPEST: usize = 32;

/// A text that is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ConditionError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: String,
}

/// Reads a condition.
pub(crate) fn parse(text: &str) -> Result<Node, ConditionError> {
    if text.len() > MOST_BYTES {
        let problem = format!("it is longer than {MOST_BYTES} bytes");
        return Err(ConditionError { column: 1, problem });
    }
    let mut reader = Reader { text, at: 0, depth: 0 };
    let root = reader.any()?;
    match reader.next_word() {
        "" => Ok(root),
        _ => Err(reader.expected("&&, || or the end")),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    depth: usize,
}

/// One side of a comparison.
enum Operand {
    Name(String),
    Number(f64),
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<Node, ConditionError> {
        let first = self.all()?;
        let rest = self.more(&["||", "or"], Self::all)?;
        Ok(joined(first, rest, Node::Any))
    }

    fn all(&mut self) -> Result<Node, ConditionError> {
        let first = self.one()?;
        let rest = self.more(&["&&", "and"], Self::one)?;
        Ok(joined(first, rest, Node::All))
    }

    fn more(
        &mut self,
        words: &[&str],
        read: fn(&mut Self) -> Result<Node, ConditionError>,
    ) -> Result<Vec<Node>, ConditionError> {
        let mut nodes = Vec::new();
        while words.contains(&self.next_word()) {
            self.take();
            nodes.push(read(self)?);
        }
        Ok(nodes)
    }

    fn one(&mut self) -> Result<Node, ConditionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.problem(format!("it is nested more than {DEEPEST} deep")));
        }
        let node = match self.next_word() {
            "!" | "not" => {
                self.take();
                Node::Not(Box::new(self.one()?))
            }
            "(" => {
                self.take();
                let inside = self.any()?;
                if self.next_word() != ")" {
                    return Err(self.expected(")"));
                }
                self.take();
                inside
            }
            _ => self.comparison()?,
        };
        self.depth -= 1;
        Ok(node)
    }

    fn comparison(&mut self) -> Result<Node, ConditionError> {
        let left = self.operand()?;
        let Some(operator) = operator(self.next_word()) else {
            return match left {
                Operand::Name(name) => Ok(Node::Flag(name)),
                Operand::Number(_) => Err(self.expected("a comparison such as > or <=")),
            };
        };
        self.take();
        let start = self.at;
        match (left, self.operand()?) {
            (Operand::Name(name), Operand::Number(bound)) => {
                Ok(Node::Compare { name, operator, bound })
            }
            (Operand::Number(bound), Operand::Name(name)) => {
                Ok(Node::Compare { name, operator: operator.turned(), bound })
            }
            _ => {
                self.at = start;
                Err(self.problem("a value is compared with a number: errorRate > 5".to_owned()))
            }
        }
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        let word = self.next_word();
        let begins = |fits: fn(char) -> bool| word.chars().next().is_some_and(fits);
        if begins(|c| c.is_ascii_digit() || c == '.' || c == '-') {
            let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| self.expected("a number such as 5 or -0.5"))?;
            self.take();
            return Ok(Operand::Number(number));
        }
        if begins(|c| c.is_ascii_alphabetic() || c == '_') && !is_reserved(word) {
            let name = word.to_owned();
            self.take();
            return Ok(Operand::Name(name));
        }
        Err(self.expected("a value's name or a number"))
    }

    /// The next word, without taking it; empty at the end.
    fn next_word(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed.get(..word_length(trimmed)).unwrap_or_default()
    }

    fn take(&mut self) {
        self.at += self.next_word().len();
    }

    fn expected(&mut self, what: &str) -> ConditionError {
        let found = match self.next_word() {
            "" => "the end".to_owned(),
            word => format!("{word:?}"),
        };
        self.problem(format!("found {found}; allowed: {what}"))
    }

    fn problem(&self, problem: String) -> ConditionError {
        let before = self.text.get(..self.at).unwrap_or_default();
        ConditionError { column: before.chars().count() + 1, problem }
    }
}

fn joined(first: Node, rest: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    if rest.is_empty() { first } else { join(std::iter::once(first).chain(rest).collect()) }
}

fn is_reserved(word: &str) -> bool {
    matches!(word, "and" | "or" | "not")
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        ">" => Operator::Above,
        ">=" => Operator::AtLeast,
        "<" => Operator::Below,
        "<=" => Operator::AtMost,
        "==" => Operator::Equal,
        "!=" => Operator::Differs,
        _ => return None,
    })
}

/// How long the word is that a text begins with, in bytes.
fn word_length(text: &str) -> usize {
    let run = |fits: fn(char) -> bool| text.find(|c| !fits(c)).unwrap_or(text.len());
    let first = text.chars().next();
    let two = ["&&", "||", ">=", "<=", "==", "!="];
    match first {
        None => 0,
        Some(_) if two.iter().any(|word| text.starts_with(word)) => 2,
        Some(c) if c.is_ascii_alphabetic() || c == '_' => {
            run(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
        }
        Some(c) if c.is_ascii_digit() || c == '.' => number_length(text),
        Some('-') => 1 + number_length(text.get(1..).unwrap_or_default()),
        Some(c) => c.len_utf8(),
    }
}

/// Digits, a point, and an exponent.
fn number_length(text: &str) -> usize {
    let mut last = ' ';
    let ends = |c: char| {
        let sign = matches!(c, '+' | '-') && matches!(last, 'e' | 'E');
        last = c;
        !(sign || c.is_ascii_alphanumeric() || c == '.')
    };
    text.find(ends).unwrap_or(text.len())
}

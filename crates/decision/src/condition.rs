use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    KpiSnapshot, Unit,
    parse::{ConditionError, parse},
    shown::turning,
};

/// When a rule is violated: comparisons of named values with numbers, such as
/// `memoryUsage > 85 && memoryLeak`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    text: String,
    root: Node,
}

/// Whether something holds; none where that is not known.
pub type Truth = Option<bool>;

/// A condition, in parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Each of them, as far as it matters.
    All(Vec<Node>),
    /// One of them.
    Any(Vec<Node>),
    /// The contrary.
    Not(Box<Node>),
    /// A value beside a number.
    Compare { name: String, operator: Operator, bound: f64 },
    /// Something that is so or not.
    Flag(String),
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Differs,
}

/// What one comparison of a condition came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DecisionPart)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// The value's name.
    pub name: String,
    /// The value; none where it is not known.
    pub value: Option<f64>,
    /// What it is.
    pub unit: Unit,
    /// How it is compared with what, such as `> 5`; empty of what is so or not.
    pub needs: String,
    /// How far the value would have to move for this to come out otherwise, upwards if above 0.
    pub distance: Option<f64>,
    /// Whether it holds.
    pub holds: Truth,
    /// Of what the value was measured, or why there is none.
    pub note: String,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        Ok(Self { text: text.to_owned(), root: parse(text)? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names that it speaks of, and whether each stands alone, as what is so or not.
    pub fn names(&self) -> Vec<(&str, bool)> {
        let mut names = Vec::new();
        self.root.each(&mut |node| match node {
            Node::Compare { name, .. } => names.push((name.as_str(), false)),
            Node::Flag(name) => names.push((name.as_str(), true)),
            _ => {}
        });
        names
    }

    /// Whether it holds. What is not known makes it unknown only where it matters (Kleene's strong
    /// logic of three values): nothing is needed of the other where one part of an `&&` is false.
    pub fn holds(&self, kpis: &KpiSnapshot) -> Truth {
        self.root.holds(kpis)
    }

    /// What each of its comparisons came to, in their order.
    pub fn parts(&self, kpis: &KpiSnapshot) -> Vec<Part> {
        let mut parts = Vec::new();
        self.root.each(&mut |node| parts.extend(node.part(kpis)));
        parts
    }

    /// What would have to change for it to hold, or not to, in words.
    pub(crate) fn turning(&self, kpis: &KpiSnapshot, to: bool) -> String {
        self.root.turning(kpis, to).0
    }
}

impl Node {
    /// What would have to change for it to come to that, and whether these are several things.
    fn turning(&self, kpis: &KpiSnapshot, to: bool) -> (String, bool) {
        let (nodes, word) = match self {
            Self::Not(node) => return node.turning(kpis, !to),
            Self::All(nodes) => (nodes, if to { " and " } else { " or " }),
            Self::Any(nodes) => (nodes, if to { " or " } else { " and " }),
            Self::Compare { .. } | Self::Flag(_) => {
                let part = self.part(kpis);
                return (part.map(|part| turning(&part, to)).unwrap_or_default(), false);
            }
        };
        let others = nodes.iter().filter(|node| node.holds(kpis) != Some(to));
        let turned: Vec<_> = others.map(|node| node.turning(kpis, to)).collect();
        if let [only] = turned.as_slice() {
            return only.clone();
        }
        let bracketed = turned.into_iter().map(
            |(text, several)| {
                if several { format!("({text})") } else { text }
            },
        );
        (bracketed.collect::<Vec<_>>().join(word), true)
    }

    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.each(visit)),
            Self::Not(node) => node.each(visit),
            Self::Compare { .. } | Self::Flag(_) => {}
        }
    }

    fn holds(&self, kpis: &KpiSnapshot) -> Truth {
        let all = |nodes: &[Self], decides: bool| {
            let truths: Vec<_> = nodes.iter().map(|node| node.holds(kpis)).collect();
            if truths.contains(&Some(decides)) {
                return Some(decides);
            }
            truths.into_iter().collect::<Option<Vec<_>>>().map(|_| !decides)
        };
        match self {
            Self::All(nodes) => all(nodes, false),
            Self::Any(nodes) => all(nodes, true),
            Self::Not(node) => node.holds(kpis).map(|holds| !holds),
            Self::Compare { name, operator, bound } => {
                kpis.get(name)?.0.map(|value| operator.holds(value, *bound))
            }
            Self::Flag(name) => kpis.get(name)?.0.map(|value| value > 0.5),
        }
    }

    /// What a comparison came to.
    fn part(&self, kpis: &KpiSnapshot) -> Option<Part> {
        let (name, needs, bound) = match self {
            Self::Compare { name, operator, bound } => {
                (name, format!("{operator} {bound}"), Some(*bound))
            }
            Self::Flag(name) => (name, String::new(), None),
            _ => return None,
        };
        let nothing = (None, Unit::Number, "nothing of this name is measured");
        let (value, unit, note) = kpis.get(name).unwrap_or(nothing);
        Some(Part {
            name: name.clone(),
            value,
            unit,
            needs,
            distance: bound.zip(value).map(|(bound, value)| bound - value),
            holds: self.holds(kpis),
            note: note.to_owned(),
        })
    }
}

impl Operator {
    #[expect(clippy::float_cmp, reason = "`==` is asked for by name")]
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::Equal => value == bound,
            Self::Differs => value != bound,
        }
    }

    /// The same with both sides exchanged: `5 < x` is `x > 5`.
    pub(crate) const fn turned(self) -> Self {
        match self {
            Self::Above => Self::Below,
            Self::AtLeast => Self::AtMost,
            Self::Below => Self::Above,
            Self::AtMost => Self::AtLeast,
            same => same,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::Differs => "!=",
        })
    }
}

impl TryFrom<String> for Condition {
    type Error = ConditionError;

    fn try_from(text: String) -> Result<Self, ConditionError> {
        Self::parse(&text)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.text
    }
}

//! Matching rules: what an actual value may be where it need not be the expected one.

use std::ops::RangeInclusive;

use crate::{path::Path, pattern::Pattern, place::Place};

/// A matching rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// It is the expected value, although a rule above says otherwise.
    Equality,
    /// The whole of it is as the expression has it.
    Regex(Pattern),
    /// It is of the expected value's type; an array or object has so many items.
    Type {
        /// At least so many.
        min: Option<usize>,
        /// At most so many.
        max: Option<usize>,
    },
    /// The text is in it.
    Include(String),
    /// A number.
    Number,
    /// A number written with no fraction.
    Integer,
    /// A number written with one.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
    /// A date, a time or both, in the notation of Java's `DateTimeFormatter`.
    Moment {
        /// What it is called.
        kind: MomentKind,
        /// The notation; empty is that of ISO 8601.
        format: String,
    },
    /// Bytes of that content type, by how they begin.
    ContentType(String),
    /// An object of which only the values count.
    Values,
    /// An array that has an item like each of these.
    ArrayContains(Vec<Variant>),
    /// What each key of an object has to be.
    EachKey(Vec<Rule>),
    /// What each value of an object or array has to be.
    EachValue(Vec<Rule>),
    /// Neither null nor empty.
    NotEmpty,
    /// A semantic version.
    Semver,
    /// A status of that class.
    StatusCode(Statuses),
}

/// What a [`Rule::Moment`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentKind {
    /// `date`
    Date,
    /// `time`
    Time,
    /// `datetime`, `timestamp`
    DateTime,
}

impl MomentKind {
    /// The notation when none is written.
    pub(crate) const fn usual_format(self) -> &'static str {
        match self {
            Self::Date => "yyyy-MM-dd",
            Self::Time => "HH:mm:ss",
            Self::DateTime => "yyyy-MM-dd'T'HH:mm:ssXXX",
        }
    }

    /// As people call it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "timestamp",
        }
    }
}

/// One of the items that [`Rule::ArrayContains`] looks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Which item of the expected array it is.
    pub index: usize,
    /// The rules for it, from its own root.
    pub rules: Category,
}

/// Statuses of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statuses {
    /// Those of a range.
    Range(RangeInclusive<u16>),
    /// These.
    These(Vec<u16>),
}

impl Statuses {
    /// Whether a status is one of them.
    pub(crate) fn has(&self, status: u16) -> bool {
        match self {
            Self::Range(range) => range.contains(&status),
            Self::These(statuses) => statuses.contains(&status),
        }
    }
}

impl Rule {
    /// Any value of the expected one's type.
    pub const TYPE: Self = Self::Type { min: None, max: None };

    /// Whether it is about the values of an object, whatever their keys.
    pub(crate) const fn is_of_values(&self) -> bool {
        matches!(self, Self::Values | Self::EachValue(_) | Self::ArrayContains(_))
    }

    /// Whether it holds below its place, too.
    pub(crate) const fn cascades(&self) -> bool {
        !matches!(self, Self::Values | Self::EachValue(_) | Self::EachKey(_))
    }
}

/// How many of a place's rules have to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combine {
    /// All.
    #[default]
    And,
    /// One.
    Or,
}

/// The rules of one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleList {
    /// The rules.
    pub rules: Vec<Rule>,
    /// How many have to hold.
    pub combine: Combine,
}

/// The rules that hold for a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Best<'a> {
    pub(crate) list: &'a RuleList,
    /// They are of a place above.
    pub(crate) cascaded: bool,
}

/// The rules of one part of a request, an answer or a message, by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Category {
    lists: Vec<(Path, RuleList)>,
}

impl Category {
    /// Adds the rules of a path.
    pub fn add(&mut self, path: Path, list: RuleList) {
        match self.lists.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) => known.rules.extend(list.rules),
            None => self.lists.push((path, list)),
        }
    }

    /// One rule for one path.
    pub(crate) fn of(path: Path, rules: Vec<Rule>) -> Self {
        Self { lists: vec![(path, RuleList { rules, combine: Combine::And })] }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Every path with its rules.
    pub fn iter(&self) -> impl Iterator<Item = &(Path, RuleList)> {
        self.lists.iter()
    }

    /// The rules that hold for a place: those whose path is the most like it.
    pub(crate) fn best(&self, place: &Place) -> Option<Best<'_>> {
        let fitting = self.lists.iter().map(|(path, list)| (path, list, path.weight(place)));
        let fitting = fitting.filter(|(_, list, weight)| *weight > 0 && !list.rules.is_empty());
        let (path, list, _) =
            fitting.max_by_key(|(path, _, weight)| weight.saturating_mul(path.len()))?;
        Some(Best { list, cascaded: path.len() != place.parts().len() })
    }

    /// The rules that are about the whole, for what has no places.
    pub(crate) fn whole(&self) -> Option<Best<'_>> {
        let (_, list) = self.lists.first()?;
        Some(Best { list, cascaded: false })
    }

    /// Whether rules hold for a place.
    pub(crate) fn is_defined(&self, place: &Place) -> bool {
        self.best(place).is_some()
    }

    /// The rules of that very place.
    pub(crate) fn exactly(&self, place: &Place) -> impl Iterator<Item = &Rule> {
        let place = place.clone();
        let of = self.lists.iter().filter(move |(path, _)| path.is_of(&place));
        of.flat_map(|(_, list)| &list.rules)
    }

    /// Whether a rule about types holds for a place, its own or a cascading one.
    pub(crate) fn has_type_rule(&self, place: &Place) -> bool {
        let mut of = self.lists.iter().filter(|(path, _)| path.weight(place) > 0);
        of.any(|(_, list)| list.rules.iter().any(|rule| matches!(rule, Rule::Type { .. })))
    }

    /// The same with names in lower case.
    pub(crate) fn lower_case(&self) -> Self {
        let lists = self.lists.iter().map(|(path, list)| (path.lower_case(), list.clone()));
        Self { lists: lists.collect() }
    }
}

/// All rules of a request, an answer or a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Of a request's path.
    pub path: Category,
    /// Of parameters, by name.
    pub query: Category,
    /// Of headers, by name.
    pub header: Category,
    /// Of a body or a message's contents.
    pub body: Category,
    /// Of an answer's status.
    pub status: Category,
    /// Of a message's metadata, by key.
    pub metadata: Category,
}

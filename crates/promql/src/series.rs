use crate::{labels::Labels, matcher::Matcher, syntax::ValueType};

/// The NaN that marks the end of a series: no sample, and none before it counts any more.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a sample is [`STALE`], not just any NaN.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}

/// A number at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Milliseconds since 1970.
    pub at: i64,
    /// What it was.
    pub value: f64,
}

/// The numbers of one series, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Which series it is.
    pub labels: Labels,
    /// At most one for each moment.
    pub points: Vec<Point>,
}

/// Where series come from.
pub trait SeriesSource {
    /// The series that all `matchers` match, each with its samples from `from` to `to`, both
    /// included, in milliseconds since 1970. One without samples may be left out. None when these
    /// would be more than `room` samples.
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, room: usize) -> Option<Vec<Series>>;
}

/// The moments that a query is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first, in milliseconds since 1970.
    pub start: i64,
    /// None is later.
    pub end: i64,
    /// From one to the next, in milliseconds, at least 1.
    pub step: i64,
}

impl Span {
    /// One moment.
    pub fn instant(at: i64) -> Self {
        Self { start: at, end: at, step: 1 }
    }

    /// All of them.
    pub fn moments(self) -> impl Iterator<Item = i64> {
        let step = self.step.max(1);
        let next = move |at: &i64| at.checked_add(step).filter(|at| *at <= self.end);
        std::iter::successors(Some(self.start).filter(|at| *at <= self.end), next)
    }

    /// How many there are.
    pub fn count(self) -> usize {
        let more = self.end.saturating_sub(self.start).div_euclid(self.step.max(1));
        usize::try_from(more.saturating_add(1)).unwrap_or(0)
    }
}

/// What a query answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number, at a moment.
    Scalar(Point),
    /// A number for each of several series; each has one point.
    Vector(Vec<Series>),
    /// Several series.
    Matrix(Vec<Series>),
    /// A text, at a moment.
    Text(i64, String),
}

impl Value {
    /// What kind of value it is.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Scalar(_) => ValueType::Scalar,
            Self::Vector(_) => ValueType::Vector,
            Self::Matrix(_) => ValueType::Matrix,
            Self::Text(..) => ValueType::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_begin_at_the_start_and_pass_no_end() {
        let moments =
            |start, end, step| -> Vec<_> { Span { start, end, step }.moments().collect() };
        assert_eq!(moments(0, 25, 10), [0, 10, 20]);
        assert_eq!(moments(5, 5, 1), [5]);
        assert!(moments(6, 5, 1).is_empty());
        assert_eq!(moments(i64::MAX - 1, i64::MAX, 5), [i64::MAX - 1]);
        assert_eq!(Span { start: 0, end: 25, step: 10 }.count(), 3);
        assert_eq!(Span { start: 6, end: 5, step: 10 }.count(), 0);
    }

    #[test]
    fn only_one_nan_marks_an_end() {
        assert!(is_stale(STALE));
        assert!(!is_stale(f64::NAN));
    }
}

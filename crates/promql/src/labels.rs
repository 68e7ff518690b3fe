use std::{fmt, sync::Arc};

/// The label that holds the name of a metric.
pub const NAME: &str = "__name__";

/// The labels of a series, sorted by name. A label without a value is none at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// Those with a value; of two with one name, the last.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut all: Vec<(Arc<str>, Arc<str>)> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        all.reverse();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all.dedup_by(|one, other| one.0 == other.0);
        all.retain(|(_, value)| !value.is_empty());
        Self(all.into())
    }

    /// The value of a label, empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.binary_search_by(|(label, _)| (**label).cmp(name));
        found.ok().and_then(|index| self.0.get(index)).map_or("", |(_, value)| value)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Those that are in `names`.
    pub fn keep(&self, names: &[Arc<str>]) -> Self {
        self.filtered(|name| names.iter().any(|kept| **kept == *name))
    }

    /// Those that are not in `names`.
    pub fn without(&self, names: &[Arc<str>]) -> Self {
        self.filtered(|name| names.iter().all(|dropped| **dropped != *name))
    }

    /// All but the metric's name.
    pub fn without_name(&self) -> Self {
        if self.get(NAME).is_empty() { self.clone() } else { self.filtered(|name| name != NAME) }
    }

    /// With another value of one label; an empty one takes it away.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let others = self.0.iter().filter(|(label, _)| **label != *name).cloned();
        Self::new(others.chain([(name.into(), value.into())]))
    }

    fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        write!(f, "}}")
    }
}

/// Whether a label may have this name.
pub(crate) fn is_label_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &'static str)]) -> Labels {
        Labels::new(pairs.iter().copied())
    }

    #[test]
    fn labels_are_sorted_and_none_is_empty() {
        let labels = of(&[("b", "2"), ("a", "1"), ("c", ""), ("a", "3")]);
        assert_eq!(labels.to_string(), r#"{a="3", b="2"}"#);
        assert_eq!((labels.get("a"), labels.get("c"), labels.get("z")), ("3", "", ""));
        assert_eq!(labels.with("b", "").with("d", "4").to_string(), r#"{a="3", d="4"}"#);
    }

    #[test]
    fn labels_are_kept_or_dropped_by_name() {
        let labels = of(&[(NAME, "up"), ("job", "a"), ("instance", "b")]);
        assert_eq!(labels.keep(&["job".into()]), of(&[("job", "a")]));
        assert_eq!(labels.without(&["job".into(), NAME.into()]), of(&[("instance", "b")]));
        assert_eq!(labels.without_name(), of(&[("job", "a"), ("instance", "b")]));
    }

    #[test]
    fn names_are_letters_digits_and_underscores() {
        for (name, expect) in
            [("a_1", true), ("_", true), ("1a", false), ("", false), ("a-b", false)]
        {
            assert_eq!(is_label_name(name), expect, "{name}");
        }
    }
}

/// A function that looks at each element of a list, most of them with a predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    All,
    None,
    Any,
    One,
    Filter,
    Map,
    Count,
    Sum,
    Find,
    FindIndex,
    FindLast,
    FindLastIndex,
    GroupBy,
    SortBy,
    Reduce,
}

/// What such a function takes in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    Value,
    Predicate,
}

impl Fold {
    pub(crate) const ALL: [Self; 15] = [
        Self::All,
        Self::None,
        Self::Any,
        Self::One,
        Self::Filter,
        Self::Map,
        Self::Count,
        Self::Sum,
        Self::Find,
        Self::FindIndex,
        Self::FindLast,
        Self::FindLastIndex,
        Self::GroupBy,
        Self::SortBy,
        Self::Reduce,
    ];

    /// How it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::None => "none",
            Self::Any => "any",
            Self::One => "one",
            Self::Filter => "filter",
            Self::Map => "map",
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Find => "find",
            Self::FindIndex => "findIndex",
            Self::FindLast => "findLast",
            Self::FindLastIndex => "findLastIndex",
            Self::GroupBy => "groupBy",
            Self::SortBy => "sortBy",
            Self::Reduce => "reduce",
        }
    }

    /// All that it can take, in order.
    pub(crate) fn arguments(self) -> &'static [Argument] {
        match self {
            Self::SortBy | Self::Reduce => &[Argument::Value, Argument::Predicate, Argument::Value],
            _ => &[Argument::Value, Argument::Predicate],
        }
    }

    /// How many arguments it needs.
    pub(crate) fn required(self) -> usize {
        match self {
            Self::Count | Self::Sum => 1,
            _ => 2,
        }
    }

    /// What it takes, in words.
    pub(crate) fn usage(self) -> &'static str {
        match self {
            Self::Count | Self::Sum => "a list, and a predicate if wanted",
            Self::SortBy => "a list, a predicate, and \"asc\" or \"desc\" if wanted",
            Self::Reduce => "a list, a predicate, and a first value if wanted",
            _ => "a list and a predicate",
        }
    }

    /// Whether the predicate has to give `true` or `false`.
    pub(crate) fn asks(self) -> bool {
        !matches!(self, Self::Map | Self::Sum | Self::GroupBy | Self::SortBy | Self::Reduce)
    }

    /// Whether `#index` is known in its predicate.
    pub(crate) fn has_index(self) -> bool {
        matches!(self, Self::Map | Self::Reduce)
    }

    /// Whether `#acc` is known in its predicate.
    pub(crate) fn has_accumulator(self) -> bool {
        self == Self::Reduce
    }
}

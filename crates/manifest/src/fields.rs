//! Which fields are known, and what becomes of each.

pub(crate) mod analysis;
pub(crate) mod auto;
pub(crate) mod blue_green;
pub(crate) mod config;
pub(crate) mod decision;
pub(crate) mod experiment;
pub(crate) mod job;
pub(crate) mod judge;
pub(crate) mod kayenta_config;
pub(crate) mod object;
pub(crate) mod pod;
pub(crate) mod query;
pub(crate) mod ring;
pub(crate) mod rollout;
pub(crate) mod routing;
pub(crate) mod scale;
pub(crate) mod security;
pub(crate) mod shadow;
pub(crate) mod step_experiment;
pub(crate) mod vendor;
pub(crate) mod volume;

/// A mapping of a format: all of its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// Where it stands, for the reference.
    pub(crate) place: &'static str,
    /// Every field that the format has there.
    pub(crate) fields: &'static [Field],
}

/// A field of a format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) status: Status,
    /// For the reference: what is allowed; why it has no effect; or, as the hint of the problem,
    /// what to do instead.
    pub(crate) about: &'static str,
    /// For the reference: what holds where the field is left out.
    pub(crate) absent: Absent,
    /// Whether an empty text is the same as leaving it out. So it is of every text in the formats
    /// of Kubernetes, whose readers do not know one from the other.
    pub(crate) or_empty: bool,
}

/// What holds where a field is left out. A test asks for a proof of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Nothing that would have to be told.
    Nothing,
    /// The same as if this stood there.
    As(&'static str),
    /// What no value of the field says, in words.
    Words(&'static str),
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It is read.
    Read,
    /// It is accepted, and has no effect that could be missed.
    Harmless,
    /// It is refused, unless it says nothing: `{}`, `[]`, `""` or `false`.
    Empty,
    /// It is refused.
    NotYet,
}

/// A field that is read.
pub(crate) const fn read(name: &'static str, about: &'static str) -> Field {
    Field { name, status: Status::Read, about, absent: Absent::Nothing, or_empty: false }
}

/// A field that is accepted without effect.
pub(crate) const fn harmless(name: &'static str, about: &'static str) -> Field {
    Field { name, status: Status::Harmless, about, absent: Absent::Nothing, or_empty: false }
}

/// A field that is refused unless it says nothing.
pub(crate) const fn empty(name: &'static str, about: &'static str) -> Field {
    Field { name, status: Status::Empty, about, absent: Absent::Nothing, or_empty: false }
}

/// A field that is refused.
pub(crate) const fn not_yet(name: &'static str, about: &'static str) -> Field {
    Field { name, status: Status::NotYet, about, absent: Absent::Nothing, or_empty: false }
}

impl Field {
    /// Left out, it is the same as `value`.
    pub(crate) const fn default(self, value: &'static str) -> Self {
        Self { absent: Absent::As(value), ..self }
    }

    /// An empty text is the same as leaving it out.
    pub(crate) const fn or_empty(self) -> Self {
        Self { or_empty: true, ..self }
    }

    /// Left out, it means what no value of it would.
    pub(crate) const fn by_default(self, words: &'static str) -> Self {
        Self { absent: Absent::Words(words), ..self }
    }
}

impl Table {
    /// The field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The names of the fields that are read.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().filter(|field| field.status == Status::Read).map(|field| field.name)
    }
}

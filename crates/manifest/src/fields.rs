//! Which fields are known, and what becomes of each.

pub(crate) mod analysis;
pub(crate) mod blue_green;
pub(crate) mod config;
pub(crate) mod experiment;
pub(crate) mod job;
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
    /// For the reference: what is allowed and the default; why it has no effect; or, as the hint
    /// of the problem, what to do instead.
    pub(crate) about: &'static str,
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
    Field { name, status: Status::Read, about }
}

/// A field that is accepted without effect.
pub(crate) const fn harmless(name: &'static str, about: &'static str) -> Field {
    Field { name, status: Status::Harmless, about }
}

/// A field that is refused unless it says nothing.
pub(crate) const fn empty(name: &'static str, about: &'static str) -> Field {
    Field { name, status: Status::Empty, about }
}

/// A field that is refused.
pub(crate) const fn not_yet(name: &'static str, about: &'static str) -> Field {
    Field { name, status: Status::NotYet, about }
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

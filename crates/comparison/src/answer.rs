/// An answer, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header fields, with names in lower case, in the order in which they came; those of the
    /// connection are left out.
    pub fields: Vec<(String, String)>,
    /// Its body.
    pub body: Body,
    /// Microseconds until its head was there.
    pub micros: u64,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// There was too much of it, or it had no end in time.
    Unread,
}

impl Answer {
    /// The value of a header field; several of one name are one value, with a comma between them
    /// (RFC 9110, section 5.3).
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut values = self.fields.iter().filter(|(known, _)| known == name);
        let (_, first) = values.next()?;
        Some(values.fold(first.clone(), |all, (_, value)| all + ", " + value))
    }
}

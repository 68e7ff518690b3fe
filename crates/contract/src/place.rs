//! Where something is in a body or among headers: `$.orders[0].id`.

use std::fmt;

/// A place: what leads to it, from the root. Indexes are written as their digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Vec<String>);

impl Place {
    /// The root, `$`.
    pub fn root() -> Self {
        Self(vec!["$".to_owned()])
    }

    /// What is at `part` of this place.
    #[must_use]
    pub fn join(&self, part: impl Into<String>) -> Self {
        let mut parts = self.0.clone();
        parts.push(part.into());
        Self(parts)
    }

    /// What leads here, `$` first.
    pub(crate) fn parts(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index == 0 {
                f.write_str(part)?;
            } else if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
                write!(f, "[{part}]")?;
            } else if is_plain(part) {
                write!(f, ".{part}")?;
            } else {
                write!(f, "['{}']", part.replace('\'', "\\'"))?;
            }
        }
        Ok(())
    }
}

fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && part.chars().all(|letter| letter.is_alphanumeric() || "_-@#:".contains(letter))
}

use std::fmt;

/// The place of a value in a document: `$.a.b[0]['c d']`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads the plain part of `JSONPath`: keys and indices, and nothing that could mean several values.
    ///
    /// # Errors
    /// What of it is not taken.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = |what: &str| {
            format!(
                "{text:?} has {what}: only keys and indices are taken, such as $.app.version or $.images[0]['tag']"
            )
        };
        let mut left = text.strip_prefix('$').ok_or_else(|| refuse("no $ at its begin"))?;
        let mut keys = Vec::new();
        while !left.is_empty() {
            let (key, rest) = if let Some(rest) = left.strip_prefix('.') {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                rest.split_at(end)
            } else if let Some(rest) = left.strip_prefix('[') {
                rest.split_once(']').ok_or_else(|| refuse("a [ without its ]"))?
            } else {
                return Err(refuse("what is no key"));
            };
            let key = key.trim_matches(['\'', '"']);
            if key.is_empty() || key.contains(['*', '?', '@', '(', ':', ',']) {
                return Err(refuse("what could be several values or none"));
            }
            keys.push(key.to_owned());
            left = rest;
        }
        if keys.is_empty() { Err(refuse("no key")) } else { Ok(Self(keys)) }
    }

    /// The value of one key at the top, whatever signs it has.
    pub fn key(key: &str) -> Self {
        Self(vec![key.to_owned()])
    }

    /// Of keys from the top.
    pub(crate) fn keys(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$.{}", self.0.join("."))
    }
}

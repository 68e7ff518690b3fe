use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

use crate::GroupName;

/// The name of an account: letters of ASCII in lower case, digits and `.`, `-`, `_`, `@`, 63 at most.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// A text that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is not written as one.
    #[error(
        "{found:?} is no name: it has 1 to 63 of a-z, 0-9, `.`, `-`, `_` and `@`, and begins with a letter or a digit"
    )]
    Shape {
        /// What was found.
        found: String,
    },
    /// It means somebody else in the ledger.
    #[error(
        "{found:?} is taken: in the ledger it means whoever has the server's own token, or the server"
    )]
    Reserved {
        /// What was found.
        found: String,
    },
}

/// The longest name.
const LONGEST: usize = 63;
/// Names that mean somebody without an account.
const RESERVED: [&str; 5] = ["owner", "unnamed", "controller", "tidegate", "anonymous"];

impl Name {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = || text.chars().take(LONGEST + 1).collect();
        let may_begin = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = (1..=LONGEST).contains(&text.len())
            && text.bytes().next().is_some_and(may_begin)
            && text.bytes().all(|byte| may_begin(byte) || b".-_@".contains(&byte));
        if !fits {
            return Err(NameError::Shape { found: found() });
        }
        if RESERVED.contains(&text) {
            return Err(NameError::Reserved { found: found() });
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.to_string()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Whose an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountKind {
    /// A person's.
    User,
    /// A program's.
    ServiceAccount,
}

/// Somebody who is known by name. Persons and programs share their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// What they are called.
    #[schema(value_type = String)]
    pub name: Name,
    /// Whose it is.
    #[schema(value_type = String)]
    pub kind: AccountKind,
    /// The groups that it is in.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub groups: BTreeSet<GroupName>,
    /// Whether nothing of it is let in, for as long as that is so.
    #[serde(default)]
    pub disabled: bool,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_and_means_nobody_else() {
        let check = |text: &str, expect: bool| {
            assert_eq!(text.parse::<Name>().is_ok(), expect, "{text:?}");
        };
        for good in ["ada", "ada.lovelace@example.org", "ci-1", "0", &"a".repeat(63)] {
            check(good, true);
        }
        for bad in ["", "Ada", "-a", "a b", "a/b", "*", "é", &"a".repeat(64), "owner", "unnamed"] {
            check(bad, false);
        }
        assert!(serde_json::from_str::<Name>("\"a/b\"").is_err());
    }
}

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// The longest name of a group, in characters.
const LONGEST: usize = 128;

/// The name of a group, as whoever knows people calls it: 1 to 128 printable characters with no white
/// space around them, such as `sre`, `/platform/sre` or `Payments Team`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(Arc<str>);

/// A text that is no name of a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no name of a group: it has 1 to {LONGEST} printable characters")]
pub struct GroupNameError {
    /// What was found.
    found: String,
}

impl GroupName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GroupName {
    type Err = GroupNameError;

    fn from_str(text: &str) -> Result<Self, GroupNameError> {
        let fits = !text.is_empty()
            && text.trim() == text
            && text.chars().count() <= LONGEST
            && !text.chars().any(char::is_control);
        let found = || text.chars().take(LONGEST + 1).collect();
        if fits { Ok(Self(text.into())) } else { Err(GroupNameError { found: found() }) }
    }
}

impl TryFrom<String> for GroupName {
    type Error = GroupNameError;

    fn try_from(text: String) -> Result<Self, GroupNameError> {
        text.parse()
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0.to_string()
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_called_as_its_provider_calls_it() {
        for good in ["sre", "/platform/sre", "Payments Team", "acme:ops", &"é".repeat(128)] {
            assert_eq!(good.parse::<GroupName>().map(|it| it.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", " sre", "sre\n", "a\u{0}b", &"a".repeat(129)] {
            assert!(bad.parse::<GroupName>().is_err(), "{bad:?}");
        }
    }
}

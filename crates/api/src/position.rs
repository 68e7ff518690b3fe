use std::{fmt, str::FromStr};

use tidegate_units::Epoch;

/// How far somebody has read what happens: opaque to clients, who give back what they were given.
///
/// The versions are those of one control plane, whose epoch tells it from every other; the ledger goes
/// on from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) epoch: Epoch,
    /// The last event about rollouts.
    pub(crate) version: u64,
    /// The last ledger entry.
    pub(crate) sequence: u64,
}

/// A text that no server gave as a position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no position that a list or a watch gave")]
pub(crate) struct PositionError(String);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.epoch, self.version, self.sequence)
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let whole = || {
            let mut parts = text.split('.');
            let epoch = Epoch(parts.next()?.parse().ok()?);
            let (version, sequence) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            parts.next().is_none().then_some(Self { epoch, version, sequence })
        };
        whole().ok_or_else(|| PositionError(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_and_nothing_else_is_one() {
        let position = Position { epoch: Epoch(7), version: 42, sequence: 1007 };
        assert_eq!(position.to_string(), "7.42.1007");
        assert_eq!("7.42.1007".parse(), Ok(position));
        for text in ["", "7", "7.42", "7.42.1007.1", "a.b.c", "7.-1.2", "99999999999.1.1"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}

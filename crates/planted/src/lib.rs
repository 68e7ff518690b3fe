//! Mistakes that this kind of system makes, each of which can be planted where it would be made, to see
//! whether the simulation finds it.
//!
//! Invariant: without the feature `on` nothing is ever planted, and [`makes`] is a constant that the
//! compiler takes away with what it guards. No program that people get has the feature.

mod mistake;

pub use mistake::Mistake;

#[cfg(feature = "on")]
mod switch {
    use std::cell::Cell;

    use crate::Mistake;

    thread_local! {
        static PLANTED: Cell<Option<Mistake>> = const { Cell::new(None) };
        static UNCHECKED: Cell<bool> = const { Cell::new(false) };
    }

    /// From now on, whatever runs on this thread carries out plans that its own checker refuses.
    pub fn uncheck(unchecked: bool) {
        UNCHECKED.set(unchecked);
    }

    /// Whether what runs on this thread is to heed its own checker.
    pub fn is_checked() -> bool {
        !UNCHECKED.get()
    }

    /// From now on, whatever runs on this thread makes this mistake; with none, none.
    pub fn plant(mistake: Option<Mistake>) {
        PLANTED.set(mistake);
    }

    /// Whether what runs on this thread is to make this mistake.
    pub fn makes(mistake: Mistake) -> bool {
        PLANTED.get() == Some(mistake)
    }
}

#[cfg(feature = "on")]
pub use switch::{is_checked, makes, plant, uncheck};

/// Never: nothing can be planted without the feature `on`.
#[cfg(not(feature = "on"))]
pub const fn makes(_: Mistake) -> bool {
    false
}

/// Always: the checker cannot be left out without the feature `on`.
#[cfg(not(feature = "on"))]
pub const fn is_checked() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let all: BTreeSet<_> = Mistake::ALL.into_iter().collect();
        let names: BTreeSet<_> = Mistake::ALL.map(Mistake::name).into_iter().collect();
        assert_eq!((all.len(), names.len()), (Mistake::ALL.len(), Mistake::ALL.len()));
    }

    #[cfg(not(feature = "on"))]
    #[test]
    fn nothing_is_planted_without_the_feature() {
        const { assert!(is_checked()) };
        for mistake in Mistake::ALL {
            assert!(!makes(mistake), "{mistake:?}");
        }
    }

    #[cfg(feature = "on")]
    #[test]
    fn what_is_planted_is_made_and_nothing_else() {
        plant(Some(Mistake::LostCommit));
        let made: Vec<_> = Mistake::ALL.into_iter().filter(|one| makes(*one)).collect();
        assert_eq!(made, [Mistake::LostCommit]);
        plant(None);
        assert!(!makes(Mistake::LostCommit));
    }
}

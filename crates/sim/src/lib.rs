//! The simulated world: the real control plane, from its driver to its planners and its checker, between
//! simulated processes, routers, disks, clocks, servers of metrics and people, in a time that jumps from one
//! event to the next.
//!
//! Invariant: one seed is one life. Whatever is left to chance is drawn from it, one task runs at a time, and
//! nothing depends on the order of a hash map.

mod apps;
mod chance;
mod clock;
mod disk;
mod doors;
mod kinds;
mod life;
mod rest;
mod rules;
mod script;
mod shrink;
mod trace;
mod troubles;

use std::time::Duration;

pub use life::Life;
#[cfg(feature = "planted")]
pub use tidegate_planted::Mistake;

/// Lives through the script of a seed, which lasts so long, and says what came of it.
pub fn live(seed: u64, lasts: Duration, lines: bool) -> Life {
    life::live(seed, &script::script(seed, lasts), lines)
}

/// The shortest script that was found in which the seed's life still breaks a rule: its acts, as text, and
/// what comes of them. None where nothing is broken.
pub fn explain(seed: u64, lasts: Duration) -> Option<(Vec<String>, Life)> {
    shrink::shrink(seed, script::script(seed, lasts))
}

/// What is planted in a life.
#[cfg(feature = "planted")]
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    /// The mistake.
    pub mistake: Mistake,
    /// Whether plans that the control plane's own checker refuses are carried out all the same, so that
    /// the rules of this world are alone with it.
    pub unchecked: bool,
}

#[cfg(feature = "planted")]
impl Plant {
    /// Lives through the script of a seed with it.
    pub fn live(self, seed: u64, lasts: Duration) -> Life {
        self.within(|| live(seed, lasts, false))
    }

    /// The shortest script that was found in which the seed's life with it breaks a rule.
    pub fn explain(self, seed: u64, lasts: Duration) -> Option<(Vec<String>, Life)> {
        self.within(|| explain(seed, lasts))
    }

    fn within<T>(self, then: impl FnOnce() -> T) -> T {
        tidegate_planted::plant(Some(self.mistake));
        tidegate_planted::uncheck(self.unchecked);
        let came = then();
        tidegate_planted::plant(None);
        tidegate_planted::uncheck(false);
        came
    }
}

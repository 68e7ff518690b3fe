//! What tests covered, as tools write it.

mod cobertura;
mod go_profile;
mod jacoco;
mod lcov;

pub(crate) use cobertura::cobertura;
pub(crate) use go_profile::go_profile;
pub(crate) use jacoco::jacoco;
pub(crate) use lcov::lcov;

use crate::{error::Problem, limits::MOST_COVERED};

/// Counts what is kept, up to what may be.
#[derive(Default)]
struct Budget(usize);

impl Budget {
    fn take(&mut self, count: usize, at: usize) -> Result<(), Problem> {
        self.0 += count;
        if self.0 <= MOST_COVERED {
            return Ok(());
        }
        Err(Problem::too_many(at, MOST_COVERED, "lines, branches and functions"))
    }
}

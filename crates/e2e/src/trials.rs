//! The claims that are measured: each trial is run a few times in the tests and many times by
//! `tidegate-measure`.

mod abort;
mod exposure;
mod kill;
mod promote;

pub use abort::{AbortTrial, time_to_abort};
pub use exposure::{Ended, Exposed, Ramp, Released, release};
pub use kill::{KillTrial, kill_at_random_moments};
pub use promote::{PromoteTrial, promote_and_roll_back};

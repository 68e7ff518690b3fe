//! Exposure as a budget: which weight the evidence so far allows a new revision.
//!
//! A step with a fixed weight and a fixed pause sends the same number of requests to a revision that
//! fails all of them as to one that fails none. Here the number follows from what was seen: no more
//! than `budget` requests are hurt in expectation, whatever the revision's harm is, and a revision
//! that hurts nobody gets through as fast as that can be shown.
//!
//! # What is promised
//! *Harm* is the excess of the new revision's failure rate over the stable one's in the same seconds.
//! For every harm `p` from the tolerance up that lasts from the step's first request on, the expected
//! number of requests that the step's revision hurts on the way to the proof is at most the budget:
//!
//! > `E_p[requests hurt] <= budget`, and `P_p(the step ends as proven) <= alpha`.
//!
//! Both hold at any traffic, for any rate of failures of the stable revision, also one that changes
//! with time, and whenever somebody looks.
//!
//! # Why it holds
//! Harms are watched at levels `d_1 < d_2 < ..`, each two fifths above the one before; level `j` stands
//! for all `p` from `d_j` to `d_{j+1}`. For each there is an e-process `E` against "the harm is `d_j` or
//! more" (`bet.rs`): it is at most 1 at first, and under every such harm no more than a non-negative
//! supermartingale that is.
//! Requests are charged to the level: `n` of them cost `s = d_{j+1} n / E`, with the `E` that was known
//! when they were committed. The weight is always one for which every level's charges stay within the
//! budget `B`: `sum s <= B`.
//!
//! Let `F_t` be what is known at look `t`, `s_t` what is charged for what look `t` commits to, which is
//! known then, and `S_t = B - s_0 - .. - s_{t-1}` what is left before. Then
//! `V_t = s_0 E_0 + .. + s_{t-1} E_{t-1} + S_t E_t` is a supermartingale:
//!
//! `E[V_{t+1} | F_t] = s_0 E_0 + .. + s_t E_t + S_{t+1} E[E_{t+1} | F_t] <= V_t`,
//!
//! for `S_{t+1} = S_t - s_t >= 0` is known at `t`. So `E[sum s_t E_t] <= V_0 = B`; and
//! `s_t E_t = d_{j+1} n_t`, which is at least the `p n_t` requests that are hurt in expectation. (What is
//! charged by is insured evidence, [`Level::worth`]; where that is less than the supermartingale, still
//! more is charged.) The second promise is Ville's inequality: the step ends once each level's `E` has
//! reached `1 / alpha`.
//!
//! It is a bet turned round: who knows the revision to be bad would rather be paid by the requests
//! that it hurts than play `E`; the budget sells no request for less than `E` would pay.
//!
//! # What it rests on
//! - *An order takes effect late*, after at most `reaction`. Looks are `reaction` apart, and what
//!   arrives after a look was committed by the look before it, so it is charged at that one's evidence
//!   (`look.rs`).
//! - *A look that is late did not commit to what came meanwhile.* Nobody could take the share back then;
//!   whatever those requests did is known, and that is charged: `h` of them hurt, at the evidence after
//!   them, cost `h / E`. In place of `s_t E_t` stands `h` in `V`, and with `S_{t+1} = S_t - h / E_{t+1}`
//!   it is a supermartingale as before, as long as `S_{t+1} >= 0`. Where it is not, more was hurt than
//!   anybody who was not there could prevent: the step gives nothing more, and a person is asked. What
//!   a router that died had counted is lost, and charged as foreseen.
//! - *A step pays for what it gives*: requests until its first look, at the share that the steps before
//!   it gave, are evidence and cost nothing.
//! - *Traffic is foreseen*: what is committed is reserved by the highest rate of late. More than that
//!   is charged all the same, and lowers the weight at the next look.
//! - *Requests fall to the revisions independently of how they will end, and end independently.* Where
//!   they come in clumps that end alike and a judge beside the step has seen that, each factor is raised
//!   to one over its design effect.
//! - *The budget is for the way to the proof.* While each level is excluded, the share goes to its end
//!   whatever is left; such a revision gets there with a probability of `alpha` at most.
//! - A revision that begins to fail later is found by the analyses beside the step; the budget speaks
//!   of harm that comes with the revision.
//!
//! Ramps that spend a budget of risk, by a Bayesian posterior: Li, Mao & Bojinov (2023, arXiv
//! 2305.09626); ramps that follow a sequential test: Zhao, Liu & Deng (2019, arXiv 1905.10493). To price
//! requests by e-values, which needs no prior and holds at every look, is our own.
//!
//! Invariant: nothing here reads a clock, waits, or touches the world.

mod arm;
mod begin;
mod bet;
mod look;
mod outlook;
mod settings;
mod state;
mod weight;

pub use arm::Arm;
pub use outlook::{Limit, Outlook};
pub use settings::{ExposureSettings, FINEST};
pub use state::{Counted, Exposure, Level, Milli, Nats, Stage};

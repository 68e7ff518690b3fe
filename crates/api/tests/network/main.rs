//! The server and its clients on a network that fails: connections that are held up, cut and parted,
//! and a server that is killed and started again.
//!
//! Network and time are simulated, so a seed is a life: the same one gives the same story.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod people;
mod trouble;
mod world;

use world::live;

/// How many lives are lived.
const LIVES: u64 = 12;

#[test]
fn what_was_answered_is_done_once_and_all_see_how_it_ends() {
    for seed in 0..LIVES {
        live(seed);
    }
}

#[test]
fn the_same_seed_is_the_same_life() {
    for seed in 0..2 {
        assert_eq!(live(seed), live(seed), "seed {seed}");
    }
}

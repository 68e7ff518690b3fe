//! The runtime against real processes.

mod fixture;
mod life;

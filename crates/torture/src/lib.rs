//! The real machine at its worst: what may happen to the processes, the disk, the clock and the ports
//! that Tidegate runs on, done to the real programs while they carry traffic.
//!
//! From a seed comes a [`script`]: what is released, what people ask for and what is done to the machine,
//! each with its moment. The same seed gives the same script. It is carried out in a [`world`] of its
//! own (process, network and mount namespaces), so that whatever is there at the end was left behind.
//! What must hold is looked at from outside: by what clients were answered, by what processes there
//! are, by what stands in the ledger. The program itself is asked only when it is done.

pub mod script;

mod after;
mod apps;
mod bound;
mod deaths;
mod disk;
mod metric;
mod people;
mod ports;
mod preload;
mod processes;
mod release;
mod round;
mod run;
mod settings;
mod stand;
mod starvation;
mod story;
mod strike;
mod watch;
mod world;

pub use bound::most_likely;
pub use run::run;
pub use settings::Settings;
pub use starvation::{Span, waited};
pub use watch::{Excuse, Sample, excused, exposed};
pub use world::{Entered, be_init, enter};

//! Simulated releases, and how often and how soon the judge, and what is used elsewhere, call the
//! canary worse.
//!
//! A [`Setting`] says what traffic and revisions are like, [`trials`] lets [`Watcher`]s watch as many
//! releases of it as asked, and the reports make tables of that. All chance is drawn from a seed: the
//! same one gives the same output to the last byte, whatever the number of threads.

mod binomial;
mod latencies;
mod random;
pub mod reports;
mod setting;
mod table;
mod trace;
mod trial;
mod watchers;
mod weather;
mod world;

pub use binomial::clopper_pearson;
pub use latencies::{Behaviour, Latencies};
pub use random::Stream;
pub use setting::{Beside, Replicas, Setting, Weather, Weights};
pub use table::Table;
pub use trace::{Halves, Harm, Trace};
pub use trial::{Alarm, Alarms, parallel, trials};
pub use watchers::{Judge, Kayenta, Make, Threshold, Watcher, ZTest};
pub use world::World;

//! What the answers to three copies of one request differ in.
//!
//! One copy went to a candidate, two to replicas of the revision that everybody knows. What those
//! two differ in between themselves is noise: a random id, a time, the name of a host. So a field in
//! which the candidate alone stands apart says something only beside how often either of the other
//! two stands apart alone. The idea is Diffy's (Twitter, 2015); the counts are made so that it can be
//! tested at any moment: were the candidate a third replica like the others, who of the three stands
//! apart would be chance.
//!
//! Invariant: every comparison treats the three answers alike, whichever is the candidate's.
//! Invariant: nothing here opens a socket or reads a clock, and everything that is kept is bounded.

mod answer;
mod apart;
mod compare;
mod counts;
mod hidden;
mod json;
mod path;
mod settings;

pub use answer::{Answer, Body};
pub use apart::Apart;
pub use compare::{Difference, Found, compare};
pub use counts::{Counts, Example, FieldCounts, MOST_EXAMPLES, MOST_FIELDS};
pub use path::is_pattern;
pub use settings::Settings;

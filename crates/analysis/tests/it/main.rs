//! The analysis crate as its users see it.

mod evidence;
mod false_alarms;
mod limits;
mod measures;
mod power;
mod templates;
mod world;

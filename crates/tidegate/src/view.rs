//! A rollout on a terminal: all that is known of it, in lines.
//!
//! Everything but [`Screen`] is a pure function of a view, the moment and a width.

mod decision;
mod evidence;
mod lines;
mod plain;
mod revisions;
mod screen;
mod steps;
mod style;
mod text;
mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub(crate) use lines::{lines, render};
pub(crate) use plain::{changes, summary};
pub(crate) use screen::{Screen, Wish};
pub(crate) use text::still;
pub(crate) use words::cut;

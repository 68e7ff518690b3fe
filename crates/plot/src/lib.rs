//! Lines over time: in a terminal, as SVG and as PNG.
//!
//! A [`Chart`] says what is to be seen; [`svg`], [`png`] and [`text`] draw it.
//! Invariant: nothing here writes a file or asks for fonts of the machine; pictures are returned.

mod chart;
mod layout;
mod png;
mod raster;
mod scale;
mod scene;
mod svg;
mod text;

pub use chart::{Band, Chart, Colour, Level, Line, Panel, Theme};
pub use png::png;
pub use svg::svg;
pub use text::{Glyphs, text};

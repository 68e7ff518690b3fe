//! Files that carry versions, and the settings by which other tools make releases.
//!
//! Invariant: what is changed in a file is a piece of it, from one byte to another, and every other byte stays: comments,
//! order, white space, line ends, a byte order mark. There is no writer of whole files here.
//! Invariant: a setting that means something else here than where it was written for is refused by its name.

mod cargo;
mod config;
mod edit;
mod error;
mod json;
mod kind;
mod lines;
mod marked;
mod node;
mod path;
mod place;
mod semantic;
mod toml;
mod update;
mod xml;
mod yaml;

pub use config::{Package, Settings, release_please};
pub use error::FileError;
pub use kind::Kind;
pub use path::Pointer;
pub use semantic::{Branches, semantic_release};
pub use update::{NewVersions, depends_on, inherits_version, name, read, update};

//! What `actions/upload-artifact`, `download-artifact` and `cache` do, without Node.

mod cache;
mod download;
mod tar;
mod tree;
mod upload;
mod zip;

pub use cache::{CachePaths, Compression, cache_version, restore_cache, save_cache};
pub use download::{Download, Which, download};
pub use upload::{Found, Upload, find, upload};

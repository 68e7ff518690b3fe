//! Artifacts and caches of jobs: the store, and the services that the official clients speak.
mod digest;
mod error;
mod grant;
mod limits;
mod names;
mod native;
mod service;
mod signed;
mod store;
mod token;

pub use digest::{Digest, DigestError};
pub use error::Error;
pub use grant::{CacheScope, Grant, Permission, Trust};
pub use limits::Limits;
pub use native::{
    CachePaths, Compression, Download, Found, Upload, Which, cache_version, download, find,
    restore_cache, save_cache, upload,
};
pub use service::Server;
pub use store::{
    Artifact, ArtifactsOfBranch, Blob, CacheEntry, Draft, Lookup, NewArtifact, Store, Swept,
};
pub use token::Tokens;

//! A small HTTP service to release.
fn main() {}

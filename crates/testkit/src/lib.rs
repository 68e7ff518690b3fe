//! Fixtures and fakes for the other crates' tests

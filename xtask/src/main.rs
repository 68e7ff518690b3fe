//! What needs more than one cargo command.
fn main() {}

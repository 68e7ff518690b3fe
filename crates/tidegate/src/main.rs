//! Takes a change to all of its users, and takes it back by itself when it hurts.
fn main() {}

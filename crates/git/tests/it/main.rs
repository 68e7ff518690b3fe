//! Real repositories, made in folders of their own, and the program itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checkout;
mod history;
mod limits;
mod mirror;
mod refs;
mod release;
mod secrets;
mod world;

//! The reader, from the outside: good files, bad files, and any text at all.

mod bad;
mod good;

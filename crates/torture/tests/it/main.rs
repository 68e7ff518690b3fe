//! What is decided before anything is done, and what is concluded from what was seen.

mod script;
mod watch;

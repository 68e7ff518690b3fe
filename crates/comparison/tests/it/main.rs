//! What is found different, whichever answers are compared.

mod answers;
mod any;

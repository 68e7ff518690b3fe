//! Sums, merges and comparisons.

mod coverage;

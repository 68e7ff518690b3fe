//! The data plane: splits, measures and drains HTTP traffic

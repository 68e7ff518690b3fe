//! The expression language of success and failure conditions

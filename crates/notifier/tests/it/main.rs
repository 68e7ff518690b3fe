//! Letters to real servers: HTTP as it comes, and SMTP by aiosmtpd.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod http;
mod mail;

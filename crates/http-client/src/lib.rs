//! One question over HTTP or HTTPS, with its redirects, and the whole of the answer.
//!
//! Each question is a connection of its own: what asks here asks every few seconds at most, and a
//! connection that is kept may be dead by then. No proxy is used.
//!
//! Invariant: how long an answer is waited for is not decided here. Whoever asks drops the future when
//! its time is over, and with it goes the connection.

mod exchange;
mod tls;
mod url;

pub use crate::{
    exchange::{MOST_BYTES, Question, Reply, basic, exchange, exchange_once},
    tls::{Proof, Trust},
    url::Url,
};
pub use hyper::{HeaderMap, Method, StatusCode, header};
